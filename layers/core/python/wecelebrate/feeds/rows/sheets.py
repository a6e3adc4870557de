"""Chooses one of several sheets of a workbook that have the same SKUs with different prices or stocks."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.items import SHEET_COLUMN, Cells, Rejected, Row, quoted
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.rows.checks import rejected_row

CODE = "other_sheet"
MAX_SHEETS = 20
MAX_EXAMPLES = 3


def sheet_question(plan: Plan, columns: Columns, *, has_mapped_price: bool) -> Question | None:
    """Return the question that asks for the sheet, or None if the sheets do not contradict each other.

    The first choice is the first sheet. The last column of the table contains the names of the sheets. If the settings
    name the column of the price (`has_mapped_price`), only the stocks are compared.
    """
    if plan.header[-1] != SHEET_COLUMN or not plan.sku or plan.profile is not None or plan.computed is not None:
        return None
    prices = [] if has_mapped_price else [price.column for price in plan.prices[:1]]
    if prices and (rows := _contradicting(plan, columns, prices)):
        return _question(plan, columns, rows, prices, "prices")
    stocks = [] if plan.places else plan.inventory
    if stocks and (rows := _contradicting(plan, columns, stocks)):
        return _question(plan, columns, rows, stocks, "stocks")
    return None


def _contradicting(plan: Plan, columns: Columns, numbers: Sequence[int]) -> list[Cells]:
    """Return the rows of the first SKU that has different values in different sheets."""
    groups: dict[str, list[Cells]] = defaultdict(list)
    sku, sheet = plan.sku[0], len(plan.header) - 1
    for row in columns.sample:
        if max(sku, sheet, *numbers) < len(row) and (value := (row[sku] or "").strip()):
            groups[value].append(row)
    for rows in groups.values():
        stated = [row for row in rows if any(_cells(row, numbers))]
        names = {row[sheet] for row in stated}
        if len(names) == len(stated) > 1 and len({_cells(row, numbers) for row in stated}) > 1:
            return stated
    return []


def _cells(row: Cells, numbers: Sequence[int]) -> tuple[str, ...]:
    return tuple((row[number] or "").strip() for number in numbers)


def _question(plan: Plan, columns: Columns, rows: Sequence[Cells], numbers: Sequence[int], what: str) -> Question:
    number, sheet = numbers[0], len(plan.header) - 1
    sku = (rows[0][plan.sku[0]] or "").strip()
    values: dict[str, list[str]] = {}
    for row in columns.sample:
        if max(number, sheet) < len(row) and (name := row[sheet]):
            values.setdefault(name, []).append((row[number] or "").strip())
    choices = tuple(
        Choice(name, f"Only the sheet {quoted(name, 40)} is read.", tuple(filter(None, cells))[:MAX_EXAMPLES])
        for name, cells in list(values.items())[:MAX_SHEETS]
    )
    examples = tuple(f"{row[sheet]}: {(row[number] or '').strip()}" for row in rows[:MAX_EXAMPLES])
    text = (
        f"Rows with the same SKU have different {what} in different sheets, e.g. {quoted(sku, 40)}, and nothing "
        "decides which sheet is valid. Which sheet is read?"
    )
    if what == "stocks":
        text += " If each sheet is a warehouse, send one sheet with a column that names the warehouse."
    return Question("sheet", "money" if what == "prices" else "identity", text, choices, examples)


def of_one_sheet(rows: Iterator[Row | Rejected], plan: Plan, name: str) -> Iterator[Row | Rejected]:
    """Yield the rows of the chosen sheet, and reject the rows of other sheets."""
    sheet = len(plan.header) - 1
    for row in rows:
        if isinstance(row, Rejected) or (row[1][sheet] if sheet < len(row[1]) else None) == name:
            yield row
        else:
            reason = f"the row is in another sheet than {quoted(name, 40)}, and both sheets have the same SKUs"
            yield rejected_row(plan, row[0], row[1], reason, CODE)
