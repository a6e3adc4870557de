"""Reads variants that name their parent in the column `parent` of the mapping. Parents can be anywhere in the file.

Known exports have their own rules (`groups`). This module needs only the name of a column, and has these rules:

- A blank cell of a variant gets the value of its parent, or of the parent's parent. Prices, stocks, identifiers, places
  and commands are never inherited.
- A parent with variants and without a price is not sold. Its row is counted in `rows` of a product.
- If the parent is not in the file, the blank cells of the variant do not change a stored product.

All rows are written to an SQLite database in a temporary file, and are read again when all parents are known. Therefore
memory use does not grow with the size of the file.
"""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import chain, islice
from typing import TypeVar
from unicodedata import decimal

from wecelebrate.feeds.columns.names import field_candidates, is_weak
from wecelebrate.feeds.columns.parents import has_stock, options_in
from wecelebrate.feeds.columns.visibility import Disclosure
from wecelebrate.feeds.items import BadCell, Cells, Item, Product, Rejected, Row, quoted
from wecelebrate.feeds.notation import convert
from wecelebrate.feeds.plan.plan import Plan
from wecelebrate.feeds.rows.products import sku_reader
from wecelebrate.feeds.stock import columns as stock_columns

Entry = TypeVar("Entry")

MAX_LEVELS = 10
"""The maximum length of the chain of parents above a row."""
BATCH_SIZE = 1_000
CACHE_SIZE = 256
DASH = "\N{EN DASH}"
_ATTRIBUTES = frozenset({"attributes"})
CODE = "bad_parent"
"""The code of a row whose chain of parents is endless or too long."""

OwnRow = tuple[str | None, Cells]
"""The SKU of the parent, and the cells of a row."""


@dataclass(frozen=True, slots=True)
class Member:
    """A row of a file in which variants name their parents."""

    line: int
    cells: Cells
    """The cells with the inherited values."""
    raw: Cells
    """The cells of the row itself."""
    is_sold: bool = True
    """False for a parent that only groups its variants."""
    problem: str = ""
    """Why the row is rejected, or ""."""
    options: tuple[tuple[str, str], ...] = ()
    """The options that the name of the variant lists, each with its value."""


class Families:
    """The rows of a file. Rows that other rows name as their parent can be found by their SKUs."""

    def __init__(self, rows: Iterable[Row | Rejected], plan: Plan) -> None:
        """Read all rows. `plan` has the columns of the SKU and of the parent."""
        self._read_sku, self._parent = sku_reader(plan), plan.parent
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript(
            "pragma journal_mode = off; pragma synchronous = off; begin;"
            "create table entries (number integer primary key, line integer, sku text, parent text, content text);"
            "create table parents (sku text primary key) without rowid;"
            "create table parent_rows (sku text primary key, parent text, content text) without rowid;"
        )
        self._width = 0
        for batch in _batches(map(self._entry, rows)):
            self._database.executemany("insert into entries (line, sku, parent, content) values (?, ?, ?, ?)", batch)
            parents = {(parent,) for _, _, parent, _ in batch if parent}
            self._database.executemany("insert or ignore into parents values (?)", parents)
        # If several rows have the SKU of a parent, the last row is used, as for a product.
        self._database.execute(
            "insert or replace into parent_rows select sku, parent, content from entries"
            " where sku in (select sku from parents) order by number"
        )
        self._find = lru_cache(maxsize=CACHE_SIZE)(self._find_row)

    def close(self) -> None:
        """Delete the temporary file."""
        self._database.close()

    def members(self, plan: Plan) -> Iterator[Member | Rejected]:
        """Yield all rows in the order of the file. `plan` has the columns of all rows."""
        groups, prices = inherited_columns(plan), [price.column for price in plan.prices]
        query = "select line, sku, parent, content from entries order by number"
        for line, sku, parent, content in self._database.execute(query):
            if line is None:
                yield Rejected(**json.loads(content))
                continue
            cells = self._cells(content)
            is_priced = not prices or any(_is_amount(cells[number]) for number in prices)
            is_product = plan.sells_parents or any(has_stock(cells[number]) for number in plan.inventory)
            if not (is_priced and is_product) and self._find(sku):
                yield Member(line, cells, cells, is_sold=False)
            elif parent:
                member = self._variant(line, cells, sku, parent, groups)
                yield self._named(member, parent, plan.name[0]) if plan.lists_options else member
            else:
                yield Member(line, cells, cells)

    def _variant(self, line: int, raw: Cells, sku: str, parent: str, groups: Sequence[Sequence[int]]) -> Member:
        cells, visited_skus = list(raw), {sku}
        blank = [group for group in groups if not any(cells[number] for number in group)]
        above: str | None = parent
        while above:
            if above in visited_skus:
                return Member(line, raw, raw, problem=f"{quoted(parent)} and its parents name each other")
            if len(visited_skus) > MAX_LEVELS:
                problem = f"{quoted(parent)} has more than {MAX_LEVELS} parents, one above the other"
                return Member(line, raw, raw, problem=problem)
            visited_skus.add(above)
            parent_row = self._find(above)
            if parent_row is None:  # the parent's values for the blank cells are not in the file
                for number in chain.from_iterable(blank):
                    cells[number] = None
                break
            above, inherited = parent_row
            for group in [group for group in blank if any(inherited[number] for number in group)]:
                blank.remove(group)
                for number in group:
                    cells[number] = inherited[number]
        return Member(line, cells, raw)

    def _named(self, member: Member, parent: str, name: int) -> Member:
        """Return a variant whose name lists its options, with a new name: the parent's name and the option values."""
        above = self._find(parent)
        options = options_in(member.raw[name] or "")
        title = above[1][name] if above is not None else None
        if not options or not title:
            return member
        cells = list(member.cells)
        cells[name] = f"{title} {DASH} {' / '.join(value for _, value in options)}"
        return replace(member, cells=cells, options=tuple(options))

    def _entry(self, row: Row | Rejected) -> tuple[int | None, str, str, str]:
        if isinstance(row, Rejected):
            return None, "", "", json.dumps(asdict(row))
        line, cells = row
        self._width = max(self._width, len(cells))
        stripped = [cell and cell.strip() for cell in cells]
        sku = _identity(self._read_sku(stripped) or "")
        return line, sku, self._parent_of(stripped, sku), json.dumps(stripped if stripped == cells else list(cells))

    def _parent_of(self, cells: Cells, sku: str) -> str:
        """Return the SKU of the parent, or "".

        The result is also "" if a row names itself, or contains 0, which some exports write if a row has no parent.
        """
        text = next((cell for number in self._parent if (cell := cells[number])), "")
        parent = _identity("" if text == "0" else text)
        # Some programs write numbers as 1001.0 in columns with blank cells, such as the parent's column.
        parent = _FLOAT.sub(r"\1", parent) if _FLOAT.fullmatch(parent) and not _FLOAT.fullmatch(sku) else parent
        return "" if parent == sku else parent

    def _find_row(self, sku: str) -> OwnRow | None:
        """Return the row of a parent, or None if no row has this SKU, or if no row names this SKU as its parent."""
        query = "select parent, content from parent_rows where sku = ?"
        row = self._database.execute(query, (sku,)).fetchone()
        return None if row is None else (row[0], [cell and cell.strip() for cell in self._cells(row[1])])

    def _cells(self, content: str) -> Cells:
        cells = json.loads(content)
        return [*cells, *[None] * (self._width - len(cells))]


def with_options(item: Item, options: Iterable[tuple[str, str]], disclosure: Disclosure) -> Item:
    """Add the public options of a variant to its attributes. Returns the item."""
    public = {name: value for name, value in options if disclosure.is_public_option(name)}
    if isinstance(item, Product) and public:
        item.attributes |= public
        item.fields_set |= _ATTRIBUTES
    return item


def inherited_columns(plan: Plan) -> list[list[int]]:
    """Return the columns whose blank cells get values of the parent. The columns of a field are filled together."""
    states = [active.column for active in plan.active if active.words != "commands" and not active.blank_is_no]
    fields = [plan.name, plan.description, plan.category, plan.brand, plan.images, states, plan.pair_columns]
    groups = [*fields, *([number] for number, _ in plan.attributes if not _is_own(plan.column_name(number)))]
    groups.append([] if plan.currency is None else [plan.currency])
    used = {*plan.sku, *plan.parent, *plan.inventory, *plan.places, *(price.column for price in plan.prices)}
    used.update(stock_columns.own_columns(plan.header))
    return [kept for group in groups if (kept := [number for number in group if number not in used])]


def counted_with_products(items: Iterable[Item | None]) -> Iterator[Item]:
    """Yield the items. A row that is not sold (None) is counted in the next product, or in the last item."""
    uncounted = 0
    last: Item | None = None
    for item in items:
        if item is None:
            uncounted += 1
            continue
        if last is not None:
            yield last
        last = item
        if isinstance(item, Product):
            item.rows += uncounted
            uncounted = 0
    if last is not None:
        last.rows += uncounted
        yield last


def _is_own(column: str) -> bool:
    """Return whether a column contains an identifier or a price. Variants do not inherit such values."""
    return any(field in {"sku", "price"} and not is_weak(rank) for field, rank, _ in field_candidates(column))


def _is_amount(cell: str | None) -> bool:
    """Return whether a cell has a digit above 0. Programs write 0 instead of a missing price."""
    return bool(cell) and any(char.isdecimal() and decimal(char) for char in cell or "")


_FLOAT = re.compile(r"(\d{1,15})\.0{1,2}", re.ASCII)


def _identity(text: str) -> str:
    """Return the SKU in a cell, without the artefacts of spreadsheets."""
    try:
        return convert.sku(text)
    except BadCell:
        return text


def _batches(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while batch := list(islice(entries, BATCH_SIZE)):
        yield batch
