"""Tests that a number of pieces below 0 is read as the state beside it says."""

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds.stock.reader import Stock

UNTRACKED: Stock = ("untracked", 0)
OUT: Stock = ("tracked", 0)


def rows_with(header: str, states: list[tuple[str, str]]) -> Reading:
    """Read a file with a row for each number of pieces and its state. `header` follows the columns SKU, Name, Price."""
    rows = "".join(f"A-{at}0;Thing {at};1{at},50;{pieces};{state}\n" for at, (pieces, state) in enumerate(states))
    reading = read(f"SKU;Name;Price;{header}\n{rows}")
    assert not reading.rejected
    return reading


def stocks(reading: Reading) -> list[tuple[str | None, int | None]]:
    return [(product.inventory_policy, product.inventory_count) for product in reading.products]


@pytest.mark.parametrize("header", ["Qty;Availability", "Qty;Stock status", "Qty;Status", "Qty;State", "Qty;Remark"])
@pytest.mark.parametrize(
    ("in_stock", "to_order", "sold_out"),
    [
        ("In stock", "Backorder", "Out of stock"), ("available", "on back order - due 14/12", "sold out"),
        ("auf Lager", "Rückstand", "ausverkauft"), ("en stock", "sur commande", "épuisé"),
        ("på lager", "restordre", "udsolgt"), ("disponibile", "su ordinazione", "esaurito"),
    ],
)  # fmt: skip
def test_a_stock_below_0_of_a_product_that_is_in_stock_or_on_backorder_is_not_counted(
    header: str, in_stock: str, to_order: str, sold_out: str
) -> None:
    states = [("12", in_stock), ("-3", in_stock), ("-3", to_order), ("0", to_order), ("-3", sold_out), ("0", sold_out)]
    reading = rows_with(header, states)
    assert stocks(reading) == [("tracked", 12), UNTRACKED, UNTRACKED, UNTRACKED, OUT, OUT]
    assert all(product.is_active for product in reading.products)
    warnings = {each["code"]: each["rows"] for each in reading.feed.warnings.as_json()}
    assert warnings == {"oversold_stock": 2, "negative_stock": 1}
    assert reading.feed.details["mapping"]["inventory_policy"] == header.split(";")[1]


@pytest.mark.parametrize(
    ("header", "state"), [("Availability", "In stock"), ("Status", "available"), ("Info", "on stock")]
)
def test_states_that_also_call_0_pieces_in_stock_do_not_decide_about_a_number_below_0(header: str, state: str) -> None:
    reading = rows_with(f"Qty;{header}", [("12", state), ("0", state), ("-3", state)])
    assert stocks(reading) == [("tracked", 12), OUT, OUT]
    assert [each["code"] for each in reading.feed.warnings.as_json()] == ["negative_stock"]


def test_a_state_of_the_range_does_not_decide_about_a_number_below_0() -> None:
    reading = rows_with("Qty;Status", [("12", "active"), ("-3", "active"), ("-1", "discontinued")])
    assert stocks(reading) == [("tracked", 12), OUT, OUT]
    assert [product.is_active for product in reading.products] == [True, True, False]


def test_a_number_below_0_without_a_state_is_0_pieces() -> None:
    assert stocks(rows_with("Qty;Colour", [("12", "red"), ("-3", "blue"), ("5-", "red")])) == [
        ("tracked", 12),
        OUT,
        OUT,
    ]


def test_the_mapped_column_of_the_stock_decides_without_other_columns() -> None:
    text = "SKU;Name;Price;Qty;Availability\nA-1;Cup;12,50;-3;In stock\nA-2;Mug;13,50;4;Backorder\n"
    reading = read(text, mapping={"inventory_count": "Qty"})
    assert stocks(reading) == [OUT, ("tracked", 4)]


def test_a_number_below_0_of_one_place_does_not_hide_the_pieces_of_another_place() -> None:
    text = "SKU;Name;Price;Lager Wien;Lager Graz;Lieferstatus\nA;Cup;12,50;-2;10;lieferbar\nB;Mug;9,50;-2;0;lieferbar\n"
    assert stocks(read(text)) == [("tracked", 10), UNTRACKED]


@pytest.mark.parametrize("values", [("red", "blue"), ("yes", "no"), ("In stock", "In stock"), ("in stock", "blue")])
def test_a_column_of_any_name_is_a_state_of_the_stock_only_if_all_its_values_are_words_for_one(
    values: tuple[str, str],
) -> None:
    assert stocks(rows_with("Qty;Remark", [("-3", values[0]), ("4", values[1])])) == [OUT, ("tracked", 4)]
