"""Converts internationalised host names to ASCII: the hosts of URLs, and the domains of e-mail addresses."""

MAX_LENGTH = 253
"""The maximum length of a host name, in characters (RFC 1035)."""


class InvisibleCharacter(ValueError):
    """The name contains an invisible character."""


def to_ascii(name: str) -> str:
    """Return a host name in ASCII. A name that is ASCII already stays as it is.

    The encoding is UTS 46 without transitional processing, as in browsers, and the result is checked with IDNA 2008.
    Full-width letters and dots become ASCII. The codec `idna` of Python (IDNA 2003) must not be used: it replaces `ß`
    with `ss`, and a final sigma with another sigma, so the name of one owner becomes the name of another owner.

    UTS 46 deletes some invisible characters, e.g. a soft hyphen or a zero-width space. A name with one of these
    characters is refused, because the encoded host differs from the name that a reader sees. Some scripts need joiners
    (U+200C, U+200D), so a joiner is accepted where IDNA 2008 allows it.

    Raises InvisibleCharacter, or another ValueError if the name cannot be encoded.
    """
    if name.isascii():
        return name
    if len(name) > MAX_LENGTH:
        raise ValueError(f"the name is longer than {MAX_LENGTH} characters")
    # The import is inside the function, because its tables take 10 ms to load, and nearly all names are ASCII.
    import idna

    for character in name:
        if not character.isascii() and idna.uts46_remap(character) == "":
            raise InvisibleCharacter(f"the name contains the invisible character U+{ord(character):04X}")
    return idna.encode(name, uts46=True, std3_rules=True).decode()
