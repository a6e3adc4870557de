"""Quotes cells of CSV files that a spreadsheet would compute as formulas.

A spreadsheet computes a cell that begins with one of `= + - @`, with a tab or with a line break, even if a stranger
wrote the text of the cell (CWE-1236). Therefore the platform writes a `'` before such a text. If the text already has a
`'` before the sign, the platform adds another `'`. A reader can then remove exactly one `'`: `unquoted(quoted(text))`
is `text` for every text. All other texts stay as they are. For example, `'90s` needs no quote.

In many countries, a spreadsheet separates cells at `;`, even inside quotation marks. Therefore the platform also writes
a `'` before one of `= + - @` that follows a `;`, a tab or a line break inside the text. For example, `Ann;=1+1` becomes
`Ann;'=1+1`.

Numbers are not quoted, because a quote before -0.02 would break the sums of the receiver. The database function
`app.formula_safe` quotes in the same way.
"""

import re
from collections.abc import Iterable

_SIGN = "[=+@＝＋－＠-]"  # noqa: RUF001 — the wide forms are meant
_FIRST = f"'*(?:{_SIGN}|[\\t\\r\\n])"
_COMPUTED = re.compile(_FIRST)
_UNQUOTED = re.compile(rf"^(?={_FIRST})|(?<=[;\t\r\n])(?='*{_SIGN})")
_QUOTED = re.compile(rf"^'(?={_FIRST})|(?<=[;\t\r\n])'(?='*{_SIGN})")
_QUOTED_START = re.compile(rf"'(?={_FIRST})")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*", re.ASCII)


def is_computed(text: str) -> bool:
    """Return whether a spreadsheet would compute the text, either as it is or without the `'` at its beginning."""
    return _COMPUTED.match(text) is not None


def quoted(text: str) -> str:
    """Return the text of a cell, with a `'` before each sign that would start a formula in a spreadsheet."""
    return _UNQUOTED.sub("'", text)


def unquoted(cell: str) -> str:
    """Return the original text of a cell that `quoted` has written."""
    return _QUOTED.sub("", cell) if "'" in cell else cell


def unquoted_start(cell: str) -> str:
    """Return the text of a cell in a file of another system, without a quote at the beginning.

    Other systems quote only the beginning of a text. In their files, a `'` after `;`, a tab or a line break is a part
    of the text.
    """
    return cell[1:] if _QUOTED_START.match(cell) else cell


def quoted_cells(cells: Iterable[str]) -> list[str]:
    """Quote cells whose types are not known. Numbers, e.g. -0.02, are not quoted."""
    return [cell if _NUMBER.fullmatch(cell) else quoted(cell) for cell in cells]
