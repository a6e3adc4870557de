"""Tests that an order file is read as a plain table. The value of each cell is exactly the text of the cell."""

import gzip
import io
import json
import tracemalloc
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from tests.core.feeds.workbooks import table, written
from tests.faults.environment import FULL
from wecelebrate.feeds.items import NumberText
from wecelebrate.order_imports import columns, reading
from wecelebrate.order_imports.reading import RawRow, UnreadableFile

HEADER = ["order_number", "created_at", "customer_name", "sku", "quantity", "unit_price"]


def read(content: bytes, name: str = "orders.csv", stated: Mapping[str, str] | None = None) -> list[RawRow]:
    """Return the rows of a file."""
    return list(reading.rows(io.BytesIO(content), name, columns.known_columns(stated or {}), {}))


def lines(*rows: list[str]) -> bytes:
    return "".join(",".join(row) + "\n" for row in rows).encode()


def column(rows: list[RawRow], name: str) -> list[str | None]:
    return [row.cells.get(name) for row in rows]


@pytest.mark.parametrize("name", ["Sama", "Same", "dto.", "idem", "↑", "Igual", "Do."])
@pytest.mark.parametrize("is_workbook", [False, True])
def test_the_word_ditto_does_not_repeat_the_value_of_the_row_above(name: str, is_workbook: bool) -> None:
    rows = [HEADER, ["A1", "2024-03-01", "Ann", "MUG", "1", "2.00"], ["A2", "2024-03-01", name, "MUG", "1", "2.00"]]
    content = table(*rows) if is_workbook else lines(*rows)
    assert column(read(content), "customer_name") == ["Ann", name]


def test_a_row_that_contains_column_names_does_not_affect_other_rows() -> None:
    first = ["A1", "2024-03-01", "Ann", "MUG", "1", "2.00"]
    other = ["sku", "quantity", "unit_price", "order_number", "created_at", "customer_name"]
    rows = read(lines(HEADER, first, other, ["A2", *first[1:]]))
    assert column(rows, "order_number") == ["A1", "sku", "A2"]
    assert column(rows, "customer_name") == ["Ann", "unit_price", "Ann"]


def test_a_row_with_instructions_or_units_is_an_ordinary_row() -> None:
    header = ["order_number", "name", "quantity", "unit_price", "notes"]
    rows = read(
        lines(header, ["required", "max. 80 characters", "number", "EUR", "optional"], ["A1", "M", "1", "2", ""])
    )
    assert column(rows, "order_number") == ["required", "A1"]


def test_a_table_below_lines_with_other_text_is_read() -> None:
    head = [["Order no: 17"], ["Date: 2024-03-01"], ["Customer: Ann"]]
    rows = read(lines(*head, ["order_number", "pos", "quantity", "line total"], ["A1", "1", "2", "3.00"]))
    assert [(row.number, row.cells["order_number"]) for row in rows] == [(5, "A1")]


def test_the_row_with_a_column_name_of_the_request_is_the_header() -> None:
    rows = read(b"Bericht;;\n\nBelegnr;Datum;Wer\n4711;01.03.2024;Ann\n", stated={"order_number": "Belegnr"})
    assert [row.cells for row in rows] == [{"Belegnr": "4711", "Datum": "01.03.2024", "Wer": "Ann"}]


@pytest.mark.parametrize("end", ["", "\n"])
def test_an_unclosed_quote_at_the_end_of_the_file_rejects_its_row(end: str) -> None:
    content = lines(HEADER, ["A1", "2024-03-01", "Ann", "MUG", "1", "2.00"]) + f'A2,2024-03-01,"Bob{end}'.encode()
    first, last = read(content)
    assert first.problem is None
    assert last.problem is not None and "quote" in last.problem
    assert last.cells["order_number"] == "A2"


def test_an_unclosed_quote_rejects_only_one_row() -> None:
    rows = [["A1", "2024-03-01", '"Ann', "MUG", "1", "2.00"], ["A2", "2024-03-01", "Bob", "MUG", "1", "2.00"]]
    broken, intact = read(lines(HEADER, *rows))
    assert (broken.problem is None, broken.cells["order_number"]) == (False, "A1")
    assert (intact.problem, intact.cells["customer_name"]) == (None, "Bob")


def test_json_in_a_cell_keeps_its_quotes() -> None:
    cell = '"{""note"": ""say \\""hi\\"", Ann""}"'
    rows = read(lines(["order_number", "sku", "quantity", "metadata"], *[["A1", "S", "1", cell]] * 3))
    assert column(rows, "metadata") == ['{"note": "say \\"hi\\", Ann"}'] * 3
    escaped = read(lines(["order_number", "name", "quantity"], *[["A1", '"6\\" pipe, long"', "1"]] * 3))
    assert column(escaped, "name") == ['6" pipe, long'] * 3


def test_only_apostrophes_that_exports_add_are_removed() -> None:
    names = ["'s-Hertogenbosch", "'t Hooft", "'=Ann", "''=Ann", "'+49 1", "'"]
    rows = read(lines(HEADER, *[["A1", "2024-03-01", name, "S", "1", "2"] for name in names]))
    assert column(rows, "customer_name") == ["'s-Hertogenbosch", "'t Hooft", "=Ann", "'=Ann", "+49 1", "'"]


@pytest.mark.parametrize("is_packed", [False, True])
def test_json_numbers_keep_their_exact_text_in_plain_and_compressed_files(is_packed: bool) -> None:
    text = (
        b'{"order_number": 17, "total_amount": 1.250, "items": [{"quantity": 2, "sku": "1.50"}]}\n{"order_number": 18}'
    )
    rows = read(gzip.compress(text) if is_packed else text, "orders.ndjson")
    assert [(row.number, row.cells, row.lines) for row in rows] == [
        (1, {"order_number": "17", "total_amount": "1.250"}, ({"quantity": "2", "sku": "1.50"},)),
        (2, {"order_number": "18"}, None),
    ]
    assert isinstance(rows[0].cells["total_amount"], NumberText)
    assert rows[0].lines and not isinstance(rows[0].lines[0]["sku"], NumberText)


def test_a_file_that_is_not_a_table_is_refused() -> None:
    for content in (b"<orders><order/></orders>", b"%PDF-1.7", b" \n"):
        with pytest.raises(UnreadableFile):
            read(content)


def test_a_file_that_is_too_large_after_decompression_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_UNPACKED_BYTES", 1 << 20)
    content = lines(HEADER, *[[f"A{n}", "2024-03-01", "Ann", "MUG", "1", "2.00"] for n in range(60_000)])
    with pytest.raises(UnreadableFile, match=r"unpacks to more than 1 MB. Split it"):
        read(gzip.compress(content), "orders.csv.gz")


def test_a_row_with_bytes_in_another_encoding_is_rejected() -> None:
    good = ["A1", "2024-03-01", "Café Größe Ünïcode Ærø Ååå", "MUG", "1", "2.00"]
    content = lines(HEADER, *[good] * 20) + b"A2,2024-03-01,Caf\xe9,MUG,1,2.00\n"
    assert [row.problem is None for row in read(content)] == [True] * 20 + [False]


def workbook_of_a_person(book: Any) -> None:
    """Write a workbook as a person would: a title, merged cells, formats, a formula with an error, and a legend."""
    sheet = book.add_worksheet("Orders")
    sheet.write(0, 0, "Orders of 2024")
    sheet.write_row(2, 0, HEADER)
    sheet.write_row(3, 0, ["A1", None, "Ann", "MUG", 1000])
    sheet.write_datetime(
        3, 1, datetime.fromisoformat("2024-03-01T10:30"), book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
    )
    sheet.write_number(3, 5, 1.25, book.add_format({"num_format": '#,##0.00 "€"'}))
    sheet.merge_range(4, 0, 5, 0, "A2")
    sheet.write_row(4, 3, ["X", 1, 2])
    sheet.write(5, 3, "Y")
    sheet.merge_range(5, 4, 6, 4, 3)
    sheet.write_row(6, 0, ["A3", None, "Sama", "Z"])
    sheet.write_formula(6, 5, "=1/0", None, "#DIV/0!")
    legend = book.add_worksheet("Legend")
    legend.write_row(0, 0, ["name", "description"])
    legend.write_row(1, 0, ["Ann", "a customer"])


def test_workbook_cells_are_read_as_a_spreadsheet_program_displays_them() -> None:
    rows = read(written(workbook_of_a_person), "orders.xlsx")
    assert [row.number for row in rows] == [4, 5, 6, 7]
    assert column(rows, "order_number") == ["A1", "A2", "A2", "A3"]
    assert column(rows, "created_at")[0] == "2024-03-01T10:30:00"
    assert column(rows, "unit_price") == ["1.25 EUR", "2", None, None]
    # The quantity in merged cells is read only in the first row.
    assert column(rows, "quantity") == ["1000", "1", "3", None]
    assert isinstance(rows[0].cells["quantity"], NumberText) and isinstance(rows[0].cells["created_at"], NumberText)
    assert [list(row.flaws) for row in rows] == [[], [], [], ["unit_price"]]


def test_an_order_sheet_with_ambiguous_columns_is_not_ignored() -> None:
    def write(book: Any, *headers: list[str]) -> None:
        for header in headers:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, header)
            sheet.write_row(1, 0, [f"A{len(header)}", "2024-03-01", "Ann", "MUG", 1, 2, "x", "y"][: len(header)])

    further = [*HEADER, "email", "billing email"]
    with pytest.raises(columns.AmbiguousColumns, match="`customer_email` could be in each of"):
        read(written(lambda book: write(book, HEADER, further)))
    with pytest.raises(columns.AmbiguousColumns, match="`order_number` could be in each of"):
        read(written(lambda book: write(book, HEADER, ["order no", "order id", *HEADER[1:]])))
    stated = {"customer_email": "email"}
    with pytest.raises(UnreadableFile, match="several sheets"):
        read(written(lambda book: write(book, HEADER, further)), stated=stated)
    assert column(read(written(lambda book: write(book, further)), stated=stated), "email") == ["x"]
    # A sheet that contains no orders is ignored.
    assert column(read(written(lambda book: write(book, ["email", "billing email"], HEADER))), "sku") == ["MUG"]


def test_several_order_sheets_are_read_only_if_their_columns_are_equal() -> None:
    def write(book: Any, *headers: list[str]) -> None:
        for number, header in enumerate(headers):
            sheet = book.add_worksheet(f"Sheet {number}")
            sheet.write_row(0, 0, header)
            sheet.write_row(1, 0, [f"A{number}", "2024-03-01", "Ann", "MUG", 1, 2])

    assert column(read(written(lambda book: write(book, HEADER, HEADER))), "order_number") == ["A0", "A1"]
    with pytest.raises(UnreadableFile, match="several sheets"):
        read(written(lambda book: write(book, HEADER, ["order_number", "sku", "quantity"])))


ORDERS = 50_000 if FULL else 20_000
"""The number of orders in the list of the memory test. The list has 30 MB in a full run, and otherwise 12 MB."""


def item(number: int) -> str:
    return f'{{"order_number": "A{number}", "total_amount": 1.250, "items": [{{"sku": "{"x" * 500}", "quantity": 1}}]}}'


def test_a_json_list_of_any_size_is_read_with_bounded_memory() -> None:
    content = ("[" + ",\n".join(map(item, range(ORDERS))) + "]").encode()
    assert len(content) > ORDERS * 530
    stream = io.BytesIO(content)
    tracemalloc.start()
    try:
        count = 0
        for count, row in enumerate(reading.rows(stream, "orders.json", columns.known_columns({}), {}), start=1):
            assert (row.number, row.cells["total_amount"], row.problem) == (count, "1.250", None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == ORDERS
    assert peak < 10 << 20


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[{"order_number": "A1"}', "it is incomplete"),
        ('[{"order_number": "A1"},', "it is incomplete"),
        ('[{"order_number": "A1"}, {"order_num', "it is incomplete"),
        ('[{"order_number": "A1"} {"order_number": "A2"}]', "a comma is missing"),
        ('[{"order_number": "A1"}] x', "the list is followed by"),
        ('[{"order_number": "A1", "order_number": "A2"}]', "an object has the same key twice"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_json_list_is_refused_completely(text: str, problem: str) -> None:
    with pytest.raises(UnreadableFile, match=problem):
        read(text.encode(), "orders.json")


@pytest.mark.parametrize("text", ["[]", " [ ] \n", '\ufeff[{"order_number": "A1"}]\n', '[{"order_number": 1e0}, 7]'])
def test_a_json_list_has_a_row_for_each_item(text: str) -> None:
    assert [row.number for row in read(text.encode(), "orders.json")] == list(
        range(1, 1 + len(json.loads(text.strip("\ufeff"))))
    )
