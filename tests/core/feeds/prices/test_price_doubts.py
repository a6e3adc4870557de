"""Tests questions about amounts: two amounts in a cell, pack prices, ambiguous `kr` amounts, and amounts in cents."""

import json

import pytest

from tests.core.feeds.feed_reading import Reading, read


def questions(reading: Reading) -> list[tuple[str, str]]:
    return [(question.key, question.subject) for question in reading.feed.questions]


@pytest.mark.parametrize(
    "text",
    [
        "SKU;Name;Preis;Bestand\nA-1;Vase;19,90 / 17,50;4\nA-2;Krug;34,00 / 29,90;2\nA-3;Schale;8,50 / 7,40;9\n",
        "Code,Item,Price,Stock\nB1,Lamp,45.00 | 39.00,4\nB2,Desk,199.00 | 175.00,2\n",
        "Codice;Nome;Prezzo;Giacenza\nC1;Tazza;€ 9,50/€ 8,20;4\nC2;Piatto;€ 12,00/€ 10,50;2\n",
    ],
)
def test_two_amounts_in_a_cell_lead_to_a_question(text: str) -> None:
    reading = read(text)
    assert questions(reading) == [("price", "money")]
    assert [product.price for product in reading.products] == [None] * len(reading.products)
    assert len(reading.products) > 1


@pytest.mark.parametrize("price", ["12,50 / Stk", "1/2", "12,50"])
def test_one_amount_leads_to_no_question_about_two_amounts(price: str) -> None:
    assert not questions(read(f"SKU;Name;Preis;Bestand\nA-1;Vase;{price};4\nA-2;Krug;34,10;2\nA-3;Dose;8,30;2\n"))


@pytest.mark.parametrize(
    ("column", "rows"),
    [
        ("VPE", "G1;Becher;8;31,20;5\nG2;Teller;6;26,10;5\nG3;Dose;12;46,80;5\nG4;Krug;4;47,60;5\n"),
        ("Pack size", "G1;Mug;6;20.70;5\nG2;Plate;7;23.45;5\nG3;Tin;9;40.05;5\n"),
        ("Uds. por caja", "G1;Taza;14;41,86;5\nG2;Plato;12;47,40;5\nG3;Bote;15;43,35;5\n"),
    ],
)
def test_prices_divisible_by_the_pack_size_lead_to_a_question(column: str, rows: str) -> None:
    reading = read(f"SKU;Name;{column};Preis;Bestand\n{rows}")
    assert questions(reading) == [("price_unit", "money")]
    divided = read(f"SKU;Name;{column};Preis;Bestand\n{rows}", mapping={"price_unit": column})
    assert divided.products[0].price != reading.products[0].price
    assert not questions(divided)


@pytest.mark.parametrize(
    "rows",
    [
        "G1;Becher;8;31,90;5\nG2;Teller;6;26,10;5\nG3;Dose;12;46,80;5\n",  # 31.90 divided by 8 is not an exact amount
        "G1;Becher;10;30,00;5\nG2;Teller;10;20,00;5\nG3;Dose;5;40,00;5\nG4;Dose;20;90,00;5\n",  # round prices
        "G1;Becher;1;31,20;5\nG2;Teller;1;26,10;5\nG3;Dose;1;46,80;5\n",
    ],
)
def test_prices_not_divisible_by_the_pack_size_lead_to_no_question(rows: str) -> None:
    reading = read(f"SKU;Name;VPE;Preis;Bestand\n{rows}")
    assert not questions(reading)
    assert all(product.price for product in reading.products)


@pytest.mark.parametrize(
    "rows",
    [
        "K1;Backpack 20l;kr 899,00;4\nK2;Water bottle;kr 199,00;9\n",
        "K1;Phone case;129 kr;4\nK2;Screen protector;89 kr;9\n",
        "K1;Lærred taske;899,00 kr;4\nK2;Grønt krus;199,00 kr;9\n",  # Danish or Norwegian
    ],
)
def test_a_krone_price_of_an_unknown_country_leads_to_a_question(rows: str) -> None:
    text = f"SKU;Name;Price;Stock\n{rows}"
    assert questions(read(text)) == [("price", "money")]
    assert not questions(read(text, currency="NOK"))
    assert {product.currency for product in read(text, currency="NOK").products} == {"NOK"}


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("SKU;Benämning;Pris;Lager\nK1;Tröja blå;899 kr;4\nK2;Mössa;199 kr;9\n", "SEK"),
        ("Varenr.;Varenavn;Pris inkl. moms;Lager\nK1;Blød trøje;899,00 kr.;4\nK2;Hue;199,00 kr.;9\n", "DKK"),
    ],
)
def test_the_language_of_a_file_determines_the_country_of_the_krone(text: str, currency: str) -> None:
    reading = read(text)
    assert not questions(reading)
    assert {product.currency for product in reading.products} == {currency}


@pytest.mark.parametrize("key", ["amount", "value", "item_amount"])
def test_integer_amounts_without_a_currency_can_be_cents(key: str) -> None:
    records = [{"sku": f"P{at}", "name": "Print", key: amount} for at, amount in enumerate((3900, 15900, 7900))]
    assert ("minor_units", "money") in questions(read(json.dumps(records), "feed.json"))
    few = [{"sku": f"P{at}", "name": "Print", key: amount} for at, amount in enumerate((39, 159, 79))]
    assert ("minor_units", "money") not in questions(read(json.dumps(few), "feed.json"))


@pytest.mark.parametrize(
    ("header", "is_open"),
    [("Level 1;Level 2;Level 3", True), ("Stufe A;Stufe B;Stufe C", True), ("Nivel 1;Nivel 2;Nivel 3", True),
     ("Length;Width;Height", False)],
)  # fmt: skip
def test_integers_in_columns_named_as_price_levels_lead_to_a_question(header: str, is_open: bool) -> None:
    reading = read(
        f"Model;Description;{header};Stock\nM-1;Bell;98;91;85;4\nM-2;Horn;140;132;120;7\nM-3;Light;45;45;40;9\n"
    )
    names = header.split(";")
    offered = [choice.value for question in reading.feed.questions for choice in question.choices]
    assert all(name in offered for name in names) is is_open
    assert all(product.price is None for product in reading.products)


def test_levels_without_a_consistent_order_are_not_prices() -> None:
    reading = read("Model;Description;Level 1;Level 2;Stock\nM-1;Bell;98;91;4\nM-2;Horn;12;132;7\n")
    assert not questions(reading)
