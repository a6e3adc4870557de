"""Reads from the names of columns how many units a price is for: `Preiseinheit`, `Price/100 pcs`, `Preis pro 100`."""

import re
from functools import cache

from wecelebrate.feeds.notation.price_units import MEASURES, per_words
from wecelebrate.feeds.vocabulary import vocabulary

PRICE_UNITS = frozenset((
    "priceunit", "priceunitquantity", "priceunitqty", "preiseinheit", "preiseinh", "peinh", "kpein", "prpe",
    "pricebasisquantity", "basequantity", "basisquantity", "pricequantity", "priceper", "pricebasis", "preisbasis",
    "preismenge", "preisbezugsmenge", "bezugsmenge", "per", "baseqty",
    "priceunitbasequantity", "prijseenheid", "prijsper", "unitedeprix", "uniteprix", "unidaddeprecio", "unidadprecio",
    "unitadiprezzo", "prisenhed", "prisenhet", "priskvantum", "jednostkaceny", "itemspricequantity",
    "pricecode", "pricepercode",
    "priceuom", "pricinguom", "pricingunit", "pricingum", "priceum", "pricemultiple", "priceqtyunit",
    "preisje", "preispro", "perquantity", "unitpriceperquantity", "priceperquantity",
))  # fmt: skip
"""Column names of the number of units that a price is for."""
POSSIBLE_PRICE_UNITS = frozenset((
    "pe", "uom", "um", "unitofmeasure", "unit", "units", "sellunit", "sellinguom", "cm", "ecm", "einheit", "me",
    "unite", "unidad", "unita", "eenheid",
))  # fmt: skip
"""Column names with two possible meanings: the unit of a price, and the unit in which a product is sold. The values of
the column or the answer to a question determine the meaning.
"""
_LOOSE_PRICE_UNIT = re.compile(
    r"(?:unit|einheits|p|pr|price|preis|vk|prix|precio|prezzo|prijs|pris){1,2}(?:qty|quantity|per|pro|je|einheit|einh|unit|"
    r"basis|base|menge|factor|faktor|divisor)|(?:per|pro|je|par|por|pour)(?:qty|quantity|unit|units|menge|stk|stuck|pcs)?|"
    r"(?:qty|quantity|units|menge)(?:per|pro|je)(?:price|preis)"
)


def is_loose_price_unit(folded: str) -> bool:
    """Return whether a name can mean the unit of a price if its values are 1, 10, 100 or 1,000: `Price Qty`, `pro`."""
    return len(folded) <= MAX_UNIT_NAME and _LOOSE_PRICE_UNIT.fullmatch(folded) is not None


@cache
def _named_unit() -> re.Pattern[str]:
    """Return the pattern that finds a number of units in the name of a price column."""
    return re.compile(
        rf"\s*(?:/|\b(?:{per_words()})\b|\b[pv]\.)\s*(?:"
        r"(1[.,]000|\d{1,4})(?!\d|[.,]\d|\s*(?:\+|[–-]\s*\d|or more|und mehr|er\b|-?\s?pack))"
        r"|(hundred\b|hundert\b|(?-i:C)(?!/)(?=\W|$))|(thousand\b|tausend\b|tsd\b|mille\b|(?<=ce/)(?-i:M)(?=\W|$))"
        r"|(dozen\b|doz\b|dz\b|dtzd\b|dutzend\b))",
        re.IGNORECASE,
    )


MAX_UNIT_NAME = 100


def _first_word(text: str) -> str:
    match = re.match(r"\W*([^\W\d_]+[²³23]?)", text[:MAX_UNIT_NAME])
    return match[1].casefold() if match else ""


def unit_in_name(column: str) -> re.Match[str] | None:
    """Return the part of a name that says how many units a price is for, for example ` pro 100` in `Preis pro 100`."""
    return _named_unit().search(column[:MAX_UNIT_NAME])


def units_in_name(column: str) -> int:
    """Return how many units a price column is for: 100 for `Preis pro 100` and `Price/100 pcs`, and 1 for other names.

    `Price/100 g` is a price for a measure, and not for a number of pieces.
    """
    unit = unit_in_name(column)
    if not unit or _first_word(column[unit.end() :]) in MEASURES:
        return 1
    if unit[1]:
        return int(re.sub(r"\D", "", unit[1])) or 1
    return 100 if unit[2] else 1000 if unit[3] else 12


@cache
def _preposition() -> re.Pattern[str]:
    return re.compile(rf"(?<=[\s)\].])(?:{per_words()}|ab|à)\W*$", re.IGNORECASE)


def without_preposition(column: str) -> str | None:
    """Return a name without the preposition at its end, as in `P.V.P. (IVA incl.) por`.

    It returns None if the name does not end with a preposition.
    """
    match = _preposition().search(column[:MAX_UNIT_NAME].rstrip()) if len(column) <= MAX_UNIT_NAME else None
    return column[: match.start()].strip() or None if match else None


@cache
def price_unit_names() -> frozenset[str]:
    """Return the folded names of columns that contain the number of units that a price is for."""
    return PRICE_UNITS.union(vocabulary().words("columns.price_unit"))
