"""What strangers wrote, as it may stand in a mail: one line of text, a mailbox, an address, a link."""

import re
import unicodedata
from email.header import Header
from email.utils import formataddr
from urllib.parse import urlsplit

_LONGEST_URL = 2048
_LONGEST_ADDRESS = 254
"""RFC 5321, less the angle brackets."""
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}"
)
_OVERRIDES = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
"""What makes text read in another order than it is written in. Letters that run from right to left need none of it."""


def clean(text: str) -> str:
    """One line of text: no control characters, line breaks, or changes of its direction."""
    spaced = "".join(" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in text)
    return " ".join(spaced.translate(_OVERRIDES).split())


def mail_address(written: object) -> str | None:
    """One address as SES takes it, its domain in ASCII; None for anything else. SES takes no other local part."""
    if not isinstance(written, str):
        return None
    local, _, domain = written.rpartition("@")
    try:
        found = f"{local}@{domain.encode('idna').decode()}"
    except ValueError:
        return None
    return found if len(found) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(found) else None


def mailbox(name: str, address: str) -> str:
    """A mailbox of a header: a name that is not ASCII as encoded words (RFC 2047), all on one line."""
    if name.isascii():
        return formataddr((name, address))
    return f"{Header(name, 'utf-8', maxlinelen=75).encode(linesep='')} <{address}>"


def web_address(value: object, schemes: tuple[str, ...] = ("https",)) -> str | None:
    """A URL that may stand in a mail, or None: nothing that runs, no credentials, nothing to break out with."""
    if not isinstance(value, str) or len(value) > _LONGEST_URL or not value.isascii():
        return None
    if re.search(r"[\x00-\x20\x7f\"'<>\\^`{|}]", value):
        return None
    try:
        parts = urlsplit(value)
        fits = parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return None
    return value if fits else None
