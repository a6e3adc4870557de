"""Reads prices with words beside the amount: `12.50/ea`, `9,50 € TTC`, `99p`, `12,50 €/100 Stk`.

A text is not a fixed price if it names only the lowest of several prices (`from 12.50`) or no amount (`on request`).
The row is rejected with the code `no_fixed_price`, because a product must not be sold at a guessed price.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from wecelebrate.core.types.normal_forms import nfkc
from wecelebrate.feeds.items import BadCell, quoted
from wecelebrate.feeds.notation.price_units import MEASURES
from wecelebrate.feeds.vocabulary.words import phrases, words


@dataclass(frozen=True, slots=True)
class PriceText:
    """The amount of a price, and what the words beside it mean."""

    amount: str
    """The text without the words: the number, and the sign or code of the currency."""
    units: int = 1
    """The number of units that the price is for."""
    is_minor: bool = False
    """Whether the amount is in hundredths of the currency: `99p`."""
    currency: str | None = None
    """The currency that the words mean."""
    factor: int = 1
    """The factor of the amount, for example 1,000 for `185rb` and `185k`."""


_ON_REQUEST = phrases(
    "poa|p.o.a.|p.o.a|por|p.o.r.|on request|price on request|price on application|on application|upon request|tba|tbc|"
    "tbd|t.b.a.|call|call us|call for price|please call|ask|ask us|ask for price|enquire|inquire|quote|on quote|"
    "request a quote|request quote|contact us|contact|market price|market|variable|varies|various|n.a.|"
    "auf anfrage|preis auf anfrage|a.a.|a. a.|anfrage|anfragen|bitte anfragen|tagespreis|nach aufwand|variabel|"
    "nach vereinbarung|sur demande|prix sur demande|sur devis|devis|nous consulter|nous contacter|selon devis|"
    "a consultar|consultar|bajo pedido|segun presupuesto|según presupuesto|precio a consultar|su richiesta|"
    "a richiesta|da definire|su preventivo|trattativa riservata|sob consulta|a combinar|op aanvraag|prijs op aanvraag|"
    "dagprijs|efter aftale|på forespørsel|på förfrågan|på begäran|pyydä tarjous|kysy|na zapytanie|na dotaz|"
    "árajánlat|la cerere|sorunuz|talep üzerine"
)
_FROM = re.compile(
    r"(?:(?:from|starting (?:at|from)|starts at|as low as|min|ab|à partir de|a partir de|dès|desde|a partire da|da|"
    r"vanaf|fra|från|od|alkaen|de la|ca|circa|approx|about|around|ungefähr|environ|up to|bis(?: zu)?|max)(?![^\W_])\.?|"
    r"[~≈<>])\s*(?=[^\w\s]*\s*\d|[a-z€$£]{1,4}\.?\s*\d)"
)
_OR_MORE = re.compile(r"\d\W{0,3}(?:\+|and up|or more|upwards|alkaen|und mehr|et plus)$")
_TAX = r"(?:vat|gst|tax|mwst|ust|tva|iva|btw|moms|mva|dph|alv|kdv|ptu)"
_TAXES = re.compile(
    r"[\s,;(]*(?:(?:incl|inkl|inc|excl|exkl|exc|ex|zzgl|plus|ohne|hors|sans|sin|con|senza|c/|s/|\+)\.?\s*)?"
    rf"(?:(?:\d{{1,2}}\s?%\s?)?{_TAX}(?:\s*(?:incl|excl|inkl|inc|incluido|inclusa)\.?)?|ttc|ht|netto|brutto|net|gross|"
    r"税込み?|税抜き?|税別|含税|含稅|未税|未稅)"
    r"\.?\)?$"
)
_PIECES = words(
    "ea each pc pcs pce piece pieces unit units item pair pr set box pack packet bag bottle can case roll carton tin "
    "jar tube sheet bundle kit "
    "st stk stck stück stueck stücke paar packung pack pkg karton kiste flasche dose rolle beutel tüte sack eimer "
    "pièce piece pce unité u sac sachet boîte boite bouteille paire lot paquet rouleau carton seau pot "
    "ud uds unidad pieza caja bolsa botella par paquete rollo pz pezzo pezzi cad cadauno scatola confezione bottiglia "
    "un unidade caixa stuks stuk doos fles zak rol szt ks kus db kpl styck stykk styk adet buc"
)
_EACH = words("ea each cad cadauno")
_HAS_SIGN = re.compile("[€$£¥₹₽₺₩₴₫₪₱฿]")
_UNIT = re.compile(
    r"\s*(?P<by>/|\b(?:per|pro|je|par|por|al|a|à|p\.))?\s*(?P<number>1\.?000|10{0,3})?\s*(?P<unit>[^\W\d_]{1,10})?\.?$"
)
_FACTORS = {
    **dict.fromkeys(words("k rb ribu тыс tys tis tsd bin nghìn ngàn 千 천"), 1_000),
    **dict.fromkeys(words("万 萬 만"), 10_000),
    **dict.fromkeys(words("lakh lac लाख"), 100_000),
    **dict.fromkeys(words("jt juta triệu mio mln млн"), 1_000_000),
}  # fmt: skip
_FACTOR = "|".join(sorted(_FACTORS, key=len, reverse=True))
_MULTIPLIED = re.compile(rf"(?<=\d)(?!\sk\b)\s?({_FACTOR})(?=\b|[円元원])\.?(?=\s*[^\s\d]{{0,4}}$)")
"""A word for thousands or millions after the digits, as in the Indonesian amounts `185rb` and `1,25jt`."""
_MINOR = re.compile(r"(?<=\d)\s*(?:(?P<pence>p|pence)|¢|cents?|ct\.?|c)$")


def price_text(cell: str) -> PriceText | None:
    """Return the amount without the words beside it, or None if the words are not known.

    Raises BadCell with the code `no_fixed_price` or `bad_price_unit`.
    """
    folded = " ".join(nfkc(cell).casefold().split())
    if folded.strip(" .!-") in _ON_REQUEST or folded in _ON_REQUEST:
        raise BadCell("no_fixed_price", f"{quoted(cell)} is not a price; a product needs a fixed price")
    if not any(char.isdigit() for char in folded):
        return None
    if _FROM.match(folded) or _OR_MORE.search(folded):
        raise BadCell("no_fixed_price", f"{quoted(cell)} is not a fixed price; write the price of this product")
    bare = _TAXES.sub("", folded)
    if match := _MULTIPLIED.search(bare):
        return PriceText((bare[: match.start()] + bare[match.end() :]).strip(), factor=_FACTORS[match[1]])
    if match := _MINOR.search(bare):
        return PriceText(bare[: match.start()].strip(), 1, True, "GBP" if match["pence"] else None)
    if (match := _UNIT.search(bare)) and match.start() and match[0].strip():
        price = _of_units(match, bare, cell)
        if price:
            return PriceText(_TAXES.sub("", price.amount).strip(), price.units)
    return PriceText(bare.strip()) if bare != folded else None


def _of_units(match: re.Match[str], text: str, cell: str) -> PriceText | None:
    number, unit = match["number"], match["unit"]
    units = int(number.replace(".", "")) if number else 1
    if not match["by"] and (number or unit not in (_PIECES if _HAS_SIGN.search(text) else _EACH)):
        return None  # `12 pcs` is a quantity
    if unit is not None and unit not in _PIECES:
        if units == 1 and unit == "c":
            units = 100
        elif match["by"] and (units > 1 or unit in MEASURES or match["by"] != "/"):  # `/beg` is a selling unit
            raise BadCell("bad_price_unit", f"{quoted(cell)} is a price for {quoted(unit)}, and not for a piece")
    return PriceText(text[: match.start()], units)


def price_in_units(amount: Decimal, found: PriceText) -> Decimal:
    """Return the amount in the currency, for example 0.99 for `99p`, and 185,000 for `185rb`."""
    return amount.scaleb(-2) if found.is_minor else amount * found.factor
