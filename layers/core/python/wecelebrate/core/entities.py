"""Decodes the character references of HTML, such as `&eacute;` and `&#233;`."""

import html
import re

_LONG_NUMBER = re.compile(r"&#([0-9]{20,})")
_MAX_DIGITS = 8
"""Only this number of digits is decoded. A number with more digits is above the last code point in any case."""


def decoded(text: str) -> str:
    """Return the text with its character references decoded.

    `html.unescape` raises ValueError if a reference has more digits than Python converts to a number (4,300). Such a
    reference becomes U+FFFD, as HTML defines for every number above the last code point.
    """
    try:
        return html.unescape(text)
    except ValueError:
        return html.unescape(_LONG_NUMBER.sub(_shortened, text))


def _shortened(match: re.Match[str]) -> str:
    return "&#" + (match[1].lstrip("0")[:_MAX_DIGITS] or "0")
