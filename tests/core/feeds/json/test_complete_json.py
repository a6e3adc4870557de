"""Tests JSON files that a transfer has cut off."""

import json

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed

TEXT = json.dumps(
    {"count": 3, "articles": [{"sku": f"R-{n}", "name": f"Rope {n} m", "price": 2.5} for n in range(3)]}, indent=1
)


@pytest.mark.parametrize("end", ['"name": "Ro', '"name"', '"name": ', '"sku', '"price": 2', '"price": 2.5'])
def test_a_file_that_ends_in_a_record_is_refused(end: str) -> None:
    cut = TEXT[: TEXT.rindex(end) + len(end)]
    with pytest.raises(UnreadableFeed, match="incomplete: it ends in the middle of a record"):
        read(cut, "feed.json")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_a_file_in_any_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(UnreadableFeed, match="incomplete"):
        read(TEXT[:-30], "feed.json", encoding=encoding)


@pytest.mark.parametrize("end", ["", "\n\n", "\x1a", " \r\n"])
def test_a_complete_file_is_read(end: str) -> None:
    assert len(read(TEXT + end, "feed.json").products) == 3


def test_a_list_that_only_lacks_its_end_is_read_and_reported() -> None:
    reading = read(TEXT[: TEXT.rindex("]")], "feed.json")
    assert (len(reading.products), reading.rejection.code, reading.feed.ended_cleanly) == (3, "stopped", False)
