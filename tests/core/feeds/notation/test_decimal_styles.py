"""Tests which character is the decimal separator of a file, and when a question is asked."""

import pytest

from tests.core.feeds.feed_reading import Reading, read
from tests.core.feeds.workbooks import table
from wecelebrate.feeds.notation.shapes import Shape, Tally, shape_of


def prices(*cells: str, header: str = "sku;price", currency: str = "EUR", **options: object) -> Reading:
    rows = "".join(f"A{number};{cell}\n" for number, cell in enumerate(cells))
    return read(f"{header}\n{rows}", currency=currency, **options)  # type: ignore[arg-type]


def amounts(reading: Reading) -> list[str]:
    assert not reading.rejected, reading.rejected
    return [f"{product.price:f}" for product in reading.products]


def questions(reading: Reading) -> list[tuple[str, str, list[str]]]:
    return [
        (question.key, question.subject, [choice.value for choice in question.choices])
        for question in reading.feed.questions
    ]


@pytest.mark.parametrize(
    ("cell", "shape"),
    [
        ("12,50", Shape(",", None, "50", 2)),
        ("0,990", Shape(",", None, "990", 1)),
        ("1299.000", Shape(".", None, "000", 4)),
        ("1.234,56", Shape(",")),
        ("1.234.567", Shape(",")),
        ("1,00,000", Shape(".")),
        ("12,-", Shape(",")),
        ("1.299,-", Shape(",")),
        ("1 299.000", Shape(".", None, "000", 4)),
        ("1'299.000", Shape(".", None, "000", 4)),
        ("1.299", Shape(None, ".", "299", 1)),
        ("kr. 1.299", Shape(None, ".", "299", 1)),
        ("150.000 ₫", Shape(None, ".", "000", 3)),
        ("349", Shape(None, None, "", 3)),
        ("149:-", Shape(None, None, "", 3)),
        ("2026-01-31", None),
        ("Mug", None),
        ("", None),
        ("1.2.3", None),
    ],
)
def test_the_decimal_separator_of_a_number_is_recognised_or_unclear(cell: str, shape: Shape | None) -> None:
    assert shape_of(cell) == shape


@pytest.mark.parametrize(
    ("cells", "currency", "expected"),
    [
        # The number of decimals of the currency decides.
        (["1.299"], "EUR", ["1299.00"]),
        (["2,499", "1,050"], "USD", ["2499.00", "1050.00"]),
        (["1.250", "3.990"], "HUF", ["1250.00", "3990.00"]),
        (["150.000 ₫", "90.000 ₫"], "VND", ["150000", "90000"]),
        (["1,200"], "JPY", ["1200"]),
        (["12.000", "7.500"], "CLP", ["12000", "7500"]),
        (["150.000"], "IDR", ["150000.00"]),
        (["12,500", "3,250"], "TND", ["12.500", "3.250"]),
        (["12.500", "0.750"], "KWD", ["12.500", "0.750"]),
        # Clear values of the column decide.
        (["1.250", "12,50"], "EUR", ["1250.00", "12.50"]),
        (["1,250", "12.50"], "EUR", ["1250.00", "12.50"]),
        (["1.250", "0,990"], "EUR", ["1250.00", "0.99"]),
        (["12.000", "1299.000"], "EUR", ["12.00", "1299.00"]),
        (["1.250,-", "12.000"], "EUR", ["1250.00", "12000.00"]),
        (["1.250", "1.234.567"], "EUR", ["1250.00", "1234567.00"]),
        # Values without a separator decide.
        (["1.250", "350"], "EUR", ["1250.00", "350.00"]),
        (["1.290 €", "349 €"], "EUR", ["1290.00", "349.00"]),
        (["1,250", "350"], "USD", ["1250.00", "350.00"]),
        (["12,000", "350"], "TND", ["12000.000", "350.000"]),
    ],
)  # fmt: skip
def test_the_decimal_separator_follows_from_the_values(cells: list[str], currency: str, expected: list[str]) -> None:
    reading = prices(*cells, currency=currency)
    assert (amounts(reading), questions(reading)) == (expected, [])


def test_the_currency_of_a_price_is_read_from_its_cell_or_row() -> None:
    reading = read("sku;price;currency\nA;12,500;KWD\nB;3,250;KWD\n")
    assert (amounts(reading), reading.feed.questions) == (["12.500", "3.250"], ())
    assert amounts(prices("3.990 Ft", "12.000 Ft")) == ["3990.00", "12000.00"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Artikelnr;Preis;Gewicht\nA;1.250;0,75\nB;12.000;1,5\n", ["1250.00", "12000.00"]),
        ("sku;price;length (cm)\nA;1.250;10.5\nB;12.000;7.25\n", ["1.25", "12.00"]),
        ("sku;price;MwSt\nA;1.250;7,7\nB;12.000;19,0\n", ["1250.00", "12000.00"]),
        ("sku;price;EK\nA;1.250;900,50\nB;12.000;10,00\n", ["1250.00", "12000.00"]),
        ("sku;price;stock\nA;1.250;2,5\nB;12.000;10\n", ["1250.00", "12000.00"]),
    ],
)
def test_another_numeric_column_can_determine_the_decimal_separator(text: str, expected: list[str]) -> None:
    reading = read(text)
    assert (amounts(reading), reading.feed.questions) == (expected, ())
    assert reading.feed.reading["decimal"]["by"] == "other columns"


@pytest.mark.parametrize("column", ["HS code", "Zolltarifnummer", "Version", "eClass", "Datum"])
def test_codes_and_dates_do_not_determine_the_decimal_separator(column: str) -> None:
    reading = read(f"sku;price;{column}\nA;1.250;6911,10\nB;12.000;6911,90\n")
    assert questions(reading) == [("decimal", "money", [",", "."])] or questions(reading) == [
        ("decimal", "money", [".", ","])
    ]


def test_language_and_position_of_the_currency_symbol_determine_the_separator() -> None:
    german = read("Artikelnummer;Bezeichnung;Preis\nA;Tasse;1.250 €\nB;Topf;12.000 €\n")
    assert (amounts(german), german.feed.questions) == (["1250.00", "12000.00"], ())
    english = read("sku;name;price\nA;Mug;$1,250\nB;Pot;$12,000\n", currency="USD")
    assert (amounts(english), english.feed.questions) == (["1250.00", "12000.00"], ())
    assert german.feed.reading["decimal"]["by"] == english.feed.reading["decimal"]["by"] == "language"
    assert read("Codice;Nome;Prezzo\nA;Tazza;€ 1.250\nB;Vaso;€ 12.000\n").feed.questions


@pytest.mark.parametrize(
    ("text", "first", "seen"),
    [
        ("Artikelnummer;Bezeichnung;Preis\nA;Tasse;1.250\nB;Topf;12.000\n", ",", ("1.250", "12.000")),
        ("sku;name;price\nA;Mug;1.250\nB;Pot;12.000\n", ".", ("1.250", "12.000")),
        ("sku;name;price\nA;Mug;1,250\n", ".", ("1,250",)),
        ("Référence;Désignation;Prix\nA;Tasse;1.250\n", ",", ("1.250",)),
        ("Tuotenumero;Nimi;Hinta\nA;Muki;1.250\n", ",", ("1.250",)),
        # Files with both separators, or with one unclear value.
        ("sku;price\nA;12,50\nB;13.90\nC;1.250\n", ".", ("1.250", "12,50", "13.90")),
        ("sku;price\nA;12.50\nB;1.299\n", ".", ("1.299", "12.50")),
    ],
)
def test_unclear_prices_lead_to_a_question_with_the_values_of_the_file(
    text: str, first: str, seen: tuple[str, ...]
) -> None:
    (question,) = read(text).feed.questions
    assert (question.key, question.subject, question.choices[0].value) == ("decimal", "money", first)
    assert {choice.value for choice in question.choices} == {",", "."}
    assert question.seen == seen
    assert seen[0] in question.text
    assert all(choice.examples for choice in question.choices)


def test_each_choice_of_a_question_shows_the_resulting_values() -> None:
    (question,) = prices("1.250", "12.000").feed.questions
    examples = {choice.value: choice.examples for choice in question.choices}
    assert examples == {
        ",": ("1.250 → 1250.00", "12.000 → 12000.00"),
        ".": ("1.250 → 1.25", "12.000 → 12.00"),
    }


@pytest.mark.parametrize(("mark", "expected"), [(",", ["1250.00", "12000.00"]), (".", ["1.25", "12.00"])])
def test_a_mapped_decimal_separator_leads_to_no_question(mark: str, expected: list[str]) -> None:
    reading = prices("1.250", "12.000", mapping={"decimal": mark})
    assert (amounts(reading), questions(reading)) == (expected, [])


def test_the_first_choice_is_used_until_a_question_is_answered() -> None:
    assert amounts(read("Artikelnummer;Preis\nA;1.250\n")) == ["1250.00"]


def test_mixed_decimal_separators_lead_to_no_question_if_all_values_are_clear() -> None:
    reading = prices("12,50", "13.90", "1.234,50")
    assert (amounts(reading), questions(reading)) == (["12.50", "13.90", "1234.50"], [])


def test_prices_with_fractions_of_a_cent_are_rejected_and_not_read_as_thousands() -> None:
    reading = prices("0.0125", "1.299", "12.50")
    assert [item.code for item in reading.rejected] == ["too_precise", "too_precise"]
    assert not reading.feed.questions


@pytest.mark.parametrize(
    ("cells", "expected", "asked"),
    [
        (["12,000", "3,500", "8,000"], [12, 3, 8], True),
        (["1.234", "5"], [1234, 5], False),
        (["1,234"], [1234], False),
        (["12,000", "3,500", "1.250"], None, True),
        (["12,000", "7"], [12000, 7], False),
        (["1.000,000", "12,000"], [1000, 12], False),
        (["12,0", "3,500"], [12, 3], False),
    ],
)
def test_decimal_separators_of_quantities_are_detected_like_those_of_prices(
    cells: list[str], expected: list[int] | None, asked: bool
) -> None:
    rows = "".join(f"A{number};{cell}\n" for number, cell in enumerate(cells))
    reading = read(f"Artikelnummer;Bestand\n{rows}")
    assert [key for key, _, _ in questions(reading)] == ["decimal"] * asked
    assert all(subject == "other" for _, subject, _ in questions(reading))
    if expected is not None:
        assert [product.inventory_count for product in reading.products] == expected


def test_unclear_quantities_are_read_with_the_decimal_separator_of_the_prices() -> None:
    reading = read("sku;price;stock\nA;12,50;12,000\nB;3,00;1,000\n")
    assert ([product.inventory_count for product in reading.products], reading.feed.questions) == ([12, 1], ())
    reading = read("sku;price;stock\nA;12.50;12,000\nB;3.00;1,000\n")
    assert [product.inventory_count for product in reading.products] == [12000, 1000]


def test_the_whole_file_is_checked_if_the_separator_is_unclear_in_the_sample() -> None:
    rows = "".join(f"A{number};1.{number % 9 + 1}50;{'x' * 90}\n" for number in range(5_000))
    unclear = read(f"Artikelnummer;Preis;Text\n{rows}")
    assert [question.key for question in unclear.feed.questions] == ["decimal"]
    decided = read(f"Artikelnummer;Preis;Text\n{rows}B;12,50;\n")
    assert (decided.feed.questions, f"{decided.products[0].price}") == ((), "1150.00")
    late = read("Artikelnummer;Preis;Text\n" + f"A;349;{'x' * 90}\n" * 5_000 + "B;1.250;x\n")
    assert f"{late.products[-1].price}" == "1250.00"


def test_only_text_cells_of_a_workbook_can_have_an_unclear_separator() -> None:
    stored = read(table(["sku", "price"], ["A", 1.25], ["B", 12], ["C", 1.5]), "list.xlsx")
    assert (amounts(stored), stored.feed.questions) == (["1.25", "12.00", "1.50"], ())
    texts = read(table(["sku", "price"], ["A", "1.250"], ["B", "12.000"]), "list.xlsx")
    assert [question.key for question in texts.feed.questions] == ["decimal"]


def test_a_json_number_has_a_decimal_point() -> None:
    reading = read('[{"sku": "A", "price": 1.250}, {"sku": "B", "price": 12.000}]', "feed.json")
    assert (amounts(reading), reading.feed.questions) == (["1.25", "12.00"], ())
    texts = read('[{"sku": "A", "price": "1.250"}, {"sku": "B", "price": "12.000"}]', "feed.json")
    assert [question.key for question in texts.feed.questions] == ["decimal"]


def test_the_description_states_why_a_decimal_separator_was_chosen() -> None:
    decimal = prices("12,90", "1.250").feed.reading["decimal"]
    assert decimal == {"mark": ",", "by": "values", "reason": "1 values like 12,90"}


def test_a_tally_counts_the_number_formats_of_a_column() -> None:
    tally = Tally()
    for cell in ("1.299", "12,50", "349", "5000", "Mug", "5 €"):
        tally.add(cell, "EUR")
    assert (tally.filled, tally.numbers, tally.plain, tally.long_plain) == (6, 5, 2, 1)
    assert (tally.unclear, tally.decimals, tally.forced_groups) == (
        {",": 0, ".": 1},
        {",": 1, ".": 0},
        {",": 0, ".": 1},
    )
    assert (tally.sign_before, tally.sign_after) == (0, 1)
