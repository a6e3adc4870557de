"""Recognises files without a header: the first row is a row of data, like the rows below it."""

import re
from collections.abc import Sequence

from wecelebrate.feeds.dialect import HEADER_SEARCH_ROWS, ColumnCounter
from wecelebrate.feeds.evidence.codes import is_code
from wecelebrate.feeds.evidence.facts import value_of

MIN_COLUMNS = 2
"""At least this number of cells of the first row must look like the cells below them."""
MOST = 0.8
_AMOUNT = re.compile(r"\d[.,]\d{1,2}(?!\d)", re.ASCII)


def has_no_header(rows: Sequence[Sequence[str]], header_row: int, count_known: ColumnCounter) -> bool:
    """Return whether the row that was found as the header is a row of data.

    No cell of the first rows is a known name, and in at least two columns the cell of this row is a code or a number,
    as the cells below it are. At least one of these cells is a code or has decimals: `2024` can be a name.
    """
    first_rows = [row for row in rows[:HEADER_SEARCH_ROWS] if any(cell.strip() for cell in row)]
    if any(count_known(row) for row in first_rows):
        return False
    header, below = rows[header_row], [row for row in rows[header_row + 1 :] if any(cell.strip() for cell in row)]
    alike = certain = 0
    for number, cell in enumerate(header):
        kind = _kind(cell)
        cells = [text for row in below if number < len(row) and (text := row[number].strip())]
        if kind == "text" or not cells:
            continue
        if sum(_kind(text) == kind for text in cells) >= MOST * len(cells):
            alike += 1
            certain += kind == "code" or bool(_AMOUNT.search(cell))
    return alike >= MIN_COLUMNS and certain > 0


def _kind(cell: str) -> str:
    text = cell.strip()
    if is_code(text):
        return "code"
    return "number" if value_of(text).is_number else "text"
