"""How a site's mails look: `sites.branding`, taken as what it is, a stranger's JSON.

    {"name": "Acme gifts", "color": "#c8102e", "logo": "https://…/logo.png",
     "sender": "Acme people team", "reply_to": "people@acme.test"}

A key that is missing, or whose value is none that it may have, is as if it were not there: a bad brand makes a plain
mail, never none, and nothing of it gets beyond the place it is meant for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any, Self

from wecelebrate.mail.sanitize import clean, mail_address, mailbox, web_address

PLATFORM = "wecelebrate"
PLAIN = "#1f2937"
"""The colour of who has none: nearly black."""
_LONGEST_NAME = 100
_BRIGHT = 0.179
"""Relative luminance (WCAG 2.2) from which on black reads better than white."""


@dataclass(frozen=True)
class Brand:
    """What a site's mails look like."""

    name: str
    color: str = PLAIN
    """`#rrggbb`."""
    logo: str | None = None
    """An https address."""
    sender: str = ""
    """The name that mails come from."""
    reply_to: str | None = None

    @classmethod
    def of(cls, branding: Mapping[str, Any] | None, fallback: str | None) -> Self:
        """The brand of a site, or of a client without one, called `fallback` unless it says otherwise."""
        given = branding or {}
        name = _name(given.get("name")) or _name(fallback) or PLATFORM
        return cls(
            name=name,
            color=_color(given.get("color")) or PLAIN,
            logo=web_address(given.get("logo")),
            sender=_name(given.get("sender")) or name,
            reply_to=mail_address(given.get("reply_to")),
        )

    @property
    def ink(self) -> str:
        """What is legible on its colour: black or white."""
        red, green, blue = (_linear(int(self.color[at : at + 2], 16) / 255) for at in (1, 3, 5))
        return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > _BRIGHT else "#ffffff"

    def sent_from(self, platform: str) -> str:
        """A From header: the brand's name over the platform's address."""
        return mailbox(self.sender, parseaddr(platform)[1])


def _name(value: object) -> str:
    return clean(value)[:_LONGEST_NAME] if isinstance(value, str) else ""


def _color(value: object) -> str | None:
    if not isinstance(value, str) or not re.fullmatch(r"#(?:[0-9a-fA-F]{3}){1,2}", value):
        return None
    digits = value[1:] if len(value) == 7 else "".join(digit * 2 for digit in value[1:])
    return f"#{digits.lower()}"


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)
