"""Decides which columns of a file are public. A value is never public only because a file contains it.

An attribute is public if the catalog's settings name its column, or if its name is the name of a known property of
products. All other values are private: only `source` of the product contains them. Names of costs, suppliers, margins,
warehouses, internal notes and similar values are private even if a profile or a format reads them as attributes. A name
is also private if it contains both the name of a property and a private word: `Material cost`, `Farbe (intern)`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import Any

from wecelebrate.core.types.normal_forms import nfc
from wecelebrate.feeds.columns.properties import (
    OPERATIONAL_WORDS,
    PATH_WORDS,
    PRIVATE_STEMS,
    PRIVATE_WORDS,
    PRODUCT_WORDS,
    PROPERTIES,
    UNIT_WORDS,
)
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.notation.convert import MAX_ATTRIBUTE_NAME_LENGTH, MAX_ATTRIBUTES
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.folding import split_words

KNOWN_NAMES = frozenset(name for names in PROPERTIES.values() for name in names.split())
_PROPERTY_TABLES = (
    "color", "size", "material", "weight", "length", "width", "height", "capacity", "gtin", "origin", "audience",
    "other",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of the tables in `properties` and in the vocabulary."""

    properties: frozenset[str]
    private: frozenset[str]
    operational: frozenset[str]
    stems: dict[str, tuple[str, ...]]
    """The stems, grouped by their first two letters. One regular expression of all stems would take long to compile."""
    product: tuple[str, ...]
    leading: frozenset[str]
    trailing: frozenset[str]


_SIGNS = str.maketrans({"\u2019": " ", "\u2018": " ", "\u2013": " ", "°": " "})
_UNIT_OF_PATH = re.compile(r"@[a-z]*(unit|currency|lang)[a-z]*$", re.IGNORECASE)
"""Finds an XML attribute that only describes the value, such as the unit in `netWeight@measurementUnitCode`."""


@lru_cache(maxsize=8192)
def words(name: str) -> tuple[str, ...]:
    """Return the folded words of a name, without digits: `netWeight_2 (kg)` is `net weight kg`."""
    return split_words(re.sub(r"([a-z])([A-Z])", r"\1 \2", name), _SIGNS)


@cache
def _words() -> _Words:
    vocabulary_words = vocabulary().words
    properties = (vocabulary_words(f"properties.{name}") for name in _PROPERTY_TABLES)
    stems: dict[str, tuple[str, ...]] = {}
    for stem in (*PRIVATE_STEMS.split(), *vocabulary_words("private.stems")):
        stems[stem[:2]] = (*stems.get(stem[:2], ()), stem)
    product = (*PRODUCT_WORDS.split(), *vocabulary_words("properties.product"))
    return _Words(
        properties=KNOWN_NAMES.union(*properties),
        private=frozenset(PRIVATE_WORDS.split()).union(vocabulary_words("private.words")),
        operational=frozenset(OPERATIONAL_WORDS.split()).union(vocabulary_words("private.operational")),
        stems=stems,
        product=product,
        leading=frozenset((*product, *PATH_WORDS.split())),
        trailing=frozenset((*UNIT_WORDS.split(), *vocabulary_words("properties.product"))),
    )


@lru_cache(maxsize=8192)
def private_part(name: str) -> str | None:
    """Return the part of a name that always makes an attribute private, or None if the name has no such part."""
    return internal_part(name) or next((word for word in words(name) if word in _words().operational), None)


_PUBLIC_AFTER = {"kundenpreis": "end"}
"""Maps a private stem to the beginning of a word in which the stem is public. A `Kundenpreis` is the price for one
customer, but an `Endkundenpreis` is the price for all consumers.
"""


@lru_cache(maxsize=8192)
def internal_part(name: str) -> str | None:
    """Return the part of a name that means purchase data, margins or internal values.

    A column with such a name is never chosen for a public field. For example, `Price (dealer)` is not the price.
    """
    parts, all_words = words(name), _words()
    if parts[:3] == ("buy", "it", "now"):  # the fixed price of an auction is not a purchase price
        parts = parts[3:]
    for word in parts:
        if word in all_words.private:
            return word
    text = "".join(parts)
    ends = (end for end in accumulate(map(len, parts)) if end)
    first, last = 0, next(ends, 0)
    for start in range(len(text) - 1):
        if start >= last:
            first, last = last, next(end for end in ends if end > start)  # the iterator `ends` continues here
        for stem in all_words.stems.get(text[start : start + 2], ()):
            # A stem in several words must begin at the start of a word: `Cena Kup Teraz` does not contain `nakup`.
            is_found = text.startswith(stem, start) and (start == first or start + len(stem) <= last)
            if is_found and text[first:start] != _PUBLIC_AFTER.get(stem, text):
                return stem
    return None


@lru_cache(maxsize=8192)
def is_property(name: str) -> bool:
    """Return whether the name is the name of a known property of products, and has no private part."""
    return private_part(name) is None and _is_known(words(_UNIT_OF_PATH.sub("", name)))


def _is_known(parts: tuple[str, ...]) -> bool:
    """Return whether the words name a property. A word for the product can precede it, and a unit can follow it."""
    start, end, all_words = 0, len(parts), _words()
    while start < end:
        name = "".join(parts[start:end])
        if name in all_words.properties or _without_product_word(name) in all_words.properties:
            return True
        if parts[end - 1] in all_words.trailing and end - start > 1:
            end -= 1
        elif parts[start] in all_words.leading:
            start += 1
        else:
            return False
    return False


def _without_product_word(name: str) -> str:
    return next((name.removeprefix(word) for word in _words().product if name.startswith(word)), name)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the values of a column are public, and why."""

    label: str | None
    """The name of the attribute, or None if the values are private."""
    reason: str
    """A text for the person who sets up the catalog."""
    warning: str | None = None


class Disclosure:
    """Decides which attributes of a catalog's products are public.

    `chosen` maps the names of attributes to the columns that the catalog's settings make public. `hidden` are columns
    that the settings keep private. Both can also contain names of features. A feature is one attribute in a cell with
    one attribute per line.
    """

    def __init__(self, chosen: Mapping[str, str | Mapping[str, Any]] | None = None, hidden: Iterable[str] = ()) -> None:
        self.chosen = {label: column for label, column in (chosen or {}).items() if isinstance(column, str)}
        self.transformations = {
            label: entry for label, entry in (chosen or {}).items() if not isinstance(entry, str | None)
        }
        """The attributes that are computed from columns, as `core.types.transformations.FieldTransformation`."""
        self._labels = {_key(column): label for label, column in self.chosen.items()}
        self._hidden = frozenset(map(_key, hidden))
        self._decide = lru_cache(maxsize=4096)(self._make_decision)

    def decide(self, column: str, label: str | None = None) -> Decision:
        """Decide whether the values of a column or a feature are public.

        `label` is the name of the attribute if a profile reads the column as an attribute with a different name. The
        attribute is then public, unless the name of the column has a private part.
        """
        return self._decide(column, label)

    def is_chosen(self, column: str) -> bool:
        """Return whether the catalog's settings name the column."""
        return _key(column) in self._labels

    def is_public(self, name: str) -> bool:
        """Return whether an attribute with this name is public."""
        return self._decide(name, None).label is not None

    def public_pairs(self, pairs: Mapping[str, str]) -> dict[str, str]:
        """Return the public attributes of a cell with one attribute per line."""
        labels = ((self._decide(name, None).label, value) for name, value in pairs.items())
        return {label: value for label, value in labels if label is not None}

    def is_public_option(self, name: str) -> bool:
        """Return whether an option of variants is public. Customers choose a variant by its options."""
        return self.is_chosen(name) or (private_part(name) is None and _key(name) not in self._hidden)

    def _make_decision(self, column: str, label: str | None) -> Decision:
        chosen, secret = self._labels.get(_key(column)), private_part(column)
        if chosen is not None:
            warning = None if secret is None else (
                f"the settings show the column {quoted(column, 40)} as the attribute {quoted(chosen, 40)}, but a name "
                f"with {quoted(secret)} usually means a private value"
            )  # fmt: skip
            return Decision(chosen, "the catalog's settings name this column", warning)
        if secret is not None:
            return Decision(None, f"private: a name with {quoted(secret)} is never public, unless the settings name it")
        if not self._hidden.isdisjoint((_key(column), _key(label or column))):
            return Decision(None, "private: the catalog's settings keep this column private")
        if label is not None:
            return Decision(label, "exports of this kind have this attribute")
        if is_property(column):
            return Decision(attribute_name(column), "this is the name of a property of products")
        return Decision(None, "private: this is not the name of a known property, and the settings do not name it")


def _key(name: str) -> str:
    """Return the words and the digits of a name, for comparisons. Two columns can differ only in their digits."""
    text = "".join(words(name)) + "".join(char for char in name if char.isdecimal())
    return text or name


def same_name(first: str, second: str) -> bool:
    """Return whether two names of columns are equal, without regard to case, accents and punctuation."""
    return _key(first) == _key(second)


def attribute_name(column: str) -> str:
    """Return the attribute name of a column: the name without the JSON prefix `attributes.` and Saleor's suffix."""
    name = re.sub(r"\((product|variant) attribute\)$", "", column)
    if name != column:
        name = name.rstrip()
    return nfc(name.removeprefix("variants.").removeprefix("attributes.") or name)[:MAX_ATTRIBUTE_NAME_LENGTH]


def public_columns(
    header: Sequence[str], disclosure: Disclosure, candidates: Mapping[int, str | None]
) -> list[tuple[int, str]]:
    """Return the numbers of the columns that become attributes, with the names of the attributes.

    These are the columns that the catalog's settings name, and the public columns of `candidates`. `candidates` maps
    the numbers of columns to the attribute names that a profile gives them, or to None.
    """
    columns: list[tuple[int, str]] = []
    for number, column in enumerate(header):
        if disclosure.is_chosen(column) or number in candidates:
            label = disclosure.decide(column, candidates.get(number)).label
            if label is not None:
                columns.append((number, label))
    return columns[:MAX_ATTRIBUTES]
