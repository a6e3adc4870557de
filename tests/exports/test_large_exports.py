"""Tests that a large export is one consistent file, also during changes and crashes, and needs no more memory than a
small export.

`make test` uses few rows. `make faults` uses 1,048,577 rows, which is one more than the maximum of a spreadsheet.
"""

import io
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from python_calamine import CalamineWorkbook

from tests.exports.exporting import content, csv_rows, exported, finished, insert_products, start
from tests.faults.environment import FULL
from tests.faults.jobs import health, signal_workers
from tests.platform import Platform, Tenant, ok
from wecelebrate.core.errors import Unavailable
from wecelebrate.exports import formats
from wecelebrate.exports.columns import Column
from wecelebrate.exports.formats import xlsx
from wecelebrate.exports.models import ExportFormat

pytestmark = pytest.mark.slow

ROWS = 1_048_577 if FULL else 60_000
"""The number of products of a large export."""
SHEET_ROWS = xlsx.MAX_ROWS_PER_SHEET if FULL else 1_000
"""The number of rows in a sheet: 1,000,000 in full size, 1,000 in small size."""
CHANGES = 100 if FULL else 5
"""The number of exports that run while another thread changes products."""
MAX_GROWTH_BYTES = 48 * 1024 * 1024
"""The allowed growth of the peak memory, in bytes, if an export has ten times as many rows."""


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def json_blocks(rows: int) -> Iterator[bytes]:
    for first in range(0, rows, 500):
        numbers = range(first, min(first + 500, rows))
        yield "".join(f'{{"id":"{10**16 + number}","n":{number},"price":"-0.02"}}\n' for number in numbers).encode()


def test_the_rows_after_a_full_sheet_are_on_a_second_sheet() -> None:
    columns = (Column("id", "text"), Column("n", "integer"), Column("price", "amount"))
    rows = ROWS if FULL else 2_001
    out: Any = io.BytesIO()
    assert xlsx.write(out, columns, json_blocks(rows), "UTC", max_rows=SHEET_ROWS) == 0
    book = CalamineWorkbook.from_filelike(io.BytesIO(out.getvalue()))
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    assert [len(sheet) for sheet in sheets] == ([1 + SHEET_ROWS, 1 + rows - SHEET_ROWS] if FULL else [1001, 1001, 2])
    assert {tuple(sheet[0]) for sheet in sheets} == {("id", "n", "price")}
    read = [row for sheet in sheets for row in sheet[1:]]
    assert read == [[str(10**16 + number), float(number), -0.02] for number in range(rows)]


@pytest.mark.parametrize("file_format", ["csv", "ndjson", "xlsx", "parquet"])
@pytest.mark.parametrize("fails", ["rows", "file"])
def test_an_error_while_reading_rows_or_writing_the_file_is_raised_unchanged(
    file_format: ExportFormat, fails: str
) -> None:
    def blocks() -> Iterator[bytes]:
        yield b'{"id": "1"}\n'
        if fails == "rows":
            raise Unavailable("the rows")

    class Refusing(io.BytesIO):
        def write(self, data: Any, /) -> int:
            if fails == "file" and len(data):
                raise Unavailable("the file")
            return super().write(data)

    with pytest.raises(Unavailable, match=f"the {fails}"):
        formats.write(file_format, Refusing(), (Column("id", "text"),), blocks(), {"bom": False, "timezone": "UTC"})  # type: ignore[arg-type]


def test_a_sheet_with_the_maximum_number_of_rows_has_room_for_its_header() -> None:
    assert xlsxwriter.worksheet.Worksheet().xls_rowmax >= xlsx.MAX_ROWS_PER_SHEET + 1


def test_a_number_with_more_than_15_digits_is_exported_as_text() -> None:
    columns = (Column("n", "integer"), Column("price", "amount"))
    block = b'{"n":999999999999999,"price":"9999999999999.99"}\n{"n":1000000000000000,"price":"99999999999999.99"}\n'
    out: Any = io.BytesIO()
    xlsx.write(out, columns, iter([block]), "UTC")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(out.getvalue())).get_sheet_by_index(0).to_python()
    assert rows[1:] == [[999999999999999.0, 9999999999999.99], ["1000000000000000", "99999999999999.99"]]


@pytest.mark.parametrize("file_format", ["csv", "ndjson", "xlsx", "parquet"])
def test_an_export_with_ten_times_as_many_rows_needs_no_more_memory(file_format: str) -> None:
    code = textwrap.dedent(
        """
        import io, json, sys
        from tests.peak_memory import peak_memory
        from wecelebrate.exports import formats
        from wecelebrate.exports.columns import columns_of
        class Sink(io.RawIOBase):
            size = 0
            def writable(self): return True
            def write(self, data): self.size += len(data); return len(data)
        file_format, rows = sys.argv[1], int(sys.argv[2])
        columns = columns_of("order_lines", file_format, ())
        row = {c.name: {"integer": 1, "amount": "1.50", "time": "2026-11-27T15:00:00.123456Z"}.get(c.type, "x" * 30)
               for c in columns}
        line = ("x," * 13 + "x" if file_format == "csv" else json.dumps(row)).encode() + b"\\n"
        sink = Sink()
        formats.write(file_format, sink, columns, (line * 500 for _ in range(rows // 500)),
                      {"bom": False, "timezone": "UTC"})
        print(sink.size, peak_memory())
        """
    )
    is_small_sheet = file_format == "xlsx" and not FULL  # XLSX is slow to write: about 40 µs per cell
    few = 10_000 if is_small_sheet else 150_000  # this is more than one row group of Parquet

    def peak(rows: int) -> int:
        arguments = [sys.executable, "-c", code, file_format, str(rows)]
        size, memory = map(int, subprocess.run(arguments, check=True, capture_output=True, text=True).stdout.split())
        assert size > 1000
        return memory

    assert peak((4 if is_small_sheet else 10) * few) - peak(few) <= MAX_GROWTH_BYTES


def test_an_export_during_changes_contains_one_consistent_state_of_all_products(
    platform: Platform, tenant: Tenant
) -> None:
    ok(
        platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"tier": "enterprise"})
    )  # this tier allows many requests
    count = 45_000  # the export needs three chunks
    insert_products(platform, tenant.catalog_id, count)
    done = threading.Event()

    def change() -> None:
        price = 1
        while not done.is_set():
            price += 1
            platform.arrange(
                "update products set price = %s where catalog_id = %s and sku <= 'P-000500'"
                " or catalog_id = %s and sku > 'P-044500'",
                [price, tenant.catalog_id, tenant.catalog_id],
            )

    changer = threading.Thread(target=change)
    changer.start()
    states = set()
    try:
        for _ in range(CHANGES):
            rows = csv_rows(exported(tenant.owner, "products", "csv"))
            assert len(rows) == count
            (first,) = {row["price"] for row in [*rows[:500], *rows[-500:]]}
            states.add(first)
    finally:
        done.set()
        changer.join()
    assert len(states) > 1


def test_a_killed_worker_leaves_one_complete_file(platform: Platform, tenant: Tenant) -> None:
    insert_products(platform, tenant.catalog_id, ROWS, description="x" * 300)
    kills = 20 if FULL else 2
    # Every attempt ends without progress, so the job needs more attempts than the default allows.
    export_id = start(tenant.owner, "products", "csv")
    job_id = ok(tenant.owner.get(f"/v1/exports/{export_id}"))["job_id"]
    platform.arrange("update jobs set max_attempts = 1000 where id = %s", [job_id])
    killed = 0
    deadline = time.monotonic() + 60 + 10 * kills
    while killed < kills and time.monotonic() < deadline:
        # The progress is read from the database, because reads through the API would use up the limit of the client.
        job = platform.database.execute("select done from jobs where id = %s", [job_id]).fetchone()
        if job and job["done"] and signal_workers(platform, "exports"):
            killed += 1
            platform.arrange("update jobs set leased_until = now(), done = 0 where id = %s", [job_id])
            platform.send("exports", {"job_id": job_id})
        time.sleep(0.02)
    export = finished(tenant.owner, export_id, within=120)
    assert killed, health(platform, "exports")
    rows = csv_rows(content(export))
    assert [row["sku"] for row in rows] == [f"P-{number:06d}" for number in range(1, ROWS + 1)]
    assert export["file"]["rows"] == ROWS
    finished_files = platform.database.execute(
        "select count(*) as n from exports where job_id = %s", [job_id]
    ).fetchone()
    assert finished_files == {"n": 1}
