"""Finds the columns of the stock beside those that the plan has chosen."""

from collections.abc import Mapping, Sequence

from wecelebrate.feeds.items import Cells
from wecelebrate.feeds.plan.plan import Plan
from wecelebrate.feeds.states.cells import says_states
from wecelebrate.feeds.stock.columns import StockColumns, find_stock_columns


def stock_columns_of_plan(plan: Plan, mapping: Mapping[str, str | None], sample: Sequence[Cells]) -> StockColumns:
    """Return the columns that say something about the stock of a file with this plan.

    In a known export, or if the file has a column of the stock, the column of the state says nothing about the stock,
    even if its name is `is_available`. Words for a stock in this column, such as `backorder`, say how a number of 0
    pieces or less is meant.
    """
    active = {column.column for column in plan.active if plan.profile or plan.inventory} - {*plan.inventory}
    header = ["" if number in active else name for number, name in enumerate(plan.header)]
    words = [] if plan.profile else [column.column for column in plan.active if says_states(column)]
    words = [number for number in words if number in active]
    is_known = plan.profile is not None
    return find_stock_columns(header, plan.inventory, mapping, sample, words, is_known=is_known)
