"""Reads from a column's name which price the column contains: gross, net, list, offer, purchase, and so on.

A name such as `Netto-VK`, `preisBruttoEUR` or `Prix de vente TTC` is divided into words of a vocabulary. A name with
any other word is not a price: `price group`, `market price index`. Further words are in `vocabulary`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, islice
from typing import Literal

from wecelebrate.feeds.prices.unit_words import MINOR_UNITS, Scale
from wecelebrate.feeds.prices.word_edges import edges_of_words, keeps_words
from wecelebrate.feeds.vocabulary import Languages, vocabulary
from wecelebrate.feeds.vocabulary.words import divisions, words

Kind = Literal["gross", "plain", "net", "list", "offer", "compare", "purchase"]

TIERS: tuple[Kind, ...] = ("gross", "plain", "net", "offer", "list")
"""The kinds of selling prices. The first kind that a file has is used.

A consumer pays the gross price. The name of a plain price does not contain its kind. An offer is used only if the file
has no other selling price, because the file does not say how long the offer is valid. A list price is a recommendation.
A purchase price (cost, dealer, wholesale) and a crossed-out price are never used.
"""
KIND_TEXTS: dict[Kind, str] = {
    "gross": "a selling price with tax", "plain": "a selling price", "net": "a selling price without tax",
    "offer": "an offer", "list": "a recommended price", "compare": "a crossed-out price",
    "purchase": "a purchase price",
}  # fmt: skip


_BASE = words(
    "price prices preis preise vk vkp prix precio precios prezzo prezzi preco precos prijs prijzen pris priser prisar "
    "hinta hinnat cena cene ceny pret ar pvp pv tarif "
    "tarifa fiyat fiyati betrag amount listino цена ціна 価格 가격 价格 "
    "mrp evp evk lvp lvk pricebooks"
)
TAX_WORDS = words(
    "vat tax taxes mwst ust umsatzsteuer tva iva btw moms mva dph gst kdv alv ptu "
    "hst qst taxe tasse imp impuesto impuestos imposto impostos imposta imposte podatek podatku podatkiem steuer "
    "steuern belasting"
)
_TAX_LANGUAGES = {"mwst": {"de"}, "ust": {"de"}, "btw": {"nl", "af"}, "moms": {"da", "sv"}}
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
        "pvd lek hek forn fornitore fornitori fornecedor proveedor prov fournisseur fourn lieferant lief leverancier "
        "leverantor leverandor dostawcy dodavatele"
    )),
    ("compare", words(
        "compareat compare was old original before previous statt streich barre alter alt vorher ancien anterior "
        "precedente vorige van tidligere jamfor crossedout strike "
        "last bisher bisheriger"
    )),
    ("list", words(
        "list listen katalog catalog catalogue rrp rsp msrp srp uvp recommended suggested advies empfohlener empf "
        "unverbindliche conseille recomendado consigliato vejledende veiledende veil rek recommande publicconseille "
        "mrp evp lvp vejl listino conseillee empfohlen rec recom recomm"
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
        "net netto neto ht pvht prixht bezdph notax "
        "siva simp faratva bezpodatku"
    )),
)  # fmt: skip
_GROSS = words("gross brutto bruto")
_NOUNS = words(
    "rrp rsp msrp srp uvp ek ekp cost coste costo custo einkaufspreis einstand kbetr verpr stprs selbstkosten"
)
"""Words that mean a price without the word `price`."""
_NEUTRAL = words(
    "unser unsere notre onze nuestro nuestra nostro nostra nosso nossa vores nasza nase "
    "sales selling sell retail unit unitaire unitario regular standard normal verkaufs einzel stuck stueck end "
    "endkunden laden udsalgs cent cents master mastervariant variation variations "
    "vente devente venta deventa vendita divendita venda "
    "devenda verkoop stuk salgs utsalgs forsaljnings prodejni sprzedazy detail detaliczna public publico pubblico "
    "web shop online current item product article artikel variant variants value gesamt consumer customer kunden in "
    "ut ordinarie na now myynti satis "
    "asking till ticket pos checkout final base each ea ours store site website ecommerce ecom street actual default "
    "cheio cheia zakl "
    "money en new neu neuer nouveau nuevo nuovo novo nieuwe ny uusi nowa winkel magasin tienda negozio loja "
    "butik butikk pair paar set pieces "
    "bottle flasche bouteille botella bottiglia garrafa fles flaske flaska pullo butelka lahev palack "
    "kr per for our de du des di da do del la le der die das pro each je piece pc st stk in eur"
)
# Currency codes that the name of a price column can contain, as in `Preis EUR` or `price_usd`.
NAMED_CURRENCIES = (
    "aed", "ars", "aud", "bgn", "bhd", "brl", "cad", "chf", "clp", "cny", "cop", "czk", "dkk", "egp", "eur", "gbp",
    "hkd", "huf", "idr", "ils", "inr", "isk", "jod", "jpy", "krw", "kwd", "mxn", "myr", "nok", "nzd", "omr", "pen",
    "php", "pkr", "pln", "qar", "ron", "rsd", "rub", "sar", "sek", "sgd", "thb", "tnd", "try", "twd", "uah", "usd",
    "vnd", "zar", "bam", "bdt", "bob", "crc", "dop", "dzd", "gel", "ghs", "gtq", "hnl", "kes", "khr", "kzt", "lkr",
    "mad", "mdl", "mkd", "ngn", "npr", "pyg", "tzs", "ugx", "uyu", "xaf", "xof", "zmw",
)  # fmt: skip

_SOLO = words(
    "sell selling sells retail resale asking now verkauf vente venta vendita venda verkoop salg salgs utsalg "
    "udsalg forsaljning prodej predaj sprzedaz prodaja vanzare eladas prodejni predajna sprzedazy detaliczna "
    "maloprodajna satis "
    "pu"
)
"""Words such as `Sell` and `Retail` that mean a selling price without `price`, if the values are amounts of money."""
_SOLO_COMPANIONS = frozenset(NAMED_CURRENCIES).union(TAX_WORDS, WITH, WITHOUT, words(
    "gross brutto ttc net netto ht our unit each ea per pc pcs web online shop store in"
))  # fmt: skip
EACH = words("each ea single stuck stueck stk piece pieza pezzo stuks stuk styck stykk stk szt ks kpl db unidad unite")
"""Words that mean the price of one piece if the name also contains a word for a tax, as in `Each (inc VAT)`."""
_WEAK = words("amount betrag tarif tarifa ar pv value")
"""Words that can mean something other than a price."""
_ENGLISH, _TARIFFS = words("price prices"), words("tarif tarifa pv")
_BARE_NET = (
    (_BASE - words("vk vkp pvp pv evp evk lvp lvk")) | words("net netto neto unit") | frozenset(NAMED_CURRENCIES)
)
"""Words of names such as `Net price`, which do not show whether a tax or a discount is deducted."""
_WHOLE_NAMES: dict[str, Kind] = {
    **dict.fromkeys(words("inpris indpris innpris nettoinpris nettoindpris bruttoinpris"), "purchase"),
    **dict.fromkeys(
        words("trade dealer wholesale reseller grossiste mayorista grossista prixpro prixproht tarifpro tarifproht"),
        "purchase",
    ),
    **dict.fromkeys(words("ptr pts pricetoretailer pricetostockist pricetodistributor"), "purchase"),
    **dict.fromkeys(words("valuationrate lastpurchaserate purchaserate buyingrate"), "purchase"),
    **dict.fromkeys(words("forpris forepris"), "compare"),
    **dict.fromkeys(
        words(
            "yourwebprice youronlineprice yourshopprice ihronlinepreis ihrwebpreis ihrshoppreis votreprixweb "
            "votreprixenligne suprecioweb suprecioonline iltuoprezzoweb iltuoprezzoonline uwwebprijs uwonlineprijs "
            "dinwebpris dinonlinepris"
        ),
        "plain",
    ),
    **dict.fromkeys(words("prixven arprixven acprixven"), "plain"),  # Sage 100
    **dict.fromkeys(words("prixach arprixach arprixachnouv arpunet"), "purchase"),
    "bundlepricesprice": "plain",  # the price of the first piece in offers of bol.com
}
"""Names whose parts have other meanings: `Inpris` is a purchase price, and `Før-pris` is a former price."""
_SOLO_NAMES = frozenset(("rate", "sellingrate", "salerate", "standardrate", "sp", "ask"))
"""Further names that mean a selling price if the values are amounts of money. `VAT rate` is not such a name."""
MONEY = re.compile(r"\d[.,]\d{1,2}(?!\d)|[€$£¥₹₽₺₩₴₫₪₱฿]|[.,:]-|\b(?:kr|zł|kč|rs|rp|tk|ksh)\b|\d/[-=]", re.IGNORECASE)
"""A part of a value that shows an amount of money: two decimals, or the sign of a currency."""
_INNER_NUMBER = re.compile(r"(?<=[^\W\d_])\d(?=[^\W\d_])")
_LAST_NUMBER = re.compile(r"(?<=[^\W\d_])\d{1,2}$")
_LIST_INDEX = re.compile(r"\.\d{1,2}(?:[.@]|$)")
"""The number of an item of a JSON list, as in `prices.1.amount`."""
MAX_NAME = 60
MAX_DIVISIONS = 50


Role = Kind | Literal["base", "weak", "alone", "tax", "with", "without", "neutral"]


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of this module, which are used in every language, and the words of the vocabulary."""

    languages: dict[str, Languages | None]
    """The languages of each word, or None for a word that every language can use."""
    listed: dict[str, Languages]
    """The languages for which the vocabulary lists the word."""
    roles: dict[Role, dict[str, Languages | None]]
    """Maps each role to its words, with the languages of the role. For example, `cu` means "with" only in Romanian."""
    currencies: dict[str, str]
    currency_languages: dict[str, Languages]
    names: frozenset[str]
    """All words."""

    def is_currency(self, word: str, common: set[str] | None) -> bool:
        """Return whether a word means a currency in the languages of its name. In Estonian, `km` is a tax."""
        languages = self.currency_languages.get(word)
        return word in self.currencies and not (common and languages and common.isdisjoint(languages))


@cache
def _words() -> _Words:
    all_words = vocabulary()
    own: dict[Role, frozenset[str]] = {
        "base": _BASE, "weak": _WEAK, "alone": _NOUNS, "tax": TAX_WORDS, "with": WITH, "without": WITHOUT,
        "neutral": _NEUTRAL, **dict(_MEANINGS),
    }  # fmt: skip
    roles: dict[Role, dict[str, Languages | None]] = {
        role: {**all_words.words(f"prices.{role}"), **dict.fromkeys(words)} for role, words in own.items()
    }
    roles["base"] |= {word: codes for word, codes in roles["weak"].items() if word not in roles["base"]}
    currencies = {word: code for word, (code, _) in all_words.currencies.items()}
    languages: dict[str, Languages | None] = {word: codes for word, (_, codes) in all_words.currencies.items()}
    languages |= dict.fromkeys((*NAMED_CURRENCIES, *MINOR_UNITS, *_SOLO, *_SOLO_COMPANIONS, *EACH))
    for meaning in roles.values():
        for word, codes in meaning.items():
            before = languages.get(word, ())
            languages[word] = None if codes is None or before is None else (*before, *codes)
    currencies |= {code: code.upper() for code in NAMED_CURRENCIES}
    listed: dict[str, Languages] = {}
    for role in own:
        for word, codes in all_words.words(f"prices.{role}").items():
            listed[word] = (*listed.get(word, ()), *codes)
    own_languages = {word: codes for word, (_, codes) in all_words.currencies.items() if word not in NAMED_CURRENCIES}
    return _Words(languages, listed, roles, currencies, own_languages, frozenset(languages))


@dataclass(frozen=True, slots=True)
class PriceName:
    """Describes the meaning of the name of a price column."""

    kind: Kind
    currency: str | None = None
    is_offer_or_selling: bool = False
    """Whether the name is `sale price`, which is a selling price, or an offer if the file also has a regular price."""
    is_weak: bool = False
    """Whether the name can also mean something other than a price."""
    tax: Literal["gross", "net"] | None = None
    """Whether the price includes the tax, as in `RRP incl. VAT`."""
    names_tax: bool = False
    """Whether the name has a word for a tax, but does not say whether the price includes the tax: `PRICE_VAT`."""
    is_solo: bool = False
    """Whether the name means a price only if the values are amounts of money: `Sell`, `Retail`."""
    is_bare_net: bool = False
    """Whether the name is `net price`, which is a price without tax, or a price after a discount of the supplier."""
    scale: Scale = 0
    """The decimals of the amounts, if the name contains a unit such as `cents`."""


@lru_cache(maxsize=4096)
def price_name(folded: str, edges: frozenset[int] = frozenset()) -> PriceName | None:
    """Return the meaning of a folded column name, or None if the name does not mean a price.

    `edges` are the positions at which the words of the unfolded name begin. A part of the name consists of whole words,
    or is inside one word. For example, `Nav pārdošanā` does not contain `vp`.
    """
    if kind := _WHOLE_NAMES.get(folded):
        return PriceName(kind)
    if folded in _SOLO_NAMES:
        return PriceName("plain", is_weak=True, is_solo=True)
    all_words, understood, fewest = _words(), dict[tuple[str, ...], PriceName](), MAX_NAME
    for parts in islice(divisions(folded, all_words.names), MAX_DIVISIONS) if len(folded) <= MAX_NAME else ():
        if edges and not keeps_words(parts, edges):
            continue
        letters = sum(len(part) == 1 and part.isascii() for part in parts)  # `inkl` does not consist of `ink` and `l`
        if letters <= fewest and (meaning := _meaning(parts, all_words)) is not None:
            understood = {**(understood if letters == fewest else {}), parts: meaning}
            fewest = letters
    ends = {parts: frozenset(accumulate(map(len, parts))) for parts in understood}
    has_spaces = folded < "\u2e80"  # Japanese and Chinese have no spaces
    meanings = [
        meaning for parts, meaning in understood.items()
        # `normale` is one word. It does not consist of `norm` and the Finnish word `ale` for an offer.
        # `bezarekin` is Basque, and does not contain the German word `EK`.
        if not (has_spaces and any(
            ends[one] < ends[parts] and (meaning.kind == "offer" or 1 < len(one) <= len(parts) / 2)
            for one in understood if meaning.kind in ("offer", "purchase")
        ))
    ]  # fmt: skip
    if folded[-3:] in NAMED_CURRENCIES and any(one.currency for one in meanings):  # `prices EK` is `price SEK`
        meanings = [one for one in meanings if one.currency]
    return min(meanings, key=_uncertainty, default=None)


def words_of_prices() -> frozenset[str]:
    """Return all folded words that names of prices can contain."""
    return _words().names


def is_price_word(folded: str) -> bool:
    """Return whether a folded text is one of the words of `words_of_prices`."""
    return folded in _words().names


def price_in_forms(forms: Sequence[str], column: str) -> tuple[int, PriceName] | None:
    """Find the first form of a column name that means a price. Return the position of the form, and its meaning.

    A number inside the name is ignored, as in `verkaufspreis1netto` and `Vk0.Preis`. A number at the end of the name
    means a price list only for selling prices. For example, `EK Preis 2` is a purchase price.
    """
    is_numbered = bool(forms) and not forms[0].isalpha() and not _LIST_INDEX.search(column)
    for rank, form in enumerate(forms):
        if name := price_name(form, edges_of_words(column, form) if rank == 0 else frozenset()):
            return rank, name
        # `Listino 1 (ivato)` has a more specific meaning than `Listino 1`.
        if rank == 0 and is_numbered and (name := price_name(_INNER_NUMBER.sub("", form, count=1))):
            return len(forms), name
    if is_numbered and (name := price_name(_LAST_NUMBER.sub("", forms[0]))) and name.kind in ("purchase", "compare"):
        return len(forms), name
    return None


def _uncertainty(name: PriceName) -> int:
    """Return the sort key of one meaning of a name. A name such as `cena s dph` can be divided in several ways.

    The most specific meaning comes first.
    """
    return 3 if name.is_solo else 0 if name.kind == "purchase" else 2 if name.kind == "plain" else 1


def _meaning(parts: tuple[str, ...], known: _Words) -> PriceName | None:
    """Return the meaning of words, or None if no word means a price, or if the words have no common language."""
    limited = [set(languages) for part in parts if (languages := known.languages[part]) is not None]
    common = set.intersection(*limited) if limited else None
    if common is not None and not common:
        return None
    if common and any(_is_stray_letter(part, parts, known) for part in parts):
        return None
    taxed = [_TAX_LANGUAGES[part] for part in parts if part in _TAX_LANGUAGES]
    if common and taxed:  # `VP inkl. MwSt` is German. `VP` is a wholesale price in Croatian.
        common = common.intersection(*taxed) or common
    if common and len(common) > 1:  # Use the language that has most of the words: `pret cu tva` is Romanian.
        counts = {code: sum(code in known.listed.get(part, ()) for part in parts) for code in common}
        common = {code for code, count in counts.items() if count == max(counts.values())}

    def has(role: Role) -> bool:
        words = known.roles[role]
        return any(
            word in words and ((codes := words[word]) is None or not (common or frozenset()).isdisjoint(codes))
            for word in parts
        )

    is_solo = False
    if not has("base") and not has("alone"):
        taxes = [known.roles[role] for role in ("tax", "with", "without")]
        others = [part for part in parts if part not in _SOLO and part not in _SOLO_COMPANIONS]
        others = [part for part in others if part not in EACH]
        is_each = (
            not EACH.isdisjoint(parts)
            and min(map(len, parts)) > 1
            and any(part in known.roles[role] for role in ("with", "without", "gross", "net") for part in parts)
        )
        has_others = all(any(part in role for role in taxes) for part in others)
        is_solo = has_others and (is_each or not _SOLO.isdisjoint(parts))
        if not is_solo:
            return None
    words = known.roles["weak"]
    is_weak = not has("alone") and not any(word in known.roles["base"] and word not in words for word in parts)
    is_weak &= _TARIFFS.isdisjoint(parts) or not (has("gross") or has("net"))  # `PV TTC` is clear
    code = next((known.currencies[word] for word in parts if known.is_currency(word, common)), None)
    kinds = [kind for kind, _ in _MEANINGS if has(kind)]
    names_tax = has("tax") or any(part.startswith(_SHORT_TAX) for part in parts)
    if names_tax and (has("without") or has("with")):
        kinds = [kind for kind in kinds if kind != "gross"] if has("without") else kinds  # `MPC brez DDV`
        kinds.append("net" if has("without") else "gross")
    if "net" in kinds and "gross" in kinds and _GROSS.isdisjoint(parts):  # `MOC bez DPH`
        kinds.remove("gross")
    minor = [MINOR_UNITS[part] for part in parts if part in MINOR_UNITS and not (part == "sen" and names_tax)]
    kind: Kind = kinds[0] if kinds else "gross" if "pvp" in parts else "plain"
    return PriceName(
        kind,
        code,
        kind == "offer" and "sale" in parts and known.roles["base"].keys().isdisjoint({*parts} - _ENGLISH),
        is_weak,
        is_solo=is_solo,
        names_tax=has("tax") and not has("with") and not has("without"),
        tax="gross" if "gross" in kinds else "net" if "net" in kinds else None,
        is_bare_net=kind == "net" and _BARE_NET.issuperset(parts),
        scale=minor[0] if minor else 0,
    )


def _is_stray_letter(part: str, parts: tuple[str, ...], known: _Words) -> bool:
    """Return whether a part is one letter that is not a word in the language of any other part."""
    languages = known.languages[part] if len(part) == 1 and part.isascii() else None
    others = (known.listed.get(other, ()) for other in parts if other != part)
    return languages is not None and not any(set(languages).intersection(other) for other in others)


_SHORT_TAX = ("inc", "ink", "exc", "exk", "eks", "escl")
"""The beginning of a word that means a tax without the name of the tax, as in `Prijs incl` and `Pris exkl.`"""
