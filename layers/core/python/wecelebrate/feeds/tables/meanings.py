"""Finds the columns of a second table that have the same meanings as the columns of the first table.

For example, the first table has the header `Varenr.;Varetekst;Vejl. pris;Pris nu;På lager`. A second table below it
with `Delnr.;Tekst;Pris;Antal` has the numbers, the names, the selling prices and the stocks of further products.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from wecelebrate.feeds.columns.names import field_candidates, fold, is_weak
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.identity.names import OWN, sku_name
from wecelebrate.feeds.items import Cells
from wecelebrate.feeds.prices.candidates import name_of_price
from wecelebrate.feeds.prices.tiers import is_for_a_measure, names_a_package
from wecelebrate.feeds.vocabulary.words import words

TEXT = "text"
_TEXT_NAMES = words("text tekst texte texto testo")
_NUMBER = re.compile(r"[^\W\d_]{3,20}(?:nr|nummer|number|nro)")
"""A name that ends with a word for "number", such as `Delnr.`. The noun before this word need not be known."""
NEEDED = frozenset(("sku", TEXT, "price plain None None"))
"""The meanings that the second table must have: a SKU, a text, and a price. The name of the price must not contain a
kind, a tax or a currency. Otherwise, the prices of the two tables could have different meanings.
"""


def order_of_meanings(header: Sequence[str], cells: Cells) -> list[int] | None:
    """Return the number of the cell for each column of the header, or -1. Returns None if the meanings differ.

    In each table, each meaning can have only one column. A price of the second table with a tax, a discount or another
    currency has another meaning.
    """
    first, second = _meanings(header), _meanings([cell or "" for cell in cells])
    if first is None or second is None or not NEEDED.issubset(second) or not NEEDED.issubset(first):
        return None
    if any(meaning.startswith("price") and meaning not in first for meaning in second):
        return None
    places = {first[meaning]: number for meaning, number in second.items() if meaning in first}
    return [places.get(number, -1) for number in range(len(header))]


def _meanings(names: Sequence[str]) -> dict[str, int] | None:
    """Map the meanings to the numbers of the columns. Returns None if two columns have the same meaning."""
    meanings: dict[str, int] = {}
    for number, name in enumerate(names):
        meaning = meaning_of(name.strip()) if name.strip() else None
        if meaning is not None and meaning in meanings:
            return None
        if meaning is not None:
            meanings[meaning] = number
    return meanings


@lru_cache(maxsize=1024)
def meaning_of(name: str) -> str | None:
    if internal_part(name) is not None:
        return None
    if price := name_of_price(name):
        is_other = is_for_a_measure(name) or names_a_package(name)
        return None if is_other else f"price {price.kind} {price.tax} {price.currency}"
    if fold(name) in _TEXT_NAMES:
        return TEXT
    number = sku_name(name)
    fields = {field: rank for field, rank, _ in field_candidates(name) if not is_weak(rank)}
    is_number = not fields and ((number is not None and number.rank == OWN) or _NUMBER.fullmatch(fold(name)))
    if "sku" in fields or is_number:
        return "sku"
    best = min(fields, key=fields.__getitem__, default=None)
    return TEXT if best in ("name", "description") else best
