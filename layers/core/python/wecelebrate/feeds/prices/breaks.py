"""Finds the quantities of price breaks by their values. The attribute can have any name: `<prijs vanaf="10">`."""

import re
from itertools import pairwise

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.compared import amount_of

_WHOLE = re.compile(r"\d{1,6}", re.ASCII)
MIN_ROWS = 2
MAX_LIST = 2


def quantities_by_values(plan: Plan, columns: Columns, listed: list[int]) -> dict[int, int]:
    """Map the column of each price of a list to the column of its quantity. Without quantities, the result is empty.

    In each row, the first quantity must be 1. Each further quantity must be higher, and its price must not be higher.
    The quantities 1, 2 and 3 are refused, because they can be the numbers of price lists.
    """
    names = [plan.column_name(number) for number in listed]
    beside = {
        column[len(name) :]
        for name in names[:1] for column in plan.header
        if column.startswith(f"{name}@")
    }  # fmt: skip
    by_name = {column: number for number, column in enumerate(plan.header)}
    for attribute in sorted(beside):
        quantities = [by_name[column] for name in names if (column := f"{name}{attribute}") in by_name]
        if len(quantities) == len(names) and _are_breaks(columns, listed, quantities):
            return dict(zip(listed, quantities, strict=True))
    return {}


def _are_breaks(columns: Columns, prices: list[int], quantities: list[int]) -> bool:
    several = 0
    for row in columns.sample:
        pairs = [
            ((row[quantity] or "").strip(), (row[price] or "").strip())
            for price, quantity in zip(prices, quantities, strict=True)
            if max(price, quantity) < len(row) and (row[price] or "").strip()
        ]
        if not all(_WHOLE.fullmatch(quantity) for quantity, _ in pairs):
            return False
        steps = [(int(quantity), amount_of(price)) for quantity, price in pairs]
        is_sorted = all(a[0] < b[0] and a[1] >= b[1] for a, b in pairwise(steps))
        if not is_sorted or (steps and steps[0][0] not in (0, 1)) or (len(steps) > 1 and steps[1][0] <= MAX_LIST):
            return False
        several += len(steps) > 1
    return several >= MIN_ROWS
