"""Recognises names of columns that say whether the pieces of a product are counted: `Controla stock`, `has_inventory`.

The column is never the stock, because its values are yes and no.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from wecelebrate.feeds.columns.names import name_forms

_VERBS = (
    "control|controls|controla|controlar|controle|controlado|controlled|manej[ao]r?|llevar?|gestionar?|gestion|gestao|"
    "gerencia|gerenciar|gerir|movimentar?|usar?|utilizar?|has|keeps?|keep|counts?|counted|monitor|monitors|maintains?|"
    "maintained|tracks?|tracked|tracking|manages?|managed|management|gerer?|gere|suivre|suivi|gestisc[ei]|gestire|"
    "gestione|controll[oa]|traccia|fuhren|fuehren|verwalten|verwaltung|beheer|bijhouden|folg|folj|styrs?|hold|"
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
_TRACKING = re.compile(rf"(?:{_VERBS}){_BETWEEN}(?:{_STOCK})|(?:{_STOCK}){_BETWEEN}(?:{_AFTER})")


@lru_cache(maxsize=4096)
def names_tracking(column: str) -> bool:
    """Return whether the name of a column is composed of a word for "count" and a word for a stock."""
    return are_tracking(name_forms(column))


def are_tracking(forms: Iterable[str]) -> bool:
    return any(map(_TRACKING.fullmatch, forms))
