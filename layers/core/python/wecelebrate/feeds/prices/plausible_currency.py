"""Asks about the currency if the file names no currency, and the amounts are too small for the catalog's currency.

For example, 3.5 Lebanese pounds are less than one cent. Soap for 3.5 has a price in another currency, or in thousands.
"""

from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.compared import amount_of
from wecelebrate.feeds.questions import Choice, Question

SMALLEST = {
    "LBP": 1_000, "IRR": 1_000, "VND": 500, "LAK": 500, "GNF": 500, "IDR": 100, "KHR": 100, "UZS": 100, "MGA": 50,
    "PYG": 50, "UGX": 50, "TZS": 50, "BIF": 50, "CDF": 50, "COP": 50, "RWF": 50, "SYP": 50, "MMK": 50, "IQD": 50,
    "MNT": 20, "YER": 20, "KRW": 10, "CLP": 10,
}  # fmt: skip
"""The approximate smallest amount that is paid in each currency. No product is cheaper."""
MIN_PRICES = 2


def currency_doubt(plan: Plan, columns: Columns, currency: str) -> list[Question]:
    """Return a question if most prices are below the smallest amount that is paid in the currency."""
    least = SMALLEST.get(currency)
    if least is None or len(plan.prices) != 1 or any(question.subject == "money" for question in plan.questions):
        return []
    price = plan.prices[0]
    is_stated = price.currency or price.currency_column is not None or plan.currency is not None or price.scale
    cells = columns[price.column].cells
    if is_stated or price.units != 1 or price.arithmetic or plan.computed or _names_currency(cells):
        return []
    amounts = sorted(amount for cell in cells if (amount := amount_of(cell)))
    if len(amounts) < MIN_PRICES or amounts[len(amounts) // 2] >= least:
        return []
    name = plan.column_name(price.column)
    text = (
        f"Prices such as {quoted(cells[0], 20)} are too small for {currency}: less than {least:,} {currency} cannot be "
        "paid. The file names no other currency. Are they in another currency, or in thousands? Then add a constant "
        "`currency` or the step `multiply` to the mapping."
    )
    choices = (
        Choice("", "The prices of products are not changed."),
        Choice(name, f"The prices are in {currency}.", tuple(cells[:3])),
    )
    return [Question("price", "money", text, choices, tuple(cells[:3]))]


def _names_currency(cells: Sequence[str]) -> bool:
    """Return whether the amounts have words or signs, which can mean a currency or thousands."""
    return any(any(char.isalpha() or char in "$€£¥₫₩₭៛" for char in cell) for cell in cells)
