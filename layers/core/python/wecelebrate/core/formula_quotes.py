"""Cells of CSV files that a spreadsheet would compute.

A spreadsheet computes a cell that begins with one of `= + - @`, with a tab or with a line break, even if the cell is a
text from a stranger (CWE-1236). Files that the platform writes therefore have a `'` before such a text. A text that
already has a `'` before the sign gets another one, so that a reader can take off exactly one: `unquoted(quoted(text))`
is `text` for every text. All other texts stay as they are: `'90s` needs no quote.

Numbers are not quoted: a quote before -0.02 would break the sums of the receiver. The function `app.formula_safe` of
the database quotes in the same way.
"""

import re
from collections.abc import Iterable

_COMPUTED = re.compile("'*[=+@\t\r\n＝＋－＠-]")  # noqa: RUF001 — the wide forms are meant
_QUOTED = re.compile("'+[=+@\t\r\n＝＋－＠-]")  # noqa: RUF001 — the wide forms are meant
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*", re.ASCII)


def is_computed(text: str) -> bool:
    """Return whether a spreadsheet would compute the text, also after one `'` or several were taken off."""
    return _COMPUTED.match(text) is not None


def quoted(text: str) -> str:
    """Return the text of a cell, with a `'` before it if a spreadsheet would compute it."""
    return "'" + text if is_computed(text) else text


def unquoted(cell: str) -> str:
    """Return the text that `quoted` has turned into this cell."""
    return cell[1:] if cell[:1] == "'" and _QUOTED.match(cell) else cell


def quoted_cells(cells: Iterable[str]) -> list[str]:
    """Quote cells whose types are not known. Numbers, e.g. -0.02, are not quoted."""
    return [cell if _NUMBER.fullmatch(cell) else quoted(cell) for cell in cells]
