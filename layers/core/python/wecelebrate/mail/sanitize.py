"""Make untrusted text safe for a mail: one line of text, a mailbox, an e-mail address, a URL."""

import re
import unicodedata
from email.header import Header
from email.utils import formataddr
from urllib.parse import urlsplit

_MAX_URL_LENGTH = 2048
_MAX_ADDRESS_LENGTH = 254
"""RFC 5321, without the angle brackets."""
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}"
)
_BIDI_CONTROLS = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
"""Characters that change the direction of text. Arabic and Hebrew are displayed correctly without them."""


def clean(text: str) -> str:
    """Make a text one line, without control characters and without changes of direction."""
    spaced = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text)
    return " ".join(spaced.translate(_BIDI_CONTROLS).split())


def mail_address(value: object) -> str | None:
    """Return an e-mail address that SES accepts, with its domain in ASCII (IDNA), or None if the value is not one.

    SES accepts only ASCII local parts.
    """
    if not isinstance(value, str):
        return None
    local, _, domain = value.rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode()}"
    except ValueError:
        return None
    return address if len(address) <= _MAX_ADDRESS_LENGTH and _ADDRESS.fullmatch(address) else None


def mailbox(name: str, address: str) -> str:
    """A mailbox of a header, on one line. A name that is not ASCII becomes encoded words (RFC 2047)."""
    if name.isascii():
        return formataddr((name, address))
    return f"{Header(name, 'utf-8', maxlinelen=75).encode(linesep='')} <{address}>"


def web_address(value: object, schemes: tuple[str, ...] = ("https",)) -> str | None:
    """Return a URL that is safe in an HTML attribute and in text, or None if the value is not one.

    It has one of the schemes, no credentials, and no quotes, brackets or white space.
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
