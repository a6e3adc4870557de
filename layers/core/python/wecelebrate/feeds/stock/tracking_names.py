"""Recognises columns that say whether the pieces of a product are counted: `Controla stock`, `has_inventory`.

The name is not enough, because such a name can also mean the stock, or another number of pieces:

| values                        | the column                                                                          |
|-------------------------------|-------------------------------------------------------------------------------------|
| only words for yes and no     | says whether the pieces are counted                                                 |
| only 0 and 1, beside pieces   | says it too, if no row with 0 has pieces, and a row has 1                           |
| only 0 and 1, without pieces  | is a question, because 1 can be one piece                                           |
| any other number              | is a stock, or nothing: `Suivi stock` with 12, 0 and 30                             |

`has_inventory`, as Lightspeed writes it, can also say whether the product is in stock. Without pieces, it is a
question.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import name_forms
from wecelebrate.feeds.notation.convert import NO_ANSWERS, YES_ANSWERS
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.folding import squeezed

_VERBS = (
    "control|controls|controla|controlar|controle|controlado|controlled|manej[ao]r?|llevar?|gestionar?|gestion|gestao|"
    "gerencia|gerenciar|gerir|movimentar?|utilizar?|monitor|monitors|maintains?|"
    "maintained|tracks?|tracked|tracking|manages?|managed|management|gerer?|gere|suivre|suivi|gestisc[ei]|gestire|"
    "gestione|controll[oa]|traccia|fuhren|fuehren|verwalten|verwaltung|beheer|bijhouden|folg|folj|styrs?|"
    "sledovat|sleduj|evidovat|kontrol|kontrola|kontroluj|prowadz|sledz|takip|takibi|takipet"
)
_STOCK = (
    "stocks?|stoks?|inventory|inventario|inventaire|existencias?|estoques?|magazzino|giacenza|voorraad|lager|"
    "lagerbestand|bestand|beholdning|lagersaldo|sklad|skladem|zasob[ay]?|stan|stany|magazyn|keszlet|stoc|zaliha|zaloge|"
    "varasto|saldo"
)
_AFTER = (
    "control|controls|controlled|tracks?|tracked|tracking|managed|management|maintained|monitor|monitored|verwalten|"
    "verwaltung|beheer|bijhouden|styrs?|styrt|kontrol|kontrola|takip|takibi|takipet"
)
"""Words that can also follow the word for a stock. In contrast, `Stock count` and `Stock on hold` are pieces."""
_BETWEEN = "(?:de|del|do|da|du|di|des|le|la|il|el|of|the|y|e|is)?"
_TRACKING = re.compile(rf"(?:{_VERBS}){_BETWEEN}(?:{_STOCK})|(?:{_STOCK}){_BETWEEN}(?:{_AFTER})|hasinventory")
_NUMBER = re.compile(r"[-+]?\d[\d.,' ]*")
ZERO_OR_ONE = frozenset(("0", "1"))
_WORDS_OF_ANSWERS = (YES_ANSWERS | NO_ANSWERS) - {"0", "1", "-1", "-"}
MAX_WORD = 40


@lru_cache(maxsize=4096)
def names_tracking(column: str) -> bool:
    """Return whether the name of a column is composed of a word for "count" and a word for a stock."""
    return are_tracking(name_forms(column))


def are_tracking(forms: Iterable[str]) -> bool:
    return any(map(_TRACKING.fullmatch, forms))


def can_be_flags(cells: Iterable[str]) -> bool:
    """Return whether the values can be yes and no: no value is a number other than 0 and 1."""
    return all(cell in ZERO_OR_ONE or not _NUMBER.fullmatch(cell) for cell in cells)


def are_answers(cells: Iterable[str]) -> bool:
    """Return whether all values are words for yes and no."""
    return all(map(_is_answer, cells))


def can_mean_pieces(forms: Iterable[str], cells: Iterable[str]) -> bool:
    """Return whether a column with a name of this kind can also be the stock, if the file has no other stock.

    It has only 0 and 1, or its name is `has_inventory`.
    """
    cells = {*cells}
    return bool(cells) and (cells <= ZERO_OR_ONE or ("hasinventory" in forms and are_answers(cells)))


def are_flags(values: Sequence[str], pieces: Sequence[bool]) -> bool:
    """Return whether the values of a column whose name is composed say whether the pieces are counted.

    `values` has the cell of each row, which can be blank. `pieces` says for each row whether it has pieces in stock.
    """
    cells = {value for value in values if value}
    if not cells <= ZERO_OR_ONE:
        return are_answers(cells)
    contradicts = any(value == "0" and has for value, has in zip(values, pieces, strict=True))
    return "1" in cells and not contradicts


def tracking_columns(columns: Columns, earlier: Sequence[str]) -> set[int]:
    """Return the columns with a name of this kind whose values can be yes and no, or that have no values.

    `earlier` are the columns of the stock of the catalog's earlier file. In a later file, they can have only 0 and 1.
    """
    return {
        number for number, name in enumerate(columns.header)
        if names_tracking(name) and name not in earlier and can_be_flags(columns[number].cells)
    }  # fmt: skip


@lru_cache(maxsize=1024)
def _is_answer(cell: str) -> bool:
    word = cell[:MAX_WORD].casefold()
    answers = vocabulary().words("values.yes").keys() | vocabulary().words("values.no").keys()
    return word in _WORDS_OF_ANSWERS or squeezed(word) in answers
