"""Finds the price columns of a known export, and the currency that their names state."""

import re
from collections.abc import Sequence
from dataclasses import replace

from wecelebrate.core.types import currencies
from wecelebrate.feeds.columns.profile_columns import find_columns
from wecelebrate.feeds.plan.model import PriceColumn
from wecelebrate.feeds.prices.candidates import currency_in_name, stated_currency


def profile_prices(
    header: Sequence[str], names: list[str], patterns: tuple[str, ...], catalog_currency: str
) -> list[PriceColumn]:
    """Return the price columns of a known export. `names` are the folded names of the columns in `header`.

    The first pattern finds the regular price. Of its columns, those in the catalog's currency are used, otherwise those
    without a currency. A column of a later pattern, such as an offer, is used only if it has the same currency.
    """
    prices: list[PriceColumn] = []
    for pattern in patterns:
        found: list[PriceColumn] = []
        for number, name in enumerate(names):
            match = re.fullmatch(pattern, name)
            if not match or any(price.column == number for price in prices):
                continue
            groups = match.groupdict()
            if channel := groups.get("channel"):
                codes = find_columns(names, (rf"{re.escape(channel)}channel(?:product|variant)?currencycode",))
                found.append(PriceColumn(number, None, codes[0] if codes else None))
            elif "currency" in groups:
                code = groups["currency"].upper()
                if code in currencies():
                    prices.append(PriceColumn(number, code))
            else:
                found.append(PriceColumn(number))
        prices += _in_one_currency(header, found, prices, catalog_currency)
        if prices and prices[0].currency:
            break  # the names of these columns contain currencies: ignore later patterns
    code = _stated(header[prices[0].column], catalog_currency) if prices and not prices[0].currency else None
    prices = _one_currency(prices, catalog_currency)
    return [replace(price, currency=code) for price in prices] if code else prices


def _in_one_currency(
    header: Sequence[str], found: list[PriceColumn], regular: Sequence[PriceColumn], catalog_currency: str
) -> list[PriceColumn]:
    """Return the columns of one pattern whose names state the same currency as the regular price."""
    codes = {price.column: _stated(header[price.column], catalog_currency) for price in found}
    if regular:
        code = _stated(header[regular[0].column], catalog_currency) or catalog_currency
        return [price for price in found if codes[price.column] in (None, code)]
    wanted = next((code for code in (catalog_currency, None) if code in codes.values()), None)
    if found and wanted not in codes.values():
        wanted = codes[found[0].column]
    return [price for price in found if codes[price.column] == wanted]


def _stated(column: str, catalog_currency: str) -> str | None:
    """Return the currency that the name of a column states, as `Regular price (€)` does."""
    return stated_currency(column) or currency_in_name(column, None, catalog_currency)


def header_currency(names: list[str], pattern: str | None) -> str | None:
    """Return the currency that a column name contains, or None."""
    matches = (re.fullmatch(pattern, name) for name in names) if pattern else ()
    code = next((match[1].upper() for match in matches if match), None)
    return code if code in currencies() else None


def _one_currency(prices: list[PriceColumn], catalog_currency: str) -> list[PriceColumn]:
    """If the columns have different currencies, choose one column for all rows.

    A column in the catalog's currency is preferred, then a column without a currency, then the first column.
    """
    if any(price.currency for price in prices):
        preferred = [price for price in prices if price.currency == catalog_currency]
        return (preferred or [price for price in prices if not price.currency] or prices)[:1]
    return prices
