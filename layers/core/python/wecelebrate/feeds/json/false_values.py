"""Reads `false` as a blank value in JSON columns whose other values are texts or numbers. Odoo writes such columns."""

from collections.abc import Iterator, Sequence

from wecelebrate.feeds.columns.names import field_candidates
from wecelebrate.feeds.items import Cells, Rejected, Row

FALSE = "false"
_FLAGS = frozenset(("false", "true", "", "0", "1", "yes", "no", "y", "n", None))
_TEXTS = frozenset(("sku", "name", "description", "category", "brand", "images"))
_STATES = frozenset(("is_active", "inventory_count"))
"""Fields in which `false` is a value. It means that the product is not sold, or that it has no stock."""


def columns_with_false(header: Sequence[str], sample: Sequence[Cells]) -> frozenset[int]:
    """Return the columns in which `false` means that the value is missing."""
    columns = set()
    for number, column in enumerate(header):
        cells = {row[number] for row in sample if number < len(row)}
        if FALSE not in cells:
            continue
        fields = {field for field, _, _ in field_candidates(column)}
        is_text = bool(fields) and fields <= _TEXTS
        if not fields & _STATES and (not cells <= _FLAGS or is_text):
            columns.add(number)
    return frozenset(columns)


def without_false(rows: Iterator[Row | Rejected], columns: frozenset[int]) -> Iterator[Row | Rejected]:
    """Yield the rows with blank cells instead of `false` in these columns."""
    for row in rows:
        if isinstance(row, Rejected) or FALSE not in row[1]:
            yield row
        else:
            yield row[0], ["" if cell == FALSE and number in columns else cell for number, cell in enumerate(row[1])]
