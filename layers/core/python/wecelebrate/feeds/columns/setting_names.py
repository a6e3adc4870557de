"""Shortens long column names for the settings, because the API accepts only short lines as column names."""

import hashlib
import re
from collections.abc import Sequence

from wecelebrate.core.types.normal_forms import nfc
from wecelebrate.core.types.text import MAX_LABEL_LENGTH, line_problem
from wecelebrate.feeds.columns.names import fold

MARK = "…"
"""This character ends the readable part of a shortened name. The first digits of a hash of the whole name follow it."""
_BETWEEN = " | "
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


def pair_name(first: str, second: str) -> str:
    """Return the text in the settings that names two columns: an offer, and the column of its last day."""
    return f"{first}{_BETWEEN}{second}"


def columns_of_pair(header: Sequence[str], setting: str) -> tuple[int, int] | None:
    """Return the two columns that a setting names (`pair_name`), or None. A shortened text names two near columns."""
    by_name = {name.strip(): number for number, name in reversed(list(enumerate(header)))}
    for first, name in enumerate(header):
        start = pair_name(name.strip(), "")
        if name.strip() and setting.strip().startswith(start):
            second = by_name.get(setting.strip().removeprefix(start).strip())
            if second is not None and second != first:
                return first, second
        near = range(max(0, first - 2), min(first + 3, len(header))) if is_shortened(setting) else ()
        for second in near:
            if second != first and setting_name(pair_name(name, header[second])) == setting.strip():
                return first, second
    return None
