"""Tests that the next rows of a file are read while the previous rows are stored."""

from collections.abc import Iterator
from contextlib import closing
from threading import Event

import pytest

from wecelebrate.feeds import Item, UnreadableFeed
from wecelebrate.ingestion.bulk_import.rows import RequestRows
from wecelebrate.ingestion.merge.read_ahead import read_ahead

ROWS = b'{"sku":"A-1"}\n{"sku":"A-2"}\n{"sku":"A-3"}\n{"sku":"A-4"}\n{"sku":"A-5"}'
WAIT_SECONDS = 30.0


@pytest.fixture
def rows() -> RequestRows:
    return RequestRows(ROWS, "USD")


def test_the_chunks_contain_all_rows_in_the_order_of_the_file(rows: RequestRows) -> None:
    with closing(read_ahead(rows, iter(rows), 2)) as chunks:
        skus = [[item.sku for item in chunk.items] for chunk in chunks]
    assert skus == [["A-1", "A-2"], ["A-3", "A-4"], ["A-5"]]


def test_a_chunk_states_the_number_of_rows_that_were_read_so_far(rows: RequestRows) -> None:
    with closing(read_ahead(rows, iter(rows), 2)) as chunks:
        assert [chunk.rows_read for chunk in chunks] == [2, 4, 5]


def test_the_next_rows_are_read_while_a_chunk_is_processed(rows: RequestRows) -> None:
    third_is_read = Event()

    def items() -> Iterator[Item]:
        for number, item in enumerate(rows, 1):
            if number == 3:
                third_is_read.set()
            yield item

    with closing(read_ahead(rows, items(), 2)) as chunks:
        first = next(chunks)
        assert third_is_read.wait(WAIT_SECONDS)
    assert first.rows_read == 2


def test_a_file_with_an_unreadable_end_is_refused_after_its_first_chunks(rows: RequestRows) -> None:
    def items() -> Iterator[Item]:
        for number, item in enumerate(rows, 1):
            if number == 4:
                raise UnreadableFeed("line 4 is damaged")
            yield item

    with closing(read_ahead(rows, items(), 2)) as chunks:
        assert [item.sku for item in next(chunks).items] == ["A-1", "A-2"]
        with pytest.raises(UnreadableFeed, match="line 4 is damaged"):
            next(chunks)


def test_no_row_is_read_after_the_caller_has_stopped(rows: RequestRows) -> None:
    read: list[str | None] = []

    def items() -> Iterator[Item]:
        for item in rows:
            read.append(item.sku)
            yield item

    with closing(read_ahead(rows, items(), 1)) as chunks:
        next(chunks)
    assert read == ["A-1", "A-2"]
