"""Adds the type of a price to the name of its column, because the type shows whether the price is a selling price.

    {"prices": [{"type": "cost", "amount": 5}, {"type": "retail", "amount": 9}]}   prices.cost.0.amount,
                                                                                   prices.retail.0.amount
    <price type="cost">5</price><price type="retail">9</price>                     price.cost, price.retail

Without the types, the first price would be used, even if it is a cost. If a type is not understood, the column has no
known name of a price, and a question is asked.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from wecelebrate.core.types import currencies
from wecelebrate.feeds.notation.convert import NO, YES
from wecelebrate.feeds.notation.price_units import PIECES
from wecelebrate.feeds.prices.names import Kind, is_price_word, price_name
from wecelebrate.feeds.prices.unit_words import MINOR_UNITS
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.folding import split_words, squeezed
from wecelebrate.feeds.vocabulary.words import words

_PRICES = re.compile(
    r"pric(?:e|ing)|preis|prix|preci|prezz|preco|prij[sz]|pris(?:er|liste|lista)?$|hin(?:ta|na|d$|nad$)|kaina|cen[ay]|"
    r"cennik|fiyat|цен|цін|amounts?$|betrage?$|tarif|価格|值|价格|價格|가격|מחיר|سعر|τιμ"
)
_STRONG = words(
    "rules type types pricetype pricetypecode pricetypename pricetypeid kind pricekind priceclass pricelist "
    "pricelists pricelistname pricelistcode pricelistid typeid typecode typename kindid pricelistkey pricebook "
    "pricegroup pricegroupname pricelevel pricelevelname pricetier pricecategory pricecode pricename pricequalifier "
    "qualifier customergroup customergroups customergroupid customergroupkey customergroupname customergroupcode "
    "customertype customerclass customersegment customer group groupname groupid list listname level tier role "
    "usage purpose segment audience usergroup channel channelid saleschannel typ art preisart preistyp preisliste "
    "preisgruppe kundengruppe typedeprix typeprix listedeprix tarif groupeclient tipo tipoprecio tipodeprecio "
    "tipoprezzo tipopreco listino tarifa listadeprecios soort prijstype prijssoort prijslijst klantgroep typceny "
    "rodzajceny druhceny cenovahladina prisliste prislista pristype pristyp kundegrupp kundegruppe hintalaji "
    "идтипацены типцены видцены типцін типціни видціни тип вид"
)
"""JSON keys and XML attributes that always contain the type of a price."""
LIMITS = ("rules",)
"""JSON keys with the conditions of a price, as in Medusa 2. An empty object is not a condition."""
_NAMES = words("name label code nome nom bezeichnung наименование")
"""JSON keys that can contain the type of a price, but also other values, such as a currency."""
_NO_TYPES = words(
    "centprecision highprecision money decimal float double number numeric integer int string text price prices "
    "currency fixed amount simple single"
)
"""Types of data, which are not types of prices."""
_AMOUNT_END = re.compile(r"(?:^|\.|@)[^.@]*(?:amount|value|price|preis|prix|centamount|gross|net|цена)[^.@]*$")
_WORDS_OF_TABLES = words(
    "type types kind group groupid groupname customer customergroup customergroups list level class role usage purpose "
    "segment audience channel channelid tier typ art tipo soort tarif tarifa listino тип вид rules qualifier typeid "
    "typecode typename kindid saleschannel listname"
)
MAX_TYPE_LENGTH = 60
MAX_MEMBERS = 40

Part = tuple[str, dict[str, Any]]
"""The path of a price below its list, and the price."""


@lru_cache(maxsize=4096)
def is_price_key(key: str) -> bool:
    """Return whether a key or the name of an element means prices: `prices`, `priceList`, `Цена`."""
    return len(key) <= MAX_TYPE_LENGTH and bool(_PRICES.search(squeezed(key.rpartition(".")[2])))


def parts_by_type(key: str, parts: Sequence[Any]) -> list[Part] | None:
    """Return the prices of a JSON list, each with a path such as `cost.0`.

    The number in a path is the position among the prices of the same type. The path of a price without a type is only a
    number. The result is None if no price of the list has a type.
    """
    if not is_price_key(key) or not all(isinstance(part, dict) for part in parts):
        return None
    types = [_type_of_members(part) for part in parts]
    if not any(types):
        return None
    counts: dict[str, int] = {}
    named: list[Part] = []
    for part, kind in zip(parts, types, strict=True):
        number = counts[kind] = counts.get(kind, -1) + 1
        named.append((f"{kind}.{number}" if kind else str(number), part))
    return named


def _type_of_members(part: Mapping[str, Any]) -> str:
    members = [(name, _text(name, value)) for name, value in list(part.items())[:MAX_MEMBERS]]
    return type_of_price(members)


def _text(name: str, value: Any) -> str:
    """Return the value of a JSON key if it can name a type: a text, a number, or the name in an object."""
    if isinstance(value, dict):
        if name in LIMITS:
            return " ".join(map(str, value.values()))
        keys = ("name", "code", "key", "title", "label", "slug", "id", "typeId")
        value = next((value[key] for key in keys if isinstance(value.get(key), str) and value[key].strip()), None)
    return value if isinstance(value, str) else ""


def type_of_price(members: Sequence[tuple[str, str]], names: Mapping[str, str] | None = None) -> str:
    """Return the type of a price from its JSON keys or XML attributes, or "" if it has no type.

    `names` maps the identifiers of types to their names. If several keys have types, the types are joined, because each
    type can limit which customers pay the price.
    """
    types: list[str] = []
    weak = ""
    for name, value in members:
        if tax := _tax(name, value):
            types.append(tax)
            continue
        text = (names or {}).get(value.strip(), value)
        text = " ".join(text.replace(".", " ").replace("@", " ").split())[:MAX_TYPE_LENGTH]
        if not text or _says_nothing(text):
            continue
        key = squeezed(name)
        if key in _STRONG:
            # The key is added to a type that is only a number, because a number means the position of a price.
            types.append(text if any(char.isalpha() for char in text) else f"{name} {text}")
        elif not weak and (key in _NAMES or (key not in ("unit", "currency") and _is_kind(text))):
            weak = text
    return " ".join(dict.fromkeys(types)) or weak


_WITH_TAX = words(
    "ttc tvac kmga km vat vatincluded includesvat inclvat tax taxincluded taxinclusive includestax incltax mwst "
    "mitmwst inklmwst ust moms inklmoms mva inklmva alv sisalv btw inclbtw dph sdph iva ivaincluido coniva civa "
    "ivainclusa ivato ivaincluida tva cutva zvat pvm supvm pvn arpvn kdv kdvdahil gst inclgst brutto bruto gross afa "
    "ндс сндс пдв зпдв ддс сддс"
)
_WITHOUT_TAX = words(
    "ht horstaxe horstaxes horstva kmta exclvat excludesvat vatexcluded taxexcluded exmwst ohnemwst exklmwst exklmoms "
    "exklmva exclbtw bezdph siniva siva bezvat bezpvm bezpvn kdvharic net netto neto безндс безпдв"
)
"""Names of attributes with yes or no that mean "without tax". For example, `ht="non"` is a price with tax."""


def _tax(name: str, value: str) -> str:
    """Return `gross` or `net` if a key with yes or no says whether the price includes the tax, or else ""."""
    key = squeezed(name[:MAX_TYPE_LENGTH])
    if key not in _WITH_TAX and key not in _WITHOUT_TAX:
        return ""
    answer = squeezed(value[:MAX_TYPE_LENGTH])
    is_yes = answer in YES or answer in vocabulary().words("values.yes")
    is_no = answer in NO or answer in vocabulary().words("values.no")
    if is_yes == is_no or (answer.isdecimal() and key in _BARE_TAXES):  # `vat="1"` can be a code
        return ""
    return "gross" if is_yes == (key in _WITH_TAX) else "net"


_BARE_TAXES = words("vat tax mwst ust moms mva alv btw dph iva tva pvm pvn kdv gst afa km ндс пдв ддс")


@lru_cache(maxsize=4096)
def _says_nothing(text: str) -> bool:
    folded = squeezed(text)
    is_currency = text.upper() in currencies() or folded in MINOR_UNITS
    return not folded or folded in _NO_TYPES or is_currency or text.casefold() in ("true", "false")


@lru_cache(maxsize=4096)
def _is_kind(text: str) -> bool:
    """Return whether a value such as `cost` or `dealer` names the type of a price. The name of its key is ignored."""
    named_price = price_name("price" + squeezed(text)) if text[:1].isalpha() else None
    return named_price is not None and named_price.kind != "plain"


def has_unknown_type(column: str) -> bool:
    """Return whether a column has the amounts of a price type that is not known, such as `prices.Gold.0.amount`."""
    path = re.sub(r"\.\d{1,2}(?=\.|$)", "", column)
    first, _, rest = path.removeprefix("variants.").partition(".")
    is_value = "." not in rest and "@" not in rest
    return bool(rest) and is_price_key(first) and (is_value or bool(_AMOUNT_END.search(rest.casefold())))


def kind_of_type(text: str) -> Kind | None:
    """Return the kind of the prices of a type such as `EK`, `Retail` or `Wholesale price`.

    Return None for an unknown type.
    """
    folded = squeezed(text[:MAX_TYPE_LENGTH])
    are_words = text[:1].isalpha() and all(
        is_price_word(word) and word not in PIECES for word in split_words(text[:MAX_TYPE_LENGTH])
    )
    named_price = price_name(folded) or (price_name("price" + folded) if are_words else None)
    return named_price.kind if named_price else None


def is_type_column(column: str) -> bool:
    """Return whether the name of a column means the type of the price in its row: `Price list`, `Preisart`."""
    folded = squeezed(column)
    return folded in _STRONG and folded not in _WORDS_OF_TABLES
