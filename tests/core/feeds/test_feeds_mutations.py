"""Damaged and hostile files: nothing but UnreadableFeed ever leaves, and every row is accounted for."""

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.feeds.feed_reading import FEEDS, Reading, read
from tests.core.feeds.workbooks import zipped
from tests.faults.conftest import FULL
from tests.faults.figures import Figure, figure
from wecelebrate.feeds import Product, UnreadableFeed

__all__ = ["figure"]

FILES = sorted(path for path in FEEDS.iterdir() if path.name != "README.md")
ALL = 10_000 if FULL else 1_500
"""Mutations of all files together."""
PACKED = 4
"""Every fourth is packed first, so that its container is damaged too."""
PACKS: tuple[Callable[[bytes], bytes], ...] = (
    lambda one: gzip.compress(one, mtime=0),
    lambda one: zipped({"feed": one}),
    lambda one: one,
)
MUTATIONS = -(-ALL // len(FILES))
FIELDS = {
    "sku", "name", "description", "category", "brand", "price", "currency", "images", "attributes", "inventory_count",
    "is_active",
}  # fmt: skip


def holds(reading: Reading) -> None:
    """What the sync and the database rely on."""
    json.dumps(reading.details)
    for item in reading.items:
        if not isinstance(item, Product):
            assert item.line >= 1
            "".join((*item.raw, item.reason, item.sku or "")).encode()
            assert "\0" not in item.reason + (item.sku or "")
            continue
        texts = [item.sku, item.name, item.description, item.category, item.brand, *item.images]
        texts += [*item.attributes, *item.attributes.values(), *item.source, *item.source.values()]
        whole = "".join(text for text in texts if text is not None)
        whole.encode()
        assert "\0" not in whole
        assert 0 < len(item.sku) <= 200
        assert item.sku == item.sku.strip()
        assert item.name is None or 0 < len(item.name) <= 500
        assert item.price is None or (0 <= item.price < 10**8 and item.price.as_tuple().exponent == -2)
        assert len(item.currency) == 3
        assert item.inventory_count is None or 0 <= item.inventory_count < 2**31
        assert len(item.images) <= 50
        assert item.given <= FIELDS
        assert ("price" in item.given) == (item.price is not None)


def mutated(content: bytes, random: random.Random) -> bytes:
    """One to five of: flipped bits, a cut, a doubled or moved piece, special bytes, another encoding."""

    def piece(data: bytes) -> tuple[int, int]:
        start = random.randrange(len(data) + 1)
        return start, min(len(data), start + random.randrange(1, 400))

    def flip(data: bytes) -> bytes:
        if not data:
            return data
        at = random.randrange(len(data))
        return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]

    def cut(data: bytes) -> bytes:
        start, end = piece(data)
        return data[:start] + data[end:]

    def end(data: bytes) -> bytes:
        return data[: random.randrange(len(data) + 1)]

    def double(data: bytes) -> bytes:
        start, end = piece(data)
        return data[:end] + data[start:end] * random.randrange(1, 4) + data[end:]

    def move(data: bytes) -> bytes:
        start, end = piece(data)
        rest = data[:start] + data[end:]
        at = random.randrange(len(rest) + 1)
        return rest[:at] + data[start:end] + rest[at:]

    def insert(data: bytes) -> bytes:
        special = [
            b'"', b"'", b"\0", b"\xff", b"\xc3", b"\r", b"\n", b"\x1a", b",", b";", b"\t", b"\\", b"{", b"]",
            b"\xef\xbb\xbf", b'"\n', b'""', b"\\ud800", b"1e999", b"-", b"NaN", b"\xe2\x80\xa8", b"9" * 500,
            b'"' * 7, b";" * 50, b"\n\n\n",
        ]  # fmt: skip
        at = random.randrange(len(data) + 1)
        return data[:at] + random.choice(special) + data[at:]

    def recode(data: bytes) -> bytes:
        text = data.decode("utf-8", "ignore")
        encoding = random.choice(
            ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp1251", "gb18030"]
        )
        return text.encode(encoding, "replace")

    changes: list[Callable[[bytes], bytes]] = [flip, flip, cut, end, double, move, insert, insert, recode]
    for _ in range(random.randrange(1, 6)):
        content = random.choice(changes)(content)
    return content


def inside(content: bytes, source: random.Random) -> bytes:
    """A workbook with one of its XML parts damaged, so that the damage gets further than its checksums."""
    parts = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            parts[name] = archive.read(name)
    name = source.choice([name for name in parts if name.startswith("xl/")])
    parts[name] = mutated(parts[name], source)
    return zipped(parts)


def mutations(content: bytes, seed: str) -> Iterator[bytes]:
    source = random.Random(seed)
    workbook = content.startswith(b"PK")
    for number in range(MUTATIONS):
        if workbook and number % PACKED:
            yield inside(content, source)
        elif number % PACKED == 0:
            yield mutated(source.choice(PACKS)(content), source)
        else:
            yield mutated(content, source)


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_damaged_files_are_read_or_refused(path: Path, figure: Figure) -> None:
    refused = 0
    for number, content in enumerate(mutations(path.read_bytes(), path.name)):
        try:
            reading = read(content, path.name)
        except UnreadableFeed as error:
            assert str(error)
            refused += 1
        except Exception as error:
            raise AssertionError(f"mutation {number} of {path.name}") from error
        else:
            holds(reading)
    figure(f"mutations of {path.name} that are read", MUTATIONS - refused, "files")
    figure(f"mutations of {path.name} that are refused", refused, "files")


HEADERS = [
    "sku,name,price",
    "SKU;Bezeichnung;Preis;Bestand;aktiv",
    "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src",
    "ID,Type,SKU,Name,Published,Regular price,Parent,Images",
    "name,slug,assets,facets,optionGroups,optionValues,sku,price",
    "id\ttitle\tprice\timage_link\tavailability",
    "Product Handle;Product Title;Variant Sku;Variant Price EUR;Product Status",
]
TELLING = [
    "", "A-1", "Mug", "12,50", "1.234,56 €", "-3", "x", '"', '""', "'", "a\nb", "\0", "javascript:alert(1)",
    "https://x.example/a.jpg", "true", "nein", "NaN", "1e5", "9" * 400, "Ümläut", "名前", "\ud800", " ", ";", ",", "\t",
    "\\", "=cmd()", "variable", "draft",
]  # fmt: skip
CELLS = st.sampled_from(TELLING) | st.text(max_size=12)
ROWS = st.lists(st.lists(CELLS, max_size=8), max_size=12)


@given(
    header=st.sampled_from(HEADERS),
    rows=ROWS,
    quoted=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-16", "cp1252", "gb18030"]),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_table_is_read_or_refused(
    header: str, rows: list[list[str]], quoted: bool, end: str, encoding: str
) -> None:
    delimiter = next(char for char in ",;\t" if char in header)
    lines = [header]
    for row in rows:
        cells = ['"' + cell.replace('"', '""') + '"' if quoted else cell for cell in row]
        lines.append(delimiter.join(cells))
    content = end.join(lines).encode(encoding, "replace")
    try:
        holds(read(content))
    except UnreadableFeed as error:
        assert str(error)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELLS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=10,
)
KEYS = st.sampled_from(
    ["sku", "name", "price", "images", "variants", "stock", "active", "title", "handle", "id", "tags", "options"]
)
RECORDS = st.lists(st.dictionaries(KEYS | st.text(max_size=5), VALUES, max_size=8), max_size=8)


@given(records=RECORDS, shape=st.sampled_from(["list", "lines", "products", "nested"]), cut=st.integers(0, 40))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_is_read_or_refused(records: Any, shape: str, cut: int) -> None:
    if shape == "lines":
        content = "\n".join(json.dumps(record) for record in records)
    else:
        whole = {"list": records, "products": {"products": records}, "nested": {"data": {"items": records}, "n": 1}}[
            shape
        ]
        content = json.dumps(whole)
    content = content[: len(content) - cut]
    try:
        holds(read(content, "feed.ndjson" if shape == "lines" else "feed.json"))
    except UnreadableFeed as error:
        assert str(error)


@given(content=st.binary(max_size=300), name=st.sampled_from(["a.csv", "a.json", "a.ndjson", "a"]))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes, name: str) -> None:
    try:
        holds(read(content, name))
    except UnreadableFeed as error:
        assert str(error)
