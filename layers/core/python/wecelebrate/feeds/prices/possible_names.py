"""Recognises names that contain a word for a price, and that `names` does not understand: `Campus price`."""

import re
from functools import cache

from wecelebrate.feeds.prices.names import MAX_NAME, price_name
from wecelebrate.feeds.vocabulary import vocabulary

_PRICE_PART = re.compile(
    "^vk(?!org|bur|grp|me)|price|preis|prix|precio|prezzo|preco|prijs|pris(?!ma|e)|hinta|cena|ceny|fiyat"
)
_NO_PRICE = re.compile(
    "unit|einheit|group|gruppe|list(?:e|id|name)|date|datum|from|until|valid|code|type|typ$|quantity|currency|"
    "menge$|mng$|anzahl$|qty$|quantite$|cantidad$|quantita$|quantidade$|aantal$"
)


RETAIL = re.compile(
    r"розничн|роздрібн|малопродаж|на дребно|maloprodaj|kiskeresk|kisker\b|detaliczn|maloobchod|jaemüü|mažmenin|"
    r"mazumtird|perakende|λιανικ|amănunt|amanunt|التجزئة|تجزئة|القطاعي|المفرق|零售|小売|上代|소매|ขายปลีก|bán lẻ|eceran|"
    r"ritel|minorista|al detalle|varejo|al dettaglio|au détail|vähittäis|detaljist|einzelhandel",
    re.IGNORECASE,
)
"""Words for the retail trade. A column of numbers with such a name can be the price without a word for "price"."""


@cache
def _further_words() -> tuple[str, ...]:
    """Return the words for a price in the vocabulary, except short Latin words, because other words contain them."""
    return tuple(word for word in vocabulary().words("prices.base") if len(word) > (4 if word.isascii() else 1))


def may_be_price(folded: str) -> bool:
    """Return whether a name contains a word for a price, but is not understood, for example `Campus price`."""
    if len(folded) > MAX_NAME or _NO_PRICE.search(folded):
        return False
    is_price = _PRICE_PART.search(folded) or any(word in folded for word in _further_words())
    return bool(is_price) and price_name(folded) is None
