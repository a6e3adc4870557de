"""Makes untrusted values safe for use in a mail: lines of text, texts of visitors, mailboxes, URLs."""

import re
import unicodedata
from email.header import Header
from email.utils import formataddr
from urllib.parse import urlsplit

from wecelebrate.core.types.normal_forms import nfkc

_MAX_URL_LENGTH = 2048
_MAX_VISITOR_TEXT_LENGTH = 100
_MAX_INPUT_LENGTH = 1000
_MARKUP = re.compile(r"<[^>]*>?|&#?\w+;|[\[\]{}`|\\^>]")
_LINK_PREFIX = re.compile(r"\W*(?:(?:mailto|tel|sms|javascript|data|geo):|www\d*\.)", re.IGNORECASE)
"""Matches the beginning of a word without `:/` and `@` that mail programs turn into a link."""
_INNER_DOT = re.compile(r"(?<=\S)([.\u3002])(?=[^\W\d_])")
"""Matches a dot before a letter, as in a domain name. In a domain name, U+3002 is a dot too (RFC 3490)."""
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_DOT = r"[.\u3002]"
_ADDRESS_LINK = re.compile(
    rf"(?<![\d.])(?:{_OCTET}{_DOT}){{3}}{_OCTET}(?!\d|{_DOT}\d)"  # This is an IPv4 address.
    rf"|(?<!\d)\d{{1,3}}(?:{_DOT}\d{{1,3}}){{3}}{_DOT}?[:/?#]"  # These are four numbers, followed by a port or a path.
    r"|:\d{1,5}[/?#]"  # This is a port and a path.
)
"""Matches a part of a word that shows that the word is a link to an IP address or to a port, e.g. `192.0.2.1/login`.

A phone number does not match, because it does not have four groups, or because a group is above 255 or begins with 0.
"""
_BIDI_CONTROLS = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
"""Control characters that change the direction of text. They can be removed: Arabic and Hebrew do not need them."""


def clean(text: str) -> str:
    """Convert a text to one line without control characters. Characters that change the direction of text are removed
    too.
    """
    if text.isprintable():  # The text contains none of these characters, and no white space except spaces.
        return " ".join(text.split())
    spaced = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text)
    return " ".join(spaced.translate(_BIDI_CONTROLS).split())


def visitor_text(text: str) -> str:
    """Convert a text of a visitor to one line without markup and links, of at most 100 characters.

    A visitor can order with the e-mail address of another person, who then gets the mail. Therefore the text must not
    contain anything that a mail program turns into a link. URLs, e-mail addresses and IP addresses are removed. After a
    dot inside a domain name, a space is added. Names stay readable: `J.R.R. Tolkien` becomes `J. R. R. Tolkien`.

    Characters that look like ASCII become ASCII (NFKC), and invisible characters are removed, because they could hide a
    link.
    """
    normal = nfkc(text[:_MAX_INPUT_LENGTH])
    visible = "".join(char for char in normal if unicodedata.category(char) != "Cf")
    words = _MARKUP.sub(" ", visible).split()
    unlinked = " ".join(word for word in words if not _is_link(word))
    return clean(_INNER_DOT.sub(r"\1 ", unlinked))[:_MAX_VISITOR_TEXT_LENGTH]


def _is_link(word: str) -> bool:
    """Return whether a word is a URL, an e-mail address or an IP address, or begins like a link."""
    return ":/" in word or "@" in word or bool(_LINK_PREFIX.match(word) or _ADDRESS_LINK.search(word))


def mailbox(name: str, address: str) -> str:
    """Return a name and an address as a header value, in one line. A non-ASCII name is encoded (RFC 2047)."""
    if name.isascii():
        return formataddr((name, address))
    return f"{Header(name, 'utf-8', maxlinelen=75).encode(linesep='')} <{address}>"


def web_address(value: object, schemes: tuple[str, ...] = ("https",)) -> str | None:
    """Return the value if it is a URL that is safe in an HTML attribute and in a text. Otherwise return None.

    A safe URL has one of the given schemes, no credentials, and no quotes, brackets or white space.
    """
    if not isinstance(value, str) or len(value) > _MAX_URL_LENGTH or not value.isascii():
        return None
    if re.search(r"[\x00-\x20\x7f\"'<>\\^`{|}]", value):
        return None
    try:
        parts = urlsplit(value)
        is_safe = parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return None
    return value if is_safe else None
