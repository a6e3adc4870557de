"""Brings the rows of each product together if they are scattered over the file.

`groups.VariantGrouper` needs adjacent rows for each product, and the row of the product itself first. Many exports have
another order. WooCommerce writes rows in the order of their IDs, so a variation that was added later is far from its
product. People also sort the rows of Shopify's exports by SKU.

The file is read twice. The first pass finds the products whose rows are scattered. The second pass yields the rows of
other products immediately. It writes scattered rows to an SQLite database in a temporary file, and yields them at the
end, in the order of the products' first rows. Memory use does not grow with the size of the file.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b

from wecelebrate.core.types.normal_forms import nfc
from wecelebrate.feeds.columns.profile import VariantRule
from wecelebrate.feeds.columns.profile_columns import profile_names
from wecelebrate.feeds.items import Cells, Rejected, Row
from wecelebrate.feeds.plan.plan import Plan, find_columns

MAX_KEYS = 20_000
"""The maximum number of scattered products in memory. If a file has more, all its rows are written to the database."""
FILTER_BITS = 1 << 25
BATCH_SIZE = 1_000

Rows = Iterable[Row | Rejected]


class RowKeys:
    """Reads the keys that show to which product a row belongs."""

    def __init__(self, plan: Plan, rule: VariantRule) -> None:
        names = profile_names(plan.header, plan.profile)
        self._keys, self._name = find_columns(names, rule.key), plan.name
        self._parent = find_columns(names, rule.parent)[:1]
        self._completing = cell_patterns(names, rule.completing_patterns)
        self.blank_continues = rule.blank_continues
        self.has_parents = bool(self._parent)

    def key(self, cells: Cells) -> str:
        """Return the key of the row's product: the first key that is not blank."""
        for number in self._keys:
            if number < len(cells) and (cell := cells[number]) and (value := cell.strip()):
                return _nfc(value)
        return ""

    def parent(self, cells: Cells) -> str:
        """Return the key of the product that the row names as its parent, or ""."""
        return parent_reference(cells, self._parent)

    def references(self, cells: Cells) -> tuple[str, ...]:
        """Return the texts by which other rows name this row as their parent."""
        values = tuple(_nfc(value) for number in self._keys if (value := value_of(cells, number)))
        return (*values, *(f"id:{value}" for value in values))

    def has_name(self, cells: Cells) -> bool:
        """Return whether the row has the name of the product. The first row of a product has this name."""
        if self._completing and matches(cells, self._completing):
            return False
        for number in self._name:
            if number < len(cells) and (cell := cells[number]) and not cell.isspace():
                return True
        return not self._name


def parent_reference(cells: Cells, columns: list[int]) -> str:
    """Return the key in the parent's column. Some exports write 0 in the row of a product without a parent."""
    if not columns or len(cells) <= columns[0] or not (cell := cells[columns[0]]):
        return ""
    value = cell.strip()
    return "" if value == "0" else _nfc(value)


def _nfc(text: str) -> str:
    """Return the text in the Unicode form NFC. Otherwise, keys from different programs could differ."""
    return text if text.isascii() else nfc(text)


def regrouped(rows: Rows, every_row: Callable[[], Rows] | None, plan: Plan, rule: VariantRule) -> Rows:
    """Return the rows in an order in which the rows of each product are adjacent.

    `every_row` reads the file once more, before `rows`. If `every_row` is None, the order is not changed.
    """
    keys = RowKeys(plan, rule)
    if not rule.is_scattered or every_row is None:
        return rows
    scattered = _far_parents(every_row(), keys) if keys.has_parents else _interrupted_keys(every_row(), keys)
    if not scattered.keys:
        return rows
    return _Regrouper(keys, scattered).rows(rows)


class _Scattered:
    """The keys of the products whose rows are scattered. Beyond MAX_KEYS, every key counts as scattered."""

    def __init__(self) -> None:
        self.keys: set[str] = set()

    def add(self, key: str) -> None:
        if len(self.keys) <= MAX_KEYS:
            self.keys.add(key)

    def __contains__(self, key: str) -> bool:
        return key in self.keys or len(self.keys) > MAX_KEYS


def _far_parents(rows: Rows, keys: RowKeys) -> _Scattered:
    """Return the parents that are not directly above their variants."""
    scattered = _Scattered()
    references: tuple[str, ...] = ()
    for row in rows:
        if isinstance(row, Rejected):
            continue
        if not (parent := keys.parent(row[1])):
            references = keys.references(row[1])
        elif parent not in references:
            scattered.add(parent)
    return scattered


def _interrupted_keys(rows: Rows, keys: RowKeys) -> _Scattered:
    """Return the keys of products if their rows are not adjacent, or if their first row does not have the name."""
    scattered, seen_keys = _Scattered(), _SeenKeys()
    current, is_named = "", True
    for row in rows:
        if isinstance(row, Rejected):
            continue
        key = keys.key(row[1])
        if key and key != current:
            current, is_named = key, keys.has_name(row[1])
            if seen_keys.add(key):
                scattered.add(key)
        elif not is_named and keys.has_name(row[1]):
            is_named = True
            scattered.add(current)
    return scattered


class _SeenKeys:
    """A Bloom filter of 4 MB.

    If the filter wrongly reports a key as seen, the only effect is that the rows of this key are yielded later.
    """

    def __init__(self) -> None:
        self._bits = bytearray(FILTER_BITS // 8)

    def add(self, key: str) -> bool:
        """Add the key. Returns whether the key was possibly added before."""
        # The hash must not depend on the process, because two workers that read a file need the same order of items.
        digest = int.from_bytes(blake2b(key.encode("utf-8", "replace"), digest_size=8).digest())
        is_seen = True
        for position in (digest % FILTER_BITS, (digest >> 32) % FILTER_BITS):
            byte, bit = position >> 3, 1 << (position & 7)
            is_seen = is_seen and bool(self._bits[byte] & bit)
            self._bits[byte] |= bit
        return is_seen


class _Regrouper:
    """Keeps the scattered rows in a database, and yields them after all other rows."""

    def __init__(self, keys: RowKeys, scattered: _Scattered) -> None:
        self._keys, self._scattered = keys, scattered
        self._batch: list[tuple[str, int, int, str]] = []

    def rows(self, rows: Rows) -> Iterator[Row | Rejected]:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        try:
            self._database.executescript(
                "pragma journal_mode = off; pragma synchronous = off; begin;"
                "create table members (product text, is_first integer, line integer, cells text);"
                "create table aliases (reference text primary key, product text) without rowid;"
            )
            yield from self._with_parents(rows) if self._keys.has_parents else self._with_keys(rows)
            self._write()
            yield from self._scattered_rows()
        finally:
            self._database.close()

    def _with_keys(self, rows: Rows) -> Iterator[Row | Rejected]:
        """Yield the rows that are not scattered. A row without a key can belong to the product of the row above."""
        product = ""
        for row in rows:
            if isinstance(row, Rejected):
                yield row
                continue
            if key := self._keys.key(row[1]):
                product = key if key in self._scattered else ""
            elif not self._keys.blank_continues:
                product = ""
            if product:
                self._keep(product, row, is_first=bool(key) and self._keys.has_name(row[1]))
            else:
                yield row

    def _with_parents(self, rows: Rows) -> Iterator[Row | Rejected]:
        """Yield the rows that are not scattered. A product can have several references, such as its SKU and its ID."""
        product = ""
        references: tuple[str, ...] = ()
        for row in rows:
            if isinstance(row, Rejected):
                yield row
                continue
            if parent := self._keys.parent(row[1]):
                if parent in references:
                    self._keep(product, row)
                elif parent in self._scattered:
                    self._keep(parent, row)
                else:
                    yield row
                continue
            product, references = "", self._keys.references(row[1])
            wanted = [reference for reference in references if reference in self._scattered]
            if not wanted:
                references = ()
                yield row
                continue
            product = wanted[0]
            self._database.executemany(
                "insert or ignore into aliases values (?, ?)", [(reference, product) for reference in references]
            )
            self._keep(product, row, is_first=True)

    def _keep(self, product: str, row: Row, *, is_first: bool = False) -> None:
        self._batch.append((product, int(is_first), row[0], json.dumps(row[1])))
        if len(self._batch) >= BATCH_SIZE:
            self._write()

    def _write(self) -> None:
        self._database.executemany("insert into members values (?, ?, ?, ?)", self._batch)
        self._batch.clear()

    def _scattered_rows(self) -> Iterator[Row]:
        query = """
            with products as (
              select members.rowid as row, coalesce(aliases.product, members.product) as product
              from members left join aliases on aliases.reference = members.product
            ), firsts as (select product, min(row) as first from products group by product)
            select line, cells from products join firsts using (product) join members on members.rowid = row
            order by first, is_first desc, row"""
        for line, cells in self._database.execute(query):
            yield line, json.loads(cells)


CellPatterns = list[tuple[list[int], str]]
"""Pairs of column numbers and a pattern. The pattern must match the cell in the first of the columns."""


def cell_patterns(names: list[str], patterns: Mapping[str, str]) -> CellPatterns:
    return [(find_columns(names, (column,)), pattern) for column, pattern in patterns.items()]


def matches(cells: Cells, patterns: CellPatterns) -> bool:
    """Return whether a cell of the row matches its pattern. Patterns are in lower case."""
    return any(
        columns and re.fullmatch(pattern, value_of(cells, columns[0]).casefold()) for columns, pattern in patterns
    )


def value_of(cells: Cells, number: int) -> str:
    """Return the cell without surrounding spaces, or "" if the row has no such cell."""
    return (cells[number] or "").strip() if number < len(cells) else ""
