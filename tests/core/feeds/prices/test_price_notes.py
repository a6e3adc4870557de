"""Tests texts about prices: in the price cell, in the unit of the price, and in titles above the header."""

from typing import Any

import pytest

from tests.core.feeds.feed_reading import Reading, read
from tests.core.feeds.workbooks import written
from wecelebrate.feeds.prices.notes import notes_of_titles


def table(header: str, *rows: str, currency: str = "EUR", above: str = "", **mapping: str | None) -> Reading:
    lines = [f"SKU;Name;{header}", *(f"A{number};Mug;{row}" for number, row in enumerate(rows))]
    return read(above + "\n".join(lines) + "\n", mapping=mapping, currency=currency)


def prices(reading: Reading) -> list[str]:
    assert not reading.rejected, reading.rejected
    return [f"{product.price} {product.currency}" for product in reading.products]


@pytest.mark.parametrize(
    ("cell", "price"),
    [
        ("12.50/ea", "12.50 EUR"), ("12.50 each", "12.50 EUR"), ("12,50 €/Stk", "12.50 EUR"),
        ("12,50 €/St.", "12.50 EUR"), ("12,80 €/sac", "12.80 EUR"), ("12,50 EUR / Stück", "12.50 EUR"),
        ("£1.20 per pair", "1.20 GBP"), ("kr 12,50 per stk", "12.50 SEK"), ("149,-/st", "149.00 EUR"),
        ("9,50 € TTC", "9.50 EUR"), ("9,50€HT", "9.50 EUR"), ("12.50 inc VAT", "12.50 EUR"),
        ("12.50 + VAT", "12.50 EUR"),
        ("12,50 € (inkl. 19 % MwSt.)", "12.50 EUR"), ("12,50 € netto", "12.50 EUR"), ("$12.50 USD/ea", "12.50 USD"),
        ("99p", "0.99 GBP"), ("250 pence", "2.50 GBP"), ("99¢", "0.99 EUR"), ("50 ct", "0.50 EUR"),
        ("12,00 €/100 Stk", "0.12 EUR"), ("12.00 per 100 pcs", "0.12 EUR"), ("$4.00/C", "0.04 USD"),
        ("120,00 €/1.000", "0.12 EUR"), ("Rs. 450/-", "450.00 INR"), ("1 234,50", "1234.50 EUR"),
        ("1 00 000", "100000.00 EUR"),
    ],
)  # fmt: skip
def test_a_price_with_words_beside_its_amount_is_read(cell: str, price: str) -> None:
    assert prices(table("Preis", cell, "1,50 EUR" if "," in cell else "1.50 EUR"))[0] == price


@pytest.mark.parametrize(
    "cell",
    ["from 12.50", "from £12.50", "ab 12,50", "ab 12,50 €", "à partir de 35,00 €", "desde 12,50 €", "ca. 12,50",
     "12.50+",
     "up to 12.50", "POA", "P.O.A.", "on request", "auf Anfrage", "Preis auf Anfrage", "sur devis", "sur demande",
     "a consultar", "su richiesta", "op aanvraag", "TBC", "Call for price", "Tagespreis"],
)  # fmt: skip
def test_a_row_without_a_fixed_price_is_rejected(cell: str) -> None:
    reading = table("Preis", cell, "1,50" if "," in cell else "1.50")
    assert (reading.rejection.code, reading.rejection.sku, len(reading.products)) == ("no_fixed_price", "A0", 1)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("12.50/kg", "bad_price_unit"), ("12,50 €/m²", "not_a_number"), ("9.99/month", "bad_price_unit"),
        ("12 pcs", "not_a_number"), ("12 50", "not_a_number"), ("12.50-15.00", "not_a_number"),
        ("2 for £5", "not_a_number"), ("12.50*", "not_a_number"), ("12,50 €/100 Stk", "too_precise"),
    ],
)  # fmt: skip
def test_a_cell_without_the_price_of_one_piece_is_rejected(cell: str, code: str) -> None:
    assert table("Preis", cell, "1,50" if "," in cell else "1.50").rejection.code == code


def test_a_price_with_a_unit_in_its_cell_and_in_a_column_is_rejected() -> None:
    assert table("Preis;Preiseinheit", "12,00/100;100", "1,50;1").rejection.code == "bad_price_unit"
    assert table("Preis pro 100", "12,00/100", "1,00").rejection.code == "bad_price_unit"


@pytest.mark.parametrize(
    ("column", "units", "expected"),
    [
        ("PE", ("100", "1"), ["0.12", "12.00"]),
        ("PE", ("Stk", "Stk"), ["12.00", "12.00"]),
        ("Price Unit", ("C", "E"), ["0.12", "12.00"]),
        ("Price Unit", ("100", "1"), ["0.12", "12.00"]),
        ("Price Unit", ("kg", "pc"), ["12.00", "12.00"]),
        ("Price Unit", ("EUR", "EUR"), ["12.00", "12.00"]),
        ("Price Code", ("C", "EA"), ["0.12", "12.00"]),
        ("Price UOM", ("DZ", "EA"), ["1.00", "12.00"]),
        ("Preiseinheit", ("%", "1"), ["0.12", "12.00"]),
        ("Preis pro", ("100 Stk", "1 Stk"), ["0.12", "12.00"]),
        ("Per", ("hundred", "each"), ["0.12", "12.00"]),
        ("Per", ("m", "m"), ["12.00", "12.00"]),
        ("Price Qty", ("100", "1"), ["0.12", "12.00"]),
        ("Qty per price", ("100", "1"), ["0.12", "12.00"]),
        ("P-Einheit", ("100", "1"), ["0.12", "12.00"]),
        ("je", ("100 Stk.", "1 Stk."), ["0.12", "12.00"]),
        ("Price Qty", ("12", "6"), ["12.00", "12.00"]),
        ("VE", ("100", "50"), ["12.00", "12.00"]),
        ("VPE", ("10", "20"), ["12.00", "12.00"]),
        ("Pack Qty", ("100", "50"), ["12.00", "12.00"]),
        ("MOQ", ("100", "10"), ["12.00", "12.00"]),
        ("Unit", ("100 pcs", "50 pcs"), ["12.00", "12.00"]),
        ("UOM", ("M", "KG"), ["12.00", "12.00"]),
        ("UOM", ("EA", "BX"), ["12.00", "12.00"]),
        ("Unit pricing base measure", ("100 ml", "100 ml"), ["12.00", "12.00"]),
    ],
)
def test_a_price_is_divided_by_its_price_unit_but_not_by_its_packing_unit(
    column: str, units: tuple[str, str], expected: list[str]
) -> None:
    reading = table(f"Preis;{column}", *(f"12,00;{unit}" for unit in units))
    assert ([str(product.price) for product in reading.products], reading.feed.questions) == (expected, ())


@pytest.mark.parametrize(
    ("column", "units", "choices"),
    [
        ("PE", ("6", "12"), ["", "PE"]),
        ("UOM", ("EA", "C"), ["UOM", ""]),
        ("U/M", ("C", "BX"), ["U/M", ""]),
        ("Unit", ("M", "EA"), ["Unit", ""]),
        ("Unit", ("100", "1"), ["", "Unit"]),
        ("Einheit", ("1000", "1"), ["", "Einheit"]),
        ("Price factor", ("100", "1"), ["Price factor", ""]),
        ("Per", ("M", "M"), ["Per", ""]),
        ("C/M", ("C", "M"), ["C/M", ""]),
    ],
)
def test_an_ambiguous_price_unit_column_leads_to_a_question(
    column: str, units: tuple[str, str], choices: list[str]
) -> None:
    rows = [f"1200,00;{unit}" for unit in units]
    (question,) = table(f"Preis;{column}", *rows).feed.questions
    assert (question.key, question.subject) == ("price_unit", "money")
    assert [choice.value for choice in question.choices] == choices
    assert prices(table(f"Preis;{column}", *rows, price_unit=None)) == ["1200.00 EUR", "1200.00 EUR"]
    divided = table(f"Preis;{column}", *rows, price_unit=column)
    assert (divided.feed.questions, {str(product.price) for product in divided.products} != {"1200.00"}) == ((), True)


@pytest.mark.parametrize(
    ("name", "price"),
    [
        ("Preis/Tsd", "1.20 EUR"), ("Price per hundred", "12.00 EUR"), ("Price/C", "12.00 EUR"),
        ("Price/M", "1.20 EUR"), ("Price per dozen", "100.00 EUR"), ("Prix au 100", "12.00 EUR"),
        ("Preis p. 100", "12.00 EUR"), ("Preis pro 1.000", "1.20 EUR"), ("Price (per 100)", "12.00 EUR"),
        ("Price per pair", "1200.00 EUR"), ("Price/pc", "1200.00 EUR"),
    ],
)  # fmt: skip
def test_the_name_of_a_price_column_states_the_number_of_pieces_per_price(name: str, price: str) -> None:
    reading = table(name, "1200,00")
    assert (prices(reading), reading.feed.questions) == ([price], ())


@pytest.mark.parametrize("name", ["Price [100]", "Preis %", "Preis \u2030", "Prix/cent", "Price 100"])
def test_a_price_with_an_unclear_unit_leads_to_a_question(name: str) -> None:
    reading = table(name, "1200,00")
    assert "price" not in reading.product.fields_set
    assert [choice.value for choice in reading.feed.questions[0].choices] == ["", name]


def test_a_price_for_a_measure_is_rejected() -> None:
    assert table("Preis;Preiseinheit", "12,00;100 g", "1,50;1 kg").rejection.code == "bad_price_unit"


@pytest.mark.parametrize(
    ("title", "price", "kind"),
    [
        ("All prices in CHF", "500.00 CHF", "plain"),
        ("ALL PRICES IN CHF", "500.00 CHF", "plain"),
        ("Preise in EUR netto", "500.00 EUR", "net"),
        ("Currency: USD", "500.00 USD", "plain"),
        ("Währung;CHF", "500.00 CHF", "plain"),
        ("Preisliste 2026 (CHF, inkl. MwSt. zzgl. Versand)", "500.00 CHF", "gross"),
        ("Tous les prix en euros HT", "500.00 EUR", "net"),
        ("Prices in US dollars, excl. VAT", "500.00 USD", "net"),
        ("Alle Preise zzgl. 19 % MwSt.", "500.00 GBP", "net"),
        ("Precios en euros, IVA incluido", "500.00 EUR", "gross"),
        ("USD price list", "500.00 USD", "plain"),
        ("All prices per 100 pcs", "5.00 GBP", "plain"),
        ("Preise je 1.000 Stück", "0.50 GBP", "plain"),
        ("Prices in pence", "5.00 GBP", "plain"),
        ("Prices in thousands of VND", "500000.00 GBP", "plain"),
        ("Prices valid for 30 days", "500.00 GBP", "plain"),
        ("Our PEN SET price list - TRY NOW", "500.00 GBP", "plain"),
        ("Stock list of Joan, EUR pallets", "500.00 GBP", "plain"),
        ("Prices in EUR or USD", "500.00 GBP", "plain"),
    ],
)
def test_a_title_above_the_header_describes_all_prices(title: str, price: str, kind: str) -> None:
    reading = table("Preis;Menge", "500;2", "700;3", currency="GBP", above=f"{title};;;\n;;;\n")
    assert (prices(reading)[0], reading.feed.reading["price"]["kind"]) == (price, kind)
    assert reading.feed.questions == ()


def test_the_title_of_a_workbook_determines_the_currency_of_the_prices() -> None:
    def write(book: Any) -> None:
        rows = book.add_worksheet()
        for number, row in enumerate(
            [["Price list 2026, all prices in CHF"], [], ["sku", "name", "price"], ["A", "Mug", 5]]
        ):
            rows.write_row(number, 0, row)

    reading = read(written(write), "list.xlsx", currency="EUR")
    assert prices(reading) == ["5.00 CHF"]
    assert reading.feed.reading["currency"] == {
        "source": "note", "code": "CHF", "reason": 'the file says "Price list 2026, all prices in CHF"',
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "row", "price"),
    [("Preis", "£5.00", "5.00 GBP"), ("Preis CHF", "5.00", "5.00 CHF"), ("Preis;Währung", "5.00;CHF", "5.00 CHF")],
)
def test_information_beside_a_price_overrides_a_title(header: str, row: str, price: str) -> None:
    assert prices(table(header, row, above="All prices in USD;;;\n")) == [price]


def test_a_title_with_a_currency_name_of_several_words_is_recognised() -> None:
    assert notes_of_titles([["Prices in pounds sterling"]]).currency == "GBP"
    assert notes_of_titles([["Preise in Schweizer Franken"]]).currency == "CHF"
    assert notes_of_titles([["Prices exclude VAT", None]]).kind == "net"
