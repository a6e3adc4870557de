"""The rows of a request, as a load reads them: checked one by one as products are."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Literal, Self

import orjson
from pydantic import ValidationError

from wecelebrate.core.errors import Invalid
from wecelebrate.core.models import pointer
from wecelebrate.core.validation_messages import message_for
from wecelebrate.feeds import Item, Product, Rejected
from wecelebrate.ingestion.bulk_import.models import Given, ImportRow

HEADER = tuple(ImportRow.model_fields)
_LONGEST_SKU = 200
_MOST_SAID = 5


class GivenRows(AbstractContextManager["GivenRows"]):
    """Rows as NDJSON."""

    declared_mode: Literal["full", "delta"] | None = None
    ended_cleanly = True

    def __init__(self, text: bytes, currency: str) -> None:
        self._lines = text.splitlines()
        self._currency = currency
        self.rows_read = 0
        self.header = list(HEADER)
        self.details: dict[str, Any] = {"format": "rows"}

    def __iter__(self) -> Iterator[Item]:
        for number, line in enumerate(self._lines, 1):
            self.rows_read = number
            yield item(number, orjson.loads(line), self._currency)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines = []


def item(number: int, given: Given, currency: str) -> Item:
    """A row as a product, or why it is none. `currency` goes with a price that names none."""
    try:
        row = ImportRow.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        said = [f"{pointer(one['loc']) or '/'}: {message_for(one)}" for one in found[:_MOST_SAID]]
        more = len(found) - len(said)
        return _rejected(number, given, "; ".join([*said, *([f"and {more} more"] if more else [])]))
    except Invalid as invalid:
        first_field = invalid.errors[0]
        return _rejected(number, given, f"{first_field.pointer}: {first_field.detail}")
    named = frozenset(row.model_fields_set)
    return Product(
        line=number,
        rows=1,
        sku=row.sku,
        name=row.name,
        description=row.description,
        category=row.category,
        brand=row.brand,
        price=row.price,
        currency=row.currency or currency,
        images=row.images,
        attributes=row.attributes,
        inventory_count=row.inventory_count,
        is_active=row.is_active,
        source=given,
        fields_set=named,
    )


def _rejected(number: int, given: Given, reason: str) -> Rejected:
    sku = given.get("sku")
    readable = isinstance(sku, str) and 0 < len(sku.strip()) <= _LONGEST_SKU
    return Rejected(number, 1, sku.strip() if readable else None, reason, "invalid", _cells(given))  # type: ignore[union-attr]


def _cells(given: Given) -> list[str]:
    """The row as the error file shows it; what is no text, as JSON."""
    values = [given.get(name) for name in HEADER]
    return ["" if value is None else value if isinstance(value, str) else json.dumps(value) for value in values]
