"""Finds remarks in names that say that a product is no longer made: `Cup (discontinued)`, `*** OBSOLETE *** Mug`.

Words that can describe a product are not remarks. For example, `Lamp (suspended)` and `Brake pad (disc)` are names.
"""

import re
from functools import lru_cache

from wecelebrate.feeds.vocabulary.folding import squeezed

MARKS = frozenset("()[]*\u3010\u3011\uff08\uff09")
"""The characters at the start or the end of a name with a remark."""
_REMARK = re.compile(
    r"[(\uff08]([^()\uff08\uff09]{2,40})[)\uff09]|[\[\u3010]([^\[\]\u3010\u3011]{2,40})[\]\u3011]|\*{1,5}\s?([^*]{2,40})\*{1,5}"
)
MAX_NAME = 500
_WORDS = re.compile(
    r"(?:already|now|ist|wird|produit|produkt|producto|prodotto|produto|product|artikel|article|articulo|item)?(?:"
    r"dis[ck]ontin(?:u(?:ed?|es|ees?|ing|ad[oa]s?|at[oa]s?|iert\w{0,2})?)?|descontinuad[oa]s?|descatalogad[oa]s?|"
    r"obsolet(?:e[dns]?|o|a|os|as|t)?|endoflife|auslauf(?:artikel|modell)?|ausgelaufen|"
    r"abgekundigt|nichtmehrlieferbar|wirdnichtmehrhergestellt|findeserie|findevie|arretdefabrication|fueradeproduccion|"
    r"fuoriproduzione|fuoricatalogo|foradelinha|uitproductie|uitgelopen|uitassortiment|utgatt|utgaende|udgaet|udgaende|"
    r"utgattavsortiment|poistunut|poistuva|wycofan[aey]?|wycofanyzoferty|vyrazen[oya]?|ukoncenavyroba|kifuto(?:tt)?|megszunt|"
    r"снят[оаы]?(?:спроизводства|спродажи)?|знят[оаи]?(?:звиробництва|зпродажу)?|ukinut[oa]?|"
    r"廃番(?:品)?|廃盤|生産終了(?:品)?|販売終了(?:品)?|停产|停產|停售|단종(?:품|상품)?|생산중단)"
)


_OPENING = {")": "(", "]": "[", "\uff09": "\uff08", "\u3011": "\u3010"}
MAX_REMARK = 40


def says_ended(name: str) -> bool:
    """Return whether a remark in brackets or asterisks says that the product is no longer made."""
    opening = _OPENING.get(name[-1])
    if opening is not None and name[0] not in MARKS:  # nearly all remarks have this form, which is fast to check
        remark = name[name.rfind(opening) + 1 : -1]
        return len(remark) <= MAX_REMARK and _is_ended(remark)
    return any(_is_ended(first or second or third) for first, second, third in _REMARK.findall(name[:MAX_NAME]))


@lru_cache(maxsize=4096)
def _is_ended(remark: str) -> bool:
    return _WORDS.fullmatch(squeezed(remark)) is not None
