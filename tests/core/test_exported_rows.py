"""Tests that an exported file is read exactly. All other files are passed to the general reader without changes, and a
broken file needs little memory.
"""

import io
import zipfile
from typing import Any, BinaryIO, cast

import orjson
import pytest

from wecelebrate.exports.columns import columns_of
from wecelebrate.exports.formats import xlsx
from wecelebrate.feeds import Product, Rejected
from wecelebrate.ingestion import exported_rows
from wecelebrate.ingestion.exported_rows import open_exported

HEADER = "id,catalog_id,sku,name,price,currency,attributes,inventory_policy,is_active"
ROW = "1,2,{sku},Mug,1.00,USD,{{}},tracked,true"


def items_of(content: bytes) -> tuple[list[Any], exported_rows.ExportedRows]:
    rows, _ = open_exported(io.BytesIO(content), "USD")
    assert rows is not None
    with rows:
        return list(rows), rows


def rest(content: bytes) -> bytes:
    """Return the bytes that the general reader gets from a file that is not an export."""
    rows, stream = open_exported(io.BytesIO(content), "USD")
    assert rows is None
    return stream.read()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"sku,name,price\nA,Mug,1\n",
        b"sku,name,inventory_policy,is_active\nA,Mug,tracked,true\n",  # an export has more fields
        b"id,catalog_id,sku,inventory_policy,is_active,cost\n1,2,A,tracked,true,1\n",
        b"id,catalog_id,sku,sku,inventory_policy,is_active\n",
        b'{"sku": "A"}\n',
        b"{broken\n",
        b"\x50\x4b\x03\x04" + bytes(100_000),
        b"x" * 200_000,
    ],
    ids=lambda content: str(content[:24]),
)
def test_a_file_that_is_not_an_export_is_passed_to_the_general_reader(content: bytes) -> None:
    assert rest(content) == content


def test_each_read_returns_the_requested_number_of_bytes() -> None:
    content = bytes(range(256)) * 400
    _, stream = open_exported(io.BytesIO(content), "USD")
    assert [len(stream.read(60_000)) for _ in range(3)] == [60_000, 42_400, 0]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_rows_of_an_exported_csv_file_become_products_with_line_numbers(ends: str) -> None:
    lines = [HEADER, ROW.format(sku="'=A"), ROW.format(sku='"B\nC"').replace("true", "TRUE"), ROW.format(sku="D")]
    items, rows = items_of(b"\xef\xbb\xbf" + ends.join([*lines, ""]).encode())
    assert [type(item) for item in items] == [Product, Rejected, Product]
    assert [(item.line, item.sku) for item in items] == [(2, "=A"), (3, None), (5, "D")]
    assert (rows.rows_read, rows.ended_cleanly) == (3, True)


def test_a_row_that_cannot_be_stored_is_rejected_and_the_next_rows_are_read() -> None:
    lines = [HEADER, ROW.format(sku="A\0"), ROW.format(sku="B").replace("{}", "[1]"), "too,few", ROW.format(sku="C")]
    items, rows = items_of("\n".join(lines).encode())
    assert [item.sku if isinstance(item, Product) else item.code for item in items] == ["invalid"] * 3 + ["C"]
    assert sum(item.rows for item in items) == rows.rows_read == 4


def test_an_attribute_with_null_is_stored_as_null() -> None:
    row = '{"id":"1","catalog_id":"2","sku":"A","name":"Mug","price":"1.00","currency":"USD","attributes":{"a":null},'
    (item,), _ = items_of((row + '"inventory_policy":"tracked","is_active":true}\n').encode())
    assert (item.attributes, item.blank_attributes) == ({"a": None}, ())


def test_an_unclosed_quote_stops_the_reading_of_the_file() -> None:
    items, rows = items_of(f'{HEADER}\n{ROW.format(sku="A")}\n1,2,"{"x" * 1_100_000}'.encode())
    assert [item.rows for item in items] == [1, 0]
    assert (items[1].code, rows.rows_read, rows.ended_cleanly) == ("stopped", 1, False)


def test_an_endless_line_is_not_read_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exported_rows, "_MAX_LINE_BYTES", 1000)
    read: list[int] = []

    class Endless(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            read.append(size or -1)
            return super().readline(size)

    rows = exported_rows.ExportedRows(cast(BinaryIO, Endless(b'{"id": "' + b"x" * 100_000)), None, "USD")
    (item,) = list(rows)
    assert isinstance(item, Rejected)
    assert (item.code, set(read)) == ("stopped", {1001})


def exported_workbook(*products: dict[str, Any], max_rows: int = 1_000_000) -> bytes:
    """Return the XLSX file that an export of the products creates."""
    columns = columns_of("products", "xlsx", ())
    rows = [{column.name: product.get(column.name) for column in columns} for product in products]
    out = io.BytesIO()
    xlsx.write(
        cast(io.RawIOBase, out),
        columns,
        iter([b"\n".join(map(orjson.dumps, rows))]),
        "Europe/Berlin",
        max_rows=max_rows,
    )
    return out.getvalue()


def product(sku: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "1", "catalog_id": "2", "sku": sku, "name": "Mug", "price": "1.00", "currency": "USD", "offers": "[]",
        "attributes": "{}", "inventory_policy": "tracked", "inventory_count": 5, "is_active": True,
        "created_at": "2026-03-29T00:59:59Z", **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "'=1", "00123", "1e5", "a\r\nb\tc", "_x0041_ _x005F_", "\x01", "<b>&amp;", "TRUE", "2026-01-01",
        "1,5", "🎁" * 100, "NULL", "12345678901234567", "-0.02",
    ],
)  # fmt: skip
def test_each_text_of_an_exported_workbook_is_read_unchanged(text: str) -> None:
    (item,), _ = items_of(exported_workbook(product("A", description=text, attributes='{"a": "b"}')))
    assert isinstance(item, Rejected if "\x01" in text else Product), item
    if isinstance(item, Product):
        assert (item.description, item.attributes) == (text, {"a": "b"})


def test_the_rows_of_all_sheets_of_an_exported_workbook_are_read() -> None:
    content = exported_workbook(*[product(f"S-{n}", price=f"{n}.10") for n in range(5)], max_rows=2)
    items, rows = items_of(content)
    assert [(item.sku, str(item.price)) for item in items] == [(f"S-{n}", f"{n}.10") for n in range(5)]
    assert [item.line for item in items] == [2, 3, 5, 6, 8]
    assert rows.rows_read == 5


def test_a_workbook_row_with_a_truncated_text_is_rejected() -> None:
    items, _ = items_of(exported_workbook(product("A", images="https://a.test/" + "x" * 40_000), product("B")))
    assert [item.code if isinstance(item, Rejected) else item.sku for item in items] == ["too_long", "B"]


def test_a_damaged_or_changed_workbook_is_passed_to_the_general_reader() -> None:
    content = exported_workbook(product("A"))
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        position = book.getinfo("xl/worksheets/sheet1.xml").header_offset + 200
    for changed in (
        content[:position] + bytes([content[position] ^ 255]) + content[position + 1 :],
        content[:-100],
        exported_workbook(product("A")).replace(b"PK\x03\x04", b"PK\x03\x05", 1),
    ):
        assert rest(changed) == changed
