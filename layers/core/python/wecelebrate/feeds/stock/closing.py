"""Recognises the names of stocks at the end of a period in accounting systems: `Closing Qty`, `Endbestand`.

A stock that was counted, and not only calculated, is read in the same way: `Stan rzeczywisty`.
"""

import re
from functools import lru_cache

from wecelebrate.feeds.columns.names import field_candidates, fold

_QUANTITIES = frozenset((
    "qty", "quantity", "menge", "quantite", "cantidad", "quantita", "quantidade", "aantal", "antal", "ilosc",
    "mnozstvi", "stav", "stan", "balance", "pcs", "units", "miktar", "количество", "数量",
))  # fmt: skip
"""Names that mean a stock only together with a word for the end of a period."""
_CLOSING = re.compile(
    r"^(?:closing|ending|endof(?:day|month|period)|end|schluss|eind|slut|ut|konecn[yae]|koncow[yae]|zaverecn[yae]|donemsonu|final|"
    r"期末|月末|기말|конечн\w\w)|(?:closing|ending|koncow[yae]|final|finale|sonu|naend|naendperiody|наконец|期末|"
    r"rzeczywist[ya]|skutecn[ya]|skutocn[ya]|faktisk|verklig|werkelijk|tenyleges|gercek|effettiv[oa]|фактическ\w\w|实际|실제)$"
)
MAX_NAME = 60


@lru_cache(maxsize=4096)
def is_closing_stock(column: str) -> bool:
    """Return whether a name means a stock at the end of a period."""
    folded = fold(column) if len(column) <= MAX_NAME else ""
    rest = _CLOSING.sub("", folded, count=1)
    if not rest or rest == folded:
        return False
    return rest in _QUANTITIES or any(name == "inventory_count" for name, _, _ in field_candidates(rest))
