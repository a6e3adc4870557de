"""Writes Parquet with arro3, the Python binding of the Arrow project's Rust library.

A layer with arro3 has 29 MB. A layer with pyarrow would have 151 MB, and a layer with DuckDB 62 MB
(docs/decisions/0054).
"""

import io
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, cast

from arro3.core import DataType, Field, RecordBatch, RecordBatchReader, Schema
from arro3.io import read_json, write_parquet

from wecelebrate.exports.columns import Column, ColumnType

ROWS_PER_GROUP = 100_000
"""The number of rows in a row group. The writer holds the compressed columns of one row group in memory."""
_BATCH_ROWS = 4_096


def _data_type(kind: ColumnType) -> DataType:
    match kind:
        case "integer":
            return DataType.int64()
        case "amount":
            return DataType.decimal128(24, 4)  # No currency has more than 4 decimals.
        case "boolean":
            return DataType.bool()
        case "time":
            return DataType.timestamp("us", tz="UTC")
        case "lines":
            return DataType.list(Field("item", DataType.string(), nullable=True))
        case _:
            return DataType.string()


def write(out: io.RawIOBase, columns: Sequence[Column], blocks: Iterator[bytes]) -> None:
    """Write blocks of JSON lines as a Parquet file. Raises the exceptions that `blocks` and `out` raise."""
    schema = Schema([Field(column.name, _data_type(column.type), nullable=True) for column in columns])
    failures: list[BaseException] = []

    def batches() -> Iterator[RecordBatch]:
        try:
            for block in blocks:
                if failures:
                    return
                yield from read_json(io.BytesIO(block), schema, batch_size=_BATCH_ROWS)
        except BaseException as error:
            failures.append(error)
            raise

    try:
        write_parquet(
            RecordBatchReader.from_batches(schema, batches()),
            cast(BinaryIO, _Recording(out, failures)),
            compression="zstd(1)",
            max_row_group_size=ROWS_PER_GROUP,
        )
    except Exception:
        if not failures:
            raise
    if failures:  # The library replaces an exception of `batches` by another exception.
        raise failures[0]


class _Recording(io.RawIOBase):
    """A file that records the exceptions of its `write`. They are not raised, because then the library would panic."""

    def __init__(self, out: io.RawIOBase, failures: list[BaseException]) -> None:
        super().__init__()
        self._out, self._failures = out, failures

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        if not self._failures:
            try:
                self._out.write(data)
            except BaseException as error:
                self._failures.append(error)
        return len(data)
