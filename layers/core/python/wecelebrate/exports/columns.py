"""The columns of exported files, and the SQL of their cells.

The values are the same as in the API. A cell of a spreadsheet cannot contain an object. Therefore a CSV, XLSX or
Parquet file has a column for each field of an address. Other objects are written as JSON text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from wecelebrate.exports.models import ExportFormat, ExportKind

ColumnType = Literal["code", "text", "integer", "amount", "boolean", "time", "json", "lines"]
"""`code` is a text that a spreadsheet cannot take for a formula, e.g. an id. `lines` is a list of texts."""


@dataclass(frozen=True)
class Column:
    """A column of a file."""

    name: str
    type: ColumnType
    source: str = ""
    """The SQL expression of the value. The default is the column of the query with the same name."""
    nested: bool | None = None
    """The formats that have the column. True means only NDJSON. False means all formats except NDJSON. None means all
    formats.
    """

    @property
    def expression(self) -> str:
        return self.source or self.name


_ADDRESS = ("name", "company", "line1", "line2", "city", "region", "postal_code", "country")
_ID = Column("id", "code")
_CLIENT, _SITE, _CREATED = Column("client_id", "code"), Column("site_id", "code"), Column("created_at", "time")
_CUSTOMER = (Column("customer_subject", "text"), Column("customer_name", "text"), Column("customer_email", "text"))

COLUMNS: Mapping[ExportKind, tuple[Column, ...]] = {
    "products": (
        _ID, Column("catalog_id", "code"), Column("sku", "text"), Column("name", "text"),
        Column("description", "text"), Column("category", "text"), Column("brand", "text"), Column("price", "amount"),
        Column("currency", "code"), Column("offers", "json"), Column("offer_price", "amount"),
        Column("images", "lines"), Column("attributes", "json"),
        Column("inventory_count", "integer"), Column("inventory_policy", "code"), Column("is_active", "boolean"),
        _CREATED, Column("updated_at", "time"), Column("source_data", "json"),
    ),
    "orders": (
        _ID, Column("order_number", "text"), _CLIENT, _SITE, Column("status", "code"),
        Column("total_amount", "amount"), Column("currency", "code"), *_CUSTOMER,
        Column("shipping_address", "json", nested=True),
        *(Column(f"shipping_{part}", "text", f"shipping_address ->> '{part}'", nested=False) for part in _ADDRESS),
        Column("items", "json", nested=True), Column("metadata", "json"), _CREATED, Column("updated_at", "time"),
        Column("shipped_at", "time"), Column("delivered_at", "time"), Column("kind", "code"),
        Column("version", "integer"), Column("fulfilment", "code"), Column("problem", "code"),
        Column("external_number", "text"), Column("replaces_order_id", "code"), Column("confirm_by", "time"),
        Column("exported_at", "time"), Column("processed_at", "time"), Column("cancel_requested_at", "time"),
        Column("cancelled_at", "time"), Column("cancel_reason", "text"),
    ),
    "order_lines": (
        Column("order_id", "code"), Column("order_number", "text"), _CLIENT, _SITE, Column("status", "code"),
        Column("line", "integer"), Column("product_id", "code"), Column("sku", "text"), Column("name", "text"),
        Column("quantity", "integer"), Column("unit_price", "amount"), Column("amount", "amount"),
        Column("currency", "code"), _CREATED, Column("shipped_quantity", "integer"),
        Column("cancelled_quantity", "integer"), Column("returned_quantity", "integer"),
    ),
    "events": (
        _ID, _CLIENT, _SITE, Column("event_type", "text"), Column("user_id", "text"), Column("session_id", "text"),
        Column("event_data", "json"), _CREATED, Column("accepted_at", "time"),
    ),
    "customers": (
        _CLIENT, Column("customer_email", "text"), Column("customer_name", "text"), Column("customer_subject", "text"),
        Column("orders", "integer"), Column("cancelled_orders", "integer"), Column("totals", "json"),
        Column("first_order_at", "time"), Column("last_order_at", "time"),
    ),
}  # fmt: skip
"""The columns of each kind of export, in the order of the file."""

OPTIONAL_COLUMNS: Mapping[ExportKind, frozenset[str]] = {"products": frozenset({"source_data"})}
"""The columns that a file has only if the field `include` of the request names them."""

_JSON_LINES = "(format csv, quote E'\\x01', escape E'\\x01', delimiter E'\\x02')"
"""The options with which COPY writes each JSON text unchanged as one line. COPY would quote or escape only a text with
one of these control characters, and JSON never contains an unescaped control character.
"""


def columns_of(kind: ExportKind, file_format: ExportFormat, include: Iterable[str]) -> tuple[Column, ...]:
    """Return the columns of a file, in their order."""
    omitted = OPTIONAL_COLUMNS.get(kind, frozenset()) - set(include)
    is_nested = file_format == "ndjson"
    return tuple(
        column for column in COLUMNS[kind] if column.name not in omitted and column.nested in (None, is_nested)
    )


def copy_statement(query: str, columns: Iterable[Column], file_format: ExportFormat) -> str:
    """Return the statement that copies the rows of a query to the writer of the format.

    The statement returns lines of CSV for the format `csv`, and lines of JSON for all other formats.
    """
    cells = ", ".join(f"{_cell(column, file_format)} as {column.name}" for column in columns)
    rows = f"select {cells} from ({query.strip().removesuffix(';')}) source"  # noqa: S608 — the cells and the query are constants of this package
    if file_format == "csv":
        return f"copy ({rows}) to stdout (format csv)"
    return f"copy (select to_json(cells) from ({rows}) cells) to stdout {_JSON_LINES}"  # noqa: S608


def _cell(column: Column, file_format: ExportFormat) -> str:
    value = column.expression
    if file_format == "ndjson":
        return value
    match column.type:
        case "text":
            return f"app.formula_safe({value})" if file_format == "csv" else value
        case "lines":
            return {"csv": _lines(value), "xlsx": f"app.json_lines({value})"}.get(file_format, value)
        case "time":
            return f"app.rfc3339({value})"
        case "json" | "boolean":
            return f"({value})::text" if file_format == "csv" or column.type == "json" else value
        case _:
            return value


def _lines(value: str) -> str:
    """Return the SQL of a CSV cell that contains a list. The cell has one line for each text of the list.

    There are two special cases: a list with one text, and a list that begins with a URL. They reduce the time of an
    export by two thirds, because PostgreSQL inlines `app.formula_safe` and evaluates its argument up to three times.
    """
    return (
        f"case when jsonb_array_length({value}) = 1 then app.formula_safe({value} ->> 0)"
        f" when left({value} ->> 0, 4) = 'http' then app.json_lines({value})"
        f" else app.formula_safe(app.json_lines({value})) end"
    )
