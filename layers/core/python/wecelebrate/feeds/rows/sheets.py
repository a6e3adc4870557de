"""Chooses one of several sheets of a workbook that have the same SKUs with different prices."""

from collections.abc import Iterator, Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.items import Cells, Rejected, Row, quoted
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.rows.checks import rejected_row

CODE = "other_sheet"
MAX_SHEETS = 20
MAX_EXAMPLES = 3


def sheet_question(plan: Plan, columns: Columns, rows: Sequence[Cells]) -> Question:
    """Return the question that asks for the sheet. `rows` have the same SKU. The first sheet is the first choice.

    The last column of the table has the names of the sheets.
    """
    price, sheet = plan.prices[0].column, len(plan.header) - 1
    sku = (rows[0][plan.sku[0]] or "").strip()
    prices: dict[str, list[str]] = {}
    for row in columns.sample:
        if max(price, sheet) < len(row) and (name := row[sheet]):
            prices.setdefault(name, []).append((row[price] or "").strip())
    choices = tuple(
        Choice(name, f"Only the sheet {quoted(name, 40)} is read.", tuple(filter(None, amounts))[:MAX_EXAMPLES])
        for name, amounts in list(prices.items())[:MAX_SHEETS]
    )
    examples = tuple(f"{row[sheet]}: {(row[price] or '').strip()}" for row in rows[:MAX_EXAMPLES])
    text = (
        f"Rows with the same SKU have different prices in different sheets, e.g. {quoted(sku, 40)}, and nothing "
        "decides which sheet is valid. Which sheet is read?"
    )
    return Question("sheet", "money", text, choices, examples)


def of_one_sheet(rows: Iterator[Row | Rejected], plan: Plan, name: str) -> Iterator[Row | Rejected]:
    """Yield the rows of the chosen sheet, and reject the rows of other sheets."""
    sheet = len(plan.header) - 1
    for row in rows:
        if isinstance(row, Rejected) or (row[1][sheet] if sheet < len(row[1]) else None) == name:
            yield row
        else:
            reason = f"the row is in another sheet than {quoted(name, 40)}, and both sheets have the same SKUs"
            yield rejected_row(plan, row[0], row[1], reason, CODE)
