"""Tests that a damaged or random file is either read or refused with UnreadableFeed, without any other exception."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.feeds.feed_reading import FEEDS, SPECIAL_CELLS, check_reading, read
from tests.core.feeds.mutations import mutations
from tests.faults.environment import FULL
from tests.faults.figures import Figure, figure
from wecelebrate.feeds import UnreadableFeed

__all__ = ["figure"]

FILES = sorted(path for path in FEEDS.iterdir() if path.name != "README.md")
ALL_MUTATIONS = 10_000 if FULL else 750
"""The total number of mutations of all files."""
MUTATIONS = -(-ALL_MUTATIONS // len(FILES))
EXAMPLES = 300 if FULL else 100
"""The number of random files in each test."""


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_damaged_files_are_read_or_refused(path: Path, figure: Figure) -> None:
    refused = 0
    for number, content in enumerate(mutations(path.read_bytes(), path.name, MUTATIONS)):
        try:
            reading = read(content, path.name)
        except UnreadableFeed as error:
            assert str(error)
            refused += 1
        except Exception as error:
            raise AssertionError(f"mutation {number} of {path.name} raised an unexpected exception") from error
        else:
            check_reading(reading)
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
CELLS = st.sampled_from(SPECIAL_CELLS) | st.text(max_size=12)
ROWS = st.lists(st.lists(CELLS, max_size=8), max_size=12)


@given(
    header=st.sampled_from(HEADERS),
    rows=ROWS,
    quoted=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-16", "cp1252", "gb18030"]),
)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_random_table_is_read_or_refused(
    header: str, rows: list[list[str]], quoted: bool, end: str, encoding: str
) -> None:
    delimiter = next(char for char in ",;\t" if char in header)
    lines = [header]
    for row in rows:
        cells = ['"' + cell.replace('"', '""') + '"' if quoted else cell for cell in row]
        lines.append(delimiter.join(cells))
    content = end.join(lines).encode(encoding, "replace")
    try:
        check_reading(read(content))
    except UnreadableFeed as error:
        assert str(error)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELLS,
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=6), values, max_size=4),
    max_leaves=10,
)
KEYS = st.sampled_from(
    ["sku", "name", "price", "images", "variants", "stock", "active", "title", "handle", "id", "tags", "options"]
)
RECORDS = st.lists(st.dictionaries(KEYS | st.text(max_size=5), VALUES, max_size=8), max_size=8)


@given(records=RECORDS, shape=st.sampled_from(["list", "lines", "products", "nested"]), cut=st.integers(0, 40))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_random_json_is_read_or_refused(records: Any, shape: str, cut: int) -> None:
    if shape == "lines":
        content = "\n".join(json.dumps(record) for record in records)
    else:
        document = {"list": records, "products": {"products": records}, "nested": {"data": {"items": records}, "n": 1}}[
            shape
        ]
        content = json.dumps(document)
    content = content[: len(content) - cut]
    try:
        check_reading(read(content, "feed.ndjson" if shape == "lines" else "feed.json"))
    except UnreadableFeed as error:
        assert str(error)


@given(content=st.binary(max_size=300), name=st.sampled_from(["a.csv", "a.json", "a.ndjson", "a"]))
@settings(max_examples=EXAMPLES, deadline=None)
def test_random_bytes_are_read_or_refused(content: bytes, name: str) -> None:
    try:
        check_reading(read(content, name))
    except UnreadableFeed as error:
        assert str(error)
