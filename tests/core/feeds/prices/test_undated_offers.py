"""Tests the questions about offers without days, and about days in an ambiguous order of day and month."""

# ruff: noqa: RUF001

from datetime import date

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds.rows import validity

OFFERS = {
    "pt": "SKU;Nome;Preço;Preço promocional",
    "tr": "SKU;Ürün Adı;Satış Fiyatı;İndirimli Fiyat",
    "es": "SKU;Producto;P.V.P.;P. Rebajado",
    "es, tax": "SKU;Producto;Precio c/IVA;Oferta c/IVA",
    "de": "SKU;Bezeichnung;Preis;Aktionspreis",
    "hu": "SKU;Megnevezés;Bruttó ár;Akciós ár",
}
ROWS = "A;Cup;12,90;9,90\nB;Mug;14,90;\nC;Jug;20,00;0,00\n"


def keys(reading: Reading) -> list[str]:
    return [question.key for question in reading.feed.questions]


@pytest.mark.parametrize("header", OFFERS.values(), ids=OFFERS)
def test_offers_without_days_lead_to_a_question(header: str) -> None:
    reading = read(f"{header}\n{ROWS}")
    (question,) = reading.feed.questions
    assert (question.key, question.subject) == ("offers", "money")
    assert [choice.value for choice in question.choices] == ["", header.split(";")[3]]
    assert [str(product.price) for product in reading.products] == ["12.90", "14.90", "20.00"]


@pytest.mark.parametrize("header", OFFERS.values(), ids=OFFERS)
def test_the_answer_determines_whether_offer_prices_without_days_are_used(header: str) -> None:
    column = header.split(";")[3]
    sold = read(f"{header}\n{ROWS}", mapping={"offers": column})
    assert not sold.feed.questions
    assert [[str(offer.price) for offer in product.offers or ()] for product in sold.products] == [["9.90"], [], []]
    regular = read(f"{header}\n{ROWS}", mapping={"offers": None})
    assert not regular.feed.questions and not any(product.offers for product in regular.products)


@pytest.mark.parametrize(
    "text",
    [
        "SKU;Nome;Preço;Preço promocional\nA;Cup;12,90;\nB;Mug;14,90;0,00\n",
        "SKU;Name;Price;Promo price\nA;Cup;12.90;12.90\nB;Mug;14.90;14.90\n",
        "SKU;Name;Price;Discount\nA;Cup;12.90;9.90\nB;Mug;14.90;1.00\n",
        "SKU;Name;Price;Member promo price\nA;Cup;12.90;9.90\nB;Mug;14.90;\n",
    ],
)
def test_offer_prices_that_are_not_lower_lead_to_no_question(text: str) -> None:
    assert "offers" not in keys(read(text))


TWO_ORDERS = "SKU,Name,Price,Sale Price,Sale From,Sale To\nA,Cup,12.90,9.90,{}\nB,Mug,14.90,,,\n"


def test_ambiguous_dates_that_affect_offers_lead_to_a_question() -> None:
    text = TWO_ORDERS.format("08/11/2099,10/12/2099")
    assert keys(read(text, currency="CAD")) == ["day_order"]
    day, month = (read(text, mapping={"day_order": order}, currency="CAD") for order in ("day", "month"))
    for reading, first, last in (
        (day, date(2099, 11, 8), date(2099, 12, 10)),
        (month, date(2099, 8, 11), date(2099, 10, 12)),
    ):
        (offer,) = reading.products[0].offers or ()
        assert (offer.first, offer.last, reading.feed.questions) == (first, last, ())


BACKWARDS_BY_DAY, BACKWARDS_BY_MONTH, OPEN = "10/11/2099,11/10/2099", "12/10/2099,01/11/2099", "01/12/2099,02/12/2099"
"""Three periods of offers. The first period ends before it starts if the day comes first. The second period ends before
it starts if the month comes first. The third period is valid in both orders.
"""


def several(*days: str) -> str:
    """Return a file with an offer for each period."""
    return "SKU,Name,Price,Sale Price,Sale From,Sale To\n" + "".join(
        f"A{number},Cup {number},12.90,9.90,{period}\n" for number, period in enumerate(days)
    )


@pytest.mark.parametrize("currency", ["CAD", "EUR", "USD"])
@pytest.mark.parametrize(
    ("days", "first"),
    [
        ([BACKWARDS_BY_DAY] * 2, date(2099, 10, 11)),
        ([BACKWARDS_BY_MONTH] * 2, date(2099, 10, 12)),
        ([BACKWARDS_BY_MONTH] * 4 + [OPEN] * 6, date(2099, 10, 12)),
        (["13/10/2099,01/11/2099"], date(2099, 10, 13)),
    ],
)
def test_the_order_in_which_no_offer_ends_before_its_start_is_used(days: list[str], first: date, currency: str) -> None:
    reading = read(several(*days), currency=currency)
    (offer,) = reading.products[0].offers or ()
    assert (offer.first, reading.feed.questions) == (first, ())


@pytest.mark.parametrize("currency", ["CAD", "EUR", "USD"])
@pytest.mark.parametrize(
    "days", [[OPEN] * 5 + [BACKWARDS_BY_MONTH], [BACKWARDS_BY_MONTH], [BACKWARDS_BY_DAY, BACKWARDS_BY_MONTH] * 2]
)
def test_a_mistyped_or_contradictory_offer_leads_to_a_question(days: list[str], currency: str) -> None:
    assert keys(read(several(*days), currency=currency)) == ["day_order"]


TWO_OFFERS = "SKU,Name,Price,{0} price,{0} from,{0} to,{1} price,{1} from,{1} to\n"
"""The columns of two offers. Each offer has a first and a last day."""


@pytest.mark.parametrize("names", [("Promo", "Clearance"), ("Sale", "Special"), ("Clearance", "Promo")])
@pytest.mark.parametrize(
    "days",
    [
        (OPEN, OPEN), (BACKWARDS_BY_DAY, BACKWARDS_BY_MONTH), (BACKWARDS_BY_MONTH, BACKWARDS_BY_DAY),
        (OPEN, BACKWARDS_BY_DAY), (",", OPEN),
    ],
)  # fmt: skip
def test_ambiguous_days_of_several_offers_lead_to_one_question(names: tuple[str, str], days: tuple[str, str]) -> None:
    text = TWO_OFFERS.format(*names) + f"A,Cup,12.90,9.90,{days[0]},8.90,{days[1]}\nB,Mug,14.90,,,,,,\n"
    assert keys(read(text, currency="CAD")) == ["day_order"]
    for order in ("day", "month"):
        assert not read(text, mapping={"day_order": order}, currency="CAD").feed.questions


@pytest.mark.parametrize("names", [("Promo", "Clearance"), ("Sale", "Special")])
@pytest.mark.parametrize(("shown", "first"), [("31/12/2099", date(2099, 12, 1)), ("12/31/2099", date(2099, 1, 12))])
def test_a_clear_day_of_one_offer_determines_the_order_for_all_offers(
    names: tuple[str, str], shown: str, first: date
) -> None:
    text = TWO_OFFERS.format(*names) + f"A,Cup,12.90,9.90,{OPEN},,,\nB,Mug,14.90,,,,9.90,01/12/2099,{shown}\n"
    reading = read(text, currency="CAD")
    assert not reading.feed.questions
    assert [offer.first for product in reading.products for offer in product.offers or ()] == [first]
    assert reading.feed.reading["month_first"] is (first.month == 1)


@pytest.mark.parametrize("names", [("Promo", "Clearance"), ("Aktion", "Sale"), ("Oferta", "Special")])
@pytest.mark.parametrize(
    "days", ["2099-05-01,2099-05-31", "01.05.2099,02.05.2099", "1 May 2099,31 May 2099", "20990501,20990531"]
)
@pytest.mark.parametrize("separator", ["/", "-"])
def test_a_second_offer_does_not_replace_a_first_offer_with_ambiguous_days(
    names: tuple[str, str], days: str, separator: str
) -> None:
    first = OPEN.replace("/", separator)
    text = TWO_OFFERS.format(*names) + f"A,Cup,12.90,9.90,{first},8.90,{days}\nB,Mug,14.90,,,,,,\n"
    reading = read(text, currency="CAD")
    assert (keys(reading), any(product.offers for product in reading.products)) == (["day_order"], False)
    for order, day in (("day", date(2099, 12, 1)), ("month", date(2099, 1, 12))):
        answered = read(text, mapping={"day_order": order}, currency="CAD")
        (offer,) = answered.products[0].offers or ()
        assert (keys(answered), str(offer.price), offer.first) == ([], "9.90", day)


def test_a_second_offer_is_read_if_the_ambiguous_days_of_the_first_are_past() -> None:
    row = "A,Cup,12.90,9.90,01/12/2001,02/12/2001,8.90,2099-05-01,2099-05-31\nB,Mug,14.90,,,,,,\n"
    reading = read(TWO_OFFERS.format("Promo", "Clearance") + row, currency="CAD")
    (offer,) = reading.products[0].offers or ()
    assert (keys(reading), str(offer.price)) == ([], "8.90")


def test_days_with_dots_are_day_first_beside_a_month_first_column() -> None:
    text = TWO_ORDERS.format("01.02.2099,02/12/2099")
    for reading in (read(text, currency="USD"), read(text, memory={"month_first": True})):
        (offer,) = reading.products[0].offers or ()
        assert (offer.first, offer.last) == (date(2099, 2, 1), date(2099, 2, 12))
    later = "".join(f"B{number},Mug,14.90,9.90,01.02.2099,\n" for number in range(400))
    blank = read(text.replace("02/12/2099", "12/31/2099") + later + "C,Jug,9.90,5.90,,02/12/2099\n")
    assert (blank.products[-1].offers or ())[0].last == date(2099, 2, 12)


def test_day_columns_belong_to_the_offer_that_their_names_contain() -> None:
    text = (
        "SKU,Name,Price,Clearance price,Promo price,Promo from,Promo to,Clearance from,Clearance to\n"
        "A,Cup,12.90,6.90,9.90,2099-02-01,2099-02-03,2099-05-01,2099-05-31\n"
    )
    (offer,) = read(text).product.offers or ()
    assert (str(offer.price), offer.first, offer.last) == ("6.90", date(2099, 5, 1), date(2099, 5, 31))


PERIODS = (
    "SKU;Name;Price;Valid from;Valid to\nA-1;Lamp;42,90;03/04/2026;04/12/2026\nA-1;Lamp;45,90;05/12/2026;04/12/2027\n"
)
"""Prices for two periods. On 2026-11-20, the first price is valid if the day comes first. The second price is valid if
the month comes first.
"""


def test_the_order_of_day_and_month_determines_which_price_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validity, "_today", lambda: date(2026, 11, 20))
    open_reading = read(PERIODS)
    assert (keys(open_reading), [str(product.price) for product in open_reading.products]) == (["day_order"], ["42.90"])
    for order, price in (("day", "42.90"), ("month", "45.90")):
        reading = read(PERIODS, mapping={"day_order": order})
        assert (keys(reading), [str(product.price) for product in reading.products]) == ([], [price])
    for month_first, price in ((False, "42.90"), (True, "45.90")):
        reading = read(PERIODS, memory={"month_first": month_first})
        assert (keys(reading), [str(product.price) for product in reading.products]) == ([], [price])
    assert [str(product.price) for product in read(PERIODS, currency="USD").products] == ["45.90"]


def test_ambiguous_dates_in_the_past_lead_to_no_question() -> None:
    assert not read(TWO_ORDERS.format("08/11/2001,10/12/2001"), currency="CAD").feed.questions


@pytest.mark.parametrize(
    "header",
    [
        "SKU;Nimi;Hinta;Tarjoushinta;Tarjous käyntiin;Tarjous päättyy", "SKU;Név;Ár;Akciós ár;Akció nap;Akció vége",
        "SKU;Name;Preis;Aktionspreis;Aktion Termin1;Aktion bis",
    ],
)  # fmt: skip
def test_a_date_column_with_an_unknown_name_is_the_missing_day_of_the_offer(header: str) -> None:
    rows = "A;Cup;12,90;9,90;15.12.2099;06.01.2100\nB;Mug;14,90;;;\n"
    (offer,) = read(f"{header}\n{rows}").products[0].offers or ()
    assert (offer.first, offer.last) == (date(2099, 12, 15), date(2100, 1, 6))
