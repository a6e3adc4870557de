"""Tests information beside, above and below prices: units in words, currencies, headers of two rows, and notes."""

# ruff: noqa: RUF001 - some texts are not Latin

from typing import Any

import pytest

from tests.core.feeds.feed_reading import Reading, read
from tests.core.feeds.workbooks import written


def table(header: str, *rows: str, currency: str = "EUR", below: str = "", **mapping: str | None) -> Reading:
    lines = [f"SKU;Name;{header}", *(f"A-{number};Mug;{row}" for number, row in enumerate(rows, 1))]
    return read("\n".join(lines) + "\n" + below, mapping=mapping, currency=currency)


def prices(reading: Reading) -> list[str]:
    return [str(one.price) for one in reading.products]


def asked(reading: Reading) -> list[str]:
    return [question.key for question in reading.feed.questions]


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (("le 100", "la pièce"), ["12.00", "12.50"]), (("les 1000", "l’unité"), ["1.20", "12.50"]),
        (("le mille", "le cent"), ["1.20", "0.12"]), (("per 100", "each"), ["12.00", "12.50"]),
        (("100 Stk", "Stück"), ["12.00", "12.50"]), (("%", "Stk"), ["12.00", "12.50"]),
        (("cada mil", "cada uno"), ["1.20", "12.50"]), (("je 1000 Stück", "je Stück"), ["1.20", "12.50"]),
        (("al cento", "al pezzo"), ["12.00", "12.50"]), (("за 100 шт", "за шт"), ["12.00", "12.50"]),
        (("HN", "EA"), ["12.00", "12.50"]), (("CX", "PR"), ["1200.00", "12.50"]), (("HN", "BX"), ["12.00", "12.50"]),
    ],
)  # fmt: skip
def test_a_price_is_divided_by_a_unit_that_is_written_in_words(units: tuple[str, str], expected: list[str]) -> None:
    second = "12,00" if expected[1] == "0.12" else "12,50"
    reading = table("Preis;Preiseinheit", f"1200,00;{units[0]}", f"{second};{units[1]}")
    assert (prices(reading), reading.rejected, asked(reading)) == (expected, [], [])


def test_a_price_with_an_unknown_unit_is_rejected() -> None:
    reading = table("Preis;Preiseinheit", "12,00;100", "12,00;Schwupp")
    assert [(one.sku, one.code) for one in reading.rejected] == [("A-2", "bad_price_unit")]


@pytest.mark.parametrize("column", ["Base", "UOM", "Einheit", "Cond.", "PU", "xyz"])
@pytest.mark.parametrize(
    "units", [("le 100", "la pièce"), ("per 100", "each"), ("100 Stk", "Stück"), ("cada mil", "cada uno"), ("%", "Stk")]
)
def test_a_column_of_price_units_with_any_name_leads_to_a_question(column: str, units: tuple[str, str]) -> None:
    rows = [f"1200,00;{unit}" for unit in units]
    assert asked(table(f"Preis;{column}", *rows)) == ["price_unit"]
    assert asked(table(f"Preis;{column}", *rows, price_unit=column)) == []
    assert prices(table(f"Preis;{column}", *rows, price_unit=None)) == ["1200.00", "1200.00"]


@pytest.mark.parametrize(
    ("column", "units"),
    [("Inhalt", ("6 Stk", "12 Stk")), ("Content", ("100 g", "250 g")), ("Einheit", ("Stk", "Paar")),
     ("UOM", ("EA", "BX")), ("Verpackung", ("Karton", "Stück")), ("VE", ("10", "100")), ("Size", ("M", "L"))],
)  # fmt: skip
def test_package_contents_and_sales_units_lead_to_no_question(column: str, units: tuple[str, str]) -> None:
    reading = table(f"Preis;{column}", *(f"12,50;{unit}" for unit in units))
    assert (prices(reading), asked(reading)) == (["12.50", "12.50"], [])


@pytest.mark.parametrize(
    ("column", "codes"),
    [("Whrg", ("CHF", "EUR")), ("xx", ("Fr.", "€")), ("C", ("chf", "eur")), ("Note", ("", "EUR")), ("Dev.", ("", "€"))],
)
def test_a_column_of_currency_codes_with_any_name_is_the_currency_column(column: str, codes: tuple[str, str]) -> None:
    reading = table(f"Preis;{column}", *(f"12.50;{code}" for code in codes), currency="CHF")
    assert [one.currency for one in reading.products] == ["CHF", "EUR"]


@pytest.mark.parametrize("values", [("M", "L"), ("FR", "DE"), ("neu", "EUR"), ("TRY",)])
def test_short_words_that_are_not_currency_codes_are_not_currencies(values: tuple[str, ...]) -> None:
    reading = table("Preis;xx", *(f"12.50;{value}" for value in values), currency="CHF")
    assert {one.currency for one in reading.products} == {"CHF"}


@pytest.mark.parametrize(
    "header",
    [
        "einkaufspreis1netto;verkaufspreis1netto", "Ek0.Preis;Vk0.Preis", "PREIS_EK;PREIS_VK", "ek_preis_1;vk_preis_1",
        "EK_Preis_2;VK_Preis", "purchase_price_1;sales_price_1", "cost2;price", "prix_achat_1;prix_vente_1",
        "PrecioCompra1;PrecioVenta1", "EK1_NETTO;VK1_BRUTTO", "Price1Cost;Price1Retail",
    ],
)  # fmt: skip
def test_numbers_in_the_names_of_price_columns_are_ignored(header: str) -> None:
    reading = table(header, "5,50;9,50", "6,50;10,50")
    assert (prices(reading), asked(reading)) == (["9.50", "10.50"], [])


@pytest.mark.parametrize(
    ("header", "choices"),
    [("Ek0.Preis;Vk0.Preis;Vk1.Preis", ["Vk0.Preis", "Vk1.Preis"]), ("ek_1;vk_1;vk_2", ["vk_1", "vk_2"]),
     ("COST1;PRICE1;PRICE2", ["PRICE1", "PRICE2"]), ("EK;verkaufspreis1netto;verkaufspreis2netto",
      ["verkaufspreis1netto", "verkaufspreis2netto"])],
)  # fmt: skip
def test_only_selling_prices_are_choices_if_the_file_has_several_price_lists(header: str, choices: list[str]) -> None:
    (question,) = table(header, "5,50;9,50;8,50", "6,50;10,50;9,50").feed.questions
    assert [choice.value for choice in question.choices] == choices


@pytest.mark.parametrize(
    "text",
    [
        "SKU;Name;Price (tax excl.);Quantity\nA-1;Mug;12.00;3\nA-2;Cup;13.00;4\n",
        "Code;Name;Price (tax excl.);Quantity\nA-1;Mug;12.00;3\nA-2;Cup;13.00;4\n",
        "Item no.;name;price_tax_excluded;Image URLs (x,y,z...)\nA-1;Mug;12.00;\nA-2;Cup;13.00;\n",
    ],
)
def test_columns_are_recognised_by_name_if_the_export_profile_finds_no_sku(text: str) -> None:
    reading = read(text)
    assert [(one.sku, str(one.price)) for one in reading.products] == [("A-1", "12.00"), ("A-2", "13.00")]
    assert reading.details["profile"] == "plain"


def test_a_known_export_without_a_sku_is_refused_with_a_list_of_its_columns() -> None:
    with pytest.raises(Exception, match="no column contains a SKU"):
        read("name;price_tax_excluded\nMug of clay;12.00\nCup of clay;13.00\n")


@pytest.mark.parametrize(
    ("note", "currency", "price"),
    [
        ("All prices in CHF", "CHF", "12.00"), ("* Preise in Schweizer Franken", "CHF", "12.00"),
        ("Tous les prix en CHF, HT", "CHF", "12.00"), ("Prices per 100 pcs", "EUR", "0.12"),
        ("Currency: USD", "USD", "12.00"), ("Printed on 4 May 2026", "EUR", "12.00"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("count", [2, 12_000])
def test_a_note_below_the_rows_applies_to_all_prices(note: str, currency: str, price: str, count: int) -> None:
    reading = table("Price;Stock", *["12.00;3"] * count, below=f";;;\n{note};;;\n")
    first = reading.products[0]
    assert (first.currency, str(first.price), len(reading.products)) == (currency, price, count)


@pytest.mark.parametrize(
    ("note", "kind"),
    [("* excl. VAT", "net"), ("Alle Preise zzgl. 19 % MwSt.", "net"), ("IVA esclusa", "net"),
     ("* TVA incluse", "gross"),
     ("Prices include VAT.", "gross"), ("* inkl. MwSt.", "gross"), ("Delivery excl. of islands", "plain")],
)  # fmt: skip
def test_a_note_below_the_rows_states_whether_prices_include_tax(note: str, kind: str) -> None:
    reading = table("Price;Stock", "12.00;3", "13.00;4", below=f"{note};;;\n")
    assert reading.feed.reading["price"]["kind"] == kind


def test_a_title_overrides_a_note_below_the_rows() -> None:
    text = "Prices in USD;;;\nSKU;Name;Price;Stock\nA-1;Mug;12.00;3\nA-2;Cup;13.00;3\nAll prices in CHF;;;\n"
    assert {one.currency for one in read(text).products} == {"USD"}


@pytest.mark.parametrize("column", ["Min Qty", "ab Menge", "Qty from", "Quantité min.", "Staffelmenge"])
def test_a_price_for_a_minimum_quantity_above_one_leads_to_a_question(column: str) -> None:
    reading = table(f"Price;{column}", "12.00;10", "13.00;1")
    (question,) = reading.feed.questions
    assert [choice.value for choice in question.choices] == ["", "Price"]
    assert {one.price for one in reading.products} == {None}
    answered = table(f"Price;{column}", "12.00;10", "13.00;1", price="Price")
    assert (prices(answered), asked(answered)) == (["12.00", "13.00"], [])


@pytest.mark.parametrize("columns", ["Min Qty", "MOQ", "Min Qty;Max Qty"])
def test_a_minimum_quantity_of_one_leads_to_no_question(columns: str) -> None:
    value = {"Min Qty": "1", "MOQ": "10", "Min Qty;Max Qty": "10;50"}[columns]
    reading = table(f"Price;{columns}", f"12.00;{value}", f"13.00;{value}")
    assert (prices(reading), asked(reading)) == (["12.00", "13.00"], [])


HEADERS: list[tuple[list[str], list[str]]] = [
    (['מק"ט', "שם מוצר", "מחיר לצרכן", "", "עלות", "מלאי"], ['לפני מע"מ', 'כולל מע"מ']),
    (["SKU", "Name", "Price", "", "Cost", "Stock"], ["excl. VAT", "incl. VAT"]),
    (["Artikelnummer", "Bezeichnung", "VK", "", "EK", "Bestand"], ["ohne 19 % MwSt.", "inkl. 19 % MwSt."]),
    (["Référence", "Désignation", "Prix de vente", "", "Prix d'achat", "Stock"], ["HT", "TTC"]),
    (["Codice", "Descrizione", "Prezzo", "", "Costo", "Giacenza"], ["IVA esclusa", "IVA inclusa"]),
    (["Артикул", "Наименование", "Цена", "", "Закупочная цена", "Остаток"], ["без НДС", "с НДС"]),
]


def merged(names: list[str], below: list[str], *, vertical: bool) -> bytes:
    def write(book: Any) -> None:
        sheet = book.add_worksheet("List")
        sheet.right_to_left()
        for at, name in enumerate(names):
            if at == 2:
                sheet.merge_range(0, 2, 0, 3, name)
            elif name and vertical:
                sheet.merge_range(0, at, 1, at, name)
            elif name:
                sheet.write(0, at, name)
        for at, name in enumerate(below):
            sheet.write(1, 2 + at, name)
        for row in (2, 3):
            for at, cell in enumerate([f"H-{row}0", "Mug", 200, 236, 91.5, 7]):
                sheet.write(row, at, cell)

    return written(write)


@pytest.mark.parametrize(("names", "below"), HEADERS)
@pytest.mark.parametrize("kind", ["merged", "not merged", "csv", "complete"])
def test_a_header_of_two_rows_determines_which_price_includes_tax(
    names: list[str], below: list[str], kind: str
) -> None:
    if kind == "csv":
        rows = [names, ["", "", *below, "", ""]]
    elif kind == "complete":  # the group names are in the same row as all other names
        rows = [["", "", names[2], "", "", ""], [*names[:2], *below, *names[4:]]]
    else:
        rows = []
    if rows:
        text = "".join(";".join(row) + "\n" for row in rows) + "H-20;Mug;200,00;236,00;91,50;7\n" * 1
        reading = read(text + "H-30;Mug;200,00;236,00;91,50;7\n")
    else:
        reading = read(merged(names, below, vertical=kind == "merged"), name="list.xlsx")
    assert [(one.sku, str(one.price), one.inventory_count) for one in reading.products] == [
        ("H-20", "236.00", 7), ("H-30", "236.00", 7),
    ]  # fmt: skip
    assert (reading.rejected, asked(reading)) == ([], [])
