"""Tests that a mapped column states the time at which the stock of each row was counted."""

from datetime import UTC, datetime

import pytest

from tests.core.feeds.rows.test_parents import products
from wecelebrate.feeds.items import BadCell
from wecelebrate.feeds.stock.times import stock_time

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-02T12:00:00Z", "2026-03-02T13:00:00+01:00", "2026-03-02 07:00:00-05:00", "20260302T120000Z",
        "2026-03-02T12:00:00.000Z", "2026-03-02T12:00Z", "2026-03-02T17:30+05:30",
    ],
)  # fmt: skip
def test_a_time_with_an_offset_is_read(cell: str) -> None:
    assert stock_time(cell) == NOON


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-02T12:00:00", "2026-03-02", "02.03.2026 12:00", "1772452800", "noon", "2026-02-30T12:00:00Z",
        "0001-01-01T00:00:00+14:00", "2026-03-02T12:00:00Z" + " " * 30, "2026-03-02T12:00:00 CET",
    ],
)  # fmt: skip
def test_a_time_without_an_offset_and_other_texts_are_refused(cell: str) -> None:
    with pytest.raises(BadCell) as caught:
        stock_time(cell)
    assert caught.value.code == "bad_time"


def test_the_time_of_a_stock_is_read_only_from_a_mapped_column() -> None:
    content = "sku,name,price,stock,stock_as_of\nA,Mug,5,3,2026-03-02T12:00:00Z\nB,Cup,5,3,\n"
    assert {product.stock_as_of for product in products(content, {}).values()} == {None}
    mapped = products(content, {"stock_as_of": "stock_as_of"})
    assert (mapped["A"].stock_as_of, mapped["B"].stock_as_of) == (NOON, None)


def test_a_transformation_can_add_the_offset() -> None:
    content = "sku,name,price,stock,counted\nA,Mug,5,3,2026-03-02 13:00\n"
    steps = [{"regex": {"pattern": "^(.+)$", "replacement": "\\1+01:00"}}]
    readings = products(content, {"stock_as_of": {"columns": ["counted"], "transform": steps}})
    assert readings["A"].stock_as_of == NOON
