"""Reads the offers of a row: a lower price, and the days or the period in which the price is valid."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache, partial

from wecelebrate.core.types.money import smallest_amount
from wecelebrate.feeds.items import BadCell, Cells, Offer, Product, Rejected
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.notation.convert import YES
from wecelebrate.feeds.notation.moments import end_of, is_blank, moment_of, period_of, start_of
from wecelebrate.feeds.notation.price_units import price_of_one, units_of
from wecelebrate.feeds.plan.plan import OfferColumns, Plan, named_price
from wecelebrate.feeds.prices.cells import price_reader
from wecelebrate.feeds.warnings import Warnings

Build = Callable[[int, Cells, Cells], Product | Rejected]
BAD_OFFER = "bad_offer"
"""The code of the warning about an amount or a day of an offer that is not understood. The offer is left out."""
NOT_LOWER = "offer_not_lower"
"""The code of the warning about an offer that is not below the price. Such an offer is left out."""


def with_offers(
    build: Build, plan: Plan, catalog_currency: str, mark: numbers.DecimalMark | None, warnings: Warnings
) -> Build:
    """Return a function that adds the offers to the product of each row. `build` builds the product."""
    columns = plan.offers
    if columns is None:
        return _without_offers(build) if plan.ends_offers else build
    amount_of = amount_reader(plan, columns.price, catalog_currency, mark)
    is_percentage = columns.is_percentage
    read_period = lru_cache(maxsize=4096)(partial(_period, columns))

    def build_row(line: int, cells: Cells, raw: Cells) -> Product | Rejected:
        item = build(line, cells, raw)
        if isinstance(item, Rejected):
            return item
        item.fields_set |= _OFFERS
        cell = cells[columns.price]
        if columns.switch is not None and cell and (cells[columns.switch] or "").casefold() not in YES:
            cell = ""
        if cell is None:
            item.offers = None
        elif not is_blank(cell):
            days = tuple(None if number is None else cells[number] for number in columns.days)
            try:
                amount = _reduced(item, cell) if is_percentage else amount_of(cells, item.currency)
                offer = Offer(amount, *read_period(*days))
            except BadCell:
                warnings.add(BAD_OFFER, plan.column_name(columns.price), " ".join([cell, *filter(None, days)]))
                return item
            if item.price is not None and offer.price >= item.price:
                warnings.add(NOT_LOWER, plan.column_name(columns.price), cell)
            elif offer.price:
                item.offers = (offer,)
        return item

    return build_row


def _reduced(item: Product, cell: str) -> Decimal:
    """Return the price of the product minus a percentage such as `15%`. Raises BadCell.

    The result has the decimals of the currency. Halves are rounded up."""
    match = _PERCENTAGE.fullmatch(cell.strip())
    if match is None or item.price is None:
        raise BadCell("bad_offer", "is no percentage")
    reduced = item.price * (100 - Decimal(match[1].replace(",", "."))) / 100
    return reduced.quantize(smallest_amount(item.currency), ROUND_HALF_UP)


_PERCENTAGE = re.compile(r"(\d{1,2}(?:[.,]\d{1,2})?)\s?%", re.ASCII)


def amount_reader(
    plan: Plan, column: int, catalog_currency: str, mark: numbers.DecimalMark | None
) -> Callable[[Cells, str], Decimal]:
    """Return a function that reads another amount of a row, with the notation and the currency of the price.

    The returned function raises BadCell.
    """
    price = named_price(column, plan.header[column])
    sold = plan.prices[0]
    price = replace(price, currency=price.currency or sold.currency, currency_column=sold.currency_column,
                    scale=sold.scale, scale_column=sold.scale_column, units=sold.units)  # fmt: skip
    read = price_reader(replace(plan, prices=[price]), catalog_currency, mark)

    def amount_of(cells: Cells, currency: str) -> Decimal:
        amount, stated = read(cells)
        if amount is None or stated not in (None, currency):
            raise BadCell("other_currency", "is in another currency")
        if plan.price_unit is not None and (cell := cells[plan.price_unit]):
            amount = price_of_one(amount, units_of(cell, mark), currency)
        return numbers.exact_price(amount, currency)

    return amount_of


def _without_offers(build: Build) -> Build:
    def build_row(line: int, cells: Cells, raw: Cells) -> Product | Rejected:
        item = build(line, cells, raw)
        if isinstance(item, Product):
            item.fields_set |= _OFFERS
            item.offers = None
        return item

    return build_row


_OFFERS = frozenset({"offers"})


Day = date | datetime | None


def _period(columns: OfferColumns, first: str | None, last: str | None, both: str | None) -> tuple[Day, Day]:
    """Return the start and the end of an offer. An offer without days is valid now. Raises BadCell."""
    if not is_blank(both):
        period = period_of(both or "", month_first=columns.month_first[2])
        if period is None:
            raise BadCell("bad_time", "is no period")
        return _limits(*period)
    moments = []
    for cell, order in zip((first, last), columns.month_first, strict=False):
        moment = None if is_blank(cell) else moment_of(cell or "", month_first=order)
        if moment is None and not is_blank(cell):
            raise BadCell("bad_time", "is no day")
        moments.append(moment)
    return _limits(*moments)


def _limits(first: Day, last: Day) -> tuple[Day, Day]:
    try:
        start, end = start_of(first), end_of(last)
    except ValueError as error:
        raise BadCell("bad_time", str(error)) from None
    if start is not None and end is not None and _is_before(end, start):
        raise BadCell("bad_time", "ends before it starts")
    return start, end


def _is_before(end: date | datetime, start: date | datetime) -> bool:
    """Return whether an offer ends before it starts. An offer is also valid on its last day."""
    if isinstance(start, datetime) and isinstance(end, datetime) and (start.tzinfo is None) == (end.tzinfo is None):
        return end <= start
    return date(end.year, end.month, end.day) < date(start.year, start.month, start.day)
