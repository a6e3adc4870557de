"""The names of columns in settings. The API accepts only short lines as names of columns, and headers can be longer."""

import hashlib
import re

from wecelebrate.core.types.normal_forms import nfc
from wecelebrate.core.types.text import MAX_LABEL_LENGTH, line_problem
from wecelebrate.feeds.columns.names import fold

MARK = "…"
"""The mark of a shortened name. The first digits of a hash of the whole name follow the mark."""
_SHOWN = 200
"""The number of characters that a shortened name has before the mark."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def setting_name(name: str) -> str:
    """Return the name of a column in the settings: its own name or, if the API does not accept it, a shorter name.

    The shorter name has no control characters. Different columns have different names, because a hash is added.
    """
    if not name or (len(name) <= MAX_LABEL_LENGTH and line_problem(name) is None):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return nfc(f"{_CONTROLS.sub(' ', name)[:_SHOWN].strip()}{MARK} {digest}")


def is_shortened(name: str) -> bool:
    """Return whether a name in the settings can be the shorter name of a column."""
    return re.fullmatch(rf".*{MARK} [0-9a-f]{{8}}", name.strip()) is not None


def is_named(name: str, setting: str | None) -> bool:
    """Return whether a setting names a column, by its name or its shortened name. Folded names are compared."""
    return fold(setting or "") in (fold(name), fold(setting_name(name)))
