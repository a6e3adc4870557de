"""Asks for the price if two columns have the same prices in two currencies, and the file names no currency.

A country that adopts the euro shows its prices in both currencies for about a year. The exchange rate is fixed, so all
rows have the same ratio. For example, if the prices of a product are 78.23 and 40.00, the first price is in leva.
"""

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import field_candidates
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.notation.shapes import shape_of
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.candidates import name_of_price
from wecelebrate.feeds.prices.compared import MAX_COLUMNS, MIN_COMPARED, amount_of
from wecelebrate.feeds.prices.names_with_values import currency_of_cells, sign_in_name
from wecelebrate.feeds.questions import Choice, Question

FIXED_RATES = {
    "BGN": 1.95583, "HRK": 7.53450, "LTL": 3.45280, "LVL": 0.702804, "EEK": 15.6466, "SKK": 30.1260, "SIT": 239.640,
    "CYP": 0.585274, "MTL": 0.429300, "DEM": 1.95583, "FRF": 6.55957, "ATS": 13.7603, "XOF": 655.957, "XPF": 119.332,
}  # fmt: skip
"""The value of one euro in each currency. Source: the regulations of the Council of the EU on conversion rates."""
MIN_PRECISION = 0.004
"""The maximum relative error of the ratio of the highest prices. The ratio of low prices, such as 0.60 and 1.17, is not
precise enough, because these prices are rounded.
"""


def fixed_rate_question(plan: Plan, columns: Columns, currency: str) -> list[Question]:
    """Return a question if another column contains the prices of the only price column, converted at a fixed rate."""
    if len(plan.prices) != 1:
        return []
    price = plan.prices[0].column
    if plan.currency is not None or plan.prices[0].currency or currency_of_cells(columns, price, currency):
        return []
    if columns[price].share("is_number") < 1:
        return []
    for other in range(min(len(columns.header), MAX_COLUMNS)):
        if other != price and _can_be_the_price(columns, other, currency) and _is_at_fixed_rate(columns, price, other):
            return [_question(plan, columns, price, other, currency)]
    return []


def _can_be_the_price(columns: Columns, number: int, currency: str) -> bool:
    name, facts = columns.header[number], columns[number]
    named = name_of_price(name)
    is_other_field = not named and any(field_candidates(name))
    is_stated = (named and named.currency) or sign_in_name(name, currency)
    return not is_other_field and not is_stated and bool(facts.cells) and facts.share("is_number") == 1


def _is_at_fixed_rate(columns: Columns, first: int, second: int) -> bool:
    pairs = [
        tuple(sorted((_amount(row[first] or ""), _amount(row[second] or ""))))
        for row in columns.sample
        if max(first, second) < len(row)
    ]
    pairs = [(low, high) for low, high in pairs if low and high]
    if len(pairs) < MIN_COMPARED:
        return False
    greatest = max(low for low, _ in pairs)
    for value in set(FIXED_RATES.values()):
        rate = max(value, 1 / value)
        if all(abs(low * rate - high) <= 0.006 * (1 + rate) for low, high in pairs):
            return 0.006 * (1 + rate) / (greatest * rate) < MIN_PRECISION
    return False


def _amount(cell: str) -> float:
    shape = shape_of(cell)
    if shape is not None and shape.unclear:
        return 0.0
    return amount_of(cell)


def _question(plan: Plan, columns: Columns, price: int, other: int, currency: str) -> Question:
    names = [plan.column_name(number) for number in (price, other)]
    text = (
        f"The columns {quoted(names[0], 40)} and {quoted(names[1], 40)} have the same prices in two currencies, and "
        f"the file does not name them. Which column is in {currency}?"
    )
    choices = tuple(
        Choice(name, f"Products are sold at {quoted(name, 40)}, in {currency}.", columns[number].examples)
        for name, number in zip(names, (price, other), strict=True)
    )
    none = Choice("", "The prices of products are not changed.")
    return Question("price", "money", text, (none, *choices), columns[price].examples)
