"""Recognises the column of the ordinary price in a file that also has the price that is paid.

Its name (`Ord. pris`, `Normalpreis`) and its values decide.
"""

import re
from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.prices.candidates import PriceCandidate
from wecelebrate.feeds.prices.compared import amount_of, is_never_above
from wecelebrate.feeds.prices.conditional import is_for_members
from wecelebrate.feeds.vocabulary.folding import split_words, squeezed
from wecelebrate.feeds.vocabulary.words import phrases

MAX_RATIO = 10
_WORDS = phrases(
    "ord|ordinarie|ordinariepris|normalpreis|normalpris|standardpreis|ordinary|regular|normal|normaal|normaali|regulär|"
    "ordinär|ordinær|standard|original|usual|regularna|normalna|běžná|bezna|bežná|обычная|обычной|обычный|"
    "vanlig|vanligt|vanlige|normale|reguliere|gewone|normaalhind|tavahind|tavaline|tava|parasta|parastā|įprasta|iprasta|"
    "redovna|"
    "redovita|redna|zwykła|zwykla|standardowa|regularnej|eredeti|normál|normál ár|întreg|normală|habitual|habituel|"
    "habituelle|régulier|régulière|intero|abituale|cheio|звичайна|звичайної|редовна|редовната|normalpreise|κανονική|αρχική|"
    "venjulegt|venjuleg|reguler|normalne|obična|uobičajena|нормальная|regulärpreis|standardpris|ordpris|"
    "biasa|اصلی"
)
_ORDINARY = _WORDS.union(map(squeezed, _WORDS))
_ORDINARY_ELSEWHERE = re.compile(
    r"通常|平常|日常|常規|常规|原[价價]|정상|원래|ปกติ|thường|gốc|רגיל|العادي|الأصلي|الاصلي|معمولی"
)
"""Words for an ordinary price, in languages without spaces or with other prefixes."""


_COMPOUND = re.compile(
    r"(?:normal|normaal|normaali|ordinarie|ordinaer|standard|regular|regulaer|original|tava)(?=[a-z]{3})"
)
"""The first part of a compound word, such as `Normaalihinta`."""


def is_ordinary(name: str) -> bool:
    """Return whether the name of a column says that a price is the ordinary one."""
    parts = split_words(name)
    return (
        not _ORDINARY.isdisjoint(parts)
        or any(map(_COMPOUND.match, parts))
        or _ORDINARY_ELSEWHERE.search(name) is not None
    )


def without_ordinary_words(name: str) -> str:
    """Return the words of a name without those that say that a price is the ordinary one."""
    return " ".join(part for part in split_words(name) if part not in _ORDINARY)


def without_ordinary_prices(columns: Columns, sold: list[PriceCandidate]) -> list[PriceCandidate]:
    """Leave out an ordinary price that is never below the price, and is blank or equal in rows without a reduction.

    If the ordinary price is above the other price in all rows, the other price can be the price of other customers, so
    both prices stay.
    """
    return [
        one for one in sold if not (is_ordinary(columns.header[one.column]) and _is_above_another(columns, one, sold))
    ]


def _is_above_another(columns: Columns, one: PriceCandidate, sold: Sequence[PriceCandidate]) -> bool:
    return any(
        other.kind in ("gross", "plain", "net")
        and (other.kind, other.name.tax, other.currency) == (one.kind, one.name.tax, one.currency)
        and not (other is one or other.is_bad or one.is_bad)
        and not is_ordinary(columns.header[other.column])
        and not is_for_members(columns.header[other.column])
        and columns[other.column].filled >= columns[one.column].filled
        and (columns.fills(one.column, other.column) or not _differ_always(columns, other.column, one.column))
        and is_reduced(columns, other.column, one.column)
        for other in sold
    )


def _differ_always(columns: Columns, first: int, second: int) -> bool:
    return all(low != high for low, high in _pairs(columns, first, second))


def is_reduced(columns: Columns, price: int, former: int) -> bool:
    """Return whether a column is never below the price, is above it in some rows, and has amounts of a similar size."""
    pairs = _pairs(columns, price, former)
    return (
        is_never_above(columns, price, former)
        and any(low < high for low, high in pairs)
        and all(high <= MAX_RATIO * low for low, high in pairs)
    )


def _pairs(columns: Columns, first: int, second: int) -> list[tuple[float, float]]:
    rows = (row for row in columns.sample if max(first, second) < len(row))
    amounts = ((amount_of(row[first] or ""), amount_of(row[second] or "")) for row in rows)
    return [(low, high) for low, high in amounts if low and high]
