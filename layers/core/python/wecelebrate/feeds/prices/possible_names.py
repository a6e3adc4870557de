"""Recognises names that contain a word for a price, and that `names` does not understand: `Campus price`."""

import re
from functools import cache

from wecelebrate.feeds.notation.numbers import currency_code
from wecelebrate.feeds.prices.names import MAX_NAME, NAMED_CURRENCIES, price_name
from wecelebrate.feeds.prices.tax_kinds import tax_words
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.folding import split_words

_PRICE_PART = re.compile(
    "^vk(?!org|bur|grp|me)|price|preis|prix|precio|prezzo|preco|prijs|pris(?!ma|e)|hinta|cena|ceny|fiyat"
)
_NO_PRICE = re.compile(
    "unit|einheit|group|gruppe|list(?:e|id|name)|date|datum|from|until|valid|code|type|typ$|quantity|currency|"
    "menge$|mng$|anzahl$|qty$|quantite$|cantidad$|quantita$|quantidade$|aantal$"
)


_RETAIL = re.compile(
    r"(?:розничн\w{1,3}|роздрібн\w{1,3}|малопродажб?\w{0,3}|на дребно|maloprodaj\w{0,3}|kiskeresk\w{0,8}|kisker|"
    r"detaliczn\w{1,3}|maloobchod(?:n\w{1,2})?|jaemüü\w{0,3}|jaehin\w{1,2}|mažmenin\w{1,3}|mazumtird\w{0,9}|perakende|"
    r"λιανικ\w{1,3}|amănunt|amanunt|(?:سعر )?التجزئة|تجزئة|القطاعي|المفرق|零售价?|小売|上代|소매|ขายปลีก|bán lẻ|eceran|"
    r"ritel|minorista|al detalle|varejo|al dettaglio|au détail|vähittäis\w{0,8}|detaljist\w{0,2}|einzelhandel)",
    re.IGNORECASE,
)
"""Words for the retail trade. A column of numbers with only such a name can be the price: `Розничная`."""
_LETTERS = re.compile(r"[^\W\d_]+")


def is_retail_name(name: str) -> bool:
    """Return whether a name consists of a word for the retail trade, and at most words for a currency and a tax.

    `Розничная точка`, `小売店数` and `Perakende kâr` are not prices.
    """
    match = _RETAIL.search(name) if len(name) <= MAX_NAME else None
    if match is None or any(edge.isalpha() for edge in (name[: match.start()][-1:], name[match.end() :][:1])):
        return False
    taxes = frozenset[str]().union(*tax_words())
    rest = f"{name[: match.start()]} {name[match.end() :]}"
    others = [word for word in _LETTERS.findall(rest) if not taxes.intersection(split_words(word))]
    return all(word.casefold() in NAMED_CURRENCIES or currency_code(word, "") for word in others)


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
