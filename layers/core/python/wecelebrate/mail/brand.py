"""The branding of a site's mails: the JSON object `sites.branding`, which is not trusted.

    {"name": "Acme gifts", "color": "#c8102e", "logo": "https://…/logo.png",
     "sender": "Acme people team", "reply_to": "people@acme.test"}

A missing key and an invalid value both mean the default. Invalid branding therefore gives a plain mail, never an error.
Each value is validated, so that it cannot change other parts of the mail.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any, Self

from wecelebrate.mail.sanitize import clean, mail_address, mailbox, web_address

PLATFORM = "wecelebrate"
DEFAULT_COLOR = "#1f2937"
"""Nearly black."""
_MAX_NAME_LENGTH = 100
_BRIGHT = 0.179
"""The relative luminance (WCAG 2.2) above which black text has more contrast than white text."""


@dataclass(frozen=True)
class Brand:
    """The branding of a site's mails."""

    name: str
    color: str = DEFAULT_COLOR
    """`#rrggbb`."""
    logo: str | None = None
    """An https URL."""
    sender: str = ""
    """The display name in the From header."""
    reply_to: str | None = None

    @classmethod
    def parse(cls, branding: Mapping[str, Any] | None, fallback: str | None) -> Self:
        """The brand of a site, or of a client for mails without a site. `fallback` is used if `name` is not set."""
        values = branding or {}
        name = _name(values.get("name")) or _name(fallback) or PLATFORM
        return cls(
            name=name,
            color=_color(values.get("color")) or DEFAULT_COLOR,
            logo=web_address(values.get("logo")),
            sender=_name(values.get("sender")) or name,
            reply_to=mail_address(values.get("reply_to")),
        )

    @property
    def text_color(self) -> str:
        """The color of text on `color`: black or white, whichever has more contrast."""
        red, green, blue = (_linear(int(self.color[at : at + 2], 16) / 255) for at in (1, 3, 5))
        return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > _BRIGHT else "#ffffff"

    def from_header(self, platform: str) -> str:
        """The From header: the brand's display name with the platform's address."""
        return mailbox(self.sender, parseaddr(platform)[1])


def _name(value: object) -> str:
    return clean(value)[:_MAX_NAME_LENGTH] if isinstance(value, str) else ""


def _color(value: object) -> str | None:
    if not isinstance(value, str) or not re.fullmatch(r"#(?:[0-9a-fA-F]{3}){1,2}", value):
        return None
    digits = value[1:] if len(value) == 7 else "".join(digit * 2 for digit in value[1:])
    return f"#{digits.lower()}"


def _linear(share: float) -> float:
    """Convert an sRGB component to linear light. Both are between 0 and 1."""
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)
