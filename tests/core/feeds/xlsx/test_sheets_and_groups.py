"""Tests workbooks whose sheets have the same SKUs, and headers of two rows with merged cells."""

import io

import pytest

from tests.core.feeds import workbooks
from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.proposal import propose

SHEETS = {
    "regions": ["Retail North", "Retail South"],
    "years": ["Preise 2025", "Preise 2026", "Preise 2027"],
    "shops": ["Tienda Lima", "Tienda Cusco"],
}


def workbook(names: list[str]) -> bytes:
    def write(book) -> None:  # type: ignore[no-untyped-def]
        for number, name in enumerate(names):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["SKU", "Name", "Price", "Stock"])
            sheet.write_row(1, 0, ["A-1", "Mug", 9.9 + number, 40 + number])
            sheet.write_row(2, 0, ["B-2", "Jug", 19.9 + number, 7 + number])

    return workbooks.written(write)


@pytest.mark.parametrize("names", SHEETS.values(), ids=SHEETS)
def test_sheets_with_different_prices_of_the_same_skus_lead_to_a_question(names: list[str]) -> None:
    reading = read(workbook(names), "prices.xlsx")
    (question,) = reading.feed.questions
    assert (question.key, [choice.value for choice in question.choices]) == ("sheet", names)
    assert [(item.sku, str(item.price), item.inventory_count) for item in reading.products] == [
        ("A-1", "9.90", 40), ("B-2", "19.90", 7),
    ]  # fmt: skip
    assert {item.code for item in reading.rejected} == {"other_sheet"}
    for number, name in enumerate(names):
        answered = read(workbook(names), "prices.xlsx", {"sheet": name})
        assert answered.feed.questions == ()
        assert [(str(item.price), item.inventory_count) for item in answered.products] == [
            (f"{9.9 + number:.2f}", 40 + number), (f"{19.9 + number:.2f}", 7 + number),
        ]  # fmt: skip


def stocks_workbook(*stocks: list[int], has_price: bool = True) -> bytes:
    def write(book) -> None:  # type: ignore[no-untyped-def]
        for number, counts in enumerate(stocks, 1):
            sheet = book.add_worksheet(f"Sheet {number}")
            sheet.write_row(0, 0, ["SKU", "Name", "Stock", *(["Price"] if has_price else [])])
            for at, count in enumerate(counts):
                sheet.write_row(at + 1, 0, [f"A-{at}", f"Mug {at}", count, *([9.9] if has_price else [])])

    return workbooks.written(write)


@pytest.mark.parametrize("has_price", [True, False])
def test_sheets_with_different_stocks_of_the_same_skus_lead_to_a_question(has_price: bool) -> None:
    book = stocks_workbook([4, 0, 7], [5, 0, 7], has_price=has_price)
    reading = read(book, "stocks.xlsx")
    (question,) = reading.feed.questions
    assert (question.key, question.subject) == ("sheet", "identity")
    assert [choice.value for choice in question.choices] == ["Sheet 1", "Sheet 2"]
    assert "names the warehouse" in question.text
    assert [item.inventory_count for item in reading.products] == [4, 0, 7]
    assert {item.code for item in reading.rejected} == {"other_sheet"}
    answered = read(book, "stocks.xlsx", {"sheet": "Sheet 2"})
    assert answered.feed.questions == ()
    assert [item.inventory_count for item in answered.products] == [5, 0, 7]


def test_a_mapped_price_does_not_answer_the_question_about_stocks() -> None:
    reading = read(stocks_workbook([4, 0], [5, 0]), "stocks.xlsx", {"price": "Price"})
    assert [question.key for question in reading.feed.questions] == ["sheet"]
    both = read(workbook(SHEETS["regions"]), "prices.xlsx", {"price": "Price"})
    assert [question.subject for question in both.feed.questions] == ["identity"]


def test_sheets_that_repeat_the_same_stocks_cause_no_question() -> None:
    assert read(stocks_workbook([4, 0], [4, 0]), "stocks.xlsx").feed.questions == ()


GROUPS = {
    "nl": (
        ["Artikel", "", "Prijzen (EUR)", "", "Voorraad", ""],
        ["Nr", "Naam", "Inkoop", "Verkoop", "Utrecht", "Breda"],
    ),
    "de": (["Artikel", "", "Preise", "", "Bestand", ""], ["Nr", "Name", "EK", "VK", "Wien", "Graz"]),
    "es": (["Artículo", "", "Precio", "", "Stock", ""], ["Ref", "Nombre", "Compra", "Venta", "Lima", "Cusco"]),
}


@pytest.mark.parametrize(("groups", "names"), GROUPS.values(), ids=GROUPS)
def test_places_below_a_merged_stock_name_are_added_up_without_a_question(groups: list[str], names: list[str]) -> None:
    def write(book) -> None:  # type: ignore[no-untyped-def]
        sheet = book.add_worksheet("Lista")
        for column in (0, 2, 4):
            sheet.merge_range(0, column, 0, column + 1, groups[column])
        sheet.write_row(1, 0, names)
        sheet.write_row(2, 0, ["A-1", "Mug", 4.2, 9.9, 3, 2])
        sheet.write_row(3, 0, ["B-2", "Jug", 7.1, 19.9, 0, 4])

    content = workbooks.written(write)
    reading = read(content, "list.xlsx")
    assert reading.feed.questions == ()
    assert [(str(item.price), item.inventory_count) for item in reading.products] == [("9.90", 5), ("19.90", 4)]
    proposal = propose(io.BytesIO(content), "list.xlsx", None, "EUR")
    fields = {field.field: field.columns for field in proposal.fields}
    assert fields["price"][0].endswith(names[3])
    assert fields["inventory_count"] == [f"{groups[4]} {names[4]}", f"{groups[4]} {names[5]}"]
    assert [column.name for column in proposal.columns] == reading.details["columns"]


@pytest.mark.parametrize("header", ["SKU;Name;Price;Lager Wien;Lager Graz", "SKU;Name;Price;Stock Lima;Stock Cusco"])
def test_places_in_a_header_of_one_row_lead_to_a_question(header: str) -> None:
    questions = read(f"{header}\nA-1;Mug;9,90;3;2\nB-2;Jug;19,90;0;4\n").feed.questions
    assert [question.key for question in questions] == ["inventory_count"]
