"""Reading is lazy, its memory flat, and hostile files end soon."""

import tracemalloc
from collections.abc import Callable
from time import perf_counter
from typing import BinaryIO

import pytest

from tests.core.feeds.feed_reading import Body, read
from wecelebrate.feeds import UnreadableFeed, open_feed

MB = 1 << 20


class Rows(Body):
    """A body that makes its rows as it is read, so that the test itself holds none."""

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


@pytest.mark.parametrize("rows", [csv_rows, json_rows])
def test_memory_does_not_grow_with_the_file(rows: Callable[[int], BinaryIO]) -> None:
    peaks = []
    for count in (3_000, 30_000):
        tracemalloc.start()
        with open_feed(rows(count), "feed.ndjson" if rows is json_rows else "feed.csv", None, "EUR") as feed:
            assert sum(item.rows for item in feed) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 4 * MB


def test_items_come_one_by_one() -> None:
    with open_feed(csv_rows(50_000), "feed.csv", None, "EUR") as feed:
        next(iter(feed))
        assert feed.rows_read == 1


def test_the_temporary_copy_goes_with_the_end() -> None:
    feed = open_feed(csv_rows(10), "feed.csv", None, "EUR")
    assert not feed._source.text.file.closed
    list(feed)
    assert feed._source.text.file.closed


HOSTILE = {
    "a million columns": b"sku," + b"c," * 1_000_000 + b"\nA," + b"x," * 1_000_000,
    "one line": b"sku,name\n" + b"x" * 20_000_000,
    "nothing but quotes": b"sku,name\n" + b'"' * 20_000_000,
    "a quote in each line": b"sku,name,price\n" + b'"a\n' * 2_000_000,
    "blanks": b"sku,name,price,image,stock\n" + (b"A,b,1" + b" " * 400_000 + b"1,a" + b" " * 400_000 + b"b,x\n") * 5,
    "delimiters in an image": b"sku,name,images\n" + (b"A,b," + b"|a" * 400_000 + b"\n") * 5,
    "many keys": b"[{" + b",".join(b'"k%d":1' % n for n in range(300_000)) + b"}]",
    "a long JSON text": b'[{"sku":"' + b"x" * 20_000_000 + b'"}]',
    "deep JSON": b'[{"a":' + b"[" * 2_000_000,
    "zeros": b"\0" * 20_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_soon(name: str) -> None:
    start = perf_counter()
    try:
        reading = read(HOSTILE[name])
    except UnreadableFeed as error:
        assert len(str(error)) < 5_000
    else:
        assert not reading.products
    assert perf_counter() - start < 10  # a second or two; what is meant are minutes
