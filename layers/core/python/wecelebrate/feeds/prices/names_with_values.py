"""Uses the values of price columns to understand names with countries, brackets, totals and currency signs.

| name                                | what it is                                                                     |
|-------------------------------------|--------------------------------------------------------------------------------|
| `Cena PL`, `Cena CZ`                | prices of countries; signs beside the amounts show the currencies              |
| `Price A (Retail incl VAT)`         | one of several price lists; the brackets contain the kind of the price         |
| `Precio total` beside `Precio base` | the price with tax, if the totals are up to 28 % higher                        |
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold, name_forms
from wecelebrate.feeds.items import BadCell
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.prices.names import PriceName, price_name
from wecelebrate.feeds.prices.plain_names import plain_name

_LISTED = re.compile(
    r"(?P<name>[^\W\d_][^()\[\]]{1,40}?)[ _-]+(?:[a-z]|\d{1,2})\s*[(\[](?P<kind>[^()\[\]]{2,60})[)\]]", re.I
)
_COUNTRY = re.compile(
    r"(?P<name>[^\W\d_].{1,40}?)[\s_(\[-]+(?:AT|AU|BE|BG|CA|CH|CZ|DE|DK|EE|ES|EU|FI|FR|GB|GR|HR|HU|IE|IT|LT|LU|LV|MX|NL|NO|"
    r"PL|PT|RO|SE|SI|SK|TR|UA|UK|US)[)\]]?\s*\*?"
)
_TOTAL = re.compile(r"\b(?:totaal|totale|total|totalt|итого|celkem|razem)\b", re.IGNORECASE)
_MAX_CELLS = 50
MAX_BARE_NAME = 30
MAX_RATES = 3
"""The maximum number of tax rates in a file. If there are more ratios, the columns can be net and gross weights."""
MAX_RATE = 1.28
"""The highest ratio of a price with tax to the price without tax."""


@lru_cache(maxsize=4096)
def listed_price(column: str) -> PriceName | None:
    """Return the meaning of a name with a country, or with the name of a price list in brackets."""
    text = column.strip()
    if match := _LISTED.fullmatch(text):
        if price_name(fold(match["name"])) is None:
            return None
        named = price_name(fold(plain_name(f"price {match['kind']}")))
        return named or price_name(fold(plain_name(f"{match['name']} {match['kind']}")))
    match = _COUNTRY.fullmatch(text)
    return price_name(fold(plain_name(match["name"]))) if match else None


def listed_columns(header: Sequence[str], free: Sequence[int]) -> list[int]:
    """Return the columns with prices of countries or price lists.

    If only one country has a price, this price is doubtful.
    """
    listed = [number for number in free if listed_price(header[number])]
    return listed if len(listed) > 1 or any(_LISTED.fullmatch(header[number].strip()) for number in listed) else []


def currency_of_cells(columns: Columns, number: int, currency: str) -> str | None:
    """Return the currency whose sign is beside the amounts in all cells of a column, or None."""
    currencies = set[str | None]()
    for cell in columns[number].cells[:_MAX_CELLS]:
        if cell.isascii() and not any(char.isalpha() or char == "$" for char in cell):
            return None
        try:
            currencies.add(numbers.price(cell, ".", currency)[1])
        except BadCell:
            return None
    return currencies.pop() if len(currencies) == 1 else None


def sign_in_name(column: str, currency: str) -> str | None:
    """Return the currency whose sign is in a name, such as the sign of the riel. A dollar sign is ignored."""
    signs = [char for char in column if char != "$" and unicodedata.category(char) == "Sc"]
    return numbers.currency_code(signs[0], currency) if len(signs) == 1 else None


def is_total(column: str) -> bool:
    """Return whether a name means the total of a price: `Precio total`, `Prix total`."""
    rest, count = _TOTAL.subn(" ", column[:100])
    return count == 1 and any(price_name(form) is not None for form in name_forms(rest))


def is_with_tax(columns: Columns, base: int, total: int) -> bool:
    """Return whether each value of `total` is a price with tax for the value of `base`: 0 to 28 % higher."""
    rates = []
    for row in columns.sample:
        if max(base, total) < len(row) and (first := _amount(row[base])) and (second := _amount(row[total])):
            rates.append(second / first)
    return len(rates) > 1 and min(rates) > 0.999 and 1.02 < max(rates) <= MAX_RATE


def bare_tax_prices(columns: Columns, currency: str) -> list[tuple[int, PriceName]]:
    """Return the columns `Netto` and `Brutto` whose values are prices, although their names can also mean weights.

    The amounts must have a currency, or each value of `Brutto` must be `Netto` plus one of a few tax rates.
    """
    named = [
        (number, name) for number, column in enumerate(columns.header)
        if (name := _bare_tax_name(column)) and not any("%" in cell for cell in columns[number].cells)
    ]  # fmt: skip
    priced = [(number, name) for number, name in named if currency_of_cells(columns, number, currency)]
    pairs = [(net, gross) for net, first in named for gross, second in named if (first.kind, second.kind) == _NET_GROSS]
    taxed = {number for net, gross in pairs if has_few_rates(columns, net, gross) for number in (net, gross)}
    return [(number, name) for number, name in named if number in taxed] or priced


_NET_GROSS = ("net", "gross")


@lru_cache(maxsize=4096)
def _bare_tax_name(column: str) -> PriceName | None:
    """Return the kind of a price whose name, such as `Brutto` or `HT`, only says whether the price includes the tax."""
    if len(column) > MAX_BARE_NAME or any(price_name(form) for form in name_forms(column)):
        return None
    name = price_name(fold(plain_name(f"price {column}")))
    return name if name is not None and name.tax is not None and name.kind == name.tax else None


def has_few_rates(columns: Columns, net: int, gross: int) -> bool:
    """Return whether each gross amount is the net amount plus tax, with at most MAX_RATES different tax rates."""
    rates = set[float]()
    for row in columns.sample:
        if max(net, gross) < len(row) and (first := _amount(row[net])) and (second := _amount(row[gross])):
            if not 1 < second / first <= MAX_RATE or first < 1:
                return False
            rates.add(round(second / first, 2))
    return 0 < len(rates) <= MAX_RATES


def _amount(cell: str | None) -> float:
    """Return an amount, or 0 if the cell has no amount."""
    for mark in (".", ","):
        try:
            return float(numbers.price(cell or "", mark, "USD")[0])
        except BadCell:
            continue
    return 0.0
