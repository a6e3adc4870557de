"""Tests reductions in percent that are valid until a certain day. The reduced price is an offer until this day."""

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
