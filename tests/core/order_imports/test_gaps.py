"""Tests that an order is not imported if one of its rows cannot be read. An unreadable row can also belong to the
previous or the next order.
"""

import gzip
import io
import json
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.core.feeds.workbooks import written
from wecelebrate.feeds.files.csv_rows import MAX_CELL_LENGTH
from wecelebrate.order_imports import columns, reading
from wecelebrate.order_imports.reading import RawRow, UnreadableFile
from wecelebrate.order_imports.run import _Import
from wecelebrate.order_imports.spool import open_spool
from wecelebrate.order_imports.values import Settings

CELLS = {"order_number": "A1", "created_at": "2024-03-01", "sku": "S", "quantity": "1", "unit_price": "1"}


@pytest.mark.parametrize(
    ("row", "code", "imported"),
    [
        (RawRow(4, {}, problem="unreadable"), "bad_row", ["A1"]),
        (RawRow(4, CELLS, problem="too wide"), "bad_row", ["B2"]),
        (RawRow(4, CELLS | {"order_number": " "}), "no_order_number", ["A1"]),
        (RawRow(4, CELLS | {"order_number": "A 1!"}), "bad_order_number", ["A1"]),
    ],
)
def test_an_order_with_a_rejected_row_is_rejected(row: RawRow, code: str, imported: list[str]) -> None:
    rows = [RawRow(2, CELLS), RawRow(3, CELLS | {"order_number": "B2"}), row]
    job = SimpleNamespace(counts={"read": 0, "rejected": 0}, done=0)
    with open_spool() as spool:
        work = _Import(cast(Any, job), spool, Settings(currency="EUR", status="delivered"))
        work._store(iter(rows), dict.fromkeys(CELLS))
        spool.count_orders()
        numbers = [prepared.assembled.values["order_number"] for chunk in work.chunks() for prepared in chunk]
        codes = {each.code for each in spool.rejections()}
    assert (numbers, codes, job.counts["rejected"]) == (imported, {code, "order_incomplete"}, 2)


HEADER = "order_number,created_at,sku,quantity,unit_price"
OTHERS = [f"{number},2024-03-01,S,1,1" for number in (1000, 1001, 1001, 1002)]
"""The row of one order, two rows of a second order, and the row of a third order. The tests add the first row of the
second order.
"""


def csv_file(first_row: str) -> tuple[str, bytes]:
    return "a.csv", "\n".join([HEADER, OTHERS[0], first_row, *OTHERS[1:]]).encode()


def ndjson_file(first_row: str) -> tuple[str, bytes]:
    lines = [json.dumps(dict(zip(HEADER.split(","), row.split(","), strict=True))) for row in OTHERS]
    return "a.ndjson", "\n".join([lines[0], first_row, *lines[1:]]).encode()


def workbook_file() -> tuple[str, bytes]:
    def write(book: Any) -> None:
        sheet = book.add_worksheet()
        for at, row in enumerate([HEADER, OTHERS[0], OTHERS[1], *OTHERS[1:]]):
            sheet.write_row(at, 0, row.split(","))
        sheet.write_formula(2, 0, "=A99", None, "#REF!")

    return "a.xlsx", written(write)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        csv_file('"1001,2024-03-01,S,2,1'),
        csv_file(f"1001,2024-03-01,{'S' * (MAX_CELL_LENGTH + 1)},2,1"),
        csv_file(",2024-03-01,S,2,1"),
        csv_file("10 01!,2024-03-01,S,2,1"),
        csv_file(",2024-03-01,S,2,1\n,2024-03-01,S,2,1"),
        ndjson_file('{"order_number": "1001", "sku": "S", "sku": "T", "quantity": 2}'),
        workbook_file(),
    ],
    ids=["quote", "long", "blank", "bad", "two", "key", "formula"],
)
def test_an_order_is_not_imported_without_its_first_row(name: str, content: bytes) -> None:
    job = SimpleNamespace(counts=Counter(), done=0, check_lease=lambda: None)
    with open_spool() as spool:
        work = _Import(cast(Any, job), spool, Settings(currency="EUR", status="delivered"))
        header: dict[str, None] = {}
        work._store(reading.rows(io.BytesIO(content), name, columns.known_columns({}), header), header)
        spool.count_orders()
        numbers = [prepared.assembled.values["order_number"] for chunk in work.chunks() for prepared in chunk]
        codes = Counter(each.code for each in spool.rejections())
    assert numbers == ["1002"]
    assert codes["order_incomplete"] == 3 and codes.total() == job.counts["rejected"] == job.counts["read"] - 1


def names_of(*rows: dict[str, str], stated: dict[str, str] | None = None) -> list[str]:
    """Import NDJSON objects. Return the customer name of each order."""
    head = {"created_at": "2024-03-01", "sku": "S", "quantity": 1, "unit_price": 1}
    text = "\n".join(json.dumps({"order_number": f"A{at}"} | head | row) for at, row in enumerate(rows))
    job = SimpleNamespace(counts=Counter(), done=0, check_lease=lambda: None)
    settings = Settings(currency="EUR", status="delivered", columns=stated or {})
    with open_spool() as spool:
        work = _Import(cast(Any, job), spool, settings)
        header: dict[str, None] = {}
        read = reading.rows(io.BytesIO(text.encode()), "a.ndjson", columns.known_columns(settings.columns), header)
        work._store(read, header)
        spool.count_orders()
        return [each.assembled.values["customer_name"] for chunk in work.chunks() for each in chunk]


def test_two_columns_for_one_field_in_ndjson_are_refused_without_a_choice() -> None:
    assert names_of({"customer": "Ann"}, {}, {"customer": "Bob", "customer_email": "bob@example.com"}) == [
        "Ann", "", "Bob",
    ]  # fmt: skip
    with pytest.raises(columns.AmbiguousColumns, match="`customer_name` could be in the column `customer`, and later"):
        names_of({"customer": "Ann"}, {"customer_name": "Bob"})
    rows: list[dict[str, str]] = [{"customer": "Ann"}, {"customer": "Acme", "customer_name": "Bob"}]
    assert names_of(*rows, stated={"customer_name": "customer"}) == ["Ann", "Acme"]


def test_a_truncated_gzip_file_is_refused() -> None:
    text = "order_number,sku,quantity\n" + "".join(f"A{n},S{n * 7919 % 1009},{n}\n" for n in range(20_000))
    content = gzip.compress(text.encode())
    assert len(list(reading.rows(io.BytesIO(content), "a.csv.gz", columns.known_columns({}), {}))) == 20_000
    with pytest.raises(UnreadableFile, match="incomplete"):
        list(reading.rows(io.BytesIO(content[: len(content) // 2]), "a.csv.gz", columns.known_columns({}), {}))
