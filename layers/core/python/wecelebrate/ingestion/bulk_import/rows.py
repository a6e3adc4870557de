"""Reads the rows of a request. Each row is validated like a request that changes a single product."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from types import TracebackType
from typing import Any, Literal, Self

import orjson
from pydantic import ValidationError

from wecelebrate.core.errors import Invalid
from wecelebrate.core.models import pointer
from wecelebrate.core.problem_document import FieldError
from wecelebrate.core.types import finer_problem, rounded
from wecelebrate.core.validation_messages import message_for
from wecelebrate.feeds import Change, Item, Offer, Product, Question, Rejected
from wecelebrate.ingestion.bulk_import.models import ImportRow, RowFields, sku_of
from wecelebrate.products.models import require_exact, stock_changes

HEADER = tuple(ImportRow.model_fields)
_MAX_REASONS = 5
"""The maximum number of errors in the reason of a rejected row."""


class RequestRows(AbstractContextManager["RequestRows"]):
    """The rows of a request, stored as NDJSON. The class implements the protocol `merge.load.Rows`."""

    declared_mode: Literal["full", "delta"] | None = None
    ended_cleanly = True
    has_places = keeps_places = False
    other_identifier: str | None = None
    states_stock = True
    """Without a stock in the row, a new product is tracked with the stock 0, as in a request that creates one product.
    """
    reading: dict[str, Any] | None = None
    questions: tuple[Question, ...] = ()
    changes: tuple[Change, ...] = ()

    def __init__(self, text: bytes, currency: str) -> None:
        self._lines = text.splitlines()
        self._currency = currency
        self.rows_read = 0
        self.header = list(HEADER)
        self.details: dict[str, Any] = {"format": "rows"}

    def __iter__(self) -> Iterator[Item]:
        for number, line in enumerate(self._lines, 1):
            self.rows_read = number
            yield to_item(number, orjson.loads(line), self._currency)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines = []


def to_item(number: int, fields: RowFields, currency: str) -> Item:
    """Convert a row to a product, or to a rejection with a reason. `currency` is the default currency of prices."""
    try:
        row = ImportRow.model_validate(fields)
        price = _exact_price(row, row.currency or currency)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        reasons = [f"{pointer(each['loc']) or '/'}: {message_for(each)}" for each in errors[:_MAX_REASONS]]
        omitted = len(errors) - len(reasons)
        return _rejected(number, fields, "; ".join([*reasons, *([f"and {omitted} more"] if omitted else [])]))
    except Invalid as invalid:
        first_error = invalid.errors[0]
        return _rejected(number, fields, f"{first_error.pointer}: {first_error.detail}")
    stock = stock_changes(row)
    return Product(
        line=number,
        rows=1,
        sku=row.sku,
        name=row.name,
        description=row.description,
        category=row.category,
        brand=row.brand,
        price=price,
        currency=row.currency or currency,
        images=row.images,
        attributes={name: value for name, value in (row.attributes or {}).items() if value is not None},
        inventory_count=stock.get("inventory_count"),
        is_active=row.is_active,
        source=fields,
        fields_set=frozenset(row.model_fields_set | stock.keys()),
        blank_attributes=tuple(name for name, value in (row.attributes or {}).items() if value is None),
        inventory_policy=stock.get("inventory_policy"),
        offers=tuple(
            Offer(rounded(offer.price, row.currency or currency) or offer.price, offer.starts_at, offer.ends_at)
            for offer in row.offers or ()
        ),
    )


def _exact_price(row: ImportRow, currency: str) -> Decimal | None:
    """Return the price with the decimals of its currency.

    Raises Invalid if the price, or the price of an offer, has more decimals than the currency allows.
    """
    if row.offers:
        require_exact(row.price or Decimal(0), currency, row.offers)
    if row.price is None:
        return None
    price = rounded(row.price, currency)
    if price is None:
        raise Invalid(errors=[FieldError(pointer="/price", detail=finer_problem(currency))])
    return price


def _rejected(number: int, fields: RowFields, reason: str) -> Rejected:
    return Rejected(number, 1, sku_of(fields), reason, "invalid", _cells(fields))


def _cells(fields: RowFields) -> list[str]:
    """Return the cells of a row for the error file.

    Text is unchanged, None becomes an empty cell, and other values become JSON.
    """
    values = [fields.get(name) for name in HEADER]
    return ["" if value is None else value if isinstance(value, str) else json.dumps(value) for value in values]
