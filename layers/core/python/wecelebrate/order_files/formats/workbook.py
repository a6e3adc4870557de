"""Writes XLSX with a row for each line of an order. Texts are text cells, so that a SKU keeps its leading zeros."""

import io
from collections.abc import Sequence
from decimal import Decimal

from wecelebrate.core.formula_quotes import is_computed
from wecelebrate.order_files.documents import Destination, ExportedOrder
from wecelebrate.order_files.formats.flat import columns_of, rows

_MAX_EXACT_DIGITS = 15
"""A spreadsheet program stores only 15 digits of a number."""


def write(destination: Destination, orders: Sequence[ExportedOrder]) -> bytes:
    """Write a workbook with one sheet."""
    import xlsxwriter  # type: ignore[import-untyped]

    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    # Without this date, the file would contain the current time, and a second attempt would write other bytes.
    workbook.set_properties({"created": destination.created_at.replace(tzinfo=None, microsecond=0)})
    sheet = workbook.add_worksheet("orders")
    # A text cell is not a formula. When a user edits the cell, the spreadsheet program parses the text again. With this
    # style, the text does not become a formula.
    marked = workbook.add_format({"quote_prefix": True})
    columns = columns_of(destination)

    def put(row: int, column: int, value: str | int | Decimal) -> None:
        if isinstance(value, str):
            sheet.write_string(row, column, value, marked if destination.formula_safe and is_computed(value) else None)
        elif len(str(value).replace(".", "").lstrip("-")) <= _MAX_EXACT_DIGITS:
            sheet.write_number(row, column, float(value))
        else:
            sheet.write_string(row, column, str(value))

    for column, (header, _) in enumerate(columns):
        put(0, column, header)
    for number, row in enumerate(rows(orders), start=1):
        for column, (_, field) in enumerate(columns):
            put(number, column, row[field])
    sheet.freeze_panes(1, 0)
    workbook.close()
    return file.getvalue()
