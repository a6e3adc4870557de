"""Divides a price by the number of units that it is for, as in `Preiseinheit 100`, `KPEIN 1000` or `per 100 pcs`."""

import re
from decimal import Decimal
from functools import lru_cache

from wecelebrate.core.types import finer_problem, rounded
from wecelebrate.feeds.evidence.shapes import OTHER, Separator, shape_of
from wecelebrate.feeds.items import BadCell, quoted

MAX_LENGTH = 60
_NUMBER = re.compile(r"(?:per|pro|par|por|je|/|a|à)?\s*([\d.,\s]*\d)?\s*([^\d.,]*)", re.IGNORECASE)
_CODES = {"c": Decimal(100), "cen": Decimal(100), "m": Decimal(1000), "mil": Decimal(1000), "t": Decimal(1000)}
"""Codes of UN/ECE Recommendation 20 and of ERP systems: 100 and 1,000 pieces."""
_WORDS = 12
"""The maximum length of the word for a unit, such as `pieces`."""


@lru_cache(maxsize=1024)
def units_of(cell: str, mark: Separator | None) -> Decimal:
    """Return the number of units that a price is for. A blank cell, `each` and `pc` mean one unit.

    Raises BadCell with the code `bad_price_unit`.
    """
    text = cell.strip()
    match = _NUMBER.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None or len(match[2]) > _WORDS:
        raise BadCell("bad_price_unit", f"{quoted(cell)} is not a number of units, e.g. 100")
    if match[1] is None:
        return _CODES.get(text.casefold().strip("."), Decimal(1))
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
    return units


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
