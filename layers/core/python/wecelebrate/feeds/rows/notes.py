"""Recognises rows that are not products: totals, notes below the table, and headers that are repeated on each page."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from wecelebrate.feeds.columns.facts import MAX_ROWS
from wecelebrate.feeds.columns.totals import TOTAL_SPELLINGS, is_total, is_total_of_group
from wecelebrate.feeds.items import Cells, quoted
from wecelebrate.feeds.plan.plan import Plan

CODE = "no_product"
"""The code of rejected rows that are not products."""
USUAL = 0.1
"""If the share of SKUs with spaces is larger than this, a text with spaces can be a SKU."""
MIN_COLUMNS = 3
"""In a table with fewer columns than this, a row with only one value can be a product."""

_LEVELS = frozenset(("*", "**", "***", "****", "Σ", "∑"))
"""Signs at the start of a line with a total in SAP lists."""

FindNote = Callable[[str | None, Cells], str | None]
"""A function that returns why a row is not a product, or None. The arguments are the SKU and the stripped cells."""


def suspects(plan: Plan) -> frozenset[str]:
    """Return words without spaces that are probably not SKUs: words for a total, and the column name."""
    return (TOTAL_SPELLINGS | _LEVELS).union(plan.header[number] for number in plan.sku if number < len(plan.header))


def note_finder(plan: Plan, sample: Iterable[Cells]) -> FindNote:
    """Return the function that finds rows that are not products. `sample` are the first rows of the file."""
    others = [column for name, columns in plan.field_columns.items() if name != "sku" for column in columns]
    others = others or [number for number in range(len(plan.header)) if number not in plan.sku]
    names, header = plan.name, plan.header
    skus = [
        cell.strip()
        for number in plan.sku[:1]
        for row in islice(sample, MAX_ROWS)
        if number < len(row) and (cell := row[number]) and any(n < len(row) and row[n] for n in others)
    ]
    with_spaces = sum(" " in cell and not is_total_of_group(cell) for cell in skus) > USUAL * len(skus)

    # ERPNext templates have rows such as `Mandatory:`, `Type:` and `Info:` below the header `Column Labels:`.
    has_labels = bool(header) and header[0].endswith(":") and 0 not in plan.sku

    def find(sku: str | None, cells: Cells) -> str | None:
        if sku is None:
            if has_labels and cells and (cells[0] or "").endswith(":"):
                return f"the row describes the columns: {quoted(cells[0] or '')}"
            return note_without_sku(cells[: len(header)], len(header))
        filled = [number for number in others if number < len(cells) and cells[number]]
        if sku in _LEVELS and not any(cells[number] for number in names if number < len(cells)):
            return f"{quoted(sku)} marks the line of a total, and no product"
        if is_total(sku) and all(is_total(cells[number] or "") for number in names if cells[number]):
            return f"{quoted(sku)} is a total, and no product"
        if " " in sku and not with_spaces and names and is_total_of_group(sku) and not any(cells[at] for at in names):
            return f"{quoted(sku)} is the total of a group, and no product"
        if sku in header and all(cells[number] == header[number] for number in filled):
            return "the row repeats the names of the columns"
        if has_labels and (cells[0] or "").endswith(":"):
            return f"the row describes the columns: {quoted(cells[0] or '')}"
        if " " in sku and not filled and not with_spaces and others:
            return f"{quoted(sku)} is a note, and no product: the row has no other value"
        return None

    return find


def note_without_sku(cells: Sequence[str | None], width: int) -> str | None:
    """Return why a row without a SKU is not a product, or None if only the SKU is missing.

    `width` is the number of columns of the table. The row can have fewer cells.
    """
    filled = [cell.strip() for cell in cells if cell and cell.strip()]
    total = next((cell for cell in filled if is_total(cell)), None)
    if total is not None:
        return f"the row contains {quoted(total)}: it is a total, and no product"
    if len(filled) == 1 and " " in filled[0] and width >= MIN_COLUMNS:
        return f"the row contains only {quoted(filled[0])}: it is a note, and no product"
    return None
