"""Reads the category of products from rows that contain only the name of a group, as in lists of 1C.

| Артикул | Номенклатура   | Цена |
|---------|----------------|------|
|         | Чайники        |      |
| CH-12   | Чайник 1,7 л   | 2390 |
|         | Посуда         |      |
| PS-101  | Сковорода      | 1590 |
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from wecelebrate.feeds.columns.totals import is_total
from wecelebrate.feeds.items import Cells, Product, Rejected, Row, quoted
from wecelebrate.feeds.notation.convert import single_line
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.names import TAX_WORDS
from wecelebrate.feeds.vocabulary.folding import split_words

Build = Callable[[int, Cells, Cells], Product | Rejected]
CODE = "no_product"
MAX_NAME = 80
MIN_GROUPS = 2
MIN_COLUMNS = 3
MAX_ROWS = 100
"""The maximum number of rows that are searched for the names of groups."""
_CATEGORY = frozenset({"category"})


def group_name(cells: Sequence[str | None], columns: Sequence[int], skus: Sequence[int] = ()) -> str | None:
    """Return the only value of a row if it can be the name of a group, and is in one of the columns.

    `skus` are the columns of the SKU. A single word with a digit in a SKU column is a SKU, and not the name of a group.
    """
    filled = [(number, text) for number, cell in enumerate(cells) if cell and (text := cell.strip())]
    if len(filled) != 1 or filled[0][0] not in columns:
        return None
    name = filled[0][1]
    is_sku = filled[0][0] in skus and " " not in name and any(map(str.isdigit, name))
    is_name = len(name) <= MAX_NAME and any(map(str.isalpha, name)) and not is_total(name)
    if not is_name or is_sku or name[-1] in ".!?:;," or name.startswith(("*", "#", "http")):
        return None
    return None if is_note(name) else name


def is_note(text: str) -> bool:
    """Return whether a text is a note about the tax, such as `Alle Preise inkl. MwSt`, and not the name of a group."""
    parts = split_words(text)
    return len(parts) > 1 and not TAX_WORDS.isdisjoint(parts)


def column_of_groups(
    plan: Plan, every_row: Callable[[], Iterator[Row | Rejected]], mapping: Mapping[str, str | None]
) -> int | None:
    """Return the column that contains the names of groups above the products, in the first rows of a file.

    Each name must be directly above a product or above another name, and the first name must be above all products. The
    result is None if a column of the file contains the categories. `every_row` iterates over the rows of the file.
    """
    if plan.profile is not None or plan.category or plan.computed is not None or plan.parent or not plan.name:
        return None
    if "category" in mapping or not plan.sku or len(plan.header) < MIN_COLUMNS:
        return None
    of_names = sorted({0, *plan.sku, *plan.name})
    rows = [row[1] for row in islice(every_row(), MAX_ROWS) if not isinstance(row, Rejected) and any(row[1])]
    column = next((at for at, cell in enumerate(rows[0]) if cell and cell.strip()), 0) if rows else 0
    names = [group_name(row, [column] if column in of_names else [], plan.sku) for row in rows]
    groups = [at for at, name in enumerate(names) if name]
    if len(groups) < MIN_GROUPS or not names[0]:
        return None
    sku = plan.sku[0]
    products = [
        bool(sku < len(row) and row[sku]) and any(cell for at, cell in enumerate(row) if at not in of_names)
        for row in rows
    ]
    above = [at + 1 == len(rows) or products[at + 1] or bool(names[at + 1]) for at in groups]
    if not all(above) or sum(products) <= 1:
        return None
    return column


def with_group_names(build: Build, plan: Plan) -> Build:
    """Return a function that sets the category of each product to the name of the group above the product."""
    columns, skus = [] if plan.group_column is None else [plan.group_column], plan.sku
    group: str | None = None

    def build_row(line: int, cells: Cells, raw: Cells) -> Product | Rejected:
        nonlocal group
        if name := group_name(cells, columns, skus):
            group = single_line(name, 300)
            reason = f"the row contains only {quoted(name)}: it is the name of a group, and no product"
            return Rejected(line, 1, None, reason, CODE, [cell or "" for cell in raw])
        item = build(line, cells, raw)
        if group and isinstance(item, Product):
            item.category = group
            item.fields_set |= _CATEGORY
        return item

    return build_row
