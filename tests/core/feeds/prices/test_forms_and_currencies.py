"""Tests titles with tick boxes for prices with and without tax. Also tests amounts that are too small for the currency
of a catalog.
"""

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds.prices.tax_kinds import kinds_of_choice

OPEN = [
    "Precio (con IGV / sin IGV - marcar lo que corresponda)", "Preise ☐ inkl. MwSt. ☐ exkl. MwSt.",
    "Prijzen incl. btw of excl. btw (omcirkelen)", "Ceny: s DPH / bez DPH", "Prices with VAT or without VAT",
    "Ceny brutto / netto (niepotrzebne skreślić)", "Цены с НДС / без НДС", "Prezzi [ ] IVA inclusa [ ] IVA esclusa",  # noqa: RUF001
]  # fmt: skip
CLOSED = [
    "Prix : [x] TTC [ ] HT", "Alle Preise inkl. MwSt. / zzgl. Versand", "Prices incl. VAT, delivery extra",
    "Preise ☒ inkl. MwSt. ☐ exkl. MwSt.", "Prezzi IVA inclusa",
]  # fmt: skip


def with_title(title: str, price: str = "Price", amounts: tuple[str, str] = ("12,90", "14,90")) -> Reading:
    return read(f"{title}\n\nSKU;Name;{price};Stock\nA;Cup;{amounts[0]};3\nB;Mug;{amounts[1]};4\n")


@pytest.mark.parametrize("title", OPEN)
def test_a_title_without_a_ticked_tax_box_leads_to_a_question(title: str) -> None:
    reading = with_title(title)
    (question,) = reading.feed.questions
    assert (question.key, question.subject) == ("price", "money")
    assert [choice.value for choice in question.choices] == ["", "Price"]
    assert {product.price for product in reading.products} == {None}


@pytest.mark.parametrize("title", CLOSED)
def test_a_title_that_clearly_states_the_tax_leads_to_no_question(title: str) -> None:
    reading = with_title(title)
    assert not reading.feed.questions
    assert [f"{product.price}" for product in reading.products] == ["12.90", "14.90"]


@pytest.mark.parametrize("price", ["Price incl. VAT", "Preis brutto"])
def test_the_name_of_a_price_column_overrides_a_title_with_tax_boxes(price: str) -> None:
    assert not with_title("Prices with VAT / without VAT", price).feed.questions


def test_a_ticked_box_states_whether_prices_include_the_tax() -> None:
    assert kinds_of_choice("Prices [x] incl. VAT [ ] excl. VAT") == (frozenset({"gross", "net"}), "gross")
    assert kinds_of_choice("Prices [ ] incl. VAT [x] excl. VAT") == (frozenset({"gross", "net"}), "net")


def in_currency(currency: str, *amounts: str) -> Reading:
    rows = "".join(f"A{number};Cup;{amount};3\n" for number, amount in enumerate(amounts))
    return read(f"SKU;Name;Price;Stock\n{rows}", currency=currency)


@pytest.mark.parametrize(
    ("currency", "amounts"),
    [
        ("LBP", ("9", "3.5", "55")), ("VND", ("12", "25", "80")), ("COP", ("12", "9", "15")),
        ("IRR", ("120", "90", "450")),
        ("KRW", ("5", "7", "9")), ("PYG", ("14", "22", "8")),
    ],
)  # fmt: skip
def test_prices_below_the_smallest_amount_of_a_currency_lead_to_a_question(
    currency: str, amounts: tuple[str, ...]
) -> None:
    (question,) = in_currency(currency, *amounts).feed.questions
    assert (question.key, question.subject) == ("price", "money")
    assert currency in question.text


@pytest.mark.parametrize(
    ("currency", "amounts"),
    [
        ("VND", ("125000", "80000", "200")), ("LBP", ("$9", "$3.5", "$55")), ("IDR", ("1.500", "2.000", "750")),
        ("EUR", ("0.05", "0.10", "0.02")), ("KRW", ("5000", "7", "12000")),
    ],
)  # fmt: skip
def test_usual_prices_lead_to_no_question(currency: str, amounts: tuple[str, ...]) -> None:
    assert not in_currency(currency, *amounts).feed.questions
