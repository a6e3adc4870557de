"""Tests that a column of amounts with an unknown name leads to a question. The column is not used without an answer."""

import pytest

from tests.core.feeds.feed_reading import Reading, read


def asked(reading: Reading) -> list[list[str]]:
    """Return the choices of the questions about the price."""
    return [[choice.value for choice in one.choices] for one in reading.feed.questions if one.key == "price"]


def prices(reading: Reading) -> list[str]:
    return [str(product.price) for product in reading.products]


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        ("SKU;Name;L1;L2", "A-1;Tasse;9,90;7,15\nA-2;Topf;24,50;18,00\n", ["", "L1", "L2"]),
        ("SKU;Name;€ (DE);€ (AT)", "A-1;Buch;18,00;18,50\nA-2;Heft;9,95;10,30\n", ["", "€ (DE)", "€ (AT)"]),
        ("SKU;Name;Kxy", "A-1;Tasse;€ 9\nA-2;Topf;€ 24\n", ["", "Kxy"]),
        ("SKU;Name;UVP;Mitnahme", "A-1;Tasse;12,90;9,90\nA-2;Topf;29,90;24,50\n", ["UVP", "Mitnahme"]),
        ("SKU;Name;Aktionspreis;Mitnahme", "A-1;Tasse;9,90;12,90\nA-2;Topf;;29,50\n", ["Aktionspreis", "Mitnahme"]),
    ],
)
def test_amounts_with_an_unknown_name_lead_to_a_question_without_a_clear_price(
    header: str, rows: str, expected: list[str]
) -> None:
    reading = read(f"{header}\n{rows}")
    assert asked(reading) == [expected]
    answer = expected[-1]
    assert asked(read(f"{header}\n{rows}", mapping={"price": answer})) == []


@pytest.mark.parametrize(
    "header",
    ["SKU;Name;Gewicht", "SKU;Name;Breite cm", "SKU;Name;EK", "SKU;Name;Marge", "SKU;Name;MwSt-Satz",
     "SKU;Name;Grundpreis/kg", "SKU;Name;Rabatt %"],
)  # fmt: skip
def test_weights_rates_and_private_amounts_are_not_choices_of_the_price(header: str) -> None:
    choices = asked(read(f"{header}\nA-1;Tasse;0,45\nA-2;Topf;1,20\n"))
    assert choices in ([], [["", "EK"]])


def test_amounts_beside_a_clear_price_lead_to_no_question() -> None:
    reading = read("SKU;Name;VK brutto;L2\nA-1;Tasse;9,90;7,15\nA-2;Topf;24,50;18,00\n")
    assert (asked(reading), prices(reading)) == ([], ["9.90", "24.50"])


@pytest.mark.parametrize(
    ("cells", "currency", "expected"),
    [
        (("29,90 zł", "1 045,00 zł"), "PLN", ([], ["29.90", "1045.00"])),
        (("29,90", "45,00"), "PLN", ([["", "Cena PL"]], ["None", "None"])),
        (("29,90 €", "45,00 €"), "PLN", ([["", "Cena PL"]], ["None", "None"])),
    ],
)
def test_a_country_price_in_the_catalog_currency_is_used(
    cells: tuple[str, str], currency: str, expected: tuple[list[list[str]], list[str]]
) -> None:
    reading = read(f"SKU;Nazwa;Cena PL\nA-1;Obrus;{cells[0]}\nA-2;Kubek;{cells[1]}\n", currency=currency)
    assert (asked(reading), prices(reading)) == expected


def test_a_currency_symbol_in_square_brackets_is_the_currency_of_the_price() -> None:
    text = "SKU;Título;Preço [R$];Preço promocional\nA-1;Cuia;R$ 59,90;R$ 44,90\nA-2;Rede;R$ 189,00;\n"
    assert prices(read(text, currency="BRL")) == ["59.90", "189.00"]


def test_swedish_amounts_can_have_a_colon_before_the_decimals() -> None:
    text = "Artnr;Benämning;Ca-pris;Vårt pris\nA-1;Häst;349:-;1 329:50\nA-2;Kniv;49:-;39:50\nA-3;Stake;95:-;80:00\n"
    reading = read(text, currency="SEK")
    assert (asked(reading), prices(reading)) == ([], ["1329.50", "39.50", "80.00"])


def test_the_hungarian_gross_price_is_preferred_to_the_offer() -> None:
    text = "Cikkszám;Megnevezés;Br. eladási ár;Akciós ár\nA-1;Kanna;3.990 Ft;\nA-2;Föld;2 350 Ft;1 990 Ft\n"
    assert prices(read(text, currency="HUF")) == ["3990.00", "2350.00"]


@pytest.mark.parametrize("name", ["Basis", "PE", "Einheit", "Preiseinheit", "ME", "Bezug"])
def test_a_price_is_divided_by_a_unit_such_as_eur_per_100_in_any_column(name: str) -> None:
    text = f"Artikel;Bezeichnung;Preis;{name}\nA-1;Schraube;7,00;€/100\nA-2;Bohrer;7,00;€/1\n"
    assert prices(read(text)) == ["0.07", "7.00"]


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (("€/100", "€/Stk"), ["0.07", "7.00"]),
        (("EUR/1000", "EUR/Stück"), ["too_precise", "7.00"]),
        (("€/Stk", "€/Stk"), ["7.00", "7.00"]),
    ],
)
def test_a_price_is_divided_by_a_unit_that_includes_a_currency_symbol_or_code(
    units: tuple[str, str], expected: list[str]
) -> None:
    reading = read(f"Artikel;Bezeichnung;VK netto;Basis\nA-1;Schraube;7,00;{units[0]}\nA-2;Bohrer;7,00;{units[1]}\n")
    assert asked(reading) == []
    assert [item.code if hasattr(item, "code") else str(item.price) for item in reading.items] == expected
    assert [question.key for question in reading.feed.questions] == []


@pytest.mark.parametrize(
    ("cells", "currency", "keys"),
    [
        (("00000450", "00012900"), "EUR", ["minor_units"]),
        (("00000450", "00012900"), "JPY", []),
        (("0450", "1290"), "EUR", []),
        (("450", "12900"), "EUR", []),
    ],
)
def test_integers_with_leading_zeros_lead_to_a_question_about_cents(
    cells: tuple[str, str], currency: str, keys: list[str]
) -> None:
    text = f"PLU;TEXT;PREIS1\n000001;KAFFEE;{cells[0]}\n000002;TASSE;{cells[1]}\n"
    reading = read(text, currency=currency)
    assert [question.key for question in reading.feed.questions] == keys
    if keys:
        assert prices(read(text, mapping={"minor_units": "yes"})) == ["4.50", "129.00"]
        assert prices(read(text, mapping={"minor_units": "no"})) == ["450.00", "12900.00"]
