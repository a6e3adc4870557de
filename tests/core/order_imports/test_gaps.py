"""An order of which a row cannot be read, or may belong to it, is not imported."""

import gzip
import io
from types import SimpleNamespace
from typing import Any, cast

import pytest

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
def test_a_rejected_row_rejects_its_order(row: RawRow, code: str, imported: list[str]) -> None:
    rows = [RawRow(2, CELLS), RawRow(3, CELLS | {"order_number": "B2"}), row]
    job = SimpleNamespace(counts={"read": 0, "rejected": 0}, done=0)
    with open_spool() as spool:
        work = _Import(cast(Any, job), spool, Settings(currency="EUR", status="delivered"))
        work._store(iter(rows), dict.fromkeys(CELLS))
        spool.count_orders()
        numbers = [prepared.assembled.values["order_number"] for chunk in work.chunks() for prepared in chunk]
        codes = {each.code for each in spool.rejections()}
    assert (numbers, codes, job.counts["rejected"]) == (imported, {code, "order_incomplete"}, 2)


def test_a_gzip_file_that_is_cut_off_is_refused() -> None:
    text = "order_number,sku,quantity\n" + "".join(f"A{n},S{n * 7919 % 1009},{n}\n" for n in range(20_000))
    content = gzip.compress(text.encode())
    assert len(list(reading.rows(io.BytesIO(content), "a.csv.gz", columns.known_columns({}), {}))) == 20_000
    with pytest.raises(UnreadableFile, match="incomplete"):
        list(reading.rows(io.BytesIO(content[: len(content) // 2]), "a.csv.gz", columns.known_columns({}), {}))
