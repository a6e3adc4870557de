"""Reads from a column's name which price the column contains: gross, net, list, offer, purchase, and so on.

A name such as `Netto-VK`, `preisBruttoEUR` or `Prix de vente TTC` is divided into words of a vocabulary. A name with
any other word is not a price: `price group`, `market price index`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Literal

from wecelebrate.feeds.words import words

Kind = Literal["gross", "plain", "net", "list", "offer", "compare", "purchase"]

TIERS: tuple[Kind, ...] = ("gross", "plain", "net", "offer", "list")
"""The kinds of prices that products are sold at. The first kind that a file has is used.

A consumer pays the gross price. A plain price is one whose name does not say more. An offer is used only if the file
has no other selling price, because the file does not say how long the offer is valid. A list price is a
recommendation. A purchase price (cost, dealer, wholesale) and a crossed-out price are never used.
"""
KIND_TEXTS: dict[Kind, str] = {
    "gross": "a selling price with tax", "plain": "a selling price", "net": "a selling price without tax",
    "offer": "an offer", "list": "a recommended price", "compare": "a crossed-out price",
    "purchase": "a purchase price",
}  # fmt: skip


_BASE = words(
    "price prices preis preise vk vkp prix precio prezzo preco prijs pris hinta cena cene ceny pret ar pvp pv tarif "
    "tarifa fiyat fiyati betrag amount listino цена ціна 価格 가격 价格 "
    "mrp evp evk lvp lvk"
)
TAX_WORDS = words(
    "vat tax taxes mwst ust umsatzsteuer tva iva btw moms mva dph gst kdv alv ptu "
    "hst qst taxe tasse imp impuesto impuestos imposto impostos imposta imposte podatek podatku podatkiem steuer "
    "steuern belasting"
)
WITH = words(
    "with avec incl inc inkl including included inclusive mit con com incluida incluido inclusa compresa dahil sis "
    "inclus incluse incluses inclusi incluidos incluidas ink inklusive enthalten med"
)
WITHOUT = words(
    "without sans excl ex exc exkl excluding excluded exclusive ohne hors sin senza sem bez zzgl esclusa excluida "
    "haric plus escl esclusi escluse exclus exclues exclu excluido excluidos excluidas ekskl eksl exklusive "
    "utan uden uten zuzuglich zuzueglich"
)
_MEANINGS: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("purchase", words(
        "cost purchase purchasing buy buying einkaufs einkauf einkaufspreis ek ekp einstands einstand wholesale dealer "
        "dealers handler haendler haendlereinkaufs trade reseller distributor supplier lieferanten landed achat dachat "
        "revient compra decompra coste costo acquisto diacquisto custo inkoop inkoops kost indkobs inkops innkjops "
        "zakupu zakup nakupni osto beszerzesi partner b2b fob mayorista grossiste ingrosso atacado groothandels engros "
        "hurtowa hurt velkoobchodni gesteh selbstkosten herstell verpr stprs mek alis "
        "pvd lek hek"
    )),
    ("compare", words(
        "compareat compare was old original before previous statt streich barre alter alt vorher ancien anterior "
        "precedente vorige van tidligere jamfor crossedout strike "
        "last bisher bisheriger"
    )),
    ("list", words(
        "list listen katalog catalog catalogue rrp rsp msrp srp uvp recommended suggested advies empfohlener empf "
        "unverbindliche conseille recomendado consigliato vejledende veiledende veil rek recommande publicconseille "
        "mrp evp lvp vejl listino conseillee empfohlen"
    )),
    ("offer", words(
        "special offer promo promotion promotional aktions aktion angebots angebot sonder reduced reduziert discount "
        "discounted oferta deoferta enoferta rebajado offerta inofferta scontato promozionale soldes solde promocional "
        "aanbiedings actie tilbuds kampanj kampanje erbjudande akcni promocyjna akcios tarjous clearance sale"
    )),
    ("gross", words(
        "gross brutto bruto ttc ivato zvat zdph sdph vcdph pvttc prixttc "
        "civa cimp cutva ctva zpodatkiem"
    )),
    ("net", words(
        "net netto neto ht pvht prixht bezdph "
        "siva simp faratva bezpodatku"
    )),
)  # fmt: skip
_NOUNS = words(
    "rrp rsp msrp srp uvp ek ekp cost coste costo custo einkaufspreis einstand kbetr verpr stprs selbstkosten"
)
"""Words that mean a price without the word `price`."""
_NEUTRAL = words(
    "sales selling sell retail unit unitaire unitario regular standard normal verkaufs einzel stuck stueck end "
    "endkunden laden udsalgs cent cents master mastervariant vente devente venta deventa vendita divendita venda "
    "devenda verkoop stuk salgs utsalgs forsaljnings prodejni sprzedazy detail detaliczna public publico pubblico "
    "web shop online current item product article artikel variant variants value gesamt consumer customer kunden in "
    "ut ordinarie na now myynti satis "
    "asking till ticket pos checkout final base each ea ours store site website ecommerce ecom street actual default "
    "money en new neu neuer nouveau nuevo nuovo novo nieuwe ny uusi nowa winkel magasin tienda negozio loja "
    "butik butikk pair paar set pieces "
    "per for our de du des di da do del la le der die das pro each je piece pc st stk in eur"
)
# Currency codes that the name of a price column can contain, as in `Preis EUR` or `price_usd`.
NAMED_CURRENCIES = (
    "aed", "ars", "aud", "bgn", "bhd", "brl", "cad", "chf", "clp", "cny", "cop", "czk", "dkk", "egp", "eur", "gbp",
    "hkd", "huf", "idr", "ils", "inr", "isk", "jod", "jpy", "krw", "kwd", "mxn", "myr", "nok", "nzd", "omr", "pen",
    "php", "pkr", "pln", "qar", "ron", "rsd", "rub", "sar", "sek", "sgd", "thb", "tnd", "try", "twd", "uah", "usd",
    "vnd", "zar",
)  # fmt: skip

Scale = int | Literal["currency"]
"""How many decimals a whole number stands for: 2 for hundredths. `currency`: the decimals of the price's currency."""
MINOR_UNITS: dict[str, Scale] = {
    **dict.fromkeys(words(
        "cent cents ct cts pence penny pennies centime centimes centimo centimos centesimo centesimi centavo centavos "
        "centen eurocent eurocents ore oere grosz grosze groszach groszy halere halerich bani kurus paise paisa fils "
        "kopek kopeks kopecks kopeyka sen satang sentti senttia stotinki rappen minor minorunit minorunits "
        "wgroszach vhalerich iore "
        "subunit subunits smallestunit smallestunits kleinsteeinheit"
    ), "currency"),
    **dict.fromkeys(words("micro micros microunits"), 6),
    **dict.fromkeys(words("milli millis milliunits"), 3),
}  # fmt: skip
"""Words for the smallest unit of a currency, and for smaller units that programs use."""
_SOLO = words(
    "sell selling sells retail resale asking now verkauf vente venta vendita venda verkoop salg salgs utsalg "
    "udsalg forsaljning "
    "pu"
)
"""Words that mean a selling price without the word `price`, if the values are amounts of money: `Sell`, `Retail`."""
_SOLO_COMPANIONS = frozenset(NAMED_CURRENCIES).union(TAX_WORDS, WITH, WITHOUT, words(
    "gross brutto ttc net netto ht our unit each ea per pc pcs web online shop store in"
))  # fmt: skip
_VOCABULARY = frozenset().union(
    MINOR_UNITS, _SOLO, _BASE, TAX_WORDS, WITH, WITHOUT, _NOUNS, _NEUTRAL, *(names for _, names in _MEANINGS)
)
_LONGEST = max(map(len, _VOCABULARY))
_WEAK = words("amount betrag tarif tarifa ar pv value")
"""Words that can mean something other than a price."""
_BARE_NET = (
    (_BASE - words("vk vkp pvp pv evp evk lvp lvk")) | words("net netto neto unit") | frozenset(NAMED_CURRENCIES)
)
"""The words of `Net price`, which do not say whether taxes or a discount are deducted."""
_WHOLE_NAMES: dict[str, Kind] = {
    **dict.fromkeys(("inpris", "indpris", "innpris", "nettoinpris", "nettoindpris", "bruttoinpris"), "purchase"),
    **dict.fromkeys(("forpris", "forepris"), "compare"),
}
"""Scandinavian names whose parts mean something else: `Inpris` is a purchase price, and `Før-pris` is an old price."""
_SOLO_NAMES = frozenset(("rate", "sellingrate", "salerate", "sp", "ask"))
"""Further names like those of _SOLO, which are no parts of other names: a `VAT rate` is no price."""
MONEY = re.compile(r"\d[.,]\d{1,2}(?!\d)|[€$£¥₹₽₺₩₴₫₪₱฿]|[.,:]-|\b(?:kr|zł|kč)\b", re.IGNORECASE)
"""A part of a value that shows an amount of money: two decimals, or the sign of a currency."""
_CURRENCY_END = re.compile(
    r"(?<=[^\W\d_])\s+(?:S?Fr\.|SFr|Rs\.?|kr\.?|zł|Kč|(?:US|CA?|AU?|NZ|HK|S|MX|R)\$)$", re.IGNORECASE
)
"""The sign of a currency at the end of a name: `Preis Fr.`, `Cena zł`, `Price C$`."""
_TAX_WORD = f"(?:{'|'.join(sorted(TAX_WORDS))})"
_TAX_RATE = re.compile(
    rf"\d{{1,2}}(?:[.,]\d{{1,2}})?\s?%(?=\s?{_TAX_WORD}\b)"
    rf"|(?<=\b){_TAX_WORD}\W{{0,3}}\d{{1,2}}(?:[.,]\d{{1,2}})?\s?%",
    re.IGNORECASE,
)
_PLUS_TAX = re.compile(rf"\+(?=\s?{_TAX_WORD}\b)", re.IGNORECASE)
MAX_NAME = 60
MAX_RAW_NAME = 200
MAX_DIVISIONS = 50


@dataclass(frozen=True, slots=True)
class PriceName:
    """What the name of a price column says."""

    kind: Kind
    currency: str | None = None
    is_offer_or_selling: bool = False
    """Whether the name is `sale price`: a selling price, or an offer if the file has a regular price too."""
    is_weak: bool = False
    """Whether the name can also mean something other than a price."""
    tax: Literal["gross", "net"] | None = None
    """Whether the price contains the tax, as in `RRP incl. VAT`."""
    is_solo: bool = False
    """Whether the name means a price only if the values are amounts of money: `Sell`, `Retail`."""
    is_bare_net: bool = False
    """Whether the name is `net price`: the price without tax, or a price after a discount of the supplier."""
    scale: Scale = 0
    """The decimals of the amounts, if the name contains a unit such as `cents`."""


@lru_cache(maxsize=4096)
def price_name(folded: str) -> PriceName | None:
    """Return what a folded column name says about a price, or None if it does not name a price."""
    if kind := _WHOLE_NAMES.get(folded):
        return PriceName(kind)
    if folded in _SOLO_NAMES:
        return PriceName("plain", is_weak=True, is_solo=True)
    for parts in islice(_divisions(folded), MAX_DIVISIONS) if len(folded) <= MAX_NAME else ():
        if any(part in _BASE or part in _NOUNS for part in parts):
            return _meaning(parts)
        if _SOLO.intersection(parts) and _SOLO.union(_SOLO_COMPANIONS).issuperset(parts):
            return replace(_meaning(parts), is_solo=True)
    return None


def _meaning(parts: tuple[str, ...]) -> PriceName:
    used = set(parts)
    code = next((word.upper() for word in parts if word in NAMED_CURRENCIES), None)
    is_weak = not used & (_BASE - _WEAK) and not used & _NOUNS
    if used & WITHOUT and used & TAX_WORDS:
        used.add("net")
    elif used & WITH and used & TAX_WORDS:
        used.add("gross")
    found = [kind for kind, names in _MEANINGS if used & names]
    kind: Kind = found[0] if found else "gross" if "pvp" in used else "plain"
    scale: Scale = next((MINOR_UNITS[part] for part in parts if part in MINOR_UNITS), 0)
    is_bare_net = kind == "net" and used <= _BARE_NET
    tax: Literal["gross", "net"] | None = "gross" if "gross" in found else "net" if "net" in found else None
    return PriceName(
        kind, code, kind == "offer" and "sale" in used, is_weak, tax=tax, is_bare_net=is_bare_net, scale=scale
    )


def plain_name(column: str) -> str:
    """Return the name of a column without what no folded name shows.

    The rate of a tax: `Price incl. 19 % VAT` becomes `Price incl. VAT`. The sign of a currency: `Cena zł`.
    """
    column = _CURRENCY_END.sub("", column) if len(column) <= MAX_RAW_NAME else column
    text = _TAX_RATE.sub(lambda match: re.sub(r"[\d.,%]", "", match[0]), column[:MAX_RAW_NAME])
    return _PLUS_TAX.sub(" plus ", text) + column[MAX_RAW_NAME:]


def _divisions(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the divisions of a text into words of the vocabulary. Divisions with longer first words come first.

    Positions from which the rest cannot be divided are remembered, so the time is linear.
    """
    dead: set[int] = set()

    def divide(at: int) -> Iterator[tuple[str, ...]]:
        if at == len(text):
            yield ()
            return
        is_divisible = False
        for end in range(min(len(text), at + _LONGEST), at, -1):
            word = text[at:end]
            if end in dead or not (word in _VOCABULARY or word in NAMED_CURRENCIES):
                continue
            for rest in divide(end):
                is_divisible = True
                yield (word, *rest)
        if not is_divisible:
            dead.add(at)

    yield from divide(0)


_PRICE_PART = re.compile("price|preis|prix|precio|prezzo|preco|prijs|pris(?!ma|e)|hinta|cena|ceny|fiyat")
_NO_PRICE = re.compile(
    "unit|einheit|group|gruppe|list(?:e|id|name)|date|datum|from|until|valid|code|type|typ$|quantity|currency"
)


def may_be_price(folded: str) -> bool:
    """Return whether a name contains a word for a price, but is not understood, as `Campus price` is not."""
    is_price = _PRICE_PART.search(folded) and not _NO_PRICE.search(folded)
    return len(folded) <= MAX_NAME and bool(is_price) and price_name(folded) is None
