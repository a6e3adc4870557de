"""Reads the rows of a file while the database stores the previous rows."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from wecelebrate.feeds import Item
from wecelebrate.ingestion.merge.load import Rows


@dataclass(frozen=True)
class ReadChunk:
    """The next items of a file, and the properties of `rows` after these items were read."""

    items: list[Item]
    rows_read: int
    declared_mode: Literal["full", "delta"] | None
    other_identifier: str | None


def read_ahead(rows: Rows, items: Iterator[Item], size: int) -> Generator[ReadChunk]:
    """Yield the items in chunks of `size`. A thread reads the next chunk while the caller processes a chunk.

    `items` is an iterator of `rows`. Each chunk has a copy of the properties of `rows`, because these properties change
    while the thread reads. If the iterator raises an exception, the exception is raised after all earlier chunks. If
    the caller closes the generator, the generator waits until the thread has read its current chunk.
    """

    def read() -> ReadChunk:
        chunk = list(islice(items, size))
        return ReadChunk(chunk, rows.rows_read, rows.declared_mode, rows.other_identifier)

    with ThreadPoolExecutor(1, "reader") as thread:
        chunk = thread.submit(read).result()
        while chunk.items:
            next_chunk = thread.submit(read)
            yield chunk
            chunk = next_chunk.result()
