"""Tests that an error file of a workbook gives the same orders as the original rows after the errors are corrected."""

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.core.feeds.workbooks import written
from wecelebrate.feeds.items import NumberText
from wecelebrate.order_imports import columns, error_files, reading
from wecelebrate.order_imports.assembling import assemble
from wecelebrate.order_imports.spool import Rejection, Row, Spool, open_spool
from wecelebrate.order_imports.values import Settings

HEADER = ["order_number", "created_at", "customer_id", "sku", "quantity", "unit_price", "shipping_postal_code", "name"]
GERMAN = Settings(
    source="shop", currency="EUR", status="delivered", decimal_mark=",", date_format="%d.%m.%Y %H:%M",
    zone=ZoneInfo("Europe/Berlin"),
)  # fmt: skip
ENGLISH = Settings(source="shop", currency="EUR", status="delivered", decimal_mark=".", date_format="%m/%d/%y %I:%M %p")
PLAIN = Settings(source="shop", currency="EUR", status="delivered")


def workbook(book: Any) -> None:
    """Create a workbook whose cells have types and formats."""
    sheet = book.add_worksheet("Orders")
    sheet.write_row(0, 0, HEADER)
    formats = {name: book.add_format({"num_format": name}) for name in ("dd.mm.yyyy hh:mm", "00000", '#,##0.000 "€"')}
    for at in range(1, 4):
        sheet.write_row(at, 0, [f"A{at}", None, 4711])
        sheet.write_datetime(at, 1, datetime(2024, 3, at, 10, 30), formats["dd.mm.yyyy hh:mm"])  # noqa: DTZ001
        sheet.write_number(at, 3, 42, formats["00000"])
        sheet.write_number(at, 4, 1000)
        sheet.write_number(at, 5, 1.25 * at, formats['#,##0.000 "€"'])
        sheet.write_string(at, 6, "01067")
        sheet.write_number(at, 7, 1.5)


def rejected(spool: Spool, content: bytes, name: str) -> list[Mapping[str, str]]:
    """Store the rows of a file as rejected rows. Returns the fields of the columns."""
    header: dict[str, None] = {}
    for row in list(reading.rows(io.BytesIO(content), name, columns.known_columns({}), header)):
        added = spool.add(None, Row(0, row.number, row.cells, row.lines, row.source))
        spool.reject(Rejection(added, "bad", "a reason"))
    return [columns.fields_of(header, {})]


def error_file(content: bytes, name: str, settings: Settings) -> str:
    with open_spool() as spool:
        fields = rejected(spool, content, name)
        return "".join(error_files._csv(spool, fields, settings))


def orders(content: bytes, name: str, settings: Settings) -> list[Mapping[str, Any]]:
    """Return the orders of a file, one for each row."""
    header: dict[str, None] = {}
    rows = list(reading.rows(io.BytesIO(content), name, columns.known_columns({}), header))
    assert all(row.problem is None for row in rows)
    fields: Sequence[Mapping[str, str]] = [columns.fields_of(header, {})]
    return [
        assemble(str(row.number), [Row(0, row.number, row.cells, row.lines)], fields, settings).values for row in rows
    ]


@pytest.mark.parametrize("settings", [GERMAN, ENGLISH, PLAIN], ids=["german", "english", "plain"])
def test_a_corrected_error_file_of_a_workbook_gives_the_same_orders(settings: Settings) -> None:
    content = written(workbook)
    before = orders(content, "orders.xlsx", settings)
    assert before[0]["lines"][0]["sku"] == "00042" and before[0]["lines"][0]["unit_price"] == "1.25"
    after = orders(error_file(content, "orders.xlsx", settings).encode(), "errors.csv", settings)
    assert after == before


def test_an_error_file_contains_the_cells_of_a_workbook_as_excel_displays_them() -> None:
    first = error_file(written(workbook), "orders.xlsx", GERMAN).splitlines()[1]
    assert first == 'A1,01.03.2024 10:30,4711,00042,1000,"1,25 EUR",01067,1.5,2,bad,a reason'


@pytest.mark.parametrize(
    ("cell", "field", "text"),
    [
        (NumberText("1.250"), "unit_price", "1,250"),
        (NumberText("-3.5e2"), "amount", "-350"),
        (NumberText("12.50 EUR"), "total_amount", "12,50 EUR"),
        (NumberText("2.000"), "quantity", "2"),
        ("1.250", "unit_price", "1.250"),
        (NumberText("1.50"), "sku", "1.50"),
        (NumberText("1.50"), None, "1.50"),
        (NumberText("2024-03-01T10:30:15"), "created_at", "2024-03-01T10:30:15"),  # the format has no seconds
        (NumberText("2024-07-01T10:30:00+00:00"), "shipped_at", "01.07.2024 12:30"),
        (NumberText("25%"), "unit_price", "25%"),
        (NumberText(""), "quantity", ""),
    ],
)
def test_a_typed_cell_is_written_in_the_format_of_the_request(cell: str, field: str | None, text: str) -> None:
    assert error_files.text_of(cell, field, GERMAN) == text


def test_a_number_of_a_workbook_is_a_number_in_a_json_error_file() -> None:
    row = Row(1, 2, {"sku": "0042", "unit_price": NumberText("1.250"), "note": NumberText("00042")}, None)
    with open_spool() as spool:
        for each in (Row(0, 1, {"a": "x"}, None, '{"a": "x"}'), row):
            spool.reject(Rejection(spool.add(None, each), "bad", "a reason"))
        _, line = "".join(error_files._ndjson(spool, [{}, {"unit_price": "unit_price"}], GERMAN)).splitlines()
    assert line.startswith('{"sku": "0042", "unit_price": 1.250, "note": "00042", ')
