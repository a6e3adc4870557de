"""Tests that the stock state in another column determines the meaning of a number of pieces below 0."""

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds.stock.reader import Stock

UNTRACKED: Stock = ("untracked", 0)
OUT: Stock = ("tracked", 0)


def rows_with(header: str, states: list[tuple[str, str]]) -> Reading:
    """Read a file with one row for each number of pieces and its state. `header` contains the column names after SKU,
    Name and Price.
    """
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
def test_a_number_below_0_means_untracked_if_the_state_is_in_stock_or_backorder(
    header: str, in_stock: str, to_order: str, sold_out: str
) -> None:
    states = [("12", in_stock), ("-3", in_stock), ("-3", to_order), ("0", to_order), ("-3", sold_out), ("0", sold_out)]
    reading = rows_with(header, states)
    # A state in a column with another name affects only numbers below 0.
    at_zero = OUT if header == "Qty;Remark" else UNTRACKED
    assert stocks(reading) == [("tracked", 12), UNTRACKED, UNTRACKED, at_zero, OUT, OUT]
    assert all(product.is_active for product in reading.products)
    warnings = {each["code"]: each["rows"] for each in reading.feed.warnings.as_json()}
    assert warnings == {"oversold_stock": 2, "negative_stock": 1}
    assert reading.feed.details["mapping"]["inventory_policy"] == header.split(";")[1]


@pytest.mark.parametrize(
    ("header", "state"), [("Availability", "In stock"), ("Status", "available"), ("Info", "on stock")]
)
def test_a_state_that_also_describes_0_pieces_does_not_affect_numbers_below_0(header: str, state: str) -> None:
    reading = rows_with(f"Qty;{header}", [("12", state), ("0", state), ("-3", state)])
    assert stocks(reading) == [("tracked", 12), OUT, OUT]
    assert [each["code"] for each in reading.feed.warnings.as_json()] == ["negative_stock"]


def test_the_states_active_and_discontinued_do_not_affect_a_number_below_0() -> None:
    reading = rows_with("Qty;Status", [("12", "active"), ("-3", "active"), ("-1", "discontinued")])
    assert stocks(reading) == [("tracked", 12), OUT, OUT]
    assert [product.is_active for product in reading.products] == [True, True, False]


def test_a_number_below_0_without_a_stock_state_means_0_pieces() -> None:
    assert stocks(rows_with("Qty;Colour", [("12", "red"), ("-3", "blue"), ("5-", "red")])) == [
        ("tracked", 12),
        OUT,
        OUT,
    ]


def test_other_columns_do_not_affect_a_mapped_stock_column() -> None:
    text = "SKU;Name;Price;Qty;Availability\nA-1;Cup;12,50;-3;In stock\nA-2;Mug;13,50;4;Backorder\n"
    reading = read(text, mapping={"inventory_count": "Qty"})
    assert stocks(reading) == [OUT, ("tracked", 4)]


def test_a_number_below_0_in_one_place_does_not_affect_another_place() -> None:
    text = "SKU;Name;Price;Lager Wien;Lager Graz;Lieferstatus\nA;Cup;12,50;-2;10;lieferbar\nB;Mug;9,50;-2;0;lieferbar\n"
    assert stocks(read(text)) == [("tracked", 10), UNTRACKED]


@pytest.mark.parametrize("values", [("red", "blue"), ("yes", "no"), ("In stock", "In stock"), ("in stock", "blue")])
def test_a_remark_column_without_different_stock_states_is_ignored(
    values: tuple[str, str],
) -> None:
    assert stocks(rows_with("Qty;Remark", [("-3", values[0]), ("4", values[1])])) == [OUT, ("tracked", 4)]


@pytest.mark.parametrize(
    "header",
    [
        "Supplier stock", "Supplier", "Lieferantenbestand", "Status Lieferant", "Stock fournisseur", "Fornitore",
        "Existencias del proveedor", "Stav u dodavatele", "Beszállító", "供应商库存", "仕入先", "공급업체 재고",
        "Outlet Graz", "Filiale Graz", "Store Berlin", "Magasin Lyon", "Склад Москва", "eBay", "eBay status",
        "Marktplatz", "Kanal", "Hersteller", "Großhändler", "Bestand extern", "Colour",
    ],
)  # fmt: skip
def test_the_stock_state_of_a_supplier_or_channel_does_not_affect_the_stock(header: str) -> None:
    rows = [("5", "out of stock"), ("", "in stock"), ("7", "in stock"), ("0", "backorder"), ("-3", "in stock")]
    reading = rows_with(f"Qty;{header}", rows)
    assert stocks(reading) == [("tracked", 5), (None, None), ("tracked", 7), OUT, OUT]
    assert "inventory_policy" not in reading.feed.details["mapping"]
    assert not [question for question in reading.feed.questions if question.key == "inventory_count"]


@pytest.mark.parametrize(
    ("header", "sold_out", "in_stock", "to_order"),
    [
        ("Remark", "out of stock", "in stock", "backorder"),
        ("Graz", "ausverkauft", "auf Lager", "Rückstand"),
        ("Message", "épuisé", "en stock", "sur commande"),
        ("備考", "在庫切れ", "在庫あり", "backorder"),
    ],
)
def test_stock_states_in_a_remark_column_affect_only_numbers_below_0(
    header: str, sold_out: str, in_stock: str, to_order: str
) -> None:
    rows = [("5", sold_out), ("", in_stock), ("n/a", in_stock), ("0", to_order), ("7", to_order), ("-3", in_stock)]
    rows += [("-3", to_order), ("-3", sold_out)]
    reading = rows_with(f"Qty;{header}", rows)
    unchanged = (None, None)
    assert stocks(reading) == [
        ("tracked", 5), unchanged, unchanged, OUT, ("tracked", 7), UNTRACKED, UNTRACKED, OUT,
    ]  # fmt: skip
    (doubt,) = [question for question in reading.feed.questions if question.key == "inventory_count"]
    assert (doubt.subject, doubt.choices[1].value, doubt.seen) == ("other", "Qty", ("-3",))
    assert f'"{header}"' in doubt.text


def test_the_question_about_numbers_below_0_is_not_asked_after_the_answer() -> None:
    text = "SKU;Name;Price;Qty;Remark\nA;Cup;12,50;-3;in stock\nB;Mug;9,50;2;sold out\n"
    assert stocks(read(text)) == [UNTRACKED, ("tracked", 2)]
    answered = read(text, mapping={"inventory_count": "Qty"})
    assert stocks(answered) == [OUT, ("tracked", 2)]
    assert not answered.feed.questions


def test_a_remark_column_leads_to_no_question_if_no_number_is_below_0() -> None:
    assert not rows_with("Qty;Remark", [("3", "in stock"), ("0", "sold out")]).feed.questions


@pytest.mark.parametrize("status", ["available", "lieferbar", "disponible", "backorder", "sur commande", "in stock"])
@pytest.mark.parametrize("blank", ["", "n/a", "unknown", "k.A."])
def test_a_stock_state_in_the_product_state_does_not_change_a_blank_stock(blank: str, status: str) -> None:
    reading = rows_with("Qty;Status", [(blank, status), ("4", status), ("2", "active")])
    assert stocks(reading) == [(None, None), ("tracked", 4), ("tracked", 2)]
    assert reading.products[0].is_active
