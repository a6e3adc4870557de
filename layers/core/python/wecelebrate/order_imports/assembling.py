"""Combines rows with the same order number into an order. If one row is invalid, the whole order is rejected."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, get_args

from wecelebrate.core.errors import Invalid
from wecelebrate.core.models import json_bytes, normalized
from wecelebrate.core.types.money import MAX_AMOUNT
from wecelebrate.feeds.items import NumberText
from wecelebrate.order_files.news.rows import folded
from wecelebrate.order_imports import values
from wecelebrate.order_imports.columns import FULFILMENT_STATE, PAYMENT_STATE
from wecelebrate.order_imports.objects import Cells
from wecelebrate.order_imports.spool import Row
from wecelebrate.order_imports.states import BadState, Line, complete, settle
from wecelebrate.order_imports.values import BadValue, Settings
from wecelebrate.orders.models import OrderStatus

MAX_LINES = 2_000
MAX_ITEMS_BYTES = 1_000_000
"""The maximum size of the lines of an order as JSON, in bytes. The database accepts 1.7 MB, including the spaces and
ids that the database adds."""
MAX_METADATA_BYTES = 60_000
_TIMES = ("processed_at", "shipped_at", "delivered_at", "cancelled_at")
_LENGTHS = {
    "customer_name": 500, "customer_subject": 500, "customer_id": 200, "cancel_reason": 1000, "external_number": 100,
    "problem": 63,
}  # fmt: skip
_PROBLEM = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_ADDRESS = ("name", "company", "line1", "line2", "city", "region", "postal_code", "country", "phone")
_LINE_TEXTS = {"sku": 200, "name": 500, "image": 2048}
_STATUSES = {status: status for status in get_args(OrderStatus)} | {"canceled": "cancelled"}

_FULFILMENT_STATES = {
    "fulfilled": "shipped", "partial": "shipped", "unfulfilled": "pending", "restocked": "cancelled",
}  # fmt: skip
"""Maps the state of fulfilment in an export of Shopify to the status of the order. No state is mapped to `delivered`,
because Shopify does not say what was delivered."""
_ENDED_PAYMENTS = ("refunded", "voided")


class BadOrder(Exception):
    """An order cannot be imported.

    `row` is the row that causes the error. It is None if the whole order causes the error.
    """

    def __init__(self, code: str, reason: str, row: Row | None = None) -> None:
        super().__init__(reason)
        self.code, self.reason, self.row = code, reason, row


@dataclass(frozen=True)
class Assembled:
    """An order in the form that app.import_orders reads."""

    values: Mapping[str, Any]
    lines_amount: Decimal
    """The sum of the amounts of the lines, without the cancelled pieces."""
    has_other_total: bool
    """Whether the total in the file differs from the sum of the lines, e.g. because the total includes shipping
    costs."""


def assemble(number: str, rows: Sequence[Row], fields: Sequence[Mapping[str, str]], settings: Settings) -> Assembled:
    """Return the order with the given number. `fields` maps the columns of each file to fields. Raises BadOrder."""
    heads = [(row, _fields(row.raw, fields[row.file])) for row in rows if row.file == 0]
    if not heads:
        raise BadOrder("unknown_order", "The first file has no order with this number.")
    head = _head(heads, settings)
    code = head["currency"]
    lines = _lines(rows, fields, code, settings)
    if _is_adjustment(heads, lines, head["total_amount"]):
        reason = (
            "The order has no customer, recipient or status, and costs nothing: it is an adjustment of the stock. If it"
            " is an order, write `sale` into a column `kind`."
        )
        raise BadOrder("adjustment", reason)
    try:
        credited = settle(lines, head["status"])
        if credited:
            head |= {"status": "cancelled", "cancelled_at": head["cancelled_at"] or head["created_at"]}
        fulfilment = complete(lines, head["status"], head.pop("fulfilment"))
    except BadState as error:
        raise BadOrder(error.code, error.reason) from None
    total, computed = head["total_amount"], _total(lines, head["status"])
    if total is not None and total != computed and len(heads) > 1 and _is_total_of_lines(total, lines):
        reason = "The total is that of a line, in each row of the order. Say in `columns` that it is the `amount`."
        raise BadOrder("total_of_line", reason)
    if computed >= MAX_AMOUNT:
        raise BadOrder("bad_amount", "The total must be below 10^12.")
    items = [line.as_json(position) for position, line in enumerate(lines, start=1)]
    if json_bytes(items) > MAX_ITEMS_BYTES:
        raise BadOrder("too_long", f"The lines have more than {MAX_ITEMS_BYTES:,} bytes.")
    head |= {"order_number": number, "fulfilment": fulfilment, "lines": items}
    head["external_number"] = head["external_number"] or _other_number(heads[0][1], number)
    head["total_amount"] = str(computed if total is None else total)
    return Assembled(
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in head.items()},
        lines_amount=computed,
        has_other_total=total is not None and total != computed,
    )


def _is_adjustment(
    heads: Sequence[tuple[Row, Mapping[str, str]]], lines: Sequence[Line], total: Decimal | None
) -> bool:
    """Return whether the rows only correct the stock.

    Some systems write corrections of the stock into the list of their invoices, with the price 0. Such rows do not have
    the fields that a free order has: a person, an address, a status, or a number of shipped, cancelled or returned
    pieces.
    """
    if total or any(line.unit_price for line in lines):
        return False
    # Some systems write 0 into these columns of each row. Therefore 0 is treated as no value.
    if any(pieces for line in lines for pieces in (line.shipped, line.cancelled, line.returned)):
        return False
    return all(texts.keys().isdisjoint(_SIGNS_OF_AN_ORDER) for _, texts in heads)


def _is_total_of_lines(total: Decimal, lines: Sequence[Line]) -> bool:
    """Return whether an order has several lines and each line states the total of the order as its amount."""
    return len(lines) > 1 and all(line.unit_price * line.quantity == total for line in lines)


def _fields(cells: Cells, columns: Mapping[str, str]) -> dict[str, str]:
    texts = {columns[column]: _stripped(text) for column, text in cells.items() if column in columns}
    return {field: text for field, text in texts.items() if text}


def _stripped(text: str) -> str:
    """Return a text without surrounding spaces. If the file stores a number, the result is still a NumberText."""
    return text if isinstance(text, NumberText) else text.strip()


def _head(heads: Sequence[tuple[Row, Mapping[str, str]]], settings: Settings) -> dict[str, Any]:
    """Return the values of the fields that belong to the whole order. Raises BadOrder."""
    created, texts = _created_at(heads, settings), _agreed(heads)
    try:
        code = values.currency(texts["currency"]) if "currency" in texts else settings.currency
        if code is None:
            raise BadValue("no_currency", "The order has no currency. Add a column, or state `currency`.")
        times = {name: values.moment(name, texts[name], settings) if name in texts else None for name in _TIMES}
        head: dict[str, Any] = {name: values.line(name, texts[name], limit) if name in texts else None
                                for name, limit in _LENGTHS.items()}  # fmt: skip
        head |= {name: max(time, created) if time else None for name, time in times.items()}
        head |= {
            "created_at": created,
            "currency": code,
            "status": "cancelled" if times["cancelled_at"] else _status(texts, settings),
            "kind": _choice("kind", texts, ("sale", "replacement")) or "sale",
            "fulfilment": _fulfilment(texts),
            "total_amount": _amount("total_amount", texts, code, settings),
            "customer_email": values.email(texts["customer_email"]) if "customer_email" in texts else "",
            "shipping_address": _address(texts),
            "metadata": _metadata(texts),
        }
    except BadValue as error:
        raise BadOrder(error.code, error.reason, heads[0][0]) from None
    if {FULFILMENT_STATE, PAYMENT_STATE} & texts.keys() and head["status"] in ("pending", "cancelled"):
        head["shipped_at"] = None  # Shopify keeps the time of a fulfilment that was cancelled.
    if head["problem"] is not None and not _PROBLEM.fullmatch(head["problem"]):
        raise BadOrder("bad_problem", "`problem` must have only a-z, 0-9 and _, and begin with a letter.", heads[0][0])
    if head["problem"] == "unconfirmed":
        raise BadOrder("unconfirmed", "The guest has not confirmed the order, so it is no order yet.", heads[0][0])
    return _with_customer(head, texts, settings)


def _with_customer(head: dict[str, Any], texts: Mapping[str, str], settings: Settings) -> dict[str, Any]:
    """Return the head of the order with the texts that are computed from other fields."""
    customer_id = head.pop("customer_id")
    if head["customer_subject"] is None and customer_id is not None:
        head["customer_subject"] = f"import:{settings.source}:{customer_id}"
    head["customer_name"] = head["customer_name"] or texts.get("shipping_name", "")[:500]
    return head


def _other_number(texts: Mapping[str, str], number: str) -> str | None:
    """Return the number in the file if it differs from the number of the order, e.g. in its case."""
    stated = texts.get("order_number", number)
    return None if stated == number else stated[:100]


def _created_at(heads: Sequence[tuple[Row, Mapping[str, str]]], settings: Settings) -> datetime:
    """Return the earliest time in the rows, because some systems write a time for each line. Raises BadOrder."""
    times = []
    for row, texts in heads:
        try:
            if "created_at" in texts:
                times.append(values.moment("created_at", texts["created_at"], settings))
        except BadValue as error:
            raise BadOrder(error.code, error.reason, row) from None
    if not times:
        raise BadOrder("no_time", "The order has no time: fill in `created_at`.", heads[0][0])
    return min(times)


def _agreed(heads: Sequence[tuple[Row, Mapping[str, str]]]) -> dict[str, str]:
    """Return the texts of the fields of the order. Raises BadOrder if the rows have different texts. Blank cells are
    ignored.
    """
    agreed: dict[str, str] = {}
    for row, texts in heads:
        for field, text in texts.items():
            if field in _OF_ORDER and agreed.setdefault(field, text) != text:
                raise BadOrder("rows_differ", f"`{field}` differs from another row of the order.", row)
    return agreed


def _status(texts: Mapping[str, str], settings: Settings) -> str:
    text = texts.get("status")
    if text is None:
        status = _status_of_states(texts, settings) or settings.status
        if status is None:
            raise BadValue(
                "no_status",
                "The order has no status. Say in `columns` which column it is (--column status=COLUMN), or state a"
                " `status` for all such orders (--status delivered).",
            )
        return status
    status = settings.statuses.get(folded(text)) or _STATUSES.get(folded(text))
    if status is None:
        raise _unknown_status(text)
    return status


def _status_of_states(texts: Mapping[str, str], settings: Settings) -> str | None:
    """Return the status of an order from an export of Shopify. It depends on the state of fulfilment and the state of
    payment.
    """
    fulfilment, payment = texts.get(FULFILMENT_STATE), texts.get(PAYMENT_STATE)
    for text in (fulfilment, payment):
        if text is not None and (stated := settings.statuses.get(folded(text))):
            return stated
    is_over = payment is not None and folded(payment) in _ENDED_PAYMENTS
    if fulfilment is None:
        return "cancelled" if is_over else None
    status = _FULFILMENT_STATES.get(folded(fulfilment))
    if status is None:
        raise _unknown_status(fulfilment)
    return "cancelled" if is_over and status == "pending" else status


def _fulfilment(texts: Mapping[str, str]) -> str | None:
    is_partial = folded(texts.get(FULFILMENT_STATE, "")) == "partial"
    return _choice("fulfilment", texts, ("none", "partial", "full")) or ("partial" if is_partial else None)


def _unknown_status(text: str) -> BadValue:
    reason = f"The status `{values.shown(text)}` is unknown: say in `statuses` what it is (--status-word WORD=STATUS)."
    return BadValue("unknown_status", reason)


def _choice(name: str, texts: Mapping[str, str], choices: Sequence[str]) -> str | None:
    text = texts.get(name)
    if text is not None and text not in choices:
        raise BadValue(f"bad_{name}", f"`{name}` must be one of {', '.join(choices)}, and is `{values.shown(text)}`.")
    return text


def _amount(name: str, texts: Mapping[str, str], code: str, settings: Settings) -> Decimal | None:
    if name not in texts:
        return None
    return values.amount(name, values.number(name, texts[name], settings.decimal_mark, code), code)


def _address(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of the address in the file. The address is not validated, because the order may already be
    delivered.
    """
    parts = {part: texts[f"shipping_{part}"] for part in _ADDRESS if f"shipping_{part}" in texts}
    return {part: values.line(f"shipping_{part}", text, 200) for part, text in parts.items()}


def _integer(text: str) -> int:
    """Return an integer of at most 64 bits. Raises ValueError."""
    if not -(1 << 63) <= (value := int(text)) < 1 << 63:
        raise ValueError("the integer has more than 64 bits")
    return value


def _metadata(texts: Mapping[str, str]) -> dict[str, Any]:
    try:
        metadata = normalized(json.loads(texts.get("metadata", "{}"), parse_int=_integer))
    except (ValueError, RecursionError, Invalid):
        metadata = None
    if not isinstance(metadata, dict) or json_bytes(metadata) > MAX_METADATA_BYTES:
        raise BadValue("bad_metadata", f"`metadata` must be a JSON object of at most {MAX_METADATA_BYTES:,} bytes.")
    return metadata


def _lines(rows: Sequence[Row], fields: Sequence[Mapping[str, str]], code: str, settings: Settings) -> list[Line]:
    """Return the lines of an order.

    Lines in the separate file of lines take precedence over lines in the first file.
    """
    file = max(row.file for row in rows) if len(fields) > 1 else 0
    if file == 0 and len(fields) > 1 and all(row.lines is None for row in rows):
        raise BadOrder("no_lines", "The file with the lines has no line of this order.")
    lines: list[tuple[int | None, Line]] = []
    for row in rows:
        if row.file != file:
            continue
        for cells in row.lines if row.lines is not None else (row.raw,):
            texts = _fields(cells, {name: name for name in cells} if row.lines is not None else fields[row.file])
            try:
                lines.append(_line(texts, code, settings))
            except BadValue as error:
                raise BadOrder(error.code, error.reason, row) from None
    if not lines:
        raise BadOrder("no_lines", "The order has no lines.")
    if len(lines) > MAX_LINES:
        raise BadOrder("too_many_lines", f"The order has {len(lines):,} lines, and may have {MAX_LINES:,}.")
    numbers = [number for number, _ in lines]
    if None not in numbers and len(set(numbers)) == len(numbers):
        lines.sort(key=lambda numbered: numbered[0] or 0)
    return [line for _, line in lines]


def _line(texts: Mapping[str, str], code: str, settings: Settings) -> tuple[int | None, Line]:
    """Return the line number and the line. If the line has no number, return None as its number. Raises BadValue."""
    named = {name: values.line(name, texts[name], limit) for name, limit in _LINE_TEXTS.items() if name in texts}
    sku = named.get("sku") or named.get("name", "")[:200]
    if not sku:
        raise BadValue("no_product", "The line has neither `sku` nor `name`.")
    if "quantity" not in texts:
        raise BadValue("no_quantity", "The line has no `quantity`.")
    quantity = values.whole("quantity", texts["quantity"], settings.decimal_mark)
    if quantity == 0:
        raise BadValue("bad_quantity", "`quantity` must not be 0.")
    price = _amount("unit_price", texts, code, settings)
    if price is None:
        if "amount" not in texts:
            raise BadValue("no_price", "The line has neither `unit_price` nor `amount`.")
        amount = values.number("amount", texts["amount"], settings.decimal_mark, code)
        price = values.amount("unit_price", amount / quantity, code)
    states = {
        name: values.whole(name, texts[name], settings.decimal_mark) if name in texts else None
        for name in ("shipped_quantity", "cancelled_quantity", "returned_quantity")
    }
    line = Line(
        sku=sku, name=named.get("name", sku), quantity=quantity, unit_price=price, image=named.get("image"),
        shipped=states["shipped_quantity"], cancelled=states["cancelled_quantity"],
        returned=states["returned_quantity"],
    )  # fmt: skip
    return values.whole("line", texts["line"], settings.decimal_mark) if "line" in texts else None, line


def _total(lines: Sequence[Line], status: str) -> Decimal:
    """Return the sum of the lines. For a cancelled order, the sum includes the cancelled pieces."""
    return sum(
        (line.unit_price * (line.quantity - (0 if status == "cancelled" else line.cancelled or 0)) for line in lines),
        Decimal(0),
    )


_OF_ORDER = frozenset({FULFILMENT_STATE, PAYMENT_STATE,
    "currency", "status", "kind", "fulfilment", "total_amount", "customer_email", "metadata", *_TIMES, *_LENGTHS,
    *(f"shipping_{part}" for part in _ADDRESS),
})  # fmt: skip
"""The fields that must have the same value in all rows of an order."""
_SIGNS_OF_AN_ORDER = _OF_ORDER - {"currency", "total_amount", "shipping_country"}
"""If the rows contain one of these fields, they are an order and not an adjustment of the stock. The country is not one
of these fields, because some systems write their own country into each row."""
