"""The error file of an import: the rejected rows as they came, with what is wrong. It can be corrected and sent again.

Rows of tables are in a CSV file. If the import has read JSON objects, the file is NDJSON, because a row of CSV has no
place for the lines of an order. The file is sent while it is written, and needs no space on the disk of the worker.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from wecelebrate.core import storage
from wecelebrate.core.formula_quotes import quoted, quoted_cells
from wecelebrate.ingestion.rejections.error_file import CSV, NDJSON
from wecelebrate.order_imports.objects import REPORT_PREFIX, json_text, report_line
from wecelebrate.order_imports.spool import Spool

_COLUMNS = ("line", "code", "error")


def write(spool: Spool, bucket: str, path: str) -> str:
    """Write the error file, and return its key, which begins with `path`."""
    kind = NDJSON if spool.has_objects else CSV
    parts = _ndjson(spool) if spool.has_objects else _csv(spool)
    stream = io.BufferedReader(_Parts(parts), 1 << 16)
    storage.put(bucket, f"{path}{kind.suffix}", cast(BinaryIO, stream), kind.content_type)
    return f"{path}{kind.suffix}"


def _ndjson(spool: Spool) -> Iterator[str]:
    for rejection in spool.rejections():
        row = rejection.row
        cells = {name: cell for name, cell in row.raw.items() if not name.startswith(REPORT_PREFIX)}
        added = dict(zip(_COLUMNS, (row.number, rejection.code, rejection.reason), strict=True))
        yield from report_line(json_text(cells) if row.source is None else row.source, added)


def _csv(spool: Spool) -> Iterator[str]:
    header: dict[str, None] = {}
    for rejection in spool.rejections():
        header |= dict.fromkeys(name for name in rejection.row.raw if not name.startswith(REPORT_PREFIX))
    line = _Line()
    writer = csv.writer(line)
    writer.writerow([*map(quoted, header), *(f"{REPORT_PREFIX}{name}" for name in _COLUMNS)])
    yield line.text
    for rejection in spool.rejections():
        cells = quoted_cells(rejection.row.raw.get(name, "") for name in header)
        writer.writerow([*cells, rejection.row.number, rejection.code, quoted(rejection.reason)])
        yield line.text


class _Line:
    """Keeps the last line that `csv.writer` has written."""

    text = ""

    def write(self, text: str) -> int:
        self.text = text
        return len(text)


class _Parts(io.RawIOBase):
    """Texts as a file in UTF-8 that can be read once."""

    def __init__(self, parts: Iterator[str]) -> None:
        self._parts, self._rest = parts, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            text = next(self._parts, None)
            if text is None:
                return 0
            self._rest = text.encode("utf-8", "replace")
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)
