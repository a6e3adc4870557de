"""Tests reductions in percent that are valid until a certain day. The reduced price is an offer until this day."""

import json
from decimal import Decimal

import pytest

from tests.core.feeds.feed_reading import Reading, read


def offers(reading: Reading) -> list[tuple[str, list[tuple[str, str, str]]]]:
    return [
        (str(one.price), [(str(each.price), str(each.first)[:10], str(each.last)[:10]) for each in one.offers or ()])
        for one in reading.products
    ]


@pytest.mark.parametrize(
    ("names", "days"),
    [
        ("Знижка;Термін_дії_знижки_від;Термін_дії_знижки_до", ("01.11.2026", "31.12.2030")),
        ("Discount;Discount from;Discount to", ("2026-11-01", "2030-12-31")),
        ("Rabatt;Rabatt von;Rabatt bis", ("01.11.2026", "31.12.2030")),
        ("Descuento;Descuento desde;Descuento hasta", ("01/11/2026", "31/12/2030")),
    ],
)
def test_a_percentage_with_days_becomes_an_offer(names: str, days: tuple[str, str]) -> None:
    reading = read(
        f"SKU;Name;Price;{names};Stock\nA-1;Bowl;640,00;15%;{days[0]};{days[1]};3\n"
        f"A-2;Cup;9,99;12,5 %;{days[0]};{days[1]};1\nA-3;Jug;20,00;;;;4\n"
    )
    assert offers(reading) == [
        ("640.00", [("544.00", "2026-11-01", "2030-12-31")]), ("9.99", [("8.74", "2026-11-01", "2030-12-31")]),
        ("20.00", []),
    ]  # fmt: skip
    assert not reading.feed.questions


def test_a_percentage_needs_a_last_day_to_become_an_offer() -> None:
    rows = "A-1;Bowl;640,00;15%;31.12.2030;3\nA-2;Cup;9,99;;;1\n"
    last = read("SKU;Name;Price;Discount;Discount end;Stock\n" + rows)
    assert [[each.price for each in one.offers or ()] for one in last.products] == [[Decimal("544.00")], []]
    first = read("SKU;Name;Price;Discount;Discount from;Stock\n" + rows)
    assert [one.offers for one in first.products] == [(), ()]


@pytest.mark.parametrize("name", ["Discount", "Max discount", "VIP discount", "Rabatt Händler", "Supplier discount"])
def test_a_percentage_without_days_changes_no_price(name: str) -> None:
    reading = read(f"SKU;Name;Price;{name};Stock\nA-1;Bowl;640,00;15%;3\nA-2;Cup;9,99;10%;1\n")
    assert [(str(one.price), one.offers) for one in reading.products] == [("640.00", ()), ("9.99", ())]


def test_an_invalid_percentage_or_day_causes_a_warning() -> None:
    days = "2026-11-01;2030-12-31"
    rows = "".join(f"A-{at};Cup;10,00;15%;{days};1\n" for at in range(400))
    reading = read(
        f"SKU;Name;Price;Discount;Discount from;Discount to;Stock\n{rows}B-1;Bowl;9,00;half;{days};3\n"
        "B-2;Bowl;9,00;10%;soon;;3\n"
    )
    assert [one.offers for one in reading.products[-2:]] == [(), ()]
    assert {one["code"] for one in reading.feed.warnings.as_json()} == {"bad_offer"}


REDUCED = "A-1;Bowl;200,00;15%;170,00;{0}\nA-2;Cup;249,00;;249,00;\nA-3;Jug;99,50;10 %;89,55;{0}\n"


@pytest.mark.parametrize(
    ("names", "day"),
    [
        ("Ord. pris;Rabatt;Pris;Rabatt till", "2030-12-31"),
        ("Původní cena;Sleva;Cena;Sleva do", "31.12.2030"),
        ("Preço de;Desconto;Preço por;Desconto até", "31/12/2030"),
        ("定価;割引率;販売価格;割引終了日", "2030/12/31"),
        ("Catalogue value;Discount;Price;Discount ends", "2030-12-31"),
    ],
)
def test_a_price_that_is_already_reduced_is_not_reduced_again(names: str, day: str) -> None:
    reading = read(f"SKU;Name;{names}\n{REDUCED.format(day)}")
    assert offers(reading) == [("170.00", []), ("249.00", []), ("89.55", [])]
    assert not reading.feed.questions


def test_a_record_with_a_former_price_has_no_second_reduction() -> None:
    records = [
        {"sku": f"A-{at}", "name": "Bowl", "was": was, "discount": "15%", "price": price, "discount_end": "2030-12-31"}
        for at, (was, price) in enumerate([("20.00", "17.00"), ("10.00", "8.50")])
    ]
    reading = read(json.dumps(records), "products.json")
    assert offers(reading) == [("17.00", []), ("8.50", [])]
    assert not reading.feed.questions


@pytest.mark.parametrize(
    ("names", "day"),
    [("Ціна;Знижка;До сплати;Знижка до", "31.12.2030"), ("Ár;Kedvezmény;Fizetendő ár;Kedvezmény vége", "2030.12.31"),
     ("Prijs;Korting;Te betalen;Korting tot", "31-12-2030")],
)  # fmt: skip
def test_the_amounts_to_pay_show_that_the_price_is_not_reduced_yet(names: str, day: str) -> None:
    reading = read(f"SKU;Name;{names}\n{REDUCED.format(day)}")
    assert [one[1][0][0] if one[1] else None for one in offers(reading)] == ["170.00", None, "89.55"]
    assert not reading.feed.questions


@pytest.mark.parametrize(
    "names",
    ["Rek. pris;Rabatt;Pris;Rabatt till", "Cena katalogowa;Zniżka;Cena;Zniżka do",
     "List price;Discount;Price;Discount to", "PVP recomendado;Descuento;Precio;Descuento hasta"],
)  # fmt: skip
def test_a_percentage_beside_another_price_leads_to_a_question_if_the_amounts_show_nothing(names: str) -> None:
    content = f"SKU;Name;{names}\nA-1;Bowl;220;15%;200;31.12.2030\nA-2;Cup;259;;249;\nA-3;Jug;110;5%;99;31.12.2030\n"
    reading = read(content)
    assert [one for _, one in offers(reading)] == [[], [], []]
    (question,) = reading.feed.questions
    name = names.split(";")[1]
    assert (question.key, [choice.value for choice in question.choices]) == ("offers", ["", name])
    assert [len(one) for _, one in offers(read(content, mapping={"offers": None}))] == [0, 0, 0]
    assert [one[0][0] if one else None for _, one in offers(read(content, mapping={"offers": name}))] == [
        "170.00", None, "94.05",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("price", "discount", "end"),
    [("Pret", "Reducere angajati", "Reducere pana la"), ("Preis", "Rabatt Mitarbeiter", "Rabatt bis"),
     ("Prezzo", "Sconto rivenditori", "Fine sconto"), ("Price", "Discount 12 pcs", "Discount until"),
     ("Prix", "Remise paiement comptant", "Fin de remise"), ("Pris", "Rabatt medlemmar", "Rabatt till")],
)  # fmt: skip
def test_a_reduction_for_some_customers_changes_no_price(price: str, discount: str, end: str) -> None:
    reading = read(f"SKU;Name;{price};{discount};{end}\nA-1;Bowl;20.00;15%;31.12.2030\nA-2;Cup;9.90;;\n")
    assert [one for _, one in offers(reading)] == [[], []]


@pytest.mark.parametrize(
    ("price", "discount", "end"),
    [("Price", "Voucher discount", "Discount ends"), ("Hinta", "Alennus SYKSY", "Alennus asti"),
     ("Prezzo finale", "Sconto", "Fine sconto"), ("Preis nach Rabatt", "Rabatt", "Rabatt bis")],
)  # fmt: skip
def test_a_reduction_whose_name_or_price_limits_it_leads_to_a_question(price: str, discount: str, end: str) -> None:
    reading = read(f"SKU;Name;{price};{discount};{end}\nA-1;Bowl;20.00;15%;31.12.2030\nA-2;Cup;9.90;;\n")
    assert [one for _, one in offers(reading)] == [[], []]
    assert {question.subject for question in reading.feed.questions} == {"money"}


@pytest.mark.parametrize(
    "names", ["Hinta;Alennus;Alennus asti", "Cena;Zniżka;Zniżka do", "Preço;Desconto;Desconto até"]
)
def test_a_percentage_without_its_day_is_no_offer_without_an_answer(names: str) -> None:
    rows = "A-1;Bowl;20,00;15%;31.12.2030\nA-2;Cup;24,90;5%;\n"
    reading = read(f"SKU;Name;{names}\n{rows}")
    assert [one for _, one in offers(reading)] == [[], []]
    assert [question.key for question in reading.feed.questions] == ["offers"]
    answered = read(f"SKU;Name;{names}\n{rows}", mapping={"offers": names.split(";")[1]})
    assert [one[0][::2] for _, one in offers(answered)] == [("17.00", "2030-12-31"), ("23.66", "None")]


def test_a_later_row_without_its_day_is_a_warning() -> None:
    rows = "".join(f"A-{at};Cup;10,00;15%;2030-12-31;1\n" for at in range(400))
    reading = read(f"SKU;Name;Price;Discount;Discount to;Stock\n{rows}B-1;Bowl;9,00;10%;;3\n")
    assert [len(one) for _, one in offers(reading)[-2:]] == [1, 0]
    assert [one["code"] for one in reading.feed.warnings.as_json()] == ["bad_offer"]


def test_the_price_without_tax_does_not_make_a_reduction_doubtful() -> None:
    rows = "A-1;Bowl;24.00;20.00;15%;2030-12-31\nA-2;Cup;12.00;10.00;;\nA-3;Jug;36.00;30.00;;\n"
    reading = read(f"SKU;Name;Price inc VAT;Price ex VAT;Discount;Discount ends\n{rows}", currency="GBP")
    assert [one[0][0] if one else None for _, one in offers(reading)] == ["20.40", None, None]
    assert not reading.feed.questions
