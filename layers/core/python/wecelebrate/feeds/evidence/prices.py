"""Reads from a column's name which price the column contains: gross, net, list, offer, purchase, and so on.

A name such as `Netto-VK`, `preisBruttoEUR` or `Prix de vente TTC` is divided into words of a vocabulary. A name with
any other word is not a price: `price group`, `market price index`. Further words are in `vocabulary`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import Literal

from wecelebrate.feeds.vocabulary import Languages, vocabulary
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
    "tarifa fiyat fiyati betrag amount listino цена ціна 価格 가격 价格"
)
_TAX = words("vat tax taxes mwst ust umsatzsteuer tva iva btw moms mva dph gst kdv alv ptu")
_WITH = words(
    "with avec incl inc inkl including included inclusive mit con com incluida incluido inclusa compresa dahil sis"
)
_WITHOUT = words(
    "without sans excl ex exc exkl excluding excluded exclusive ohne hors sin senza sem bez zzgl esclusa excluida haric"
)
_MEANINGS: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("purchase", words(
        "cost purchase purchasing buy buying einkaufs einkauf einkaufspreis ek ekp einstands einstand wholesale dealer "
        "dealers handler haendler haendlereinkaufs trade reseller distributor supplier lieferanten landed achat dachat "
        "revient compra decompra coste costo acquisto diacquisto custo inkoop inkoops kost indkobs inkops innkjops "
        "zakupu zakup nakupni osto beszerzesi partner b2b fob mayorista grossiste ingrosso atacado groothandels engros "
        "hurtowa hurt velkoobchodni gesteh selbstkosten herstell verpr stprs mek alis"
    )),
    ("compare", words(
        "compareat compare was old original before previous statt streich barre alter alt vorher ancien anterior "
        "precedente vorige van tidligere jamfor crossedout strike"
    )),
    ("list", words(
        "list listen katalog catalog catalogue rrp rsp msrp srp uvp recommended suggested advies empfohlener empf "
        "unverbindliche conseille recomendado consigliato vejledende veiledende veil rek recommande publicconseille"
    )),
    ("offer", words(
        "special offer promo promotion promotional aktions aktion angebots angebot sonder reduced reduziert discount "
        "discounted oferta deoferta enoferta rebajado offerta inofferta scontato promozionale soldes solde promocional "
        "aanbiedings actie tilbuds kampanj kampanje erbjudande akcni promocyjna akcios tarjous clearance sale"
    )),
    ("gross", words("gross brutto bruto ttc ivato zvat zdph sdph vcdph pvttc prixttc")),
    ("net", words("net netto neto ht pvht prixht bezdph")),
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
    "per for our de du des di da do del la le der die das pro each je piece pc st stk in eur"
)
_WEAK = words("amount betrag tarif tarifa ar pv value")
"""Words that can mean something other than a price."""
_WHOLE_NAMES: dict[str, Kind] = {
    **dict.fromkeys(("inpris", "indpris", "innpris", "nettoinpris", "nettoindpris", "bruttoinpris"), "purchase"),
    **dict.fromkeys(("forpris", "forepris"), "compare"),
    **dict.fromkeys(("sell", "asking", "peco"), "plain"),
}
"""Names of handmade lists, and Scandinavian names whose parts mean something else: `Inpris` is a purchase price, and
`Før-pris` is an old price."""
MAX_NAME = 60
MAX_DIVISIONS = 50

# Currency codes that the name of a price column can contain, as in `Preis EUR` or `price_usd`.
NAMED_CURRENCIES = (
    "aed", "ars", "aud", "bgn", "bhd", "brl", "cad", "chf", "clp", "cny", "cop", "czk", "dkk", "egp", "eur", "gbp",
    "hkd", "huf", "idr", "ils", "inr", "isk", "jod", "jpy", "krw", "kwd", "mxn", "myr", "nok", "nzd", "omr", "pen",
    "php", "pkr", "pln", "qar", "ron", "rsd", "rub", "sar", "sek", "sgd", "thb", "tnd", "try", "twd", "uah", "usd",
    "vnd", "zar",
)  # fmt: skip


Role = Kind | Literal["base", "weak", "alone", "tax", "with", "without", "neutral"]


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of this module, which every language can use, and those of the vocabulary."""

    languages: dict[str, Languages | None]
    """The languages of each word, or None for a word that every language can use."""
    listed: dict[str, Languages]
    """The languages whose files have the word."""
    roles: dict[Role, dict[str, Languages | None]]
    """For each role, its words with the languages in which they have this role: `cu` is "with" in Romanian only."""
    currencies: dict[str, str]
    longest: int


@cache
def _words() -> _Words:
    known = vocabulary()
    own: dict[Role, frozenset[str]] = {
        "base": _BASE, "weak": _WEAK, "alone": _NOUNS, "tax": _TAX, "with": _WITH, "without": _WITHOUT,
        "neutral": _NEUTRAL, **dict(_MEANINGS),
    }  # fmt: skip
    roles: dict[Role, dict[str, Languages | None]] = {
        role: {**known.words(f"prices.{role}"), **dict.fromkeys(words)} for role, words in own.items()
    }
    roles["base"] |= {word: codes for word, codes in roles["weak"].items() if word not in roles["base"]}
    currencies = {word: code for word, (code, _) in known.currencies.items()}
    languages: dict[str, Languages | None] = {word: codes for word, (_, codes) in known.currencies.items()}
    languages |= dict.fromkeys(NAMED_CURRENCIES)
    for meaning in roles.values():
        for word, codes in meaning.items():
            before = languages.get(word, ())
            languages[word] = None if codes is None or before is None else (*before, *codes)
    currencies |= {code: code.upper() for code in NAMED_CURRENCIES}
    listed: dict[str, Languages] = {}
    for role in own:
        for word, codes in known.words(f"prices.{role}").items():
            listed[word] = (*listed.get(word, ()), *codes)
    return _Words(languages, listed, roles, currencies, max(map(len, languages)))


@dataclass(frozen=True, slots=True)
class PriceName:
    """What the name of a price column says."""

    kind: Kind
    currency: str | None = None
    is_offer_or_selling: bool = False
    """Whether the name is `sale price`: a selling price, or an offer if the file has a regular price too."""
    is_weak: bool = False
    """Whether the name can also mean something other than a price."""


@lru_cache(maxsize=4096)
def price_name(folded: str) -> PriceName | None:
    """Return what a folded column name says about a price, or None if it does not name a price."""
    if kind := _WHOLE_NAMES.get(folded):
        return PriceName(kind)
    known, found = _words(), list[PriceName]()
    for parts in islice(_divisions(folded, known), MAX_DIVISIONS) if len(folded) <= MAX_NAME else ():
        if (meaning := _meaning(parts, known)) is not None:
            found.append(meaning)
    return min(found, key=lambda name: _CERTAINTY.get(name.kind, 1), default=None)


_CERTAINTY: dict[Kind, int] = {"purchase": 0, "plain": 2}
"""A name that can be divided in several ways, such as `cena s dph` and `cenas dph`, says the most that it can say."""


def _meaning(parts: tuple[str, ...], known: _Words) -> PriceName | None:
    """Return what words say about a price. Returns None if none means a price, or if they have no common language."""
    limited = [set(languages) for part in parts if (languages := known.languages[part]) is not None]
    common = set.intersection(*limited) if limited else None
    if common is not None and not common:
        return None
    if common and len(common) > 1:  # in the language that has most of the words: `pret cu tva` is Romanian
        counts = {code: sum(code in known.listed.get(part, ()) for part in parts) for code in common}
        common = {code for code, count in counts.items() if count == max(counts.values())}

    def has(role: Role) -> bool:
        words = known.roles[role]
        return any(
            word in words and (common is None or (codes := words[word]) is None or not common.isdisjoint(codes))
            for word in parts
        )

    if not has("base") and not has("alone"):
        return None
    words = known.roles["weak"]
    is_weak = not has("alone") and not any(word in known.roles["base"] and word not in words for word in parts)
    code = next((known.currencies[word] for word in parts if word in known.currencies), None)
    kinds = [kind for kind, _ in _MEANINGS if has(kind)]
    if has("tax") and (has("without") or has("with")):
        kinds.append("net" if has("without") else "gross")
    kind: Kind = kinds[0] if kinds else "gross" if "pvp" in parts else "plain"
    return PriceName(kind, code, kind == "offer" and "sale" in parts, is_weak)


def _divisions(text: str, known: _Words) -> Iterator[tuple[str, ...]]:
    """Yield the divisions of a text into words of the vocabulary. Divisions with longer first words come first.

    Positions from which the rest cannot be divided are remembered, so the time is linear.
    """
    dead: set[int] = set()

    def divide(at: int) -> Iterator[tuple[str, ...]]:
        if at == len(text):
            yield ()
            return
        is_divisible = False
        for end in range(min(len(text), at + known.longest), at, -1):
            word = text[at:end]
            if end in dead or word not in known.languages:
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


@cache
def _further_words() -> tuple[str, ...]:
    """Return the words for a price in the vocabulary. Short Latin words are parts of other words."""
    return tuple(word for word in vocabulary().words("prices.base") if len(word) > (4 if word.isascii() else 1))


def may_be_price(folded: str) -> bool:
    """Return whether a name contains a word for a price, but is not understood, as `Campus price` is not."""
    if len(folded) > MAX_NAME or _NO_PRICE.search(folded):
        return False
    is_price = _PRICE_PART.search(folded) or any(word in folded for word in _further_words())
    return bool(is_price) and price_name(folded) is None
