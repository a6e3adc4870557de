"""Recognises titles and footers that say that the prices of a file are purchase prices."""

import re

_TRADE = re.compile(
    r"einkaufs?preis|\bek\b|\bh(?:ä|ae)ndler(?:netto|einkaufs?|abgabe)?preis|wiederverkäufer|großhandels|grosshandels|"
    r"handelspreis|fachhandelspreis|\b(?:trade|dealer|reseller|wholesale|distributor|stockist|cost|purchas(?:e|ing)|"
    r"buying)\W{1,2}(?:net\W|unit\W|list\W)?(?:prices?|pricing|price ?list|cost)\b|"
    r"\bprix\W(?:d.achat|de\Wgros|de\Wcession|revendeurs?|grossistes?|professionnels?|pro\b)|"
    r"\btarifs?\W(?:revendeurs?|grossistes?|professionnels?|pro\b|d'achat)|"
    r"\b(?:precios?|tarifa|lista)\W(?:de\W|para\W)?(?:precios\W(?:de\W|para\W)?)?"
    r"(?:coste|costo|compra|distribuidor|mayorista|revendedor)|"
    r"\b(?:prezz[io]|listino)\W(?:d'|di\W|per\W|a\W)?(?:acquisto|costo|rivendit|ingrosso|dealer)|"
    r"\bpreços?\W(?:de\W|para\W)?(?:custo|compra|revenda|atacado)|"
    r"inkoopprij|dealerprij|handelsprij|wederverkopersprij|groothandelsprij|inköpspris|återförsäljarpris|"
    r"forhandlerpris|indkøbspris|innkjøpspris|engrospris|grossistpris|ostohinna|jälleenmyyjähin|tukkuhin|"
    r"\bcen\w{0,3}\W(?:zakup|hurtow)|cennik\Whurtow|(?:nákupní|velkoobchodní|dealersk|nákupné|veľkoobchodn)\w{0,3}\Wcen|"
    r"beszerzési ár|nagykereskedelmi ár|nagyker ár|pret\w{0,3}\W(?:de\W)?(?:achizi|angro)|"
    r"оптов\w{1,3}\W(?:цен|прайс)|закупочн|дилерск|卸(?:売)?価格|"
    r"卸値|仕入|仕切価格|批发价|进货价|도매가|매입가|al\u0131\u015f fiyat|bayi fiyat",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.;!|]\s|\n")
_RETAIL = re.compile(
    r"\b(?:uvp|rrp|msrp|srp|vk|vkp|pvp|retail|consumer|end(?:kunden|verbraucher)\w*|verkaufspreise?|ladenpreise?|public|"
    r"publics|ttc|"
    r"détail|minorista|al pubblico|consumentenprij\w*|detaliczn\w*|maloobchodn\w*|kiskereskedelmi)\b|розничн",
    re.IGNORECASE,
)
"""Words for selling prices. A title with such a word does not show which kind of price a column contains."""


def is_trade_note(text: str) -> bool:
    """Return whether a title or a footer says that prices are purchase prices, and names no selling prices."""
    return any(_TRADE.search(part) and not _RETAIL.search(part) for part in _SENTENCE.split(text))
