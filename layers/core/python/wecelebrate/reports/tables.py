"""The tables of a report as CSV.

A quote is written before a text that a spreadsheet program would take for a formula (`core.formula_quotes`). Numbers do
not change.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel

from wecelebrate.core.formula_quotes import quoted
from wecelebrate.reports.models import (
    ClientReport,
    ClientTable,
    CurrencyTotals,
    DaySales,
    HourSales,
    ProductSales,
    ReturnedFigures,
    SiteSales,
    StatusFigures,
)

_CLIENT_TABLES: dict[ClientTable, tuple[str, type[BaseModel]]] = {
    "days": ("by_day", DaySales),
    "totals": ("totals", CurrencyTotals),
    "statuses": ("by_status", StatusFigures),
    "sites": ("by_site", SiteSales),
    "hours": ("by_hour", HourSales),
    "products": ("top_products", ProductSales),
    "returned": ("returned", ReturnedFigures),
}
_TEXTS = frozenset({"name", "sku"})
"""The columns whose texts come from users."""


def client_table(report: ClientReport, table: ClientTable) -> str:
    """Return one table of a client's report as CSV (RFC 4180)."""
    field, model = _CLIENT_TABLES[table]
    rows: Sequence[BaseModel] = getattr(report, field) or ()
    return to_csv(columns_of(model), (row.model_dump(mode="json") for row in rows))


def columns_of(model: type[BaseModel]) -> list[str]:
    """Return the columns of a table. The fields of the model itself come first, and the fields of its base class
    follow.
    """
    own = [name for name in model.model_fields if name in model.__annotations__]
    return own + [name for name in model.model_fields if name not in own]


def to_csv(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    """Return rows as CSV with a header. A null becomes an empty cell."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(name, row[name]) for name in columns])
    return file.getvalue()


def _cell(column: str, value: Any) -> Any:
    return quoted(value) if column in _TEXTS and isinstance(value, str) else value
