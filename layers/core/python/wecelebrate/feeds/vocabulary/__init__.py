"""The words of many languages: names of columns, words of prices, states and stocks, private names, properties.

Each language has a file `<code>.toml`, so that a speaker adds words in one place. Words are written as in the language,
with commas between them, and are folded when they are read. These are the tables of a file:

| table             | keys                                                                                             |
|-------------------|--------------------------------------------------------------------------------------------------|
| –                 | `language`; `decimal`, its decimal separator                                                     |
| columns           | names of columns, the most usual first: `sku` (the own number of an article), `gtin`, `foreign`  |
|                   | (the number of a supplier or manufacturer), `key` (of a database), `name`, `description`,        |
|                   | `category`, `brand`, `currency`, `images`, `inventory_count`, `is_active`, `inactive` (its       |
|                   | opposite), `price_unit`, `availability` (a state), `in_stock` (a state or a number), `sold_out`, |
|                   | `end_date` (the date from which a product is no longer sold)                                     |
| columns.weak      | names that also mean other things, such as `Nr` and `Web`: `sku`, `name`, `inventory_count`,     |
|                   | `is_active`, `inactive`. They are used if no clear name exists and the values fit them.          |
| prices            | words in names of price columns: `base` (price), `weak` (possibly a price, such as "amount"),    |
|                   | `alone` (a price without the word price), `tax`, `with`, `without`, `neutral` (selling, retail), |
|                   | the kinds of prices: `purchase`, `compare`, `list`, `offer`, `gross`, `net`; and `per`: words    |
|                   | between a price and its unit                                                                     |
| prices.currencies | words for a currency in the name of a column, e.g. `UAH = 'грн'`                                 |
| values            | words in cells: `yes`, `no`, `active`, `inactive`, `in_stock`, `out_of_stock`, `unlimited`,      |
|                   | `to_order`, `on_request`, `few`, `unknown`, `beside` (words beside a number), `units`, `over`, |
|                   | `under` (the words of a bound: `over 100`), `closed` (inactive, but only below the name of a     |
|                   | state, because such words also describe products: closed shoes, a dark colour)                   |
| private           | `words` and `stems` of purchase prices, suppliers, margins and internal values, which are never  |
|                   | public, and `operational` words of places, notes and discounts                                   |
| properties        | names of properties that are public, such as `color`, and `product`: words for the product       |

The modules that use the tables also contain words: English words, words of vendors, and older words of other languages.

The files are read when the first name is looked up, and not when the module is imported. `feeds.prepare` reads the
files earlier.

A regular expression reads all files in 3 ms, and `tomllib` needs 15 ms. Therefore a file may contain only headers of
tables, and texts in single or triple single quotes. A test compares the results of the regular expression and of
`tomllib`.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain
from pathlib import Path

from wecelebrate.feeds.vocabulary.folding import word_lists

Languages = tuple[str, ...]
"""Codes of languages."""

FOLDER = Path(__file__).parent
_NO_WORDS: Mapping[str, Languages] = {}
_LINE = re.compile(
    r"^(?:\[([\w.]+)\]|(\w+) *= *'(?:''([^']*(?:'(?!'')[^']*)*)'''|([^'\n]*)'))[ \t]*(?:#.*)?$", re.MULTILINE
)
"""The header of a table, or a key with its text."""


class Vocabulary:
    """The words of all languages, by table. A table is named as in the TOML files, e.g. `prices.tax`."""

    def __init__(self, contents: Mapping[str, str]) -> None:
        """`contents` maps codes of languages to the contents of their files."""
        self.decimals: dict[str, str] = {}
        """The decimal separator of each language."""
        self.by_language: dict[str, dict[str, list[str]]] = {}
        """For each language and table, the folded words."""
        self.per: frozenset[str] = frozenset()
        """The words between a price and its unit, as they are written, because `à` without its accent is an article."""
        self._tables: dict[str, dict[str, Languages]] = {}
        names: list[tuple[str, str]] = []
        texts: list[str] = []
        for language, content in contents.items():
            self.by_language[language] = {}
            for table, text in _texts(content):
                if table == "decimal":
                    self.decimals[language] = text
                elif table != "language":
                    names.append((language, table))
                    texts.append(text)
                    if table == "prices.per":
                        self.per |= {word.strip() for word in text.split(",")}
        for (language, table), words in zip(names, word_lists(texts), strict=True):
            own = dict.fromkeys(words, (language,))
            self.by_language[language][table] = list(own)
            languages_of = self._tables.setdefault(table, {})
            shared = {word: (*languages_of[word], language) for word in languages_of.keys() & own.keys()}
            languages_of |= own
            languages_of |= shared

    def words(self, *tables: str) -> Mapping[str, Languages]:
        """Map the folded words of the tables to their languages."""
        if len(tables) == 1:
            return self._tables.get(tables[0], _NO_WORDS)
        words: dict[str, Languages] = {}
        for table in tables:
            words |= self._tables.get(table, _NO_WORDS)
        return words

    def ranks(self, table: str) -> dict[str, int]:
        """Map the words of a table to their positions in the lists of their languages. The first word is best."""
        ranks: dict[str, int] = {}
        for tables in self.by_language.values():
            for rank, word in enumerate(tables.get(table, ())):
                if ranks.setdefault(word, rank) > rank:
                    ranks[word] = rank
        return ranks

    @property
    def currencies(self) -> dict[str, tuple[str, Languages]]:
        """Map words for a currency to its ISO 4217 code, and to the languages of the word."""
        return {word: (codes[0], languages) for word, (codes, languages) in self.shared_currencies.items()}

    @property
    def shared_currencies(self) -> dict[str, tuple[Languages, Languages]]:
        """Map words for a currency to the codes of all currencies with this word, and to the languages of the word.

        The first currency is the currency in most languages, or else in the last language.
        """
        prefix = "prices.currencies."
        shared: dict[str, dict[str, Languages]] = {}
        for table, words in self._tables.items():
            for word, languages in words.items() if table.startswith(prefix) else ():
                shared[word] = {table.removeprefix(prefix).upper(): languages} | shared.get(word, {})
        return {
            word: (tuple(sorted(codes, key=lambda code: -len(codes[code]))), tuple(chain(*codes.values())))
            for word, codes in shared.items()
        }


def _texts(content: str) -> Iterator[tuple[str, str]]:
    """Yield the names and the texts of the content of a file, such as `prices.tax` and `ust, mwst`."""
    prefix = ""
    for table, key, lines, line in _LINE.findall(content):
        if table:
            prefix = f"{table.lower()}."
        else:
            yield f"{prefix}{key.lower()}", lines or line


@cache
def vocabulary() -> Vocabulary:
    """Return the words of all languages."""
    return Vocabulary({file.stem: file.read_text("utf-8") for file in sorted(FOLDER.glob("*.toml"))})
