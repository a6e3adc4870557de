"""Shortens long column names for the settings, because the API accepts only short lines as column names."""

import hashlib
import re

from wecelebrate.core.types.normal_forms import nfc
from wecelebrate.core.types.text import MAX_LABEL_LENGTH, line_problem
from wecelebrate.feeds.columns.names import fold

MARK = "…"
"""This character ends the readable part of a shortened name. The first digits of a hash of the whole name follow it."""
_SHOWN = 200
"""The maximum length of the readable part of a shortened name."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def setting_name(name: str) -> str:
    """Return the name of a column in the settings: a shortened name if the API does not accept the column's name.

    A shortened name has no control characters. It contains a hash, so that different columns have different names.
    """
    if not name or (len(name) <= MAX_LABEL_LENGTH and line_problem(name) is None):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return nfc(f"{_CONTROLS.sub(' ', name)[:_SHOWN].strip()}{MARK} {digest}")


def is_shortened(name: str) -> bool:
    """Return whether a name in the settings can be a shortened name."""
    return re.fullmatch(rf".*{MARK} [0-9a-f]{{8}}", name.strip()) is not None


def is_named(name: str, setting: str | None) -> bool:
    """Return whether a setting contains the name or the shortened name of a column. Folded names are compared."""
    return fold(setting or "") in (fold(name), fold(setting_name(name)))
