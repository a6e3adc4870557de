"""Finds the price columns of a known export, and the currency that their names state."""

import re
from collections.abc import Sequence
from dataclasses import replace

from wecelebrate.core.types import currencies
from wecelebrate.feeds.columns.profile_columns import find_columns
from wecelebrate.feeds.plan.model import PriceColumn
from wecelebrate.feeds.prices.candidates import stated_currency


def profile_prices(names: list[str], patterns: tuple[str, ...], catalog_currency: str) -> list[PriceColumn]:
    prices: list[PriceColumn] = []
    for pattern in patterns:
        for number, name in enumerate(names):
            match = re.fullmatch(pattern, name)
            if not match or any(price.column == number for price in prices):
                continue
            groups = match.groupdict()
            if channel := groups.get("channel"):
                codes = find_columns(names, (rf"{re.escape(channel)}channel(?:product|variant)?currencycode",))
                prices.append(PriceColumn(number, None, codes[0] if codes else None))
            elif "currency" in groups:
                code = groups["currency"].upper()
                if code in currencies():
                    prices.append(PriceColumn(number, code))
            else:
                prices.append(PriceColumn(number))
        if prices and prices[0].currency:
            break  # the names of these columns contain currencies: ignore later patterns
    return _one_currency(prices, catalog_currency)


def in_stated_currency(prices: list[PriceColumn], header: Sequence[str]) -> list[PriceColumn]:
    """Return the prices with the currency in names such as `Regular price (€)`, if the names state only one."""
    stated = {code for price in prices if (code := price.currency or stated_currency(header[price.column]))}
    return [replace(price, currency=code) for code in stated for price in prices] if len(stated) == 1 else prices


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
