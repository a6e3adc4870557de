"""Recognises the prices of larger quantities: `Price 1+` and `Price 10+`, `Preis ab 100`, `10-49`.

Products are sold one by one, so only the price of the smallest quantity can be the price of a product.
"""

import re
from dataclasses import dataclass
from functools import cache

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold, name_forms
from wecelebrate.feeds.columns.unit_names import units_in_name
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.notation.price_units import MEASURES, PIECES, per_words
from wecelebrate.feeds.prices.names import MONEY, NAMED_CURRENCIES, TIERS, PriceName, price_name
from wecelebrate.feeds.vocabulary.words import words

MAX_NAME = 60
_FROM = (
    "ab|from|from qty|qty|quantity|menge|>=|≥|@|at|bei|dès|à partir de|a partir de|desde|vanaf|fra|från|od|da|break|moq"
)
_UNITS = r"(?:st|stk|stck|stück|pcs?|pieces?|units?|ea|u|uds?|pz|pezzi|szt|ks)"
_START = re.compile(
    rf"(?:^|(?<=[\s(_/]))(?:{_FROM})[\s_]*(\d{{1,6}})(?![\d.,/-]*\d)[\s_]*{_UNITS}?\.?\)?\s*$", re.IGNORECASE
)
_RANGE = re.compile(
    r"(?<!\d)(\d{1,6})\s*(?:\+|[-–]\s*\d{1,6}|or more|and (?:up|more)|und mehr|et plus|y más|o más|e più|en meer)"
    rf"\s*{_UNITS}?\.?\)?\s*$",
    re.IGNORECASE,
)
_MEASURE = re.compile(
    r"(?:/|\b(?:per|pro|je|par|por|al|au|a|à)\b)\s*(?:1[.,]?000|\d{1,3})?\s*([^\W\d_]{1,11}[²³23]?)\W*$", re.IGNORECASE
)
_REMARK = re.compile(r"[(\[]\s*(\d{1,6})\s*[)\]]$")
"""`Price (100)`: the price if 100 are bought, or for 100."""
_YEARS = range(1990, 2101)
_FILLERS = words("staffel staffelpreis pricebreak break breaks tier quantitybreak qty quantity menge vk")


@dataclass(frozen=True, slots=True)
class QuantityPrice:
    """A column with the price of one unit if at least `quantity` units are bought."""

    column: int
    quantity: int
    name: PriceName


def quantity_in_name(column: str) -> tuple[int, str] | None:
    """Return the quantity from which a price is valid, and the rest of the column's name. Returns None without one."""
    text = column.strip()
    if len(text) > MAX_NAME:
        return None
    match = _START.search(text) or _RANGE.search(text) or _REMARK.search(text)
    if not match or int(match[1]) in _YEARS:
        return None
    return int(match[1]), text[: match.start()].strip(" _-/([:")


def is_for_a_measure(column: str) -> bool:
    """Return whether a price is for a measure, as the prices for comparison that shops show: `Preis/kg`."""
    match = _MEASURE.search(column[:MAX_NAME])
    # `Price/M` is for a thousand.
    return bool(match and match[1].casefold() in MEASURES and not (match[1] == "M" and units_in_name(column) > 1))


@cache
def _per_package() -> re.Pattern[str]:
    codes = "|".join(NAMED_CURRENCIES)
    return re.compile(rf"(?:{codes}|[€$£¥₹₽₺₩₴₫₪₱฿])\s*(?:/|(?:{per_words()})\s)\s*([^\W\d_]{{1,20}})", re.IGNORECASE)


def is_for_a_package(column: str) -> bool:
    """Return whether a name is a currency and what an amount is for: `GEL per bottle`, `EUR/Karton`."""
    match = _per_package().fullmatch(column.strip()) if len(column) <= MAX_NAME else None
    return match is not None and match[1].casefold() in PIECES


def quantity_prices(columns: Columns) -> list[QuantityPrice]:
    """Return the columns with prices of quantities, the smallest quantity first.

    A name without a word for a price, such as `10+`, counts only if several columns have such a name.
    """
    found, bare = [], []
    for number, column in enumerate(columns.header):
        tier = quantity_in_name(column) if any(char.isdigit() for char in column) else None
        if tier is None or internal_part(column) or columns[number].share("is_number") <= 0.5:
            continue
        quantity, rest = tier
        if not rest or fold(rest) in _FILLERS:
            # Without a word for a price, amounts of money tell `Qty 10` with prices from `Qty 10` with quantities.
            if any(MONEY.search(cell) for cell in columns[number].cells):
                bare.append(QuantityPrice(number, quantity, PriceName("plain")))
            continue
        name = next((name for form in name_forms(rest) if (name := price_name(form))), None)
        if name and name.kind in TIERS:
            found.append(QuantityPrice(number, quantity, name))
    return sorted(found + (bare if len(bare) > 1 else []), key=lambda price: (price.quantity, price.column))
