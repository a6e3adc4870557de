"""Exchanges rows and columns if each column is a product, and refuses other tables whose rows are not products."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from wecelebrate.feeds.columns.names import SOLO_PRICE_RANK, field_candidates, is_weak
from wecelebrate.feeds.items import SHEET_COLUMN, Cells, Rejected, Row, UnreadableFeed, quoted
from wecelebrate.feeds.tables.table import Table, unique_names
from wecelebrate.feeds.xlsx.rows import FlawedCells

MAX_PRODUCTS = 200
_CHANGED = re.compile(r"^column \d+$| \(\d+\)$")
MAX_ROWS = 40
"""A table with more rows has products in its rows."""
MIN_FIELDS = 3
MIN_SHARE = 0.6
MAX_NAME = 100
MAX_ATTRIBUTE_ROWS = 200
MIN_PARTS = 3
MIN_MEMBERS = 2


def turned(table: Table, mapping: Mapping[str, str | None]) -> Table | None:
    """Exchange the rows and columns of a table whose columns are products. Returns None for any other table.

    The line number of a product is the number of its column. Returns None if the table is large, or has damaged rows.
    """
    if table.profile is not None or table.every_row is None or table.has_groups:
        return None
    if len(table.header) > MAX_PRODUCTS or SHEET_COLUMN in table.header:
        return None
    others = {name: column for name, column in mapping.items() if name != "sku"}
    rows_by_name = _names_of_rows(table.header, table.sample, others)
    if rows_by_name is None or mapping.get("sku") not in (None, *rows_by_name):
        return None
    rows = list(islice(table.every_row(), MAX_ROWS + 1))
    cells = [row[1] for row in rows if not isinstance(row, Rejected)]
    is_damaged = len(cells) < len(rows) or any(map(_is_flawed, cells))
    if is_damaged or len(cells) != len(table.sample) or any(len(row) > len(table.header) for row in cells):
        return None
    if any(map(_CHANGED.search, table.header[1:])):  # a column name was blank or repeated
        return None
    width = len(table.header)
    columns: list[Cells] = [table.header, *([*row, *[""] * (width - len(row))] for row in table.sample)]
    names = unique_names([(column[0] or "").strip() for column in columns])
    products: list[Row] = [(at + 1, [column[at] or "" for column in columns]) for at in range(1, width)]
    filled = [product for product in products if any(cell and cell.strip() for cell in product[1])]
    if not filled:
        return None

    def every_row() -> Iterator[Row | Rejected]:
        return iter(filled)

    return replace(
        table, header=names, sample=[row for _, row in filled], rows=every_row, every_row=every_row, read_again=None
    )


def _is_flawed(cells: Cells) -> bool:
    return isinstance(cells, FlawedCells) and bool(cells.flaws or cells.three_decimals)


def refuse_transposed(header: Sequence[str], sample: Sequence[Cells], mapping: Mapping[str, str | None]) -> None:
    """Raise UnreadableFeed if the first column contains names of fields, and no other column has such a name."""
    if (names := _names_of_rows(header, sample, mapping)) is not None:
        shown = ", ".join(quoted(name, 30) for name in names[:4])
        raise UnreadableFeed(
            f"each column of this table is a product, because its first column has the names {shown}; transpose the "
            "table, so that each row is a product (in a spreadsheet: copy it, and paste it with the option Transpose)"
        )


def _names_of_rows(
    header: Sequence[str], sample: Sequence[Cells], mapping: Mapping[str, str | None]
) -> list[str] | None:
    """Return the names in the first column if they are names of fields, and if each other column is a product."""
    if "sku" in mapping or len(header) < 2 or not MIN_FIELDS - 1 <= len(sample) <= MAX_ROWS:
        return None
    names = [header[0], *((row[0] or "").strip() for row in islice(sample, MAX_ROWS) if row)]
    names = [name for name in names if name]
    fields_by_name = [fields for name in names if (fields := _fields(name))]
    all_fields = set().union(*fields_by_name)
    if (
        any(_fields(name) for name in header[1:])
        or len(all_fields) < MIN_FIELDS
        or len(fields_by_name) < MIN_SHARE * len(names)
    ):
        return None
    return names if "price" in all_fields and all_fields & {"sku", "name"} else None


def refuse_attribute_rows(header: Sequence[str], sample: Sequence[Cells], sku: Sequence[int]) -> None:
    """Raise UnreadableFeed if each row is one value of a product, as in `SKU;Attribute;Value`.

    In such a table, the values of a column are names of fields, and several rows have the same SKU.
    """
    rows = [row for row in islice(sample, MAX_ATTRIBUTE_ROWS) if sku and sku[0] < len(row)]
    if len({row[sku[0]] for row in rows}) == len(rows):
        return
    for number, column in enumerate(header):
        values = {text for row in rows if number < len(row) and (text := (row[number] or "").strip())}
        if number in sku or not MIN_MEMBERS <= len(values) <= MAX_ROWS:
            continue
        fields = [_fields(value) for value in values]
        if len(set().union(*fields) & {"name", "price", "inventory_count"}) < MIN_MEMBERS:
            continue
        if sum(map(bool, fields)) >= MIN_SHARE * len(values):
            raise UnreadableFeed(
                f"each row of this table is one value of a product: the column {quoted(column, 30)} has the names "
                f"{', '.join(quoted(value, 30) for value in sorted(values)[:4])}; send a table in which each row is "
                "a product, and each of these names is a column"
            )


def refuse_members(header: Sequence[str], sample: Sequence[Cells]) -> None:
    """Raise UnreadableFeed if the products are the values of one JSON object, and not the objects of a list.

    Such a table has one row, with the columns `products.A-1.name`, `products.A-2.name`, `products.A-1.price` and so on.
    """
    if len(sample) != 1:
        return
    members: dict[tuple[str, str], set[str]] = {}
    for column in header:
        parts = column.split(".")
        if len(parts) >= MIN_PARTS:
            members.setdefault((parts[0], ".".join(parts[MIN_PARTS - 1 :])), set()).add(parts[1])
    named = [key for key, keys in members.items() if len(keys) >= MIN_MEMBERS]
    if len(named) >= MIN_MEMBERS and any("name" in _fields(name) or "price" in _fields(name) for _, name in named):
        shown = ", ".join(quoted(key, 30) for key in sorted(members[named[0]])[:3])
        raise UnreadableFeed(
            f"the members {shown} of the object {quoted(named[0][0], 30)} look like products; send a list of objects, "
            "each with the SKU as a member"
        )


def _fields(name: str) -> set[str]:
    """Return the fields that a name clearly means."""
    if len(name) > MAX_NAME:
        return set()
    return {
        field for field, rank, _ in field_candidates(name)
        if not is_weak(rank) and not (field == "price" and rank >= SOLO_PRICE_RANK)
    }  # fmt: skip
