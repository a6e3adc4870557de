"""Finds a column with any name, such as `区分` or `Info`, in which some rows say that a product is no longer sold.

All values of the column are words such as `discontinued` and `廃番`, and most rows are blank. Yes, no, single letters
and words for "no stock" do not have this meaning.
"""

from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import field_candidates
from wecelebrate.feeds.columns.visibility import is_property
from wecelebrate.feeds.notation.convert import NO, NO_ANSWERS, YES
from wecelebrate.feeds.states.stems import ABBREVIATIONS
from wecelebrate.feeds.states.words import MARKS, date_of, state_of
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.folding import squeezed
from wecelebrate.feeds.vocabulary.words import phrases

MAX_FILLED = 0.5
MAX_WORDS = 3
MAX_LENGTH = 30
MAX_NO = 5
"""The length of `false`. Words for no that are longer than this, such as `discontinued`, are states."""
_STOCK_NOW = phrases(
    "sold out|soldout|out of stock|ausverkauft|épuisé|épuisée|rupture|rupture de stock|en rupture|agotado|agotada|"
    "esaurito|esaurita|esgotado|esgotada|uitverkocht|udsolgt|utsolgt|slutsåld|wyprzedany|vyprodáno|"
    "loppunut|tükendi|нет в наличии"
)
_STOCK = _STOCK_NOW | phrases(
    "not available|unavailable|nicht lieferbar|nicht verfügbar|indisponible|no disponible|non disponibile|indisponível|"
    "niet leverbaar|niet beschikbaar|niedostępny|niedostępna|nedostupný|nem elérhető|ei saatavilla|test|preview|new|"
    "neu|closed|passiv|passive|hidden|invisible|frozen|locked|versteckt|verdeckt|verborgen|caché|cachée|oculto|oculta|"
    "nascosto|nascosta|dold|skjult|ukryty|ukryta|ukryte|skrytý|скрытый|скрытая|rejtett|gizli"
)
"""Words that do not mean "no longer sold". For example, `closed`, `hidden` and `passiv` can describe a product."""


def says_sold_out(value: str) -> bool:
    """Return whether a value in lower case, such as `sold out`, only says that a product is out of stock now."""
    if value in NO or value in YES:
        return False
    return value in _STOCK_NOW or squeezed(value) in vocabulary().words("values.out_of_stock")


def ended_column(columns: Columns, used: set[int]) -> list[int]:
    """Return the only column with such values, or an empty list if the file has no such column or several."""
    columns_of_ends = [
        number for number, name in enumerate(columns.header)
        if number not in used and not field_candidates(name) and not is_property(name)
        and columns[number].filled <= MAX_FILLED and _say_ended(columns[number].cells)
    ]  # fmt: skip
    return columns_of_ends if len(columns_of_ends) == 1 else []


def _say_ended(cells: Sequence[str]) -> bool:
    values = {cell.strip().casefold() for cell in cells}
    return 0 < len(values) <= MAX_WORDS and all(map(says_ended, values))


def says_ended(value: str) -> bool:
    """Return whether a value in lower case says that a product is no longer sold. `sold out` does not say so."""
    is_word = len(value) > (2 if value.isascii() else 1) and len(value) <= MAX_LENGTH
    is_other = (
        value in YES
        or value in NO_ANSWERS
        or (value in NO and len(value) <= MAX_NO)
        or value in MARKS
        or value in _STOCK
        or squeezed(value) in ABBREVIATIONS
        or value[:1].isdigit()
    )
    if not is_word or is_other or date_of(value) is not None:
        return False
    if squeezed(value) in vocabulary().words("values.out_of_stock", "values.closed"):
        return False
    return state_of(value) == "inactive"
