"""Recognises words for an ordinary price (`Ord. pris`, `Normalpreis`) and for the price of the last purchase."""

import re

from wecelebrate.feeds.vocabulary.folding import split_words, squeezed
from wecelebrate.feeds.vocabulary.words import phrases, words

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
    r"通常|表示価格|平常|日常|常規|常规|原[价價]|정상|원래|ปกติ|thường|gốc|רגיל|العادي|الأصلي|الاصلي|معمولی"
)
"""Words for an ordinary price, in languages without spaces or with other prefixes."""


_COMPOUND = re.compile(
    r"(?:normal|normaal|normaali|ordinarie|ordinaer|standard|regular|regulaer|original|tava)(?=[a-z]{3})"
)
"""The first part of a compound word, such as `Normaalihinta`."""


def is_ordinary(name: str) -> bool:
    """Return whether the name of a column means the ordinary price."""
    parts = split_words(name)
    return (
        not _ORDINARY.isdisjoint(parts)
        or any(map(_COMPOUND.match, parts))
        or _ORDINARY_ELSEWHERE.search(name) is not None
    )


def without_ordinary_words(name: str) -> str:
    """Return the name without the words for an ordinary price."""
    return " ".join(part for part in split_words(name) if part not in _ORDINARY)


_LAST = words(
    "last letzter letzte ultimo ultima dernier derniere laatste siste sidste seneste senaste sista viimeinen ostatnia "
    "ostatni posledni posledna posledny utolso ultimul son последняя последний остання последна zadnja zadnji"
)
"""Words of ERP systems for the price of the last purchase, such as `Last price`. Customers do not pay this price."""


def is_last(name: str) -> bool:
    """Return whether the name of a column means the price of the last purchase."""
    return not _LAST.isdisjoint(split_words(name))
