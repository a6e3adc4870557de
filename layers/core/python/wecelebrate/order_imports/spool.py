"""The rows of a file, grouped by order, in a database on the disk of the worker.

The rows of an order can be anywhere in a file, and a file can be larger than the memory of the worker. If the worker
dies, its disk is lost. The next worker reads the file again: the rows and their groups are the same.
"""

import json
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

Cells = Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """A row of a file."""

    file: int
    """0 for the first file, and 1 for the file with the lines."""
    number: int
    """The number of the row in its file."""
    raw: Cells
    """The cells as they came."""
    lines: tuple[Cells, ...] | None


@dataclass(frozen=True)
class Rejection:
    """A row that had no effect."""

    row: Row
    code: str
    reason: str


class Spool:
    """Stores rows by the number of their order, and the rejected rows."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript("""
            pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -32768;
            create table rows (seq integer primary key, file integer, number integer, key text, raw text, lines text);
            create table rejections (file integer, number integer, seq integer primary key, code text, reason text,
              raw text);
            create table gaps (key text primary key, number integer, code text);
        """)

    def add(self, key: str, row: Row) -> None:
        """Store a row of the order with the number `key`."""
        lines = None if row.lines is None else json.dumps(row.lines)
        values = (row.file, row.number, key, json.dumps(row.raw), lines)
        self._database.execute("insert into rows (file, number, key, raw, lines) values (?, ?, ?, ?, ?)", values)

    def add_gap(self, key: str, rejection: Rejection) -> None:
        """Store that the order with the number `key` lacks a row, or may lack it."""
        values = (key, rejection.row.number, rejection.code)
        self._database.execute("insert or ignore into gaps (key, number, code) values (?, ?, ?)", values)

    def gap(self, key: str) -> tuple[int, str] | None:
        """Return the number of the first row that the order may lack, and why the row was rejected."""
        gap: tuple[int, str] | None = self._database.execute(
            "select number, code from gaps where key = ?", (key,)
        ).fetchone()
        return gap

    def reject(self, rejection: Rejection) -> None:
        """Store a rejected row."""
        row = rejection.row
        self._database.execute(
            "insert into rejections (file, number, code, reason, raw) values (?, ?, ?, ?, ?)",
            (row.file, row.number, rejection.code, rejection.reason, json.dumps(row.raw)),
        )

    def count_orders(self) -> int:
        """Return the number of orders. No row is added any more."""
        self._database.execute("create index rows_by_key on rows (key, seq)")
        self._database.execute("create table orders as select key from rows group by key order by min(seq)")
        return int(self._database.execute("select count(*) from orders").fetchone()[0])

    def orders(self) -> Iterator[tuple[str, list[Row]]]:
        """Yield the number and the rows of each order, in the order of their first rows."""
        for (key,) in self._database.execute("select key from orders order by rowid"):
            rows = self._database.execute(
                "select file, number, raw, lines from rows where key = ? order by seq", (key,)
            ).fetchall()
            yield key, [Row(file, number, json.loads(raw), _lines(lines)) for file, number, raw, lines in rows]

    def rejections(self) -> Iterator[Rejection]:
        """Yield the rejected rows, in the order of the files."""
        query = "select file, number, raw, code, reason from rejections order by file, number, seq"
        for file, number, raw, code, reason in self._database.execute(query):
            yield Rejection(Row(file, number, json.loads(raw), None), code, reason)


@contextmanager
def open_spool() -> Iterator[Spool]:
    """Open an empty spool. It is deleted at the end."""
    with tempfile.TemporaryDirectory(prefix="order-import-") as folder:
        database = sqlite3.connect(f"{folder}/rows.sqlite", isolation_level=None)
        try:
            yield Spool(database)
        finally:
            database.close()


def _lines(text: str | None) -> tuple[Cells, ...] | None:
    return None if text is None else tuple(json.loads(text))
