"""Understands names of prices that have abbreviated words, or the rate of a tax in another language.

| name                          | read as                             |
|-------------------------------|-------------------------------------|
| `Cena det. brutto`            | `Cena detaliczna brutto`            |
| `Mažm. kaina su PVM`          | `Mažmeninė kaina su PVM`            |
| `Hind KM-ga 24%`              | `Hind KM-ga`                        |

A word is an abbreviation only if it ends with a dot. It is replaced by every word of the vocabulary that begins with
its letters. The name is understood only if most of the resulting names have the same meaning.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice, product

from wecelebrate.feeds.prices.names import PriceName, price_in_forms, price_name, words_of_prices
from wecelebrate.feeds.vocabulary.folding import squeezed

MAX_NAME = 60
MAX_READINGS = 400
MAX_WORDS = 8
MIN_LETTERS = 2
MIN_SHARE = 0.66
"""The minimum share of the resulting names that must have the same meaning."""
_WORD = re.compile(r"[^\W\d_]+\.?")
_ABBREVIATION = re.compile(r"[^\W\d_]{2}\.(?![^\W_])")
_PATH = re.compile(r"[^\W_]\.[a-z\d]")
"""The path of a JSON object, such as `prices.0.amount`."""
_RATE = re.compile(r"(?<![-+\u2212\d.,])\s*\(?\b(?:[3-9]|1\d|2[0-8])(?:[.,]\d{1,2})?\s?%\)?")
"""The rate of a tax. It does not match `-20 %`, which is a discount."""


_NO_PRICE = re.compile(r"år|areas?|área|áreas|cod[._ ]?(?:bar(?:ras?|res?|re)?|prod|art|ean|marca)")
"""Names that only look like words for a price. For example, the folded form of `År` (a year) is the Hungarian word for
a price. `Area` is a region or a size. In `Cod. prod`, `Cod.` is a code and not a currency.
"""


def only_looks_like_price(column: str) -> bool:
    """Return whether only the folded form of a name looks like a word for a price."""
    return _NO_PRICE.fullmatch(column[:MAX_NAME].strip().casefold()) is not None


def price_of_name(forms: Sequence[str], column: str) -> tuple[int, PriceName] | None:
    """Return the position of the first form of a column name that means a price, and its meaning.

    `forms` are the forms of the name (`columns.names.name_forms`).
    """
    if only_looks_like_price(column):
        return None
    if plain := price_in_forms(forms, column):
        return plain
    if len(column) > MAX_NAME:
        return None
    if (rest := without_rate(column)) != column:
        name = price_name(squeezed(rest))
        if name is not None and (name.tax or name.names_tax):
            return len(forms), name
    if _ABBREVIATION.search(column) and not _PATH.search(column) and (name := _abbreviated(column)):
        return len(forms), name
    return None


def without_rate(column: str) -> str:
    """Return a name without the rate of a tax."""
    return _RATE.sub(" ", column, count=1) if "%" in column else column


def _abbreviated(column: str) -> PriceName | None:
    """Return the meaning of a name with abbreviated words, if most of the resulting names have the same meaning."""
    parts = _WORD.findall(without_rate(column))
    if not 1 < len(parts) <= MAX_WORDS:
        return None
    choices = [_words_of(part) if part.endswith(".") else (squeezed(part),) for part in parts]
    readings = [name for text in islice(_texts(choices), MAX_READINGS) if (name := price_name(text))]
    readings = [name for name in readings if not name.is_solo]
    kinds = Counter(name.kind for name in readings)
    for kind, count in kinds.most_common(1):
        if count >= MIN_SHARE * len(readings):
            return next(name for name in readings if name.kind == kind)
    return None


def _texts(choices: Sequence[Sequence[str]]) -> Iterator[str]:
    return ("".join(words) for words in product(*choices))


def _words_of(part: str) -> tuple[str, ...]:
    """Return the letters of an abbreviation, and the words of prices that begin with these letters."""
    folded = squeezed(part)
    if len(folded) < MIN_LETTERS:
        return (folded,)
    return folded, *(word for word in _by_start().get(folded[:MIN_LETTERS], ()) if word.startswith(folded))


@cache
def _by_start() -> dict[str, tuple[str, ...]]:
    """Map first letters to the words of prices that begin with them."""
    words: dict[str, tuple[str, ...]] = {}
    for word in words_of_prices():
        words[word[:MIN_LETTERS]] = (*words.get(word[:MIN_LETTERS], ()), word)
    return words
