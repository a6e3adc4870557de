"""Divides a price by the number of units that it is for, as in `Preiseinheit 100`, `KPEIN 1000` or `per 100 pcs`."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from wecelebrate.core.types import finer_problem, rounded
from wecelebrate.feeds.evidence.shapes import OTHER, Separator, shape_of
from wecelebrate.feeds.items import BadCell, quoted
from wecelebrate.feeds.words import words

MAX_LENGTH = 60
_NUMBER = re.compile(r"(?:per|pro|par|por|je|/|a|à)?\s*([\d.,\s]*\d)?\s*([^\d.,]*)", re.IGNORECASE)
_WORDS = 12
"""The maximum length of the word for a unit, such as `pieces`."""
_HUNDRED, _THOUSAND, _DOZEN = Decimal(100), Decimal(1000), Decimal(12)
CODES = {
    "C": _HUNDRED, "CEN": _HUNDRED, "CPC": _HUNDRED, "HU": _HUNDRED, "%": _HUNDRED, "M": _THOUSAND, "MIL": _THOUSAND,
    "MPC": _THOUSAND, "TH": _THOUSAND, "T3": _THOUSAND, "\u2030": _THOUSAND, "DZ": _DOZEN, "DZN": _DOZEN,
}  # fmt: skip
"""Codes of price units: of UN/ECE Recommendation 20 (CEN, MIL, T3, DZN), and of trade: C, M, % and \u2030.

They are written in upper case, because `m` is a metre.
"""
_NAMES = {
    **dict.fromkeys(("hundred", "hundert", "cent pieces", "cento", "cien"), _HUNDRED),
    **dict.fromkeys(("thousand", "tausend", "mille", "mil", "tsd", "duizend", "tusen", "tusind"), _THOUSAND),
    **dict.fromkeys(("dozen", "doz", "dz", "dutzend", "dtzd", "douzaine", "docena", "dozzina", "dozijn"), _DOZEN),
}
MEASURES = words(
    "g gr gramm gram grams kg kilo kilos kilogramm mg t to tonne tonnes lb lbs oz ml cl dl l lt ltr liter litre liters "
    "litres mm cm dm m mtr meter metre meters metres lfm lfdm ml rm ft feet yd yard yards in inch m2 m\u00b2 qm sqm "
    "sqft m3 m\u00b3 cbm h hr hrs hour hours std stunde stunden day days tag tage month monat jahr year kwh "
    "kilogram kilograms kilogramo kilogramme kilogrammes gramo gramos gramme grammes grammi kilogrammo chilo litro "
    "litros litri metro metros metri metre hora horas ora ore heure heures kilogramu gramów litr metr meter uur timer "
    "tunti kilogramy litra кг гр г л мл м см метр литр час кило كجم كغ كيلو غرام جم متر لتر "  # noqa: RUF001
    "ק\u05d2 גרם ליטר מטר 公斤 千克 克 斤 升 米 กก กรัม ลิตร เมตร"
)
"""Units that are no pieces. A price for 100 g says nothing about the price of a product."""
_EACH = frozenset(("E", "EA", "EACH", "PC", "PCS", "PCE"))


@lru_cache(maxsize=1024)
def units_of(cell: str, mark: Separator | None) -> Decimal:
    """Return the number of units that a price is for. A blank cell, `each`, `pc` and `kg` mean one unit.

    Raises BadCell with the code `bad_price_unit`.
    """
    text = cell.strip().rstrip(".")
    match = _NUMBER.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None or len(match[2]) > _WORDS:
        raise BadCell("bad_price_unit", f"{quoted(cell)} is not a number of units, e.g. 100")
    word = match[2].strip(" .")
    if match[1] is None:
        return CODES.get(text.strip(".")) or _NAMES.get(word.casefold()) or Decimal(1)
    digits = "".join(match[1].split())
    shape = shape_of(digits)
    decimal = shape and (shape.decimal or (mark if shape.unclear and mark else None))
    if shape is None:
        raise BadCell("bad_price_unit", f"{quoted(cell)} is not a number of units, e.g. 100")
    if shape.unclear and mark is None:  # `1.000` units are a thousand
        decimal = OTHER[shape.unclear]
    plain = digits.replace(OTHER[decimal], "").replace(decimal, ".") if decimal else digits
    units = Decimal(plain)
    if units <= 0:
        raise BadCell("bad_price_unit", f"{quoted(cell)} is not a number of units; it must be above 0")
    if units != 1 and word.casefold() in MEASURES:
        raise BadCell("bad_price_unit", f"{quoted(cell)} is no number of pieces")
    return units


UnitColumn = Literal["units", "open", "none"]


def kind_of_units(cells: Sequence[str], is_price_unit: bool) -> UnitColumn:
    """Return whether the values of a column are numbers of units that a price is for.

    `is_price_unit` says that the name of the column means the unit of a price, as `Price per` and `PEINH` do. A column
    such as `UOM` is one only if its values are codes of trade: `E`, `C` and `M`. `M` alone can be a metre, and `C`
    can also be the unit that is sold, so they are open.
    """
    values = {cell.strip() for cell in cells}
    codes = {value for value in values if value in CODES}
    has_metric = any(value.casefold().strip(".") in MEASURES for value in values - {"M"})
    if is_price_unit and any(any(char.isdigit() for char in value) for value in values):
        return "units"
    if is_price_unit and any(value.casefold() in _NAMES for value in values):
        return "units"
    if not codes or (codes == {"M"} and has_metric):
        return "none"
    if is_price_unit:
        return "units" if codes != {"M"} or values & _EACH else "open"
    is_trade = codes & {"C", "CEN", "CPC", "MPC", "MIL"} or ("M" in codes and values & _EACH and not has_metric)
    return "open" if is_trade else "none"


def is_power_of_ten(cells: Sequence[str]) -> bool:
    """Return whether all values are 1, 10, 100, 1,000 or 10,000, and not all are 1."""
    values = {cell.strip().replace(".", "").replace(",", "") for cell in cells}
    values = {re.sub(r"\D+$", "", value) for value in values}
    return bool(values - {"1"}) and values <= {"1", "10", "100", "1000", "10000"}


def price_of_one(price: Decimal, units: Decimal, currency: str) -> Decimal:
    """Return the price of one unit. It is never rounded.

    Raises BadCell with the code `too_precise` if this price is finer than its currency.
    """
    one = price / units
    exact = rounded(one, currency) if one * units == price else None
    if exact is None:
        shown = f"{one:f}"[:12]
        raise BadCell(
            "too_precise",
            f"{price:f} for {units:f} units is {shown} for one unit, and a price {finer_problem(currency)}",
        )
    return exact
