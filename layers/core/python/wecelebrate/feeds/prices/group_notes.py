"""Reads the currency that rows with one value name between the products: `BAGS - prices in KES` above a group.

| row                                                | the currency                                               |
|----------------------------------------------------|------------------------------------------------------------|
| `Alle Preise in CHF` above the first product       | that of all prices                                         |
| `BAGS - prices in KES`, and all groups say so      | that of all prices                                         |
| `BAGS - prices in KES`, and another group does not | a question, unless it is the catalog's                     |
| `Bowls: prices in KES, no bargaining`              | a question, because the rest of the text is not understood |
| `Mugs (prices in USD on request)`                  | the text says nothing about the prices in the file         |
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from wecelebrate.core.types.normal_forms import without_marks
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.prices.currency_titles import currencies_of_title
from wecelebrate.feeds.prices.names import NAMED_CURRENCIES
from wecelebrate.feeds.prices.notes import HAS_PRICES, MAX_TITLE, NO_NOTES, Notes, note_of_title
from wecelebrate.feeds.prices.tax_kinds import tax_words
from wecelebrate.feeds.vocabulary.words import words

_WORDS = re.compile(r"[^\W\d_]+|\d+")
_YEAR = re.compile(r"20\d\d")
_FILLERS = words(
    "in en em i w v na su som bang dalam on auf a o al all alle alles tous toutes todos todas tutti tutte alla kaikki "
    "wszystkie vsechny vsetky minden toate sve все всі our unsere nos nuestros nossos nostri onze vara vare nasze nase "
    "the die der das les los las lo la le le i gli de het den are is sind ist sont son sono sao zijn er ar ovat "
    "of von di da van per pro je par por piece stuck unit each ut us swiss schweizer and und et y e og och ja "
    "net netto gross brutto ht ttc ivato в на за"
)
"""Words beside the currency that do not limit a statement about the prices."""
_OTHER_PRICES = words(
    "request anfrage demande consultar consulta richiesta aanvraag foresporgsel forfragan forespørsel pyynnosta "
    "zapytanie dotaz poptavku vyziadanie keresre cerere upit запрос запросу запит запитом istek talep "
    "export exports exportation exportacion esportazione eksport vienti экспорт експорт "
    "customers customer kunden clients clientes clienti klanten kunder asiakkaille klientow "
    "equivalent equivalents equivalente equivalentes gegenwert entspricht approx ca circa environ "
    "below under unter sous bajo sotto onder above over uber from ab bis until upto "
    "purchase purchasing cost costs einkauf einkaufspreis einkaufspreise ek achat compra acquisto inkoop inkop indkob "
    "shipping versand versandkosten livraison envio spedizione verzending frakt fragt доставка"
)
"""Words of a text about other prices than those in the rows: on request, for exports, or costs."""


@dataclass(slots=True)
class _Group:
    """Rows with several values, and the texts of the rows with one value directly above them."""

    texts: list[str] = field(default_factory=list)
    has_rows: bool = False


@dataclass(frozen=True, slots=True)
class _Statement:
    """What a text says about the currency of the prices."""

    currencies: tuple[str, ...]
    """The currency, or several currencies that share a word."""
    text: str
    is_certain: bool
    """Whether the text says nothing else."""
    has_name: bool
    """Whether the text begins with the name of a group of products: `BAGS` in `BAGS - prices in KES`."""


def notes_of_groups(rows: Iterable[Sequence[str | None]], notes: Notes) -> Notes:
    """Complete the notes with the currency that rows with one value name between the products.

    Such a row stands above a group or above a second table, and not below all products. If the notes then name several
    currencies, or not all prices certainly have the named one, the currency of the prices is a question.
    """
    groups = [group for group in _groups(rows) if group.has_rows]
    named: dict[tuple[str, ...], str] = {}
    is_for_all, are_named = False, []
    for at, group in enumerate(groups):
        stated = [one for one in map(_statement, group.texts) if one is not None]
        named = {**{one.currencies: one.text for one in stated}, **named}
        is_for_all |= at == 0 and any(one.is_certain and not one.has_name for one in stated)
        are_named.append(any(one.is_certain for one in stated))
    if not named or notes.shared_currencies:
        return notes
    is_certain = bool(notes.currency) or is_for_all or all(are_named)
    if notes.currency:
        named = {(_code(notes.currency),): notes.text, **named}
    text = next(iter(named.values()))
    codes = tuple(dict.fromkeys(code for codes in named for code in codes))
    if len(named) > 1 or not is_certain:
        return replace(notes, currency=None, shared_currencies=codes, is_mixed=True, text=text)
    if len(codes) > 1:
        return replace(notes, shared_currencies=codes, text=notes.text or text)
    return replace(notes, currency=codes[0], text=notes.text or text)


def _groups(rows: Iterable[Sequence[str | None]]) -> Iterator[_Group]:
    group = _Group()
    for row in rows:
        filled = {text for cell in row if cell and (text := " ".join(cell.split()))}
        if len(filled) > 1:
            group.has_rows = True
        elif filled:
            if group.has_rows:
                yield group
                group = _Group()
            group.texts.append(filled.pop()[:MAX_TITLE])
    yield group


def _statement(text: str) -> _Statement | None:
    """Return what a text says about the currency of the prices.

    Returns None if the text names no currency, or is about other prices than those in the rows.
    """
    match = HAS_PRICES.search(text)
    note = note_of_title(text, NO_NOTES) if match else NO_NOTES
    codes = (_code(note.currency),) if note.currency else note.shared_currencies
    if match is None or not codes or not _OTHER_PRICES.isdisjoint(_further_words(text)):
        return None
    is_certain = not _further_words(text[match.start() :])
    return _Statement(codes, text, is_certain, has_name=bool(_further_words(text[: match.start()])))


def _code(currency: str) -> str:
    """Return the code of a sign such as `€`. A sign that several currencies share is returned unchanged."""
    return currency if currency in numbers.SHARED_SIGNS else numbers.currency_code(currency, "") or currency


def _further_words(text: str) -> set[str]:
    """Return the words of a text that are neither a word for a price, a currency or a tax, nor a filler."""
    return {word for word in _WORDS.findall(without_marks(text.casefold())) if not _is_known(word)}


@lru_cache(maxsize=4096)
def _is_known(word: str) -> bool:
    if word.isdecimal():
        return _YEAR.fullmatch(word) is not None
    is_known = word in _FILLERS or word in NAMED_CURRENCIES or any(word in words for words in tax_words())
    is_known = is_known or HAS_PRICES.fullmatch(word) is not None
    return is_known or bool(note_of_title(f"price {word}", NO_NOTES).currency or currencies_of_title(f"price: {word}"))
