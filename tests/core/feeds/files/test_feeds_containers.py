"""Tests that files of every format are read if they are in a gzip or zip container."""

import gzip
import random

import pytest

from tests.core.feeds.feed_reading import FEEDS, read
from tests.core.feeds.workbooks import table, zipped
from wecelebrate.feeds import UnreadableFeed

CSV = b"sku,name,price\nA,Mug,5\nB,Cap,7\n"
NOT_DATA = ("__MACOSX/._a.csv", ".DS_Store", "a/Thumbs.db", "README.txt")


@pytest.mark.parametrize(
    ("content", "packed"),
    [
        (gzip.compress(CSV), ["gzip"]),
        (gzip.compress(CSV[:20]) + gzip.compress(CSV[20:]) + bytes(512), ["gzip"]),
        (zipped({"feed.bin": CSV}), ["zip"]),
        (zipped({"feed.csv.gz": gzip.compress(CSV)}), ["zip", "gzip"]),
        (gzip.compress(zipped({"feed.csv": CSV})), ["gzip", "zip"]),
        (zipped({**dict.fromkeys(NOT_DATA, b"x"), "a/p": CSV}), ["zip"]),
        (zipped({"logo.png": b"\x89PNG\r\n....", "terms.pdf": b"%PDF-1.7", "feed": CSV}), ["zip"]),
    ],
    ids=["gzip", "two gzip members", "zip", "gzip in zip", "zip in gzip", "other files", "images"],
)  # fmt: skip
def test_the_data_file_in_a_container_is_read(content: bytes, packed: list[str]) -> None:
    reading = read(content, "download")
    assert [product.sku for product in reading.products] == ["A", "B"]
    assert reading.details["packed"] == packed


@pytest.mark.parametrize("name", ["erp-french.csv", "shopify-products.json", "products.ndjson", "google-merchant.tsv"])
def test_compressed_files_of_every_format_are_read(name: str) -> None:
    content = (FEEDS / name).read_bytes()
    for packed, packed_name in ((gzip.compress(content), f"{name}.gz"), (zipped({f"export/{name}": content}), "x.zip")):
        assert read(packed, packed_name).items == read(content, name).items


def test_a_compressed_workbook_is_read() -> None:
    content = table(["sku", "name", "price"], ["A", "Mug", 5])
    for packed in (gzip.compress(content), zipped({"feed.xlsx": content})):
        assert read(packed).product.sku == "A"


def test_the_complete_rows_of_a_truncated_gzip_file_are_read() -> None:
    generator = random.Random(1)
    rows = "".join(f"S{n},Mug {generator.random()},{n}\n" for n in range(5_000))
    whole = gzip.compress(b"sku,name,price\n" + rows.encode())
    reading = read(whole[: len(whole) // 2], "feed.csv.gz")
    assert not reading.feed.ended_cleanly
    assert 2_000 < len(reading.products) < 3_000
    assert reading.rejection.code == "stopped"
    assert reading.rejection.line == len(reading.products) + 2
    assert read(whole).feed.ended_cleanly


def test_an_archive_with_several_data_files_is_refused_and_the_message_contains_their_names() -> None:
    with pytest.raises(UnreadableFeed, match=r'2 data files \("a.csv", "b.csv"\)'):
        read(zipped({"a.csv": CSV, "b.csv": b"sku,stock\nA,4\n", "readme.md": b"x"}))


def test_a_file_with_a_compression_ratio_of_one_hundred_is_read() -> None:
    rows = b"".join(b"S%06d,Mug,5,%b\n" % (n, b"A mug that is described at length. " * 25) for n in range(30_000))
    packed = gzip.compress(b"sku,name,price,description\n" + rows, 9)
    assert len(rows) > 100 * len(packed)
    assert len(read(packed).products) == 30_000


def test_csv_files_with_equal_columns_in_an_archive_are_read_as_one_list() -> None:
    first, second = (
        "Kodas;Kaina;Pavadinimas\nD1;89,00;Suknelė",
        "\ufeffKodas;Kaina;Pavadinimas\r\nN1;39,00;Staltiesė\r\n",
    )
    note = "Labas, čia du failai.\n"
    files = {"drabuziai.csv": first.encode(), "namai.csv": second.encode(), "SKAITYK.txt": note.encode()}
    reading = read(zipped(files), "list.zip")
    assert [(product.sku, str(product.price)) for product in reading.products] == [("D1", "89.00"), ("N1", "39.00")]


def test_an_archive_is_refused_if_its_data_files_cannot_be_joined() -> None:
    first = "Kodas;Kaina;Pavadinimas\nD1;89,00;Suknelė\n".encode()
    same = b"Kodas;Kaina;Pavadinimas\nD2;9,00;Vaza\nD1;79,00;Vaza\n"
    for other in (same, b"Kodas;Likutis\nD1;4\n", b'{"sku": "D1"}\n', b"Kodas;Kaina;Pavadinimas"):
        with pytest.raises(UnreadableFeed, match="2 data files"):
            read(zipped({"a.csv": first, "b.csv": other}), "list.zip")
