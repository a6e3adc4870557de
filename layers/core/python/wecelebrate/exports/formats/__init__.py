"""Writers for the formats of exports. A writer needs constant memory, and writes the rows in the given order."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wecelebrate.exports.columns import Column
from wecelebrate.exports.models import ExportFormat


def write(
    file_format: ExportFormat,
    out: io.RawIOBase,
    columns: Sequence[Column],
    blocks: Iterator[bytes],
    options: Mapping[str, Any],
) -> int:
    """Write the blocks to a file. It returns the number of cells whose text was too long and was shortened.

    For CSV, a block contains lines of CSV. For all other formats, a block contains lines of JSON, with one object per
    line.
    """
    match file_format:
        case "csv":
            out.write(("\ufeff" if options["bom"] else "").encode())
            out.write((",".join(column.name for column in columns) + "\n").encode())
            _write_all(out, blocks)
        case "ndjson":
            _write_all(out, blocks)
        case "parquet":
            from wecelebrate.exports.formats import parquet

            parquet.write(out, columns, blocks)
        case "xlsx":
            from wecelebrate.exports.formats import xlsx

            return xlsx.write(out, columns, blocks, options["timezone"])
    return 0


def _write_all(out: io.RawIOBase, blocks: Iterator[bytes]) -> None:
    for block in blocks:
        out.write(block)
