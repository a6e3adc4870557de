"""Reads the price of a row, with its currency and its minor units."""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, partial
from typing import TypeVar

from wecelebrate.core.types import minor_units
from wecelebrate.feeds.columns.facts import NOTHING
from wecelebrate.feeds.items import BadCell, Cells, quoted
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.notation.price_units import price_of_one
from wecelebrate.feeds.notation.shapes import shape_of
from wecelebrate.feeds.plan.plan import Plan, PriceColumn
from wecelebrate.feeds.prices.minor_units import decimals_of
from wecelebrate.feeds.vendors.commercetools import price_of_list

CACHE_SIZE = 4096
TOMAN, RIAL = "IRT", "IRR"
"""The code that the vocabulary has for the toman, which is not a code of ISO 4217. 1 toman is 10 rial."""

Value = TypeVar("Value")


def cached(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """Add a cache to the parser, because prices and quantities repeat. The cache ignores long cells, to save memory."""
    fast = lru_cache(maxsize=CACHE_SIZE)(parse)
    return lambda cell: fast(cell) if len(cell) <= numbers.MAX_NUMBER_LENGTH else parse(cell)


def price_reader(
    plan: Plan, catalog_currency: str, mark: numbers.DecimalMark | None
) -> Callable[[Cells], tuple[Decimal | None, str | None]]:
    """Return a function that reads the price and its currency.

    If the file has several price columns, the returned function prefers a price in the catalog's currency.
    """
    columns = plan.prices
    has_unit = plan.price_unit is not None or any(column.units != 1 for column in columns)

    parse: Callable[[str], tuple[Decimal, str | None]]
    if plan.profile and plan.profile.cell_readers.get("price") == "price_list":
        parse = partial(price_of_list, catalog_currency=catalog_currency)
    else:
        # In a column `Pris (NOK)`, the sign `kr` means NOK, even if the catalog has another currency.
        named = columns[0].currency if len(columns) == 1 and columns[0].currency != TOMAN else None
        parse = cached(
            partial(_price_of_cell, mark=mark, catalog_currency=named or catalog_currency, has_unit=has_unit)
        )
    if not columns:
        return lambda _: (None, None)
    if len(columns) == 1 and columns[0] == PriceColumn(columns[0].column, columns[0].currency, kind=columns[0].kind):
        only_column, column_currency = columns[0].column, columns[0].currency

        def single_price(cells: Cells) -> tuple[Decimal | None, str | None]:
            cell = cells[only_column]
            if cell:
                try:
                    price, currency = parse(cell)
                    return _in_rial(price, currency or column_currency)
                except BadCell:
                    if cell.casefold() not in NOTHING:
                        raise
            if cell is None:
                return None, None
            raise BadCell("empty", "is empty")

        return single_price

    def best_price(cells: Cells) -> tuple[Decimal | None, str | None]:
        other_prices: list[tuple[Decimal, str | None]] = []
        present = False
        for column in columns:
            cell = cells[column.column]
            present = present or cell is not None
            if not cell or cell.casefold() in NOTHING or _is_for_more(column, cells):
                continue
            price, currency = parse(cell)
            if column.currency_column is not None and not currency and (code := cells[column.currency_column]):
                currency = currency_of(catalog_currency, code)
            currency = currency or column.currency
            if currency == TOMAN and column.arithmetic:
                currency = None  # the steps of the mapping, such as `multiply` by 10, convert the amount
            price, currency = _in_rial(price, currency)
            if column.scale or column.scale_column is not None:
                price = _unscaled(price, column, cells, currency or _row_currency(plan, cells, catalog_currency))
            if column.units != 1:
                of_one = currency or _row_currency(plan, cells, catalog_currency)
                price = price_of_one(price, Decimal(column.units), of_one)
            if column.arithmetic is not None:
                price = column.arithmetic.apply(price, cells, mark)
            if currency in (catalog_currency, None):
                return price, currency
            other_prices.append((price, currency))
        if other_prices:
            return other_prices[0]
        if present:
            raise BadCell("empty", "is empty")
        return None, None

    return best_price


def _price_of_cell(
    cell: str, mark: numbers.DecimalMark | None, catalog_currency: str, has_unit: bool
) -> tuple[Decimal, str | None]:
    try:
        return numbers.price(cell, mark, catalog_currency)
    except BadCell as error:
        if error.code != "not_a_number":
            raise
    return numbers.price_with_words(cell, mark, catalog_currency, has_unit)


def _in_rial(price: Decimal, currency: str | None) -> tuple[Decimal, str | None]:
    """Return an amount in toman converted to rial, and any other amount unchanged."""
    return (price * 10, RIAL) if currency == TOMAN else (price, currency)


def _toman(cell: str) -> BadCell:
    return BadCell(
        "unknown_currency",
        f"{quoted(cell)} is an amount in toman, which is no currency of ISO 4217: 1 toman is 10 rial (IRR); add the "
        "step `multiply` by 10 to the mapping",
    )


def _is_for_more(column: PriceColumn, cells: Cells) -> bool:
    """Return whether the price is only valid for more than one unit."""
    return column.quantity_column is not None and (cells[column.quantity_column] or "1") not in ("0", "1")


def _row_currency(plan: Plan, cells: Cells, catalog_currency: str) -> str:
    code = cells[plan.currency] if plan.currency is not None else ""
    return numbers.currency_code(code or "", catalog_currency) or catalog_currency


def _unscaled(price: Decimal, column: PriceColumn, cells: Cells, currency: str) -> Decimal:
    """Convert an amount in minor units, such as cents: 1950 becomes 19.50."""
    decimals: int | None = minor_units(currency) if column.scale == "currency" else column.scale
    if column.scale_column is not None and (stated := cells[column.scale_column]):
        decimals = decimals_of(stated, currency)
        if decimals is None:
            raise BadCell("not_a_number", f"{quoted(stated)} is neither a number of decimals nor a unit such as cents")
    if decimals and decimals > 0 and price != price.to_integral_value():
        raise BadCell("not_a_number", f"{price:f} is not a whole number of the smallest unit of {currency}")
    return price.scaleb(-(decimals or 0))


def currency_of(catalog_currency: str, cell: str) -> str:
    currency = numbers.currency_code(cell, catalog_currency)
    if currency == TOMAN:
        raise _toman(cell)
    if currency is None:
        raise BadCell("unknown_currency", f"{quoted(cell)} is not an ISO 4217 currency code, e.g. EUR")
    return currency


def shifted_price(plan: Plan, raw: Cells, columns: list[int]) -> str:
    """Return a hint that the row can be shifted, if the price is blank and the next or previous column has a price."""
    stated = (raw[columns[0]] or "").strip() if columns[0] < len(raw) else ""
    if stated:
        return f", because the cell contains {quoted(stated)}"
    used = {number for numbers in plan.field_columns.values() for number in numbers} - {*plan.name, *plan.description}
    for number in (columns[0] - 1, columns[0] + 1):
        if number in used or not 0 <= number < min(len(raw), len(plan.header)):
            continue
        cell = (raw[number] or "").strip()
        shape = shape_of(cell)
        if shape is not None and shape.decimal and len(shape.fraction) == 2:
            return (
                f", and the column {quoted(plan.header[number], 40)} beside it contains {quoted(cell)}; the cells of "
                "this row can be shifted by a delimiter that is missing or not in quotes"
            )
    return ""
