"""Stores the rows of a file, grouped by order, in a database on the disk of the worker.

The rows of an order can be anywhere in a file, and a file can be larger than the memory of the worker. If the worker
dies, its disk is lost. The next worker reads the file again and gets the same rows in the same groups.

Disk space and memory are limited. If the rows of an order exceed a limit, they are only counted.
"""

import errno
import json
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from wecelebrate.feeds.items import NumberText
from wecelebrate.order_imports.objects import Cells, NotARow, cells_and_lines, json_text, parsed

MAX_SPOOL_BYTES = 320 << 20
"""The maximum size of the rows on disk, in bytes. The disk of the worker has 512 MB, and also stores the decompressed
file while the file is read."""
REPORT_BYTES = 150 << 20
"""The additional disk space for the rejections, in bytes. The rejections are written when the decompressed file is
already deleted."""
MAX_GROUP_ROWS = 10_000
MAX_GROUP_BYTES = 8 << 20
"""The rows of an order are read into memory only if they do not exceed MAX_GROUP_ROWS and this size in bytes. An order
has at most 2,000 lines."""
_PAGE = 4_096
_FAILED_WRITES = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE)
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class SpoolFull(Exception):
    """The rows do not fit on the disk of the worker. The text of the exception says what to do."""


@dataclass(frozen=True)
class Row:
    """A row of a file."""

    file: int
    """The file of the row: 0 for the first file, and 1 for the file with the lines."""
    number: int
    """The number of the row in its file."""
    raw: Cells
    """The original cells. Numbers are NumberText objects."""
    lines: tuple[Cells, ...] | None
    source: str | None = None
    """The JSON object of the row. None for a row of a table."""
    seq: int = 0
    """The number of the row in the spool. It identifies the row."""


@dataclass(frozen=True)
class Group:
    """The rows of an order."""

    position: int
    """The position of the order in the spool, from 1. Orders are sorted by their first row."""
    key: str
    """The number of the order."""
    count: int
    """The number of rows of the order."""
    size: int
    """The size of the rows, in bytes."""
    rows: Sequence[Row] = field(repr=False)
    """The rows. The list is empty if the rows of the order exceed a limit."""


@dataclass(frozen=True)
class Rejection:
    """A rejected row."""

    row: Row
    code: str
    reason: str


class Spool:
    """Stores rows by order number, and stores which rows are rejected. Its methods raise SpoolFull."""

    def __init__(self, database: sqlite3.Connection, max_bytes: int) -> None:
        self._database = database
        self._columns: dict[int, dict[str, int]] = {}
        """The columns of the tables, for each file."""
        self._last: tuple[str, int] | None = None
        self._last_reason: tuple[str, str, int] | None = None
        self._max_bytes = max_bytes
        self.has_objects = False
        """Whether a row is a JSON object."""
        database.executescript("""
            pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -32768;
            pragma temp_store = memory;
            create table orders (position integer primary key, key text not null unique, count integer, size integer);
            create table rows (seq integer primary key, position integer, file integer, number integer, raw text);
            create index rows_by_order on rows (position);
            create table reasons (id integer primary key, code text, reason text);
            create table rejections (seq integer primary key, reason integer);
            create table gaps (key text primary key, number integer, code text);
        """)
        database.execute(f"pragma max_page_count = {max_bytes // _PAGE}")

    def add(self, key: str | None, row: Row) -> Row:
        """Store a row of the order with the number `key`. If `key` is None, the row belongs to no order.

        Returns the row with its `seq`.
        """
        raw = row.source if row.source is not None else self._encoded(row)
        self.has_objects = self.has_objects or row.source is not None
        position = None if key is None else self._count(key, len(raw))
        # The text of a JSON object begins with {, and the text of a row of a table begins with [.
        cursor = self._execute(
            "insert into rows (position, file, number, raw) values (?, ?, ?, ?)", position, row.file, row.number, raw
        )
        return Row(row.file, row.number, row.raw, row.lines, row.source, cursor.lastrowid or 0)

    def _count(self, key: str, size: int) -> int:
        """Count a row of an order. Returns the position of the order."""
        if self._last is not None and self._last[0] == key:
            position = self._last[1]
            self._execute("update orders set count = count + 1, size = size + ? where position = ?", size, position)
            return position
        order = self._execute("select position from orders where key = ?", key).fetchone()
        if order is None:
            position = self._execute("insert into orders (key, count, size) values (?, 1, ?)", key, size).lastrowid or 0
        else:
            position = int(order[0])
            self._execute("update orders set count = count + 1, size = size + ? where position = ?", size, position)
        self._last = key, position
        return position

    def _encoded(self, row: Row) -> str:
        """Return the cells of a row of a table as a JSON list. A text is written as a string, and a number as a list
        with one text.
        """
        columns = self._columns.setdefault(row.file, {})
        cells: list[str | list[str] | None] = [None] * len(columns)
        for name, cell in row.raw.items():
            value: str | list[str] = [str(cell)] if isinstance(cell, NumberText) else cell
            if (at := columns.setdefault(name, len(columns))) < len(cells):
                cells[at] = value
            else:
                cells.append(value)
        return json_text(cells)

    def _decoded(self, seq: int, file: int, number: int, raw: str) -> Row:
        if raw.startswith("{"):
            cells, lines = cells_and_lines(parsed(raw))
            return Row(file, number, cells, lines, raw, seq)
        values = json.loads(raw)
        names = self._columns.get(file, {})
        pairs = {name: cell for name, cell in zip(names, values, strict=False) if cell is not None}
        table = {name: NumberText(cell[0]) if isinstance(cell, list) else cell for name, cell in pairs.items()}
        return Row(file, number, table, None, None, seq)

    def add_gap(self, key: str, rejection: Rejection) -> None:
        """Record that a rejected row belongs, or may belong, to the order with the number `key`."""
        values = (key, rejection.row.number, rejection.code)
        self._execute("insert or ignore into gaps (key, number, code) values (?, ?, ?)", *values)

    def gap(self, key: str) -> tuple[int, str] | None:
        """Return the number and the error code of the first rejected row that may belong to the order."""
        gap: tuple[int, str] | None = self._execute("select number, code from gaps where key = ?", key).fetchone()
        return gap

    def reject(self, rejection: Rejection) -> None:
        """Record that a row is rejected. The row must have been added before."""
        reason = self._reason(rejection.code, rejection.reason)
        self._execute("insert into rejections (seq, reason) values (?, ?)", rejection.row.seq, reason)

    def reject_order(self, position: int, code: str, reason: str, but: int = 0) -> None:
        """Record that all rows of an order except the row with the `seq` `but` are rejected for the same reason."""
        query = "insert into rejections (seq, reason) select seq, ? from rows where position = ? and seq <> ?"
        self._execute(query, self._reason(code, reason), position, but)

    def _reason(self, code: str, reason: str) -> int:
        """Return the id of a reason. Equal reasons are stored only once."""
        if self._last_reason is None or self._last_reason[:2] != (code, reason):
            cursor = self._execute("insert into reasons (code, reason) values (?, ?)", code, reason)
            self._last_reason = code, reason, cursor.lastrowid or 0
        return self._last_reason[2]

    def count_orders(self) -> int:
        """Return the number of orders.

        After this call, no rows may be added. Therefore the rejections can use the remaining disk space.
        """
        self._database.execute(f"pragma max_page_count = {(self._max_bytes + REPORT_BYTES) // _PAGE}")
        return int(self._execute("select count(*) from orders").fetchone()[0])

    def key(self, position: int) -> str | None:
        """Return the order number at a position, or None if the spool has fewer orders."""
        order = self._execute("select key from orders where position = ?", position).fetchone()
        return None if order is None else str(order[0])

    def orders(self) -> Iterator[Group]:
        """Yield the orders, sorted by their first rows."""
        for position, key, count, size in self._database.execute("select * from orders order by position"):
            rows: list[Row] = []
            if count <= MAX_GROUP_ROWS and size <= MAX_GROUP_BYTES:
                query = "select seq, file, number, raw from rows where position = ? order by seq"
                rows = [self._decoded(*row) for row in self._database.execute(query, (position,))]
            yield Group(position, key, count, size, rows)

    def rejections(self) -> Iterator[Rejection]:
        """Yield the rejected rows, in the order of the files."""
        query = """select r.seq, r.file, r.number, r.raw, s.code, s.reason
            from rejections e join rows r using (seq) join reasons s on s.id = e.reason order by e.seq"""
        for seq, file, number, raw, code, reason in self._database.execute(query):
            yield Rejection(self._decoded_if_possible(seq, file, number, raw), code, reason)

    def _decoded_if_possible(self, seq: int, file: int, number: int, raw: str) -> Row:
        """Return a rejected row. If the JSON object is not a valid row, the result has no cells."""
        try:
            return self._decoded(seq, file, number, raw)
        except (ValueError, NotARow, RecursionError):
            return Row(file, number, {}, None, raw, seq)

    def _execute(self, query: str, *values: object) -> sqlite3.Cursor:
        with full_disks(f"The rows need more than {self._max_bytes >> 20} MB on the disk of the worker."):
            return self._database.execute(query, values)


@contextmanager
def full_disks(problem: str = "The disk of the worker is full.") -> Iterator[None]:
    """Raise SpoolFull if the disk becomes full in a `with` block. `problem` is the message if the limit of the spool is
    reached.

    SQLite reports the limit of the spool and a full disk as SQLITE_FULL. It reports other limits of the operating
    system, e.g. the maximum file size, as write errors.
    """
    advice = "Split the file into smaller files, with all rows of an order in the same one."
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise SpoolFull(f"{problem} {advice}") from error
        if error.sqlite_errorcode in _FAILED_WRITES:
            raise SpoolFull(f"The disk of the worker is full. {advice}") from error
        raise
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise SpoolFull(f"The disk of the worker is full. {advice}") from error
        raise


@contextmanager
def open_spool(max_bytes: int = MAX_SPOOL_BYTES) -> Iterator[Spool]:
    """Open an empty spool. It is deleted at the end of the `with` block."""
    with tempfile.TemporaryDirectory(prefix="order-import-") as folder:
        # Another thread reads the rejections and sends the error file, while the thread of the job waits.
        database = sqlite3.connect(f"{folder}/rows.sqlite", isolation_level=None, check_same_thread=False)
        try:
            yield Spool(database, max_bytes)
        finally:
            database.close()
