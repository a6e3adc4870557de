"""Reads the crossed-out price of a row, which becomes an attribute. See `prices.former`."""

from collections.abc import Callable

from wecelebrate.feeds.items import BadCell, Cells, Product, Rejected
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.plan.plan import Plan
from wecelebrate.feeds.prices.former import ATTRIBUTE
from wecelebrate.feeds.rows.offers import amount_reader

Build = Callable[[int, Cells, Cells], Product | Rejected]


def with_former_price(build: Build, plan: Plan, catalog_currency: str, mark: numbers.DecimalMark | None) -> Build:
    """Return a function that writes crossed-out prices as plain numbers. For example, `1 495,00` becomes `1495.00`.

    A crossed-out price that is not above the price is left out.
    """
    column = next((number for number, label in plan.attributes if label == ATTRIBUTE), None)
    if column is None or not plan.prices or plan.computed is not None:
        return build
    amount_of = amount_reader(plan, column, catalog_currency, mark)

    def build_row(line: int, cells: Cells, raw: Cells) -> Product | Rejected:
        item = build(line, cells, raw)
        if isinstance(item, Rejected) or ATTRIBUTE not in item.attributes:
            return item
        try:
            amount = amount_of(cells, item.currency)
        except BadCell:
            amount = None
        if amount and (item.price is None or amount > item.price):
            item.attributes[ATTRIBUTE] = f"{amount:f}"
        else:
            del item.attributes[ATTRIBUTE]
            item.blank_attributes = (*item.blank_attributes, ATTRIBUTE)
        return item

    return build_row
