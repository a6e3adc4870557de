"""The branding of a site's mails. It is read from the JSON object `sites.branding`, which is untrusted.

    {"name": "Acme gifts", "color": "#c8102e", "logo": "https://…/logo.png",
     "sender": "Acme people team", "reply_to": "people@acme.test"}

If a value is missing or invalid, a default is used. Therefore invalid branding never causes an error. Each value is
validated, so that it cannot change other parts of the mail.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any, Self

from wecelebrate.core.types import email_address
from wecelebrate.mail.sanitize import clean, mailbox, web_address

PLATFORM = "wecelebrate"
DEFAULT_COLOR = "#1f2937"
"""A dark gray."""
_MAX_NAME_LENGTH = 100
_BRIGHT_LUMINANCE = 0.179
"""The limit of the relative luminance (WCAG 2.2). On a brighter background, black text has more contrast than white
text.
"""


@dataclass(frozen=True)
class Brand:
    """The branding of a site's mails."""

    name: str
    color: str = DEFAULT_COLOR
    """The background color of the header and of the buttons, in the form `#rrggbb`."""
    logo: str | None = None
    """The https URL of the logo."""
    sender: str = ""
    """The display name in the From header."""
    reply_to: str | None = None

    @classmethod
    def parse(cls, branding: Mapping[str, Any] | None, fallback: str | None) -> Self:
        """Read the branding of a site's mails. If the branding has no name, the name of the brand is `fallback`."""
        values = branding or {}
        name = _name(values.get("name")) or _name(fallback) or PLATFORM
        return cls(
            name=name,
            color=_color(values.get("color")) or DEFAULT_COLOR,
            logo=web_address(values.get("logo")),
            sender=_name(values.get("sender")) or name,
            reply_to=email_address(values.get("reply_to")),
        )

    @property
    def text_color(self) -> str:
        """The color of text on the background `color`: black or white. The color with more contrast is used."""
        red, green, blue = (_linear(int(self.color[index : index + 2], 16) / 255) for index in (1, 3, 5))
        return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > _BRIGHT_LUMINANCE else "#ffffff"

    def from_header(self, platform: str) -> str:
        """Return the From header: the display name of the brand, and the e-mail address of the platform."""
        return mailbox(self.sender, parseaddr(platform)[1])


def _name(value: object) -> str:
    return clean(value)[:_MAX_NAME_LENGTH] if isinstance(value, str) else ""


def _color(value: object) -> str | None:
    if not isinstance(value, str) or not re.fullmatch(r"#(?:[0-9a-fA-F]{3}){1,2}", value):
        return None
    digits = value[1:] if len(value) == 7 else "".join(digit * 2 for digit in value[1:])
    return f"#{digits.lower()}"


def _linear(component: float) -> float:
    """Convert an sRGB component to linear light. The argument and the result are between 0 and 1."""
    return component / 12.92 if component <= 0.04045 else float(((component + 0.055) / 1.055) ** 2.4)
