"""Tests that the currency of the catalog does not determine the price column or the size of the amounts."""

# ruff: noqa: RUF001

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize("currency", ["USD", "EUR", "CHF"])
@pytest.mark.parametrize(
    "header",
    ["VK netto (EUR);VK brutto (EUR);UVP", "Prix HT (EUR);Prix TTC (EUR);Prix conseillé",
     "Cena netto EUR;Cena brutto EUR;Cena katalogowa", "Prijs excl. btw (EUR);Prijs incl. btw (EUR);Adviesprijs",
     "Net price EUR;Gross price EUR;RRP"],
)  # fmt: skip
def test_the_catalog_currency_does_not_determine_the_price_column(header: str, currency: str) -> None:
    rows = "A;Cup;20,92;24,90;29,95\nB;Mug;25,13;29,90;\nC;Jug;37,73;44,90;49,90\nD;Pot;6,71;7,99;\n"
    reading = read(f"SKU;Name;{header}\n{rows}", currency=currency)
    assert [(str(product.price), product.currency) for product in reading.products] == [
        ("24.90", "EUR"), ("29.90", "EUR"), ("44.90", "EUR"), ("7.99", "EUR"),
    ]  # fmt: skip


@pytest.mark.parametrize("header", ["Price;Price EUR", "Prix;Prix EUR", "Preis;Preis EUR"])
def test_a_price_without_a_currency_is_preferred_to_the_same_price_in_another_currency(header: str) -> None:
    reading = read(f"SKU;Name;{header}\nA;Cup;10,00;9,10\nB;Mug;20,00;18,30\n", currency="USD")
    assert [(str(product.price), product.currency) for product in reading.products] == [
        ("10.00", "USD"), ("20.00", "USD"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "rate"),
    [("Цена;Цена 2", 1.95583), ("Cijena;Cijena 2", 7.5345), ("Kaina;Kaina II", 3.4528), ("Cena;Cena druhá", 30.126),
     ("Hind;Hind2", 15.6466)],
)  # fmt: skip
def test_two_price_columns_with_a_fixed_ratio_lead_to_a_question(header: str, rate: float) -> None:
    rows = [
        f"{sku};Cup {sku};{price * rate:.2f};{price:.2f}".replace(".", ",")
        for sku, price in (("A-1", 40), ("A-2", 3), ("A-3", 1), ("A-4", 12.5))
    ]
    content = "\n".join((f"SKU;Name;{header}", *rows))
    (question,) = read(content).feed.questions
    assert (question.key, [choice.value for choice in question.choices]) == ("price", ["", *header.split(";")])
    answer = read(content, mapping={"price": header.split(";")[1]})
    assert ([str(product.price) for product in answer.products], answer.feed.questions) == (
        ["40.00", "3.00", "1.00", "12.50"], (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("header", "rows"),
    [("Цена лв;Цена EUR", "A;Ч;78,23;40,00\nB;К;5,87;3,00\nC;Д;24,45;12,50\n"),
     ("Price;Cost", "A;Ч;78,20;40,00\nB;К;5,99;3,00\nC;Д;24,50;12,50\n"),
     ("Price;Stock", "A;Ч;78,23;40\nB;К;5,87;3\nC;Д;23,47;12\n")],
)  # fmt: skip
def test_prices_with_named_currencies_or_other_ratios_lead_to_no_question(header: str, rows: str) -> None:
    assert read(f"SKU;Name;{header}\n{rows}").feed.questions == ()


@pytest.mark.parametrize(
    ("header", "mark"),
    [("item;description;price;qty", "."), ("Artikelnummer;Bezeichnung;Preis;Bestand", ","),
     ("Référence;Désignation;Prix;Stock", ","), ("Indeks;Nazwa;Cena;Ilość", ","), ("SKU;Title;Price;Stock", ",")],
)  # fmt: skip
def test_prices_with_three_possible_decimals_lead_to_a_question(header: str, mark: str) -> None:
    amounts = [text.replace(".", mark) for text in ("1.250", "2.400", "9.900", "3.125", "4.800", "7.350")]
    rows = [f"K-{10 + at};Bracket {at};{amount};{at + 1}" for at, amount in enumerate(amounts)]
    for currency in ("EUR", "USD"):
        (question,) = read("\n".join((header, *rows)), currency=currency).feed.questions
        assert (question.key, {choice.value for choice in question.choices}) == ("decimal", {",", "."})


def test_three_digits_after_the_separator_usually_mean_thousands() -> None:
    reading = read("SKU;Name;Price\nA;Cup;1.299\nB;Mug;2.499\nC;Jug;1.250\n")
    assert ([str(product.price) for product in reading.products], reading.feed.questions) == (
        ["1299.00", "2499.00", "1250.00"], (),
    )  # fmt: skip
