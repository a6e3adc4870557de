"""Maps the columns of a file to the fields of an order."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from wecelebrate.feeds.tables.plain import PlainColumns
from wecelebrate.order_files.news.rows import folded
from wecelebrate.order_imports.models import HeadField, LineField
from wecelebrate.order_imports.values import Settings, shown

HEAD_FIELDS: tuple[str, ...] = get_args(HeadField)
LINE_FIELDS: tuple[str, ...] = get_args(LineField)

_NAMES: Mapping[str, str] = {
    "order_number": "order no, order id, order, invoiceno, invoice no, invoice number, bestellnummer, bestell nr,"
    " numero de commande, numero de pedido",
    "created_at": "order date, ordered at, placed at, date placed, invoicedate, invoice date, bestelldatum",
    "currency": "currency code, waehrung, wahrung, devise, moneda",
    "total_amount": "order total, grand total, total",
    "customer_email": "email, e mail, customer e mail, billing email",
    "customer_id": "customerid, customer no, customer number, kundennummer",
    "customer_name": "customer, kunde",
    "status": "order status",
    "cancelled_at": "canceled at",
    "shipping_line1": "shipping address1, shipping street",
    "shipping_line2": "shipping address2",
    "shipping_region": "shipping province, shipping state",
    "shipping_postal_code": "shipping zip, shipping postcode",
    "shipping_country": "country, land",
    "sku": "stockcode, stock code, lineitem sku, product sku, item number, article number, artikelnummer",
    "name": "description, lineitem name, product name, item name, artikel",
    "quantity": "qty, lineitem quantity, menge, anzahl, pieces",
    "unit_price": "unitprice, lineitem price, price, item price, stuckpreis, einzelpreis",
    "amount": "line total, line amount",
    "line": "line number, position",
}
_BY_NAME: Mapping[str, str] = {
    **{name.strip(): field for field, names in _NAMES.items() for name in names.split(",")},
    **{folded(field): field for field in (*HEAD_FIELDS, *LINE_FIELDS)},
}
FULFILMENT_STATE, PAYMENT_STATE = "fulfilment_state", "payment_state"
"""The two fields of the order export of Shopify that together determine the status of an order."""
_SHOPIFY = {
    "Name": "order_number", "Created at": "created_at", "Lineitem name": "name", "Fulfilled at": "shipped_at",
    "Fulfillment Status": FULFILMENT_STATE, "Financial Status": PAYMENT_STATE,
}  # fmt: skip
"""Maps the columns of the order export of Shopify to fields. In this export, `Name` is the order number."""
_MAX_NAME = 200
_MAX_UNREAD = 100
"""The maximum number of unread columns of a file that the result of an import names."""
_OF_LINES = (["sku", "name"], ["quantity"], ["unit_price", "amount"])
"""The fields that each line needs: at least one field of each list."""
_REPEAT = re.compile(r" \([0-9]+\)\Z", re.ASCII)
"""The suffix that the reader of a table appends to a repeated column name."""


class AmbiguousColumns(Exception):
    """Several columns could contain the same field. The text of the exception names these columns."""


def known_columns(stated: Mapping[str, str]) -> PlainColumns:
    """Return the known column names for the reader of a table. `stated` maps fields to columns.

    The reader raises AmbiguousColumns if a sheet with a column for the order number has ambiguous columns.
    """
    names = frozenset(map(folded, (*_BY_NAME, *_SHOPIFY, *stated.values())))

    def count_names(cells: Sequence[str]) -> int:
        return sum(folded(cell) in names for cell in cells if cell and len(cell) <= _MAX_NAME)

    def key_of(header: Sequence[str]) -> int | None:
        if not _has_number(header, stated):
            return None  # For example, a sheet with a legend has no order number. Its columns are ignored.
        fields = fields_of(header, stated)
        return next((at for at, column in enumerate(header) if fields.get(column) == "order_number"), None)

    return PlainColumns(count_names, key_of)


def fields_of(header: Iterable[str], stated: Mapping[str, str]) -> dict[str, str]:
    """Return the field of each known column. `stated` maps fields to columns, and takes precedence over known names.

    A column with exactly the name of a field takes precedence over a column with another known name of this field.
    Raises AmbiguousColumns.
    """
    header = list(header)
    by_vendor = _vendor(header)
    taken = {column: field for field, column in stated.items() if column in header}
    candidates: dict[str, list[str]] = {}
    for column in header:
        field = _known_field(column, by_vendor)
        if field and column not in taken and field not in stated:
            candidates.setdefault(field, []).append(column)
    for field, columns in candidates.items():
        exact = [column for column in columns if _REPEAT.sub("", column) == field or by_vendor.get(column) == field]
        chosen = exact or columns
        if len(set(chosen)) > 1:
            names = ", ".join(f"`{column[:100]}`" for column in chosen[:5])
            raise AmbiguousColumns(f"`{field}` could be in each of the columns {names}. Say which one in `columns`.")
        taken[chosen[0]] = field
    return taken


def _vendor(header: Sequence[str]) -> Mapping[str, str]:
    """Return the fields of columns whose names have another meaning in the export of a shop system."""
    return _SHOPIFY if "Lineitem name" in header else {}


def _known_field(column: str, by_vendor: Mapping[str, str]) -> str | None:
    return by_vendor.get(column) or _BY_NAME.get(folded(_REPEAT.sub("", column)))


def _has_number(header: Sequence[str], stated: Mapping[str, str]) -> bool:
    if "order_number" in stated:
        return stated["order_number"] in header
    by_vendor, taken = _vendor(header), set(stated.values())
    return any(_known_field(column, by_vendor) == "order_number" for column in header if column not in taken)


def require_same_fields(earlier: Iterable[str], before: Mapping[str, str], fields: Mapping[str, str]) -> None:
    """Check that new columns do not change the fields of the `earlier` columns. Raises AmbiguousColumns.

    The check is needed because a row of NDJSON can have new columns when the rows before it are already read.
    """
    for column in earlier:
        field = before.get(column)
        if fields.get(column) == field:
            continue
        other = next((name for name, its_field in fields.items() if its_field == field), None)
        further = f", and later rows have `{other[:100]}`" if field and other else ""
        raise AmbiguousColumns(
            f"`{field or fields[column]}` could be in the column `{column[:100]}`{further}. Use the same columns in all"
            " rows, or say in `columns` which one is right."
        )


def unread(
    headers: Sequence[Iterable[str]], fields: Sequence[Mapping[str, str]], names_of_lines: Iterable[str]
) -> list[list[str]]:
    """Return the columns of each file that the import does not read, as texts for the result of the job.

    `names_of_lines` are the names of the fields of order lines in JSON objects. They belong to the first file.
    """
    names = [
        [shown(column) for column in header if column not in of] for header, of in zip(headers, fields, strict=True)
    ]
    for at, of_columns in enumerate(fields if len(fields) > 1 else ()):
        other = LINE_FIELDS if at == 0 else set(HEAD_FIELDS) - {"order_number"}
        names[at] += [shown(column) for column, field in of_columns.items() if field in other]
    names[0] += [f"lines.{shown(name)}" for name in names_of_lines if name not in LINE_FIELDS]
    return [of_file[:_MAX_UNREAD] for of_file in names]


def missing(fields: Sequence[Mapping[str, str]], names_of_lines: Iterable[str], settings: Settings) -> list[list[str]]:
    """Return the missing fields. Each item is a list of fields, of which each order needs one. The file has no column
    for any field of the list.
    """
    of_orders = set(fields[0].values()) if fields else set()
    of_lines = set(fields[-1].values() if fields else ()) | set(names_of_lines)
    needed = [(of_orders, ["created_at"]), *((of_lines, each) for each in _OF_LINES)]
    if settings.currency is None:
        needed.insert(1, (of_orders, ["currency"]))
    if settings.status is None and not of_orders & {FULFILMENT_STATE, PAYMENT_STATE, "cancelled_at"}:
        needed.insert(1, (of_orders, ["status"]))
    return [alternatives for present, alternatives in needed if present.isdisjoint(alternatives)]
