"""Reads the words for a tax in names that also contain unknown words, such as `Ab-Hof inkl. USt.`."""

import re
from functools import lru_cache
from typing import Literal

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


@lru_cache(maxsize=4096)
def includes_tax(column: str) -> bool:
    """Return whether a name has a word for a tax and a word for "with"."""
    return _tax_of(column) == "gross"


_SIGNS = {"kc": "czk", "zl": "pln"}
_HUNDREDS = re.compile(r"\d{3}|\d[.,' ]\d{3}")
_JOINED: dict[str, Literal["gross", "net"]] = {
    **dict.fromkeys(("税込", "税込み", "含税", "含稅"), "gross"),
    **dict.fromkeys(("税抜", "税抜き", "税別", "未税", "未稅"), "net"),
}
"""Words for a tax in languages without spaces."""


def _tax_of(column: str) -> Literal["gross", "net"] | None:
    if kind := _JOINED.get(column.strip()):
        return kind
    parts = set(split_words(column)) if len(column) <= MAX_NAME else set()
    taxes, included, excluded = tax_words()
    if parts.isdisjoint(taxes) or parts.isdisjoint(included) == parts.isdisjoint(excluded):
        return None
    return "net" if parts.isdisjoint(included) else "gross"


def named_by_tax(columns: Columns) -> list[PriceCandidate]:
    """Return the only column of amounts whose name means "with tax", if the name has no other known meaning."""
    named = [one for one in _named(columns) if one.kind == "gross" and are_amounts(columns, one.column)]
    return named if len(named) == 1 else []


def possible_by_tax(columns: Columns) -> list[PriceCandidate]:
    """Return the columns that can be prices, because their names say whether they include the tax: `PC bez DPH`.

    The values can be whole numbers. They are not tax rates if they have more than two digits.
    """
    return [
        one for one in _named(columns)
        if are_amounts(columns, one.column)
        or (columns[one.column].share("is_number") == 1 and any(map(_HUNDREDS.match, columns[one.column].cells)))
    ]  # fmt: skip


def _named(columns: Columns) -> list[PriceCandidate]:
    candidates = []
    for number, column in enumerate(columns.header):
        tax = _tax_of(column)
        if tax is None or internal_part(column) or field_candidates(column) or name_of_price(column):
            continue
        if not (is_for_a_measure(column) or is_comparison(column) or names_a_package(column)):
            reasons = (f"{quoted(column, 40)} has amounts {'with' if tax == 'gross' else 'without'} tax",)
            codes = [_SIGNS.get(word, word) for word in split_words(column)]
            code = next((one.upper() for one in codes if one in NAMED_CURRENCIES), None)  # `SEK inkl. moms`
            candidates.append(PriceCandidate(number, PriceName(tax, tax=tax), tax, code, reasons=reasons))
    return candidates
