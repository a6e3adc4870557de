"""Reads column names that contain a usual name and further words: `Item Category Code`, `Kategoria główna`.

The tables of names cannot list every such name. A composed name begins or ends with a usual name of the field. All its
other words are words that do not change the meaning (`_NEUTRAL`). `Tax category`, `File name` and `Category manager`
have another meaning, so they are not composed names.

An unknown word can change the meaning too. If such a name were accepted, private values could become public. A column
with a composed name is used only if no column has a usual name, and if the values of the column fit the field.

The name of a stock column can contain unknown words, such as the name of a place. A stock is a number, so no private
text can become public. A name with a word of `_NO_STOCK` or `_OTHERS`, such as `Safety stock`, does not mean the pieces
that can be sold, and the column is not used.
"""

import re
from functools import cache, lru_cache

from wecelebrate.feeds.columns.names import WEAK_RANK
from wecelebrate.feeds.columns.other_pieces import means_other_pieces
from wecelebrate.feeds.columns.synonyms import SYNONYMS
from wecelebrate.feeds.columns.visibility import internal_part, is_property, words
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.words import divisions
from wecelebrate.feeds.vocabulary.words import words as listed

COMPOSED_TEXT_RANK = 15_000
"""The rank of composed names. Usual names are preferred to composed names, even if a usual name contains a language.
Composed names are preferred to weak names.
"""
MAX_NAME = 60
MAX_WORDS = 6
MAX_CJK_REST = 6
MIN_HEAD = 5
"""The minimum length of a usual name in Latin letters. A shorter name, such as `nev` or `nom`, can be a part of another
word."""

_NO_HEADS = listed(
    "type group gruppe class groupe gruppo grupo grup grupa clasa line linea linha family familie department "
    "collection sortiment rayon univers gamme make maker product produkt produit producto produto prodotto article "
    "title titel titre titulo titolo shortdescription descriptionshort kurzbeschreibung itemdescription summary "
    "articledescription kurztext descripcion kundi ruhm hang merk skupina shorttext nombre"
)
"""Usual names that get another meaning if other words are added, as in `VAT posting group` and `Page title`."""
_ENDINGS = listed(
    "code codes nr no num id name names text path pfad level ebene tree breadcrumb bezeichnung kod kode codigo codice "
    "nom nombre nome navn namn nazwa nazev nimi naam libelle description desc label title titel key kurz short full "
    "display web shop online local default original"
)
"""Words that can follow the name of a category or a brand without changing its meaning."""
_OTHERS = listed(
    "tax taxes vat mwst ust steuer tva iva btw moms posting buchungs buchung price prices preis preise prix precio "
    "prezzo cena pris discount rabatt customer customers kunde kunden client customs zoll duty tariff shipping versand "
    "meta seo url urls link links image images bild bilder photo picture file files datei user warehouse lager plant "
    "location related similar cross count number sort order position unit units einheit uom attribute attributes "
    "option options variation property properties feature contact country land city state region currency account "
    "konto account department cost project printer label sheet column field latin scientific font creator created "
    "modified changed updated author artist designer owner buyer planner agent driver carrier bank store branch outlet "
    "old previous alt alternative alternate alternativ second secondary abc risk hazard hazardous warning storage "
    "packaging package pack return returns warranty age size color colour material season theme occasion channel "
    "market promo promotion campaign series serie template method lead credit payment revenue hs intrastat gl nominal "
    "expense income asset loan rule google facebook amazon ebay bing idealo unspsc etim eclass gpc parent first last "
    "middle given sur search keyword keywords"
)
"""A column name with one of these words does not mean a stock."""
_NEUTRAL_WORDS = listed(
    "main primary principal principale principales principaux principali top root sub general generale complete full "
    "entire whole long default standard official commercial own our local web online shop webshop ecommerce internet "
    "haupt hauptsachlich ober unter ubergeordnet ubergeordnete vollstandig vollstandige vollstandiger komplett gesamt "
    "allgemein offiziell primare erste generique generale complet complete parente entier padre completo completa "
    "generico generica largo larga extenso sottoscatola hoofd hoofdzakelijk volledige algemene bovenliggende glowna "
    "glowny nadrzedna nadrzedny podrzedna pelna pelny hlavni nadrazena cely cela uplny huvud hoved hovedsakelig over "
    "under fullstandig fuldt fullt paa taysi fo teljes ana ust tam principala complet completa glavna glavni "
    "основная основной главная полное полная краткое короткое изделия изделие товара товар продукта продукт "
    "номенклатуры номенклатура "
    "for of the de del della delle dei do da dos das du des la le les el il lo van der die das het een i w v na of "
    "dla pro do"
)
"""Words of many languages that do not change what the name of a category, a brand or a product means."""
_NO_STOCK = listed(
    "ab from von bis to until vanaf tot desde hasta od do fra til fran till break tier staffel scale moq "
    "mini maxi "
    "min max minimum maximum reorder safety value valeur wert valore date datum order ordered bestellt incoming "
    "transit "
    "reserved committed allocated blocked expected control tracking tracked track manage managed manages allow allowed "
    "sell continue when out enabled is has policy status state alert level per pack "
    "unavailable damaged id number nr no type group class weight gewicht quarantine carton box case pallet free "
    "sold sales week weeks month months day days turnover "
    "мин макс резерв заказ заказано ожидается стоимость сумма"
)
"""A column name with one of these words does not mean the number of pieces that can be sold."""
_OBJECTS = listed(
    "item items article articles artikel produkt produkte product products produit produits producto productos produto "
    "produtos prodotto prodotti articulo articulos artigo artigos articolo articoli waren ware vare varer towaru tovar "
    "stock material master main haupt ober unter sub erp web shop online n en e s"
)
_ASCII_ENDINGS = listed("code codes nr name namen text bezeichnung id kod kode code codigo codice nom navn namn")
_NEUTRAL = _NEUTRAL_WORDS | _ENDINGS | _OBJECTS
_CJK_ENDING = re.compile("(?:名称|名稱|编码|編碼|代码|代碼|コード|코드|명|名)$")
_LATIN = re.compile(r"[a-z]+")


@lru_cache(maxsize=8192)
def composed_fields(column: str) -> tuple[tuple[str, int], ...]:
    """Return the fields that a composed name can mean, each with the rank of the name."""
    if len(column) > MAX_NAME or internal_part(column) is not None:
        return ()
    parts = words(column)
    if not 0 < len(parts) <= MAX_WORDS:
        return ()
    field = next((field for field in ("category", "brand", "name") if _has_head(parts, field)), None)
    is_stock = field is None and _NO_STOCK.isdisjoint(parts) and _OTHERS.isdisjoint(parts)
    if is_stock and _has_head(parts, "inventory_count") and not means_other_pieces(column):
        return (("inventory_count", COMPOSED_TEXT_RANK),)
    if field is None or (field != "brand" and is_property(column)):
        return ()
    return ((field, COMPOSED_TEXT_RANK),)


def is_composed(rank: int) -> bool:
    """Return whether a rank belongs to a composed name."""
    return COMPOSED_TEXT_RANK <= rank < WEAK_RANK


@cache
def _heads(field: str) -> frozenset[str]:
    names = frozenset(SYNONYMS[field]).union(vocabulary().words(f"columns.{field}"))
    return frozenset(name for name in names if len(name) >= (MIN_HEAD if name.isascii() else 2)) - _NO_HEADS


def _has_head(parts: tuple[str, ...], field: str) -> bool:
    heads = _heads(field)
    end = len(parts)
    while field != "name" and end > 1 and parts[end - 1] in _ENDINGS:
        end -= 1
    parts = parts[:end]
    for at in range(len(parts)):
        for head, others in ((parts[at:], parts[:at]), (parts[: at + 1], parts[at + 1 :])):
            if "".join(head) in heads and (field == "inventory_count" or _NEUTRAL.issuperset(others)):
                return True
    return len(parts) == 1 and _is_compound(parts[0], field, heads)


def _is_compound(word: str, field: str, heads: frozenset[str]) -> bool:
    """Return whether a word consists of a usual name and known words. German writes such words without spaces."""
    if not _LATIN.fullmatch(word):
        word = word if field == "name" else _CJK_ENDING.sub("", word)
        endings = (word[at:] for at in range(1, min(len(word), MAX_CJK_REST + 1)))
        return word in heads or any(rest in heads for rest in endings)
    for at in range(1, len(word)):
        before, rest = word[:at], word[at:]
        for head in (length for length in range(MIN_HEAD, len(rest) + 1) if rest[:length] in heads):
            after = rest[head:]
            is_known_end = not after or (field != "name" and after in _ASCII_ENDINGS)
            if is_known_end and _are_objects(before):
                return True
    return field != "name" and any(
        word[:at] in heads and word[at:] in _ASCII_ENDINGS for at in range(MIN_HEAD, len(word))
    )


def _are_objects(text: str) -> bool:
    return next(divisions(text, _OBJECTS), None) is not None
