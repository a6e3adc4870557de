"""Reads the words for a tax in names with further words: `Ab-Hof inkl. USt.`, `Precio sin impuestos nacionales`."""

from functools import lru_cache

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import field_candidates
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.prices.candidates import PriceCandidate, name_of_price
from wecelebrate.feeds.prices.names import NAMED_CURRENCIES, PriceName
from wecelebrate.feeds.prices.tax_kinds import tax_words
from wecelebrate.feeds.prices.tiers import is_comparison, is_for_a_measure, names_a_package
from wecelebrate.feeds.prices.unnamed import are_amounts
from wecelebrate.feeds.vocabulary.folding import split_words

MAX_NAME = 60


@lru_cache(maxsize=4096)
def excludes_tax(column: str) -> bool:
    """Return whether a name has a word for a tax and a word for "without"."""
    return _tax_of(column) == "net"


_SIGNS = {"kc": "czk", "zl": "pln"}


def _tax_of(column: str) -> str | None:
    parts = set(split_words(column)) if len(column) <= MAX_NAME else set()
    taxes, included, excluded = tax_words()
    if parts.isdisjoint(taxes) or parts.isdisjoint(included) == parts.isdisjoint(excluded):
        return None
    return "net" if parts.isdisjoint(included) else "gross"


def named_by_tax(columns: Columns) -> list[PriceCandidate]:
    """Return the only column of amounts whose name means "with tax", if the name has no other known meaning."""
    candidates = []
    for number, column in enumerate(columns.header):
        if _tax_of(column) != "gross" or internal_part(column) or field_candidates(column) or name_of_price(column):
            continue
        is_other = is_for_a_measure(column) or is_comparison(column) or names_a_package(column)
        if not is_other and are_amounts(columns, number):
            reasons = (f"{quoted(column, 40)} has amounts with tax",)
            codes = [_SIGNS.get(word, word) for word in split_words(column)]
            code = next((one.upper() for one in codes if one in NAMED_CURRENCIES), None)  # `SEK inkl. moms`
            candidates.append(PriceCandidate(number, PriceName("gross", tax="gross"), "gross", code, reasons=reasons))
    return candidates if len(candidates) == 1 else []
