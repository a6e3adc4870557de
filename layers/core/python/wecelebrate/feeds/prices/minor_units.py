"""Decides whether amounts are whole numbers of the smallest unit of their currency, such as cents.

The evidence, the strongest first:

1. the option `minor_units` of the catalog's settings
2. the number of decimals beside the amount: `{"amount": 1950, "precision": 2}`, `currency_minor_unit`
3. a word beside the amount: `{"amount": 1950, "unit": "cents"}`, a column `Unit` with the values `cents`
4. the name of the column: `price_cents`, `Price (pence)`, `amountMicros`
5. what the file says about all its prices: `Prices in cents`, `{"minorUnits": 2, "items": [...]}`
6. the format, if all amounts are whole numbers: `unit_amount` (Stripe), `price_money.amount` (Square), Medusa 1

Whole numbers in a JSON object with an amount and its currency, such as `{"amount": 1950, "currency": "EUR"}`, lead to a
question, because some programs write cents in such an object.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from wecelebrate.core.types import minor_units
from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.items import NumberText, quoted
from wecelebrate.feeds.plan.plan import Plan, PriceColumn
from wecelebrate.feeds.prices.candidates import name_of_price
from wecelebrate.feeds.prices.notes import Notes
from wecelebrate.feeds.prices.unit_words import MINOR_UNITS, Scale
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.vocabulary.folding import split_words

PRECISION = (
    "precision", "fractionDigits", "fraction_digits", "exponent", "currency_minor_unit", "currencyMinorUnit",
    "minorUnits", "minor_units", "minorUnit", "minor_unit",
)  # fmt: skip
"""The keys of a JSON object that contain the number of decimals of its amount."""
CODES = (
    "currency_code", "currencyCode", "currency", "currency_id", "currencyId", "iso_code", "Currency", "CurrencyCode",
    "CURRENCY", "waehrung", "Waehrung", "Währung", "devise", "moneda", "valuta", "waluta", "Валюта",
)  # fmt: skip
_ROOT_PRECISION = ("minorunits", "minorunit", "currencyminorunit", "currencyexponent", "priceexponent", "pricescale")
"""Columns with the number of decimals. They are also used for a price that is not a JSON object."""
_UNIT_NAME = re.compile(
    r"unit|einheit|eenheid|enhed|enhet|denomination|currency|wahrung|price|preis|prix|amount|money|scale"
)
_MINOR = re.compile(r"cent(?:s)?amount|amount(?:in)?(?:cents|minorunits?)|(?:price|preis)(?:in)?cents?|minorunits?$")
_PER_MINOR = re.compile(r"(?:/|\b(?:per|pro|je)\b)\s*\w{2,5}\W*$", re.IGNORECASE)
"""Matches `Price/ct`, which is a price for a carat and not a price in cents."""
_MAJOR_MARKERS = ("rawamount", "pricesetid", "rulescount", "calculatedprice")
"""Parts of column names in Medusa 2, whose amounts are in major units. Medusa 1 does not have these names."""
_MINOR_FORMATS = re.compile(r"unitamount$|unit_amount$|(?:price|amount)_?money\.amount$", re.IGNORECASE)
_PENCE = re.compile(r"[(\[]\s*p\s*[)\]]\s*$|\bin p$|_p$")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
MIN_AMOUNT = 100
"""Whole numbers below this are not cents, because nothing costs less than one unit of the currency."""
MIN_WHOLE = 500
"""Whole amounts below this are not cents, if the only evidence for cents is the name `amount` or `value`."""
_AMOUNT_NAMES = ("amount", "value")
MIN_CELLS = 3
STRONG_CURRENCIES = frozenset(("EUR", "USD", "GBP", "CHF", "CAD", "AUD", "NZD", "SGD"))
"""Currencies in which most products cost less than 1000."""
MIN_FILLED = 5
"""The minimum length of numbers that are filled with zeros."""
MAX_UNITS = 10
MAX_SCALE = 6
MAJOR_UNITS = frozenset((
    "euro", "euros", "eur", "dollar", "dollars", "usd", "pound", "pounds", "gbp", "franken", "major", "majorunits",
    "units",
))  # fmt: skip


def with_scale(
    plan: Plan, columns: Columns, price: PriceColumn, setting: str | None, notes: Notes, *, currency: str
) -> tuple[PriceColumn, Question | None]:
    """Return the price column with the decimals of its whole numbers, and a question if these are not certain."""
    name = plan.column_name(price.column)
    if setting == "no" or (price.arithmetic and setting != "yes"):  # transformations get the unchanged number
        return price, None
    beside = None if price.arithmetic else _precision(plan.header, name)
    if beside is None and setting != "yes":
        beside = _unit_with_words(plan, columns, price)
    if beside is not None:
        return replace(price, scale_column=beside), None
    is_minor = replace(price, scale="currency")
    if setting == "yes" or (plan.profile and plan.profile.minor_units):
        return is_minor, None
    named_price = name_of_price(name)
    unit = (named_price.scale or _unit_of_name(name)) if named_price else 0
    if unit and not _PER_MINOR.search(name):
        return replace(price, scale=unit), None
    if _MINOR.search(fold(name)):
        return is_minor, None
    cells = columns[price.column].cells
    are_whole = bool(cells) and all(cell.isascii() and cell.isdigit() for cell in cells)
    if notes.scale and (are_whole or notes.scale == -3):
        decimals = notes.scale if isinstance(notes.scale, int) else 2
        doubt = None if notes.is_scale_certain else _question(name, cells, decimals)
        return replace(price, scale=notes.scale), doubt
    if not are_whole:
        return price, None
    if (price.currency or currency) == "GBP" and _PENCE.search(name):
        return is_minor, None
    if _are_filled_with_zeros(cells) and minor_units(price.currency or currency):
        return is_minor, _question(name, cells, minor_units(price.currency or currency))
    are_numbers = all(isinstance(cell, NumberText) for cell in _first_cells(columns, price.column))
    doubt = _question(name, cells, 2)
    if _MINOR_FORMATS.search(name):
        return is_minor, None if are_numbers else doubt
    if minor_units(currency) and _is_bare_amount(plan, price) and _can_be_cents(cells):
        return is_minor, doubt
    return _of_money_object(plan, is_minor, price, cells, currency) if are_numbers else (price, None)


def _look_like_cents(price: PriceColumn, cells: Sequence[str], currency: str) -> bool:
    """Return whether whole numbers of JSON such as 1450, 2395 and 1999 can be cents of a strong currency.

    Prices that are not in cents mostly end with 0 or 9.
    """
    if (price.currency or currency) not in STRONG_CURRENCIES or len(cells) < MIN_CELLS:
        return False
    return min(int(cell[:12]) for cell in cells) >= MIN_AMOUNT and any(cell[-1] not in "09" for cell in cells)


def _unit_of_name(name: str) -> Scale:
    """Return the unit that a word of a name means. Parts of words are ignored.

    For example, `price_sen` could also consist of `prices` and `en`.
    """
    words = split_words(_CAMEL.sub(" ", name[:100]))
    return next((MINOR_UNITS[word] for word in words if word in MINOR_UNITS), 0)


def _are_filled_with_zeros(cells: Sequence[str]) -> bool:
    """Return whether all whole numbers have the same length because of leading zeros, as in `00000320`.

    Programs that write such numbers, e.g. cash registers, write no decimal separator, and mostly write cents.
    """
    length = len(cells[0])
    return (
        length >= MIN_FILLED
        and any(cell.strip("0") for cell in cells)
        and all(len(cell) == length and cell.startswith("0") for cell in cells)
    )


def _first_cells(columns: Columns, column: int) -> list[str]:
    """Return the values that are not blank, as objects from the file. In contrast, `Facts.cells` contains texts."""
    return [cell for row in columns.sample if column < len(row) and (cell := row[column])]


def _of_money_object(
    plan: Plan, is_minor: PriceColumn, price: PriceColumn, cells: Sequence[str], currency: str
) -> tuple[PriceColumn, Question | None]:
    name, folded = plan.header[price.column], [fold(column) for column in plan.header]
    if _has_major_marker(plan):
        return price, None
    if plan.profile is None and _look_like_cents(price, cells, currency):
        return is_minor, _question(name, cells, 2)
    if folded[price.column].endswith("amount") and sibling(plan.header, name, ("currency_code",)) is not None:
        return is_minor, None
    is_money_object = (
        folded[price.column].endswith(("amount", "value")) and sibling(plan.header, name, CODES) is not None
    )
    is_vendure = folded[price.column].endswith("pricewithtax") and any(one.endswith("currencycode") for one in folded)
    if not (is_money_object or is_vendure) or min(int(cell[:12]) for cell in cells) < MIN_AMOUNT:
        return price, None
    return is_minor, _question(name, cells, 2)


def _has_major_marker(plan: Plan) -> bool:
    return any(marker in fold(column) for column in plan.header for marker in _MAJOR_MARKERS)


def _is_bare_amount(plan: Plan, price: PriceColumn) -> bool:
    """Return whether the name of a price is only `amount` or `value`, and the file does not state its currency."""
    name = plan.column_name(price.column)
    named_price = name_of_price(name)
    is_weak = named_price is not None and named_price.is_weak and not named_price.is_solo
    has_currency = price.currency or price.currency_column is not None or plan.currency is not None
    return is_weak and fold(name).endswith(_AMOUNT_NAMES) and not has_currency and not _has_major_marker(plan)


def _can_be_cents(cells: Sequence[str]) -> bool:
    """Return whether whole amounts without a currency are so large that they can be cents: `amount` 4900 and 12900."""
    return len(cells) > 1 and min(int(cell[:12]) for cell in cells) >= MIN_WHOLE


def _question(name: str, cells: Sequence[str], decimals: int) -> Question:
    values = tuple(dict.fromkeys(cells[:20]))[:3]
    shown = " and ".join(values[:2])
    minor = tuple(f"{value} → {int(value[:15]) / 10**decimals:.{decimals}f}" for value in values)
    major = tuple(f"{value} → {value}.{'0' * decimals}" for value in values)
    text = f"All values of the column {quoted(name, 40)} are whole numbers like {shown}. Are they cents?"
    choices = (
        Choice("yes", "The prices are whole numbers of cents, or of the smallest unit of their currency.", minor),
        Choice("no", "The prices are not in cents.", major),
    )
    return Question("minor_units", "money", text, choices, values)


def sibling(header: Sequence[str], column: str, names: Sequence[str]) -> int | None:
    """Return the number of the column with one of these names in the same JSON object as `column`."""
    path = column.rpartition(".")[0]
    for name in names:
        if path and f"{path}.{name}" in header:
            return header.index(f"{path}.{name}")
    return None


def _precision(header: Sequence[str], column: str) -> int | None:
    sibling_column = sibling(header, column, PRECISION)
    path = column.rpartition(".")[0]
    for number, name in enumerate(header):
        if sibling_column is None and name.startswith(f"{column}@") and name.partition("@")[2] in PRECISION:
            return number  # an attribute of an XML element
        if (
            sibling_column is None
            and name.rpartition(".")[0] in ("", path)
            and fold(name.rpartition(".")[2]) in _ROOT_PRECISION
        ):
            return number
    return sibling_column


def _unit_with_words(plan: Plan, columns: Columns, price: PriceColumn) -> int | None:
    """Return the column beside the price whose values are units such as `cents`."""
    path = plan.header[price.column].rpartition(".")[0]
    used = {number for name, numbers in plan.field_columns.items() if name != "price_unit" for number in numbers}
    for number, name in enumerate(plan.header):
        if number in used or name.rpartition(".")[0] != path or not _UNIT_NAME.search(fold(name)):
            continue
        values = {fold(cell) for cell in columns[number].cells}
        if values & MINOR_UNITS.keys() and len(values) <= MAX_UNITS:
            return number
    return None


def decimals_of(cell: str, currency: str) -> int | None:
    """Return the number of decimals that a cell beside an amount states: 2 for `2` and `cents`, 0 for `EUR`.

    The result is None for any other cell.
    """
    if cell.isascii() and cell.isdigit() and len(cell) <= 3 and int(cell) <= MAX_SCALE:
        return int(cell)
    folded = fold(cell[:40])
    scale = MINOR_UNITS.get(folded)
    if scale is not None:
        return minor_units(currency) if scale == "currency" else scale
    return 0 if folded in MAJOR_UNITS or folded == currency.casefold() else None
