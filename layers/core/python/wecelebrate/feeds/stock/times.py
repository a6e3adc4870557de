"""Reads the time at which the stock of a row was counted, from the column that the mapping names."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from wecelebrate.feeds.items import BadCell, Cells, Product, Rejected, quoted
from wecelebrate.feeds.plan.plan import Plan

Build = Callable[[int, Cells, Cells], Product | Rejected]
MAX_TIME_LENGTH = 40


def with_stock_times(build: Build, plan: Plan) -> Build:
    """Return a function that adds the time of the stock to the product of each row. `build` builds the product."""
    if not plan.stock_as_of:
        return build
    column = plan.stock_as_of[0]
    read = lru_cache(maxsize=4096)(stock_time)

    def build_row(line: int, cells: Cells, raw: Cells) -> Product | Rejected:
        item = build(line, cells, raw)
        cell = cells[column]
        if cell and isinstance(item, Product):
            try:
                item.stock_as_of = read(cell)
            except BadCell as error:
                reason = f"{plan.column_name(column)}: {error.problem}"
                return Rejected(line, 1, item.sku, reason, error.code, [text or "" for text in raw])
        return item

    return build_row


def stock_time(cell: str) -> datetime:
    """Return the time in a cell. Raises BadCell.

    The time must have a UTC offset. Without an offset, the time can be wrong by hours, and the orders in these hours
    would not be subtracted from the stock.
    """
    try:
        time = datetime.fromisoformat(cell) if len(cell) <= MAX_TIME_LENGTH else None
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise BadCell(
            "bad_time",
            f"{quoted(cell)} is not a time with a UTC offset, e.g. 2026-03-02T14:30:00+01:00 or 2026-03-02T13:30:00Z",
        )
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise BadCell("bad_time", f"{quoted(cell)} is outside of the calendar") from None
