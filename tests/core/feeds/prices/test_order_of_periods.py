"""Tests the order of day and month in the periods of prices: `Valid from`, `Valid to`."""

from datetime import date

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds.rows import validity

HEADER = "SKU;Name;Price;Valid from;Valid to\n"
NAMES = ["Valid from;Valid to", "Gültig ab;Gültig bis", "Válido desde;Válido hasta", "Platí od;Platí do"]
SEPARATORS = ["/", "-", "."]
NO_ORDER = {
    "both orders": "A;Lamp;39,90;25/04/2025;04/25/2026\nA;Lamp;42,90;26/04/2026;04/25/2029\n",
    "one mistyped day": (
        "A;Lamp;39,90;01/01/2025;31/12/2025\nA;Lamp;42,90;01/01/2026;31/12/2026\nA;Lamp;45,90;01/01/2027;12/31/2027\n"
    ),
    "years first": "A;Lamp;39,90;26-04-03;26-12-04\nA;Lamp;42,90;27-04-03;27-12-04\n",
}
"""Periods whose days cannot be read consistently in one order. The setting `day_order` does not help."""
OPEN = "A-1;Lamp;42,90;03/04/2026;04/12/2026\nA-1;Lamp;45,90;05/12/2026;04/12/2027\n"
"""Prices for two periods. On 2026-11-20, the first price is valid if the day comes first. The second price is valid if
the month comes first.
"""


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validity, "_today", lambda: date(2026, 11, 20))


def keys(reading: Reading) -> list[str]:
    return [question.key for question in reading.feed.questions]


def prices(reading: Reading) -> list[str]:
    return [str(product.price) for product in reading.products]


@pytest.mark.parametrize("currency", ["EUR", "USD", "CAD"])
@pytest.mark.parametrize("rows", [*NO_ORDER.values(), OPEN], ids=[*NO_ORDER, "open"])
@pytest.mark.parametrize("names", NAMES)
def test_every_choice_of_a_question_answers_the_question(rows: str, names: str, currency: str) -> None:
    text = HEADER.replace("Valid from;Valid to", names) + rows
    for question in read(text, currency=currency).feed.questions:
        for choice in question.choices:
            answered = read(text, mapping={question.key: choice.value or None}, currency=currency)
            assert question.key not in keys(answered), (question.key, choice.value)


@pytest.mark.parametrize("currency", ["EUR", "USD"])
@pytest.mark.parametrize("setting", [{}, {"day_order": "day"}, {"day_order": "month"}], ids=["unset", "day", "month"])
@pytest.mark.parametrize("rows", NO_ORDER.values(), ids=NO_ORDER)
@pytest.mark.parametrize("separator", SEPARATORS)
def test_days_without_a_consistent_order_lead_to_the_price_question(
    rows: str, setting: dict[str, str], currency: str, separator: str
) -> None:
    reading = read(HEADER + rows.replace("/", separator), mapping=setting, currency=currency)
    assert (keys(reading), set(prices(reading))) == (["price"], {"None"})


@pytest.mark.parametrize("days", [(".", "/"), ("/", "."), (".", "-")])
@pytest.mark.parametrize(("currency", "memory"), [("USD", None), ("EUR", {"month_first": True}), ("EUR", None)])
def test_two_day_columns_in_different_notations_lead_to_a_question(
    days: tuple[str, str], currency: str, memory: dict[str, bool] | None
) -> None:
    rows = (("42,90", "01/02/2026", "02/12/2026"), ("45,90", "03/12/2026", "04/12/2027"))
    text = HEADER + "".join(
        f"A;Lamp;{price};{first.replace('/', days[0])};{last.replace('/', days[1])}\n" for price, first, last in rows
    )
    assert keys(read(text, currency=currency, memory=memory)) == ["day_order"]
    for order, price in (("day", "42.90"), ("month", "45.90")):
        reading = read(text, currency=currency, memory=memory, mapping={"day_order": order})
        assert (keys(reading), prices(reading)) == ([], [price])


def test_days_with_dots_are_month_first_if_one_day_is_clearly_month_first() -> None:
    rows = "A;Lamp;42,90;01.02.2026;12.31.2026\nA;Lamp;45,90;12.01.2026;12.30.2027\n"
    reading = read(HEADER + rows)
    assert (keys(reading), prices(reading)) == ([], ["42.90"])


def test_days_with_dots_are_day_first_beside_a_month_first_column() -> None:
    rows = "A;Lamp;42,90;01.02.2026;12/31/2026\nA;Lamp;45,90;03.12.2026;12/30/2027\n"
    reading = read(HEADER + rows)
    assert (keys(reading), prices(reading)) == ([], ["42.90"])


MANY = "".join(f"B{number};Cup;1.00;01/02/2026;02/12/2027\n" for number in range(400))
"""Rows that fill the sample, so that rows after them are not in the sample."""


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("25/02/2026", ""), ("", "25/02/2027"), ("soon", ""), ("", "31.06.2027"), ("25-02-2026", "02/12/2027"),
        ("25/02/2026 00:00", ""), ("", "99/99/9999"),
    ],
)  # fmt: skip
def test_a_row_after_the_sample_with_an_invalid_day_is_rejected(first: str, last: str) -> None:
    sample = "A;Lamp;42.90;01/02/2026;02/12/2026\nA;Lamp;45.90;02/03/2026;04/12/2027\n"
    text = HEADER + sample + MANY + f"C;Jug;8.00;01/02/2026;02/12/2027\nC;Jug;9.00;{first};{last}\n"
    reading = read(text, currency="USD")
    assert [(row.sku, row.code) for row in reading.rejected] == [("A", "not_valid_today"), ("C", "bad_day")]
    assert str(reading.products[-1].price) == "8.00"
    assert not any(cell in reading.rejected[-1].reason for cell in (first, last) if cell)


@pytest.mark.parametrize("blank", ["", "-", "0", "00.00.0000", "0000-00-00", "NULL"])
def test_a_row_after_the_sample_without_a_last_day_is_valid(blank: str) -> None:
    sample = "A;Lamp;42.90;01/02/2026;02/12/2026\nA;Lamp;45.90;02/03/2026;04/12/2027\n"
    reading = read(f"{HEADER}{sample}{MANY}C;Jug;9.00;01/02/2026;{blank}\n", currency="USD")
    assert (reading.products[-1].sku, str(reading.products[-1].price)) == ("C", "9.00")


def test_a_mapped_price_does_not_answer_the_question_about_the_day_order() -> None:
    mapping = {"price": "Price"}
    assert keys(read(HEADER + OPEN, mapping=mapping)) == ["day_order"]
    for order, price in (("day", "42.90"), ("month", "45.90")):
        reading = read(HEADER + OPEN, mapping={**mapping, "day_order": order})
        assert (keys(reading), prices(reading)) == ([], [price])


def test_the_first_choice_is_used_without_an_answer() -> None:
    reading = read(HEADER + OPEN)
    (question,) = reading.feed.questions
    first = read(HEADER + OPEN, mapping={question.key: question.choices[0].value})
    assert (prices(reading), [row.code for row in reading.rejected]) == (["42.90"], ["not_valid_today"])
    assert prices(first) == prices(reading)


@pytest.mark.parametrize("currency", ["EUR", "CAD"])
@pytest.mark.parametrize(
    "rows",
    [
        "A;Lamp;42,90;03/04/2020;04/12/2020\nA;Lamp;45,90;05/12/2021;04/12/2022\n",
        "A;Lamp;42,90;03/04/2020;04/04/2027\nA;Lamp;45,90;05/05/2027;\n",
    ],
)
def test_a_day_order_that_affects_only_past_periods_leads_to_no_question(rows: str, currency: str) -> None:
    assert keys(read(HEADER + rows, currency=currency)) == []


def test_a_row_after_the_sample_with_ambiguous_days_is_rejected() -> None:
    sample = "A;Lamp;42,90;03/04/2020;04/04/2027\nA;Lamp;45,90;05/05/2027;\n"
    many = "".join(f"B{number};Cup;1,00;01/02/2020;01/01/2030\n" for number in range(400))
    reading = read(f"{HEADER}{sample}{many}C;Jug;8,00;01/02/2026;02/12/2026\nD;Cap;7,00;25/02/2026;\n")
    assert keys(reading) == []
    assert [(row.sku, row.code) for row in reading.rejected] == [("A", "not_valid_today"), ("C", "bad_day")]
    assert (reading.products[-1].sku, str(reading.products[-1].price)) == ("D", "7.00")


@pytest.mark.parametrize("month_first", [False, True])
def test_the_day_order_that_periods_show_is_remembered(month_first: bool) -> None:
    shown = "A;Lamp;42,90;{};{}\nA;Lamp;45,90;{};{}\n".format(
        *(f"{day:%m/%d/%Y}" if month_first else f"{day:%d/%m/%Y}"
          for day in (date(2025, 1, 1), date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31)))
    )  # fmt: skip
    first = read(HEADER + shown)
    assert (prices(first), first.feed.reading["month_first"]) == (["45.90"], month_first)
    second = read(HEADER + OPEN, memory=first.feed.reading)
    assert (keys(second), prices(second)) == ([], ["45.90" if month_first else "42.90"])
    assert second.feed.reading["month_first"] is month_first
    offers = "SKU;Name;Price;Special price;Special from;Special to\nA;Cup;12,90;9,90;03/11/2099;05/11/2099\n"
    (offer,) = read(offers, memory=second.feed.reading).product.offers or ()
    assert offer.first == (date(2099, 3, 11) if month_first else date(2099, 11, 3))


@pytest.mark.parametrize("order", ["day", "month"])
def test_a_day_order_from_the_settings_is_not_remembered(order: str) -> None:
    assert read(HEADER + OPEN, mapping={"day_order": order}).feed.reading["month_first"] is None
