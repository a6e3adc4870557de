"""Tests the content of an exported order."""

from datetime import UTC, datetime
from typing import Any

import pytest

from wecelebrate.order_files.documents import Destination, ExportedOrder, Unwritable

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def destination(file_format: str, *fields: str) -> Destination:
    columns = [{"header": field, "field": field} for field in fields] or None
    return Destination(file_format, columns, "", None, True, "", "", 1, NOW)


def order(metadata: Any) -> dict[str, Any]:
    return {"metadata": metadata, "customer_name": "Ann", "shipping_address": {"country": "DE"}}


def test_an_order_is_refused_if_its_metadata_does_not_fit_into_a_cell() -> None:
    large = order({"text": "x" * 40_000})
    for receiver in (destination("xlsx"), destination("xlsx", "metadata")):
        with pytest.raises(Unwritable, match="40,012 characters, but a cell of XLSX has at most 32,767"):
            ExportedOrder.of("new", large, receiver)
    for receiver in (destination("csv"), destination("xlsx", "sku")):
        assert ExportedOrder.of("new", large, receiver).action == "new"
    assert ExportedOrder.of("new", order({"text": "x" * 32_755}), destination("xlsx")).action == "new"
    assert ExportedOrder.of("new", order(None), destination("xlsx")).action == "new"
