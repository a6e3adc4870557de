"""Tests columns whose names or values only resemble prices."""

from decimal import Decimal

import pytest

from tests.core.feeds.feed_reading import Reading, read


def _prices(reading: Reading) -> list[Decimal | None]:
    return [one.price for one in reading.products]


def _read(header: str, *rows: str, currency: str = "EUR") -> Reading:
    return read("\n".join((header, *rows, "")), currency=currency)


@pytest.mark.parametrize(
    ("name", "values"),
    [("VAT", ("23", "23", "23")), ("Stawka VAT", ("23", "8", "23")), ("CODPROD", ("10001", "10002", "10003")),
     ("CODBAR", ("7890000000102", "7890000000119", "7890000000126")), ("Cod bar", ("11", "12", "13")),
     ("Value (Value:Position)*", ("S:0", "M:1", "L:2")), ("År", ("2021", "2022", "2023")), ("Area", ("12", "8", "20"))],
)  # fmt: skip
def test_rates_codes_labels_years_and_areas_are_never_selling_prices(name: str, values: tuple[str, ...]) -> None:
    rows = (f"A{at};Cup {at};{value};{at}.10" for at, value in enumerate(values, 1))
    reading = _read(f"SKU;Name;{name};Cost", *rows)
    assert _prices(reading) == [None, None, None]
    assert {choice.value for question in reading.feed.questions for choice in question.choices} <= {"", "Cost"}


@pytest.mark.parametrize("name", ["Min. Sale Price", "Mindestpreis", "Minimum price", "Max price"])
def test_minimum_and_maximum_prices_lead_to_no_question_and_are_not_used(name: str) -> None:
    reading = _read(f"SKU;Name;Sale Price;{name}", "A;Cup;5.90;5.10", "B;Mug;6.90;6.10", "C;Jug;9.90;9.10")
    assert _prices(reading) == [Decimal("5.90"), Decimal("6.90"), Decimal("9.90")]
    assert not reading.feed.questions


@pytest.mark.parametrize(
    ("name", "values"),
    [("État (vente);État (achat)", ("En vente;En achat", "En vente;Hors achat", "Hors vente;En achat")),
     ("¿Inventariable?", ("Sí", "Sí", "Sí")), ("Note interne", ("fornitore nuovo", "", "")),
     ("Tipo", ("PA", "PA", "PA"))],
)  # fmt: skip
def test_states_notes_and_codes_are_not_price_types(name: str, values: tuple[str, ...]) -> None:
    reading = _read(f"SKU;Name;Price;{name}", *(f"A{at};Cup;5.90;{value}" for at, value in enumerate(values)))
    assert not reading.feed.questions


def test_a_column_of_price_types_leads_to_a_question() -> None:
    reading = _read("SKU;Name;Art;Preis", "A;Cup;EK;5.90", "B;Mug;EK;6.90", "C;Jug;VK;9.90")
    assert [question.key for question in reading.feed.questions] == ["price"]


@pytest.mark.parametrize(
    ("offer", "former"), [("特價", "原價"), ("Special price", "Old price"), ("Preço promocional", "Preço cheio")]
)
def test_the_old_price_is_the_selling_price_if_no_price_is_reduced(offer: str, former: str) -> None:
    reading = _read(f"SKU;Name;{former};{offer}", "A;Cup;12.90;", "B;Mug;14.90;", "C;Jug;20.50;")
    assert _prices(reading) == [Decimal("12.90"), Decimal("14.90"), Decimal("20.50")]
    assert not reading.feed.questions


@pytest.mark.parametrize("name", ["Last price", "Ultimo prezzo", "Letzter Preis"])
def test_the_last_purchase_price_is_never_the_selling_price(name: str) -> None:
    reading = _read(f"SKU;Name;Special price;{name}", "A;Cup;;4.20", "B;Mug;;5.20", "C;Jug;;6.20")
    assert set(_prices(reading)) <= {None}


def test_a_label_before_each_amount_does_not_hide_the_price() -> None:
    reading = _read("SKU;Name;Price", "A;Cup;Rs: 500", "B;Mug;Rs: 650", "C;Jug;Rs: 990", currency="INR")
    assert _prices(reading) in ([], [Decimal(500), Decimal(650), Decimal(990)])


@pytest.mark.parametrize(("net", "gross"), [("Precio venta (Subtotal)", "Precio venta (Total)"),
                                            ("Price sales base", "Price sales total")])  # fmt: skip
def test_a_total_that_is_a_subtotal_plus_a_usual_tax_is_the_price(net: str, gross: str) -> None:
    rows = ("A;Cup;9.92;12.00", "B;Mug;18.18;22.00", "C;Jug;4.13;5.00")
    reading = _read(f"SKU;Name;{net};{gross}", *rows)
    assert _prices(reading) == [Decimal("12.00"), Decimal("22.00"), Decimal("5.00")]


def test_a_buy_now_price_beside_a_retail_price_leads_to_a_question() -> None:
    reading = _read("SKU;Title;Buy It Now Price;Retail Price", "A;Tee;24.99;29.99", "B;Mug;12.99;14.99")
    (question,) = reading.feed.questions
    assert {choice.value for choice in question.choices} >= {"Buy It Now Price", "Retail Price"}


@pytest.mark.parametrize("unit", ["1 pce", "1 pièce", "1 pza", "1 szt", "1 Stück", "1 buc", "1 kom", "1 шт"])
def test_a_price_for_one_piece_is_recognised_with_every_word_for_a_piece(unit: str) -> None:
    more = unit.replace("1", "10")
    reading = _read(f"Réf;Nom;Prix TTC dès {unit};Prix TTC dès {more};Prix achat", "A;Mug;14,90;12,90;5,10",
                    "B;Bol;24,00;21,50;9,20")  # fmt: skip
    assert _prices(reading) == [Decimal("14.90"), Decimal("24.00")]
    assert not reading.feed.questions


def test_two_abbreviations_of_selling_prices_lead_to_a_question() -> None:
    reading = _read("SKU;Name;EP;AP", "A;Cup;4,00;9,90", "B;Mug;3,00;8,90", "C;Jug;5,00;12,90")
    (question,) = reading.feed.questions
    assert [choice.value for choice in question.choices] == ["", "AP", "EP"]
    protection = _read("SKU;Name;IP;UP;RRP", "A;Lamp;20;44;59.00", "B;Spot;20;44;69.00", "C;Bulb;44;65;89.00")
    assert [question.key for question in protection.feed.questions] == ["price"]
