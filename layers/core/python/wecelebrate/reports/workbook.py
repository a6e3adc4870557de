"""The report of a client as an XLSX workbook: a sheet for each table, and charts of the days and hours.

A text is always written as a text and never as a formula, even if it begins with `=`. Ids are texts. Amounts are
numbers with the decimals of their currency, so that a spreadsheet program can add them.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any

from pydantic import BaseModel

from wecelebrate.reports.models import ClientReport
from wecelebrate.reports.tables import columns_of

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_DIGITS = 15
"""The number of digits that a spreadsheet program stores. A number with more digits is written as a text."""
_AMOUNTS = frozenset({"revenue", "amount", "average", "cancelled_amount"})
_SHEETS = (
    ("Totals", "totals"),
    ("Days", "by_day"),
    ("Hours", "by_hour"),
    ("Statuses", "by_status"),
    ("Sites", "by_site"),
    ("Products", "top_products"),
    ("Returned", "returned"),
)
"""The name of each sheet, and the field of the report that contains the rows of the sheet."""
_CHARTS = {"by_day": ("day", "column", "Revenue by day"), "by_hour": ("hour", "column", "Revenue by hour of the day")}
_CHART_SIZE = {"width": 960, "height": 360}


def client_workbook(report: ClientReport) -> bytes:
    """Return the report of a client as XLSX."""
    # The import is in the function, because it takes 40 ms, and only this format needs the module.
    import xlsxwriter  # type: ignore[import-untyped]

    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_urls": False, "strings_to_formulas": False}) as book:
        _write_summary(book, report)
        for name, field in _SHEETS:
            models: Sequence[BaseModel] = getattr(report, field) or ()
            columns = columns_of(type(models[0])) if models else []
            _write_table(book.add_worksheet(name), book, field, columns, [model.model_dump() for model in models])
    return file.getvalue()


def _write_summary(book: Any, report: ClientReport) -> None:
    sheet = book.add_worksheet("Report")
    bold = book.add_format({"bold": True})
    facts: list[tuple[str, Any]] = [
        ("Client", str(report.client_id)),
        ("Site", str(report.site_id or "all sites")),
        ("First day", report.first_day),
        ("Last day", report.last_day),
        ("Time zone", report.timezone),
        ("Generated at (UTC)", report.generated_at.strftime("%Y-%m-%d %H:%M:%S")),
    ]
    if report.customers:
        facts += [("Customers", report.customers.customers), ("Returning customers", report.customers.returning)]
    if report.conversion:
        facts += [("Visits", report.conversion.visits), ("Orders for each visit", report.conversion.rate)]
    sheet.set_column(0, 1, 40)
    for number, (label, value) in enumerate(facts):
        sheet.write_string(number, 0, label, bold)
        _write_cell(book, sheet, (number, 1), "", value)


def _write_table(sheet: Any, book: Any, field: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        sheet.write_string(0, 0, "no rows")
        return
    bold = book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(columns) - 1, 18)
    if field in _CHARTS:
        # The rows of one currency must be adjacent, because a series of the chart is one range of cells.
        rows = sorted(rows, key=itemgetter("currency"))
    for column, label in enumerate(columns):
        sheet.write_string(0, column, label, bold)
    for number, row in enumerate(rows, 1):
        for column, label in enumerate(columns):
            _write_cell(book, sheet, (number, column), label, row[label])
    if field in _CHARTS:
        _add_chart(book, sheet, field, columns, [row["currency"] for row in rows])


def _write_cell(book: Any, sheet: Any, cell: tuple[int, int], label: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, date):
        sheet.write_datetime(*cell, value, book.add_format({"num_format": "yyyy-mm-dd"}))
    elif label in _AMOUNTS and len(str(value).replace(".", "").lstrip("-")) <= MAX_DIGITS:
        decimals = len(str(value).partition(".")[2])
        sheet.write_number(
            *cell, float(value), book.add_format({"num_format": "0." + "0" * decimals if decimals else "0"})
        )
    elif isinstance(value, int | float) and abs(value) < 10**MAX_DIGITS:
        sheet.write_number(*cell, value)
    else:
        sheet.write_string(*cell, str(value))


def _add_chart(book: Any, sheet: Any, field: str, columns: Sequence[str], currencies: Sequence[str]) -> None:
    category, kind, title = _CHARTS[field]
    chart = book.add_chart({"type": kind})
    for currency in dict.fromkeys(currencies):
        first = currencies.index(currency) + 1
        last = first + currencies.count(currency) - 1
        places = {label: [sheet.name, first, columns.index(label), last, columns.index(label)] for label in columns}
        chart.add_series({"name": currency, "categories": places[category], "values": places["revenue"]})
    chart.set_title({"name": title})
    chart.set_y_axis({"name": "Revenue"})
    chart.set_size(_CHART_SIZE)
    sheet.insert_chart(1, len(columns) + 1, chart)
