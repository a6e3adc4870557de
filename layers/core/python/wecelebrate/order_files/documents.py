"""The orders of a file, prepared for a destination. The database has made a copy of each order.

A long line of an address is broken into several lines. If a new order has more lines than fit into the file, the order
is refused. The address is not shortened, because a parcel with an incomplete address does not arrive. It is shortened
only for an order that the receiver already has.
"""

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property, partial
from typing import Any, Literal, Self

from wecelebrate import addresses

Action = Literal["new", "change", "cancel"]
MAX_ADDRESS_LINES = 4
MAX_NAME_LINES = 2
MAX_CELL_LENGTH = 32_767
"""The largest number of characters in a cell of XLSX. If a text has more characters, XlsxWriter leaves the cell
empty."""
IDOC_LINE_LENGTH = 35
"""The length of the fields NAME1 to NAME4, STRAS, STRS2, ORT01 and ORT02 of the segment E1EDKA1."""
IDOC_POSTAL_CODE_LENGTH = 9
"""The length of PSTLZ in E1EDKA1."""
IDOC_PHONE_LENGTH = 25
"""The length of TELF1 in E1EDKA1. A telephone number of 15 digits without separators is never longer."""
IDOC_SKU_LENGTH = 35
"""The length of IDTNR in E1EDP19, which identifies the article."""
IDOC_PRICE_LENGTH = 15
"""The length of VPREI in E1EDP01."""

_ZIP_PLUS_4 = re.compile(r"([0-9]{5})[- ][0-9]{4}", re.ASCII)
_ADVICE = (
    "Enter the order in the ERP by hand, or let the destination accept longer lines and change the order, e.g. with a"
    " `note`: then it is exported again."
)


class Unwritable(Exception):
    """The order cannot be written for this destination. The text of the exception says why."""


@dataclass(frozen=True)
class Destination:
    """The settings of a destination that determine the content of a file, in addition to the orders."""

    format: str
    columns: Sequence[Mapping[str, str]] | None
    prefix: str
    max_line_length: int | None
    formula_safe: bool
    sender: str
    receiver: str
    seq: int
    """The number of the file."""
    created_at: datetime
    """When the orders of the file were selected."""

    @property
    def address_lines(self) -> int:
        """The number of lines that the file has for the street."""
        return 3 if self.format == "idoc" else MAX_ADDRESS_LINES

    @property
    def line_length(self) -> int | None:
        """The maximum length of a line of an address. It is None if the length is not limited."""
        limits = [self.max_line_length, IDOC_LINE_LENGTH if self.format == "idoc" else None]
        return min((limit for limit in limits if limit is not None), default=None)


@dataclass(frozen=True)
class OrderLine:
    """A line of an order, without the cancelled pieces."""

    line: int
    sku: str
    name: str
    quantity: int
    unit_price: Decimal

    @property
    def amount(self) -> Decimal:
        """The price of all pieces of the line."""
        return self.unit_price * self.quantity


@dataclass(frozen=True)
class ShipTo:
    """A shipping address. Its lines are not longer than the destination accepts."""

    names: Sequence[str]
    companies: Sequence[str]
    lines: Sequence[str]
    city: str
    region: str
    region_code: str
    """The ISO 3166-2 code of the region. Empty if the region is unknown."""
    postal_code: str
    country: str
    phone: str


@dataclass(frozen=True)
class ExportedOrder:
    """An order in an order file."""

    action: Action
    document: Mapping[str, Any]
    """The copy of the order that `app.order_document` has made."""
    ship_to: ShipTo
    previous_version: int | None = None
    """The version of the order that the destination already has. None if the order is new, or if this version is
    unknown.
    """

    @classmethod
    def of(
        cls,
        action: Action,
        document: Mapping[str, Any],
        destination: Destination,
        previous_version: int | None = None,
        *,
        is_received: bool = False,
    ) -> Self:
        """Create the order for a destination, with broken lines of its address. Raises Unwritable if a new order is too
        long.

        `is_received` says that the receiver already has the order. Such an order is never refused, because the receiver
        must get its later versions. Otherwise the receiver would deliver an order that was cancelled. If such an order
        is too long, its address is shortened, and metadata that are too long for a cell are removed.
        """
        is_refusable = action == "new" and not is_received
        if is_refusable:
            _check_cell(document, destination)
        elif _is_too_long_for_cell(document, destination):
            document = {**document, "metadata": {}}
        ship_to = _ship_to(document, destination.line_length, destination.address_lines, shorten=not is_refusable)
        if destination.format == "idoc":
            ship_to = _for_idoc(ship_to)
            if is_refusable:
                _check_idoc(document, ship_to)
        return cls(action, document, ship_to, previous_version)

    @cached_property
    def lines(self) -> list[OrderLine]:
        """The lines of the order.

        A new order does not contain lines without pieces. A change contains these lines, so that the receiver cancels
        them.
        """
        lines = [
            OrderLine(line["line"], line["sku"], line["name"], line["quantity"], Decimal(line["unit_price"]))
            for line in self.document["lines"]
        ]
        return [line for line in lines if line.quantity or self.action != "new"]

    @property
    def number(self) -> str:
        """The order number."""
        return str(self.document["order_number"])

    @property
    def currency(self) -> str:
        """The currency of all amounts."""
        return str(self.document["currency"])

    @property
    def placed_at(self) -> datetime:
        """When the order was placed."""
        return datetime.fromisoformat(self.document["placed_at"])

    @cached_property
    def fields(self) -> dict[str, str | int | Decimal]:
        """The fields of `OrderField` that contain values of the order. `line_fields` returns the fields of a line."""
        document, ship_to = self.document, self.ship_to
        names = ("order_number", "version", "order_id", "kind", "status", "currency", "customer_name", "customer_email")
        texts = ("external_number", "site", "cancel_reason")
        fields: dict[str, str | int | Decimal] = {"action": self.action} | {name: document[name] for name in names}
        fields |= {name: document[name] or "" for name in texts}
        fields["placed_at"] = self.placed_at.isoformat()
        fields["total_amount"] = Decimal(document["total_amount"])
        fields["metadata"] = json.dumps(document["metadata"], ensure_ascii=False) if document["metadata"] else ""
        fields |= _numbered("ship_name", ship_to.names, MAX_NAME_LINES, first_without_number=True)
        fields |= _numbered("ship_company", ship_to.companies, MAX_NAME_LINES, first_without_number=True)
        fields |= _numbered("ship_line", ship_to.lines, MAX_ADDRESS_LINES)
        parts = ("city", "region", "region_code", "postal_code", "country", "phone")
        return fields | {f"ship_{name}": getattr(ship_to, name) for name in parts}

    @staticmethod
    def line_fields(line: OrderLine) -> dict[str, str | int | Decimal]:
        """Return the fields of `OrderField` that contain values of a line."""
        return {
            "line": line.line,
            "sku": line.sku,
            "name": line.name,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "line_amount": line.amount,
        }


def _numbered(name: str, lines: Sequence[str], count: int, *, first_without_number: bool = False) -> dict[str, str]:
    padded = [*lines, *[""] * (count - len(lines))]
    return {
        name if first_without_number and number == 1 else f"{name}{number}": line
        for number, line in enumerate(padded, start=1)
    }


def _is_too_long_for_cell(document: Mapping[str, Any], destination: Destination) -> bool:
    """Return whether a value is too long for a cell of a workbook. Only metadata can be so long."""
    fields = ["metadata"] if destination.columns is None else [column["field"] for column in destination.columns]
    if destination.format != "xlsx" or "metadata" not in fields or not document["metadata"]:
        return False
    return len(json.dumps(document["metadata"], ensure_ascii=False)) > MAX_CELL_LENGTH


def _check_cell(document: Mapping[str, Any], destination: Destination) -> None:
    if _is_too_long_for_cell(document, destination):
        length = len(json.dumps(document["metadata"], ensure_ascii=False))
        raise Unwritable(
            f"The metadata of the order has {length:,} characters, but a cell of XLSX has at most"
            f" {MAX_CELL_LENGTH:,}. Shorten the metadata, or leave the column out."
        )


def _for_idoc(ship_to: ShipTo) -> ShipTo:
    """Return the address with a postal code and a telephone number that are short enough for an IDoc, if possible.

    A receiver would cut off the end of a longer text. An American postal code is valid without its last four digits.
    """
    postal_code, phone = ship_to.postal_code, ship_to.phone
    if len(postal_code) > IDOC_POSTAL_CODE_LENGTH and (zip_code := _ZIP_PLUS_4.fullmatch(postal_code)):
        postal_code = zip_code[1]
    if len(phone) > IDOC_PHONE_LENGTH:
        phone = re.sub(r"[^0-9+]", "", phone)[:IDOC_PHONE_LENGTH]
    return replace(ship_to, postal_code=postal_code, phone=phone)


def _check_idoc(document: Mapping[str, Any], ship_to: ShipTo) -> None:
    """Raise Unwritable if the postal code, or the SKU or the price of a line, is too long for an IDoc."""
    if len(ship_to.postal_code) > IDOC_POSTAL_CODE_LENGTH:
        raise Unwritable(
            f"The field `postal_code` of the shipping address has {len(ship_to.postal_code)} characters, but an IDoc"
            f" has {IDOC_POSTAL_CODE_LENGTH}. Enter the order in the ERP by hand."
        )
    limits = (("sku", IDOC_SKU_LENGTH), ("unit_price", IDOC_PRICE_LENGTH))
    for line in document["lines"]:
        for field, limit in limits:
            length = len(str(line[field]))
            if length > limit:
                raise Unwritable(
                    f"The field `{field}` of line {line['line']} has {length} characters, but an IDoc has {limit}."
                    " Enter the order in the ERP by hand, or choose another format for the destination."
                )


def _ship_to(document: Mapping[str, Any], line_length: int | None, max_streets: int, *, shorten: bool) -> ShipTo:
    """Return the address with lines of at most `line_length` characters.

    If the address needs more lines than the file has, it is shortened if `shorten` is true. Otherwise raises
    Unwritable.
    """
    address: dict[str, str] = {name: str(value) for name, value in document["shipping_address"].items() if value}
    country = address.get("country", "")
    streets = [address[name] for name in ("line1", "line2") if name in address]
    broken = partial(_broken, line_length=line_length, shorten=shorten)
    names = broken("name", [address.get("name") or document["customer_name"]], max_lines=MAX_NAME_LINES)
    companies = broken("company", [address[name] for name in ("company",) if name in address], max_lines=MAX_NAME_LINES)
    for field in ("city", "region", "postal_code"):
        if line_length and len(address.get(field, "")) > line_length:
            if shorten:
                address[field] = address[field][:line_length]
                continue
            raise Unwritable(
                f"The field `{field}` of the shipping address has {len(address[field])} characters, but the destination"
                f" accepts {line_length}. {_ADVICE}"
            )
    return ShipTo(
        names=names,
        companies=companies,
        lines=broken("lines", streets, max_lines=max_streets),
        city=address.get("city", ""),
        region=address.get("region", ""),
        region_code=addresses.region_code(country, address.get("region")) or "" if len(country) == 2 else "",
        postal_code=address.get("postal_code", ""),
        country=country,
        phone=address.get("phone", ""),
    )


def _broken(field: str, texts: Sequence[str], *, line_length: int | None, max_lines: int, shorten: bool) -> list[str]:
    """Return the texts in lines of at most `line_length` characters.

    If there are more than `max_lines` lines, the last lines are removed if `shorten` is true. Otherwise raises
    Unwritable.
    """
    if line_length is None:
        return list(texts)
    lines = [
        line
        for text in texts
        for line in ([text] if len(text) <= line_length else textwrap.wrap(text, line_length, break_on_hyphens=False))
    ]
    if len(lines) > max_lines and not shorten:
        raise Unwritable(
            f"The {field} of the shipping address need {len(lines)} lines of {line_length} characters, but a file has"
            f" {max_lines}. {_ADVICE}"
        )
    return lines[:max_lines]
