"""Tests the spool, which groups the rows of a file by order with limited disk space and memory."""

import json
import subprocess
import sys

import pytest

from wecelebrate.feeds.items import NumberText
from wecelebrate.order_imports import error_files
from wecelebrate.order_imports import spool as spools
from wecelebrate.order_imports.objects import cells_and_lines, parsed, written
from wecelebrate.order_imports.spool import Rejection, Row, Spool, SpoolFull, open_spool
from wecelebrate.order_imports.values import Settings


def row(number: int, **cells: str) -> Row:
    return Row(0, number, cells, None)


def object_row(number: int, source: str) -> Row:
    cells, lines = cells_and_lines(parsed(source))
    return Row(0, number, cells, lines, source)


def test_the_spool_returns_all_rows_and_cells_of_an_order_together() -> None:
    with open_spool() as spool:
        spool.add("A", row(2, a="x", b=NumberText("1.50")))
        spool.add("B", row(3, b="y\ud800", c="Größe"))
        spool.add("A", row(4, c="z"))
        assert spool.count_orders() == 2
        groups = list(spool.orders())
    assert [(group.key, [(each.number, each.raw) for each in group.rows]) for group in groups] == [
        ("A", [(2, {"a": "x", "b": "1.50"}), (4, {"c": "z"})]), ("B", [(3, {"b": "y\ud800", "c": "Größe"})]),
    ]  # fmt: skip
    assert isinstance(groups[0].rows[0].raw["b"], NumberText)


def test_the_spool_returns_json_objects_with_their_lines_and_exact_numbers() -> None:
    source = '{"order_number": 17, "total": 1.250, "items": [{"sku": "1", "quantity": 2e0}]}'
    with open_spool() as spool:
        spool.add("17", object_row(1, source))
        spool.count_orders()
        ((only,),) = [group.rows for group in spool.orders()]
    assert (only.raw, only.lines) == ({"order_number": "17", "total": "1.250"}, ({"sku": "1", "quantity": "2e0"},))
    assert isinstance(only.raw["total"], NumberText) and written(parsed(source)) == source


def test_the_rows_of_a_too_large_order_are_only_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spools, "MAX_GROUP_ROWS", 3)
    with open_spool() as spool:
        for number in range(4):
            spool.add("A", row(number, a="x"))
        spool.add("B", row(9, a="x"))
        spool.count_orders()
        assert [(group.count, len(group.rows)) for group in spool.orders()] == [(4, 0), (1, 1)]
        spool.reject_order(1, "too_many_lines", "reason")
        assert [each.row.number for each in spool.rejections()] == [0, 1, 2, 3]


def test_the_import_fails_with_a_clear_error_if_the_rows_exceed_the_disk_limit() -> None:
    with open_spool(1 << 20) as spool, pytest.raises(SpoolFull, match=r"more than 1 MB .* Split the file"):
        for number in range(100_000):
            spool.add(f"A{number}", row(number, a="x" * 100))


FULL_DISK = """
import resource, sys
from wecelebrate.order_imports.spool import Rejection, Row, SpoolFull, full_disks, open_spool
with open_spool() as spool:
    spool.add("A0", Row(0, 1, {"a": "x"}, None))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    try:
        if sys.argv[1] == "rows":
            for number in range(100_000):
                spool.add(f"A{number}", Row(0, number, {"a": "x" * 100}, None))
        elif sys.argv[1] == "gaps":
            for number in range(1_000_000):
                spool.add_gap(f"A{number}", Rejection(Row(0, number, {}, None), "bad", "a reason"))
        else:
            import tempfile
            with full_disks(), tempfile.TemporaryFile() as file:
                file.write(b"x" * (2 << 20))
    except SpoolFull as error:
        print(error)
"""
"""A script that simulates a worker with a full disk. The script limits the size of each file to 1 MB."""


@pytest.mark.parametrize("part", ["rows", "gaps", "the text of a file"])
def test_the_import_fails_with_a_clear_error_if_the_disk_is_full(part: str) -> None:
    child = subprocess.run([sys.executable, "-c", FULL_DISK, part], capture_output=True, text=True, check=False)
    assert child.stdout.startswith("The disk of the worker is full. Split the file"), child.stderr[-1000:]


def filled(spool: Spool, *rows: Row) -> str:
    """Add the rows to the spool, reject all of them, and return the error file."""
    for each in rows:
        spool.reject(Rejection(spool.add(None, each), "bad", 'the "reason"'))
    write = error_files._ndjson if spool.has_objects else error_files._csv
    parts = write(spool, [{}], Settings())
    return "".join(parts)


def test_the_error_file_of_a_json_file_contains_the_original_objects() -> None:
    source = '{"order_number": 17, "total": 1.250, "items": [{"sku": "é", "quantity": 2}], "wecelebrate_line": 9}'
    with open_spool() as spool:
        first, second = filled(spool, object_row(1, source), row(2, a="1", wecelebrate_code="old")).splitlines()
    added = {"wecelebrate_line": 1, "wecelebrate_code": "bad", "wecelebrate_error": 'the "reason"'}
    assert json.loads(first) == json.loads(source) | added
    assert '"total": 1.250' in first
    assert json.loads(second) == {"a": "1"} | added | {"wecelebrate_line": 2}


def test_the_error_file_of_a_csv_file_is_a_csv_file() -> None:
    with open_spool() as spool:
        text = filled(spool, row(2, a="=x", b="-1"), row(3, c="'s-Hertogenbosch"))
    assert text.splitlines() == [
        "a,b,c,wecelebrate_line,wecelebrate_code,wecelebrate_error",
        "'=x,-1,,2,bad,\"the \"\"reason\"\"\"", ",,'s-Hertogenbosch,3,bad,\"the \"\"reason\"\"\"",
    ]  # fmt: skip
