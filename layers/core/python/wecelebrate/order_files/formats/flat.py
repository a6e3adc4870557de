"""Writes CSV (RFC 4180, UTF-8) with a row for each line of an order, and NDJSON with an object for each order."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from wecelebrate.core.formula_quotes import quoted
from wecelebrate.order_files.documents import Destination, ExportedOrder
from wecelebrate.order_files.models import ORDER_FIELDS

Value = str | int | Decimal


def columns_of(destination: Destination) -> list[tuple[str, str]]:
    """Return the name and the field of each column."""
    if destination.columns is None:
        return [(field, field) for field in ORDER_FIELDS]
    return [(column["header"], column["field"]) for column in destination.columns]


def rows(orders: Sequence[ExportedOrder]) -> Iterator[Mapping[str, Value]]:
    """Yield the fields of each line, together with the fields of its order."""
    for order in orders:
        for line in order.lines:
            yield order.fields | order.line_fields(line)


def write_csv(destination: Destination, orders: Sequence[ExportedOrder]) -> bytes:
    """Write a CSV file with a row for each line of an order."""
    columns = columns_of(destination)
    safe = quoted if destination.formula_safe else str
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([safe(header) for header, _ in columns])
    for row in rows(orders):
        cells = (row[field] for _, field in columns)
        writer.writerow([safe(cell) if isinstance(cell, str) else str(cell) for cell in cells])
    return file.getvalue().encode()


def write_ndjson(_destination: Destination, orders: Sequence[ExportedOrder]) -> bytes:
    """Write one JSON object for each order, each on its own line. Amounts are texts with decimal numbers."""
    lines = [json.dumps(_object(order), ensure_ascii=False, separators=(",", ":")) for order in orders]
    return "".join(line + "\n" for line in lines).encode()


def _object(order: ExportedOrder) -> dict[str, Any]:
    ship_to = {name.removeprefix("ship_"): value for name, value in order.fields.items() if name.startswith("ship_")}
    fields = {name: value for name, value in order.fields.items() if not name.startswith("ship_")}
    return {
        **{name: str(value) if isinstance(value, Decimal) else value for name, value in fields.items()},
        "metadata": order.document["metadata"],
        "ship_to": ship_to,
        "lines": [
            {
                name: str(value) if isinstance(value, Decimal) else value
                for name, value in order.line_fields(line).items()
            }
            for line in order.lines
        ],
    }
