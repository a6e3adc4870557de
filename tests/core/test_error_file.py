"""Tests that the pages of an error file contain each row exactly once, for any content of the cells."""

import csv
import io
import json
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wecelebrate import feeds
from wecelebrate.core import storage
from wecelebrate.core.errors import NotFound
from wecelebrate.core.formula_quotes import quoted_cells
from wecelebrate.core.pages import MAX_RESPONSE_BYTES
from wecelebrate.ingestion.rejections import error_file
from wecelebrate.ingestion.rejections.error_file import REPORT_COLUMNS
from wecelebrate.order_imports.objects import json_text, report_line

HEADER = ["sku", "name", "note"]
CELLS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('",\r\n;\t=\'"'), max_size=12)
ROWS = st.lists(st.lists(CELLS, min_size=len(HEADER), max_size=len(HEADER)), max_size=12)


def written(rows: list[list[str]], report: tuple[str, ...] = REPORT_COLUMNS) -> bytes:
    """Return an error file. The row at index 0 has the line number 2."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([*HEADER, *report])
    for line, cells in enumerate(rows, 2):
        writer.writerow(
            [*quoted_cells(cells), line, "invalid", f'reason {line}, "quoted"\n', f"S-{line}"][
                : len(HEADER) + len(report)
            ]
        )
    return file.getvalue().encode()


class Stored:
    """An object in S3. The class records the byte positions at which the object is opened."""

    def __init__(self, body: bytes, key: str = "key") -> None:
        self.body, self.key = body, key
        self.positions: list[int] = []

    def open_from(self, bucket: str, key: str, offset: int) -> BinaryIO:
        assert (bucket, key) == ("drops", self.key)
        self.positions.append(offset)
        if offset >= len(self.body):
            raise storage.ObjectGone("key")
        return io.BytesIO(self.body[offset:])


def page(
    stored: Stored, after: int | None, limit: int, *, with_cells: bool = True, with_reasons: bool = True
) -> list[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "open_from", stored.open_from)
        return error_file.rows("drops", stored.key, after, limit, with_cells=with_cells, with_reasons=with_reasons)


def all_rows(stored: Stored, limit: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after = None
    while True:
        read = page(stored, after, limit)
        rows += [json.loads(row["item"]) for row in read[:limit]]
        if len(read) <= limit:
            return rows
        after = read[limit - 1]["after_byte"]


@given(ROWS, st.integers(1, 5))
def test_the_pages_of_an_error_file_contain_each_row_once_with_its_cells(rows: list[list[str]], limit: int) -> None:
    read = all_rows(Stored(written(rows)), limit)
    assert [row["line"] for row in read] == list(range(2, len(rows) + 2))
    assert [list(row["raw"].values()) for row in read] == rows
    assert all(row["sku"] == f"S-{row['line']}" and row["reason"].endswith('"quoted"\n') for row in read)


def test_a_page_reads_only_the_header_and_one_range_of_the_error_file() -> None:
    stored = Stored(written([[f"A-{number}", "x" * 1000, ""] for number in range(500)]))
    after = page(stored, None, 400)[399]["after_byte"]
    assert stored.positions == [0]
    (row, *_) = page(stored, after, 1)
    assert json.loads(row["item"])["line"] == 402
    assert stored.positions == [0, 0, after]


def test_a_caller_without_access_to_the_cells_gets_rows_without_cells() -> None:
    (row,) = page(Stored(written([["A-1", "Mug", "secret"]])), None, 1, with_cells=False)
    assert json.loads(row["item"])["raw"] is None
    assert "secret" not in row["item"]


def test_a_page_ends_before_it_exceeds_the_maximum_size_of_a_response() -> None:
    rows = page(Stored(written([["A", "x" * 900_000, ""]] * 9)), None, 9)
    assert [row["item"] is None for row in rows] == [False] * 6 + [True]
    assert sum(len(row["item"]) for row in rows[:-1]) <= MAX_RESPONSE_BYTES


def test_a_row_that_exceeds_the_maximum_size_of_a_response_gets_a_separate_page() -> None:
    cells = ["x" * 990_000] * 3
    file = Stored(written([cells]).replace(b"name", b"n\xc3\xa4me"))
    assert len(page(file, None, 5)) == 1


def test_an_error_file_of_an_earlier_release_without_a_sku_column_is_read() -> None:
    (row,) = page(Stored(written([["A-1", "Mug", ""]], REPORT_COLUMNS[:-1])), None, 5)
    assert json.loads(row["item"])["sku"] is None
    assert json.loads(row["item"])["raw"] == {"sku": "A-1", "name": "Mug", "note": ""}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"sku,name\n",
        b"hello",
        b"a,b,c,d,e\n1,2\n",
        b"a,b,wecelebrate_line,wecelebrate_code,wecelebrate_error\n1,2,x,c,e\n",
        b"a,b,wecelebrate_line,wecelebrate_code,wecelebrate_error\n1,2," + "\u0663".encode() + b",c,e\n",
        b"a,b,wecelebrate_line,wecelebrate_code,wecelebrate_error\n1,2," + b"9" * 5000 + b",c,e\n",
        b"a,b,c\n" + b'"' + b"x" * 1_100_000 + b'",1,2\n',
        b'a,b,c\n"' + b"y\n" * (error_file.MAX_RECORD_BYTES // 2 + 1),
        b"a,b,c\n" + b"z" * (error_file.MAX_RECORD_BYTES + 100_000),
        b"\xff\xfe\x00\x00" * 50,
    ],
    ids=lambda body: str(body[:20]),
)
def test_a_replaced_error_file_raises_not_found(body: bytes) -> None:
    with pytest.raises(NotFound):
        page(Stored(body), None, 5)


OBJECTS = "results/import.errors.ndjson"
TEXTS = st.text(st.characters() | st.sampled_from('",\r\n{}\ud800é'), max_size=12)
ITEMS = st.dictionaries(st.text("abé ", max_size=3), TEXTS | st.lists(TEXTS), max_size=4)


@given(st.lists(ITEMS, min_size=1, max_size=9), st.integers(1, 4))
def test_pages_of_json_objects_contain_each_row_once(items: list[dict[str, Any]], limit: int) -> None:
    lines = (
        "".join(report_line(json_text(item), {"line": line, "code": "c", "error": 'r "é'}))
        for line, item in enumerate(items, 1)
    )
    read = all_rows(Stored("".join(lines).encode(), OBJECTS), limit)
    assert [(row["line"], row["code"], row["reason"]) for row in read] == [
        (line, "c", 'r "é') for line in range(1, len(items) + 1)
    ]
    assert [row["raw"] for row in read] == [
        {
            name: (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
            .encode("utf-8", "replace")
            .decode()
            for name, value in item.items()
        }
        for item in items
    ]


@pytest.mark.parametrize("body", [b"[]\n", b"{}\n", b"1\n", b'{"wecelebrate_line": 1}\n', b"[" * 9_999, b"\xff{}"])
def test_a_replaced_error_file_with_json_objects_raises_not_found(body: bytes) -> None:
    with pytest.raises(NotFound):
        page(Stored(body, OBJECTS), None, 5)


def test_a_shortened_error_file_raises_not_found() -> None:
    with pytest.raises(NotFound):
        page(Stored(written([["A-1", "Mug", ""]])), 10_000, 5)


def test_report_columns_of_an_error_file_have_the_prefix_that_feeds_ignore() -> None:
    assert error_file.REPORT_PREFIX == feeds.REPORT_COLUMN_PREFIX
    assert all(column.startswith(feeds.REPORT_COLUMN_PREFIX) for column in REPORT_COLUMNS)


@pytest.mark.parametrize("key", ["key", "rows.errors.ndjson"])
def test_a_page_without_reasons_also_omits_the_skus(key: str) -> None:
    columns = {"line": "2", "code": "bad", "error": "Zoe is unknown"}
    ndjson = json.dumps({f"wecelebrate_{name}": text for name, text in columns.items()} | {"sku": "Zoe"}).encode()
    content = (
        b"sku,wecelebrate_line,wecelebrate_code,wecelebrate_error,wecelebrate_sku\r\nZoe,2,bad,Zoe is unknown,Zoe\r\n"
    )
    stored = Stored(content if key == "key" else ndjson + b"\n", key)
    [row] = page(stored, None, 5, with_cells=False, with_reasons=False)
    assert json.loads(row["item"]) == {
        "line": 2,
        "sku": None,
        "code": "bad",
        "reason": "The reason is hidden, because it can contain personal data.",
        "raw": None,
    }
