"""Compares the columns of an order with its document."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from wecelebrate.kv.comparison.fields import Pair, names_of, price_of
from wecelebrate.kv.comparison.identity import row_id
from wecelebrate.kv.comparison.values import (
    Document,
    amount,
    camel_case,
    currency,
    first,
    first_text,
    letters,
    may_be_left_out,
    moment,
    moment_in_id,
    same_moment,
    same_object,
    same_text,
    text,
    whole,
)

_STATES: Mapping[str, frozenset[str]] = {
    "pending": frozenset(("", "pending", "new", "confirmed", "placed")),
    "processing": frozenset(("processing", "syncing", "inprogress", "packed")),
    "shipped": frozenset(("shipped", "intransit", "outfordelivery")),
    "delivered": frozenset(("delivered", "completed")),
    "cancelled": frozenset(("cancelled", "canceled", "failed")),
}
_MAX_ADDRESS = 60_000
_MAX_LINE1 = 10_000


def order(pair: Pair) -> Iterator[str]:
    """Compare an order with its document. Yield the names of the columns that differ."""
    document, row = pair.document, pair.row
    site = text(first(document, "siteId", "site.id"))
    if site is None and pair.key.count(":") == 2:
        site = pair.key.split(":")[1]
    if site not in pair.names("site"):
        yield "site_id"
    if not _has_number(pair):
        yield "order_number"
    if letters(document.get("status")) not in _STATES.get(row["status"], ()):
        yield "status"
    email = text(first(document, "customerEmail", "userEmail", "email", "employeeEmail"))
    if not same_text(email, row["customer_email"] or None, 500):
        yield "customer_email"
    address = _address(document)
    name = first(document, "customerName", "recipientName", "userName", "employeeName")
    names = {text(name) or email}
    if name is None:  # A secret in the address is not a name.
        in_address = first(address, "fullName", "name")
        names = {text(in_address) or email, *([email] if may_be_left_out(in_address) else ())}
    if not any(same_text(each, row["customer_name"] or None, 500) for each in names):
        yield "customer_name"
    if not same_object(address, row["shipping_address"]):
        yield "shipping_address"
    yield from _money(pair)
    placed = next(
        (
            found
            for stated in ("createdAt", "orderDate", "placedAt", "date")
            if (found := moment(document.get(stated))) is not None
        ),
        moment_in_id(pair.old_id),
    )
    if placed is not None and not same_moment(placed, row["created_at"]):
        yield "created_at"


def _has_number(pair: Pair) -> bool:
    stated = (text(pair.document.get("orderNumber")) or pair.old_id)[:50]
    column: str = pair.row["order_number"]
    is_second = "number_twice" in pair.notes and column == f"{stated[:17]}-{pair.row['id'].replace('-', '').upper()}"
    return is_second or same_text(text(stated), column, 50)


def _address(document: Document) -> Document:
    stated = first(document, "shippingAddress", "deliveryAddress", "address")
    if isinstance(stated, dict) and len(str(stated)) < _MAX_ADDRESS:
        return stated
    return {"line1": stated[:_MAX_LINE1]} if isinstance(stated, str) else {}


def _money(pair: Pair) -> Iterator[str]:
    document, row = pair.document, pair.row
    code = currency(document.get("currency"))
    if code is not None and code != row["currency"]:
        yield "currency"
    lines = [_Line(document, item) for item in _items(document)]
    columns = row["items"]
    if len(lines) != len(columns) or not all(
        line.agrees(column, pair) for line, column in zip(lines, columns, strict=True)
    ):
        yield "items"
    total, _ = amount(first(document, "totalAmount", "total", "totalValue"))
    if not total and lines and all(line.price is not None for line in lines):
        total = sum((Decimal(line.quantity or 0) * (line.price or 0) for line in lines), Decimal(0))
    if total and abs(total - Decimal(row["total_amount"])) >= Decimal("0.005"):
        yield "total_amount"


def _items(document: Document) -> list[Document]:
    items = document.get("items")
    if isinstance(items, list) and items:
        return [camel_case(item) if isinstance(item, dict) else {} for item in items]
    return [{name: value for name, value in document.items() if name not in ("price", "value", "name", "id")}]


class _Line:
    def __init__(self, document: Document, item: Document) -> None:
        gift = first(item, "gift", "product")
        gift = camel_case(gift) if isinstance(gift, dict) else {} if gift is None else {"id": gift}
        self.quantity = whole(item["quantity"]) if "quantity" in item else 1
        stated = item.get("unitPrice", item.get("price", gift.get("price", item.get("value"))))
        value = None if "price" in gift else gift.get("value")
        priced = {"price": stated, "value": value, "currency": document.get("currency")}
        self.price = price_of({name: part for name, part in priced.items() if part is not None})[0]
        self.gift = text(first({**item, "gift": gift}, "giftId", "productId", "gift.id", "id"))
        self.names = [
            name
            for name in (
                self.gift,
                text(first({**item, "gift": gift}, "sku", "giftSku", "gift.sku")),
                first_text({**item, "giftName": item.get("giftName") or gift.get("name")}, "giftName", "name"),
            )
            if name
        ]

    def agrees(self, column: Mapping[str, Any], pair: Pair) -> bool:
        """Return whether a line of the row, `column`, has the same quantity, price and gift as this line of the
        document."""
        if self.quantity != column["quantity"]:
            return False
        if self.price is not None and abs(self.price - Decimal(str(column["unit_price"]))) >= Decimal("0.005"):
            return False
        product = column.get("product_id")
        if not self.names or product is None:
            return True
        is_named = not names_of(pair.row["gifts"].get(product, []), pair.environment).isdisjoint(self.names)
        return is_named or any(product == row_id("product", pair.environment, name) for name in self.names)
