"""Tests notes outside of the rows. A note can state which customers pay the prices, or for how many pieces a price
is.
"""

import pytest

from tests.core.feeds.feed_reading import Reading, read

ROWS = "A-1;Mug;4,50;3\nA-2;Pot;9,00;4\n"


def question_keys(reading: Reading) -> list[str]:
    return [question.key for question in reading.feed.questions]


def prices(reading: Reading) -> list[str]:
    return [f"{product.price}" for product in reading.products]


@pytest.mark.parametrize(
    ("note", "header"),
    [
        ("Preisliste Händler 2026 - alle Preise sind Einkaufspreise netto", "Nr;Artikel;Preis;Bestand"),
        ("Trade price list - all prices are trade prices excl. VAT", "Code;Description;Price;Stock"),
        ("Wholesale prices, not for consumers", "SKU;Name;Unit price;Stock"),
        ("UVP auf Anfrage. Alle Preise sind Händler-EK zzgl. MwSt.", "SKU;Name;Preis;Lager"),
        ("Tarif revendeur 2026 - prix HT", "Réf;Désignation;Prix;Stock"),
        ("Dit zijn inkoopprijzen excl. btw", "Artnr;Omschrijving;Prijs;Voorraad"),
        ("Priserna är återförsäljarpriser exkl. moms", "Artnr;Benämning;Pris;Saldo"),
        ("Ceny hurtowe netto", "Kod;Nazwa;Cena;Stan"),
        ("Lista de precios mayorista", "Código;Artículo;Precio;Stock"),
        ("Listino rivenditori: prezzi di acquisto", "Codice;Articolo;Prezzo;Giacenza"),
        ("Velkoobchodní ceny bez DPH", "Kód;Název;Cena;Sklad"),
        ("Оптовые цены", "Артикул;Название;Цена;Остаток"),
        ("※表示価格はすべて卸価格になります", "品番;品名;価格;在庫"),
    ],
)  # fmt: skip
def test_a_note_about_dealer_prices_leads_to_a_question(note: str, header: str) -> None:
    for text in (f"{note};;;\n\n{header}\n{ROWS}", f"{header}\n{ROWS};;;\n{note};;;\n"):
        reading = read(text)
        assert (question_keys(reading), prices(reading)) == (["price"], ["None", "None"])
        (question,) = reading.feed.questions
        column = header.split(";")[2]
        assert (question.subject, [choice.value for choice in question.choices]) == ("money", ["", column])
        answered = read(text, mapping={"price": column})
        assert (question_keys(answered), prices(answered)) == ([], ["4.50", "9.00"])


@pytest.mark.parametrize(
    ("note", "header"),
    [
        ("Preisliste 2026 - alle Preise brutto", "Nr;Artikel;Preis;Bestand"),
        ("Wholesale prices on request, prices are retail prices", "SKU;Name;Price;Stock"),
        ("Our trade prices are in another list", "SKU;Name;Retail price;Stock"),
        ("Einkaufspreise vertraulich", "Nr;Artikel;VK brutto;Bestand"),
        ("Purchase before 31 December. Prices incl. VAT", "SKU;Name;Price;Stock"),
    ],
)
def test_unrelated_notes_and_named_selling_prices_lead_to_no_question(note: str, header: str) -> None:
    reading = read(f"{note};;;\n\n{header}\n{ROWS}")
    assert (question_keys(reading), prices(reading)) == ([], ["4.50", "9.00"])


@pytest.mark.parametrize(
    ("title", "price"),
    [
        ("All prices in EUR per 100 pieces, net", "0.09"), ("Preise in EUR je 100 Stück inkl. MwSt.", "0.09"),
        ("Tarif : prix TTC au cent", "0.09"), ("Prezzi al cento", "0.09"), ("Precios por ciento", "0.09"),
        ("Cennik: ceny brutto za 100 szt.", "0.09"), ("Ceny za 100 ks", "0.09"), ("Priser pr. 100 stk", "0.09"),
        ("Prijslijst - prijzen per 10 stuks", "0.90"), ("All prices per dozen", "0.75"), ("Preise je Dutzend", "0.75"),
        ("Prijzen per dozijn", "0.75"),
    ],
)  # fmt: skip
def test_a_title_can_state_the_number_of_pieces_per_price(title: str, price: str) -> None:
    assert prices(read(f"{title}\nSKU;Name;Price\nA-1;Screw;9,00\nA-2;Bolt;9,00\n")) == [price, price]


@pytest.mark.parametrize(
    "title",
    ["Prices for 2026", "Preise per 2026", "Preise pro Packung à 100 Stück", "Tarif 2026", "Mindestmenge 100 Stück"],
)
def test_a_year_or_the_content_of_a_package_does_not_divide_a_price(title: str) -> None:
    assert prices(read(f"{title}\nSKU;Name;Price\nA-1;Screw;9,00\nA-2;Bolt;9,00\n")) == ["9.00", "9.00"]


@pytest.mark.parametrize(
    ("title", "currency"),
    [
        ("Árak ezer Ft-ban", "HUF"),
        ("Ceny w tys. zł", "PLN"),
        ("Цены в тыс. руб.", "RUB"),  # noqa: RUF001
        ("Prix en milliers", "EUR"),
    ],
)
def test_a_title_can_state_that_prices_are_in_thousands(title: str, currency: str) -> None:
    reading = read(f"{title}\nSKU;Name;Price\nA-1;Sofa;9\nA-2;Bed;12\n", currency=currency)
    assert [int(product.price or 0) for product in reading.products] == [9000, 12000]


@pytest.mark.parametrize(
    ("header", "codes"),
    [
        ("SKU;Name;Currency;Price", ("EUR", "USD")), ("SKU;Name;Währung;Preis", ("CHF", "EUR")),
        ("Réf;Désignation;Devise;Prix", ("EUR", "GBP")), ("Kod;Nazwa;Waluta;Cena", ("PLN", "EUR")),
        ("Artnr;Naam;Valuta;Prijs", ("EUR", "SEK")),
    ],
)  # fmt: skip
def test_rows_with_prices_in_different_currencies_lead_to_a_question(header: str, codes: tuple[str, str]) -> None:
    rows = "".join(
        f"{sku};Mug;{code};{price}\n"
        for sku in ("A-1", "A-2")
        for code, price in zip(codes, ("9,90", "11,90"), strict=True)
    )
    reading = read(f"{header}\n{rows}")
    assert "price" in question_keys(reading)
    assert prices(reading)[0] == "None"
