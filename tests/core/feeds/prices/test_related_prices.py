"""Tests that the ratios of the amounts in all rows help to determine which of several columns is the price."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.questions import Question


def prices(text: str, currency: str = "EUR") -> tuple[list[str], list[Question]]:
    reading = read(text, currency=currency)
    questions = [question for question in reading.feed.questions if question.subject == "money"]
    return [str(product.price) for product in reading.products], questions


def test_a_column_of_tax_rates_determines_which_price_includes_tax() -> None:
    text = "SKU;Name;Price A;Price B;Qqq\nA1;Jug;24.39;30.00;23\nA2;Bowl;28.46;35.01;23\nA3;Cup;10.00;10.80;8\n"
    assert prices(text) == (["30.00", "35.01", "10.80"], [])
    fractions = text.replace(";23\n", ";0.23\n").replace(";8\n", ";0.08\n")
    assert prices(fractions) == (["30.00", "35.01", "10.80"], [])


def test_two_similar_columns_whose_ratio_is_a_tax_rate_are_gross_and_net_prices() -> None:
    text = (
        "Šifra;Naziv;MPC brez DDV;MPC z DDV\nV-1;Konjiček;40,98;50,00\nV-2;Kocka;12,30;15,00\nV-3;Punčka;20,49;25,00\n"
    )
    assert prices(text) == (["50.00", "15.00", "25.00"], [])
    unclear = text.replace("12,30;15,00", "12,30;16,40")
    assert prices(unclear.replace("brez DDV", "qqq DDV").replace("z DDV", "www DDV"))[1]


MARKUPS = ("25;30", "30;36", "10;12")


@pytest.mark.parametrize(
    ("header", "amounts"),
    [
        ("Price Level A;Price Level B", MARKUPS),
        ("Price A incl VAT;Price B incl VAT", MARKUPS),
        ("Price VAT 1;Price VAT 2", MARKUPS),
        ("Selling price online;Selling price store", ("25.00;27.50", "30.50;33.55", "10.10;11.11")),
        ("Selling price Qqq;Selling price Www", ("25.00;27.50", "30.50;33.55", "10.10;11.11")),
        # Each row fits a usual rate, but no rate fits all rows.
        ("Prezioa BEZ gabe;Prezioa BEZ barne", ("12.00;14.00", "15.00;18.00", "40.00;44.00")),
    ],
)
def test_a_markup_that_equals_a_usual_tax_rate_is_not_read_as_a_tax(header: str, amounts: tuple[str, ...]) -> None:
    rows = "".join(f"A{number};Jug {number};{each}\n" for number, each in enumerate(amounts))
    questions = prices(f"SKU;Name;{header}\n{rows}")[1]
    assert {choice.value for question in questions for choice in question.choices} >= set(header.split(";"))


def test_two_columns_with_unknown_names_and_a_tax_ratio_lead_to_a_question() -> None:
    for names in ("Price 1;Price 2", "Tarif A;Tarif B", "Price X;Price Y"):
        text = f"SKU;Name;{names}\nA1;Jug;30.00;25.00\nA2;Bowl;36.00;30.00\nA3;Cup;12.00;10.00\n"
        assert prices(text)[1], names


def test_the_price_of_one_piece_is_preferred_to_the_price_of_a_hundred() -> None:
    text = "Item,Description,Price/C,Price/M,Each\nS1,Basil plug,15.00,120.00,0.20\nS2,Marigold plug,12.00,95.00,0.15\n"
    assert prices(text, "USD") == (["0.20", "0.15"], [])


def test_the_only_amount_column_above_the_purchase_price_is_the_selling_price() -> None:
    rows = ("B1;Borsa;58,00;119,00;6", "B2;Cintura;11,00;29,00;24", "B3;Sciarpa;9,00;19,00;0", "")
    text = "\n".join(("Cod;Descrizione;Ingrosso;Qqq;Giac.", *rows))
    assert prices(text) == (["119.00", "29.00", "19.00"], [])
    assert prices(text.replace("9,00;19,00", "19,00;9,00"))[0] == ["None"] * 3
    assert prices(text.replace("Ingrosso", "Www"))[0] == ["None"] * 3


LINES = ("3;40.00;120.00", "2;15.00;30.00", "4;11.50;46.00")
SUMS = ("3;40.00;118.00", "2;15.00;29.00", "4;11.50;45.50")
"""Rows with a discount. The sum of a row is less than the price times the quantity."""
TENFOLD = ("3;40.00;400.00", "2;15.00;161.00", "4;11.50;109.00")


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        *((f"Menge;EK;{name}", LINES) for name in ("Gesamt", "Summe", "Gesamtwert", "Qqq")),
        *((f"Qty;Purchase price;{name}", LINES) for name in ("Total", "Line total", "Extended", "Qqq")),
        *((f"Menge;EK;{name}", SUMS) for name in ("Gesamt", "Wert", "Gesamtwert", "VK-Wert", "Stock value")),
        ("Menge;EK;Qqq", TENFOLD),
    ],
)
def test_a_row_total_above_the_purchase_price_is_not_the_selling_price(header: str, rows: tuple[str, ...]) -> None:
    lines = "".join(f"A{number};Jug {number};{each}\n" for number, each in enumerate(rows))
    found, questions = prices(f"Artikelnr;Bezeichnung;{header}\n{lines}")
    assert found == ["None"] * 3
    assert questions


@pytest.mark.parametrize("name", ["precios.venta", "prijzen.verkoop.incl", "prezzi.vendita"])
def test_a_json_path_that_contains_the_word_prices_means_a_price(name: str) -> None:
    first, *rest = name.split(".")
    value = "19.90"
    for key in reversed(rest):
        value = f'{{"{key}": {value}}}'
    text = f'[{{"sku": "A1", "name": "Jug", "{first}": {value}}}]'
    assert prices(text) == (["19.90"], [])


def test_cena_za_kup_means_purchase_price_only_at_the_start_of_a_word() -> None:
    text = "Sygnatura;Tytuł oferty;Cena Kup Teraz\nAL-1;Lampka;59,99 zł\nAL-2;Kabel;24,90 zł\n"
    assert prices(text, "PLN") == (["59.99", "24.90"], [])
    assert prices(text.replace("Cena Kup Teraz", "Cena za kupu"), "PLN")[0] == ["None", "None"]


def test_the_price_column_named_after_the_catalog_currency_is_used() -> None:
    text = "Code,Description,Export price USD,Local price ZAR incl VAT\nW1,Throw,48.00,1150.00\nW2,Yarn,4.20,99.00\n"
    assert prices(text, "ZAR") == (["1150.00", "99.00"], [])
    assert prices(text, "EUR")[1]


@pytest.mark.parametrize(
    ("header", "amounts", "currency"),
    [
        ("Price USD 100+;Price USD 250+;Price USD 500+", "4.00;3.50;3.10", "USD"),
        ("Price USD 100+;Price EUR 100+", "4.00;3.50", "USD"),
        ("Price 100+;Price/kg", "4.00;9.00", "EUR"),
        ("EUR/Karton", "48.00", "EUR"),
        ("Price per case EUR", "48.00", "EUR"),
        ("EUR/Karton;USD/Karton", "48.00;52.00", "EUR"),
        ("Campus price EUR", "48.00", "EUR"),
    ],
)
def test_a_pack_price_is_recognised_even_if_its_name_contains_a_currency(
    header: str, amounts: str, currency: str
) -> None:
    text = f"SKU;Name;{header}\nA1;Jug;{amounts}\nA2;Bowl;{amounts}\nA3;Cup;{amounts}\n"
    found, questions = prices(text, currency)
    assert found == ["None"] * 3
    assert questions


def test_a_shared_symbol_in_a_column_name_means_the_catalog_currency() -> None:
    reading = read("Code,Product,Selling (Rs.)\nT1,Tea,1150.00\nT2,Green tea,520.00\n", currency="LKR")
    assert {product.currency for product in reading.products} == {"LKR"}


def test_columns_named_sale_with_tax_and_state_contain_the_price_and_the_stock() -> None:
    text = "Kód;Položka;Prodej s DPH;Stav\nN1;Kladivo;229,90;12\nN2;Pilka;169,40;0\nN3;Metr;96,80;31\n"
    assert prices(text, "CZK") == (["229.90", "169.40", "96.80"], [])
    assert [product.inventory_count for product in read(text, currency="CZK").products] == [12, 0, 31]


def test_an_unknown_column_with_a_constant_price_ratio_leads_to_a_question() -> None:
    text = (
        "SKU;Nome do Produto;Preço à vista (Pix);Preço no cartão\nC1;Camiseta;R$ 45,90;R$ 51,00\n"
        "C2;Regata;R$ 53,91;R$ 59,90\nB1;Boné;R$ 71,91;R$ 79,90\n"
    )
    assert prices(text, "BRL")[1]
    assert prices(text.replace("R$ 59,90", "R$ 69,90"), "BRL")[1] == []
