"""Tests that files are read lazily and in constant memory."""

import tracemalloc
from collections.abc import Callable
from typing import BinaryIO

import pytest

from tests.core.feeds.feed_reading import Body
from wecelebrate.feeds import open_feed

MB = 1 << 20


class Rows(Body):
    """A stream that generates rows during the reading. The test therefore stores no rows in memory."""

    def __init__(self, header: bytes, row: Callable[[int], bytes], count: int) -> None:
        super().__init__(header)
        self._row, self._next, self._count = row, 0, count

    def read(self, size: int = -1) -> bytes:
        if head := super().read(size):
            return head
        start, self._next = self._next, min(self._count, self._next + 500)
        return b"".join(self._row(number) for number in range(start, self._next))


def csv_rows(count: int) -> BinaryIO:
    row = b"S%d,Product %d,A fine product,Gifts,Acme,12.50,EUR,https://x.example/%d.jpg,5,yes,red,300 g\n"
    return Rows(
        b"sku,name,description,category,brand,price,currency,image,stock,active,colour,weight\n",
        lambda n: row % (n, n, n),
        count,
    )


def json_rows(count: int) -> BinaryIO:
    row = b'{"sku": "S%d", "name": "Product %d", "price": 12.5, "images": ["https://x.example/%d.jpg"]}\n'
    return Rows(b"", lambda n: row % (n, n, n), count)


@pytest.mark.slow
@pytest.mark.parametrize("rows", [csv_rows, json_rows])
def test_memory_use_does_not_depend_on_the_file_size(rows: Callable[[int], BinaryIO]) -> None:
    peaks = []
    for count in (3_000, 30_000):
        tracemalloc.start()
        with open_feed(rows(count), "feed.ndjson" if rows is json_rows else "feed.csv", None, "EUR") as feed:
            assert sum(item.rows for item in feed) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 4 * MB


def test_items_are_read_lazily() -> None:
    with open_feed(csv_rows(50_000), "feed.csv", None, "EUR") as feed:
        next(iter(feed))
        assert feed.rows_read == 1


def test_the_temporary_copy_is_closed_after_the_last_item() -> None:
    feed = open_feed(csv_rows(10), "feed.csv", None, "EUR")
    assert feed._source.text
    assert not feed._source.text.file.closed
    list(feed)
    assert feed._source.text.file.closed
