"""Recognises names of the stocks of places in one row, such as `Lager Wien`, `Merkez Depo` and `Branch`.

| names                              | what they have in common                                   |
|------------------------------------|------------------------------------------------------------|
| `Lager Wien;Lager Graz`, `Qty_WH1` | the words for the stock at the beginning or the end        |
| `Merkez Depo`, `Nettlager`         | a word for a warehouse at the end, also in one word        |
| `Main warehouse;Branch`, `總倉`    | only words for places, and words that do not change them   |
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.other_pieces import means_other_pieces
from wecelebrate.feeds.prices.names import is_price_word, price_name
from wecelebrate.feeds.stock.lists import is_key_of_list
from wecelebrate.feeds.stock.names import FREE, MAX_NAME, NEUTRAL, NO_PLACE, NOUNS, UNITS, WORDS
from wecelebrate.feeds.stock.periods import is_period
from wecelebrate.feeds.stock.reserved_names import is_reserved
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.words import words

_PLACE_WORDS = words(
    "lager lagerort filiale standort werk warehouse wh store depot branch location magazyn magazin magazine magazzino "
    "almacen bodega deposito armazem entrepot depots magasin magazijn filiaal vestiging varasto lagret butik butikk "
    "sklad skladu raktar depo magaza sube kho gudang ladu noliktava sandelis "
    "magacin магацин magazina αποθηκη anbar ombor қоима საწყობი պահեստ "
    "مستودع المستودع مخزن فرع انبار מחסן סניף gudang cabang cawangan cn ghala pakhuis "
    "skladiste skladisce depozit склад магазин филиал oddzial sklep negozio loja tienda sucursal"
)
_COUNT_WORDS = words("stock bestand lagerbestand voorraad beholdning saldo lagersaldo giacenza estoque existencias "
                     "skladem skladom stan ilosc stok keszlet stoc zasoba remains остаток остатки залишок "
                     "inventory")  # fmt: skip
_QUANTITY_WORDS = words(
    "qty quantity menge anzahl aantal antal antall qte quantite cantidad quantita quantidade onhand soh"
)
_STOCK_OR_PLACE = _COUNT_WORDS | _QUANTITY_WORDS | {"lager"}
_STARTS = _PLACE_WORDS | _COUNT_WORDS | _QUANTITY_WORDS | (NOUNS - words("lagernd auflager"))
MIN_START = 3
_YEAR = re.compile(r"(?:19|20)\d\d")
_NUMBERED = re.compile(r"([^\W\d_]+)(\d{1,4})")
_JOINED = re.compile(
    r"(?:nett|netz|net|web|webb|online|zentral|haupt|aussen|zweig|fern|central|sentral|butiks?|butikks?|hoofd|centraal|"
    r"hoved|huvud|filial|fjern|externes?|reserve|paa|myymala|keskus|sivu)(?:lager|magazijn|magasin|varasto|warehouse|depot)"
)
_TOKENS = re.compile(r"[^\W_]+")


@cache
def _starts() -> frozenset[str]:
    """Return the words before or after the name of a place: `_STARTS`, and the names of stocks in all languages."""
    listed = (
        word for word in vocabulary().words("columns.inventory_count") if word.isalpha() and len(word) > MIN_START
    )
    return _STARTS.union(frozenset(listed) - (FREE | UNITS | NEUTRAL | NO_PLACE))


def is_stock_of_place(column: str) -> bool:
    """Return whether the name of a column means the stock of one place, such as `Lager Wien`."""
    return place_key(column) is not None


def counts_stock_of_place(column: str) -> bool:
    """Return whether a name such as `Stock Berlin` is a word for a stock or a warehouse and the name of a place.

    The result is false for `Store rating` and `Anzahl Bilder`.
    """
    key = place_key(column)
    return key is not None and not (_COUNT_WORDS | _PLACES_AT_END).isdisjoint(key[1])


@lru_cache(maxsize=4096)
def place_key(column: str) -> tuple[bool, tuple[str, ...]] | None:
    """Return whether a name such as `Lager Wien` begins with the words for the stock, and return these words.

    Returns None if the name does not mean the stock of one place.
    """
    if len(column) > MAX_NAME:
        return None
    tokens = [fold(token) for token in _TOKENS.findall(column)]
    if is_key_of_list(column):  # `stock.0.warehouseId`
        return None
    if any(is_price_word(token) and price_name(token) for token in tokens):  # `prices.0.quantity`
        return None
    if len(tokens) == 1 and (match := _NUMBERED.fullmatch(tokens[0])):
        tokens = [match[1], match[2]]
    for is_first, ordered in ((True, tokens), (False, tokens[::-1])):
        count = next((at for at, token in enumerate(ordered) if token not in _starts()), len(ordered))
        rest = ordered[count:]
        if not rest and len(ordered) > 1 and ordered[0] in _STOCK_OR_PLACE and _PLACE_WORDS.issuperset(ordered[1:]):
            return is_first, (ordered[0],)  # `Stock tienda` and `Stock almacén`
        if not count or not rest or not _is_place_name(rest, ordered[:count]):
            continue
        if is_first or not _PLACE_WORDS.issuperset(ordered[:count]):
            return is_first, tuple(sorted(ordered[:count]))
    return None


def _is_place_name(rest: Sequence[str], start: Sequence[str]) -> bool:
    if any(means_other_pieces(token) or is_reserved(token) for token in rest):
        return False
    if is_period(rest) or any(token in NO_PLACE or token in WORDS or _YEAR.fullmatch(token) for token in rest):
        return False
    return not (all(token.isdecimal() for token in rest) and _QUANTITY_WORDS.issuperset(start))


_PLACES_AT_END = words("depo depot depots warehouse lager magazijn magazzino magazyn varasto sklad raktar deposito")
_NO_PLACE_BEFORE = words(
    "default standard purchase purchasing sales receiving shipping source target from to preferred varsayilan "
    "einkauf verkauf zugang abgang ziel quelle predvolen vychozi domyslny alapertelmezett predefinito predeterminado"
)
"""Words before "warehouse" in the name of a column with the number of a warehouse, such as `Default warehouse`."""


@lru_cache(maxsize=4096)
def ends_with_warehouse(column: str) -> bool:
    """Return whether a name such as `Merkez Depo` ends with a word for a warehouse."""
    tokens = [fold(token) for token in _TOKENS.findall(column)] if len(column) <= MAX_NAME else []
    if len(tokens) < 2 or tokens[-1] not in _PLACES_AT_END or not _is_place_name(tokens[:-1], tokens[-1:]):
        return False
    return not (_NO_PLACE_BEFORE.intersection(tokens) or any(map(price_name, tokens)))


def is_warehouse_in_one_word(column: str) -> bool:
    """Return whether a name such as `Nettlager` is one word that ends with a word for a store."""
    return column.isalpha() and _JOINED.fullmatch(fold(column)) is not None


MAX_GENERIC_NAME = 40
_MARKED_TOKENS = re.compile(r"[^\W_]+(?:[\u0300-\u036f\u0900-\u0d7f]+[^\W_]*)*")
_PLACES = frozenset(map(fold, words(
    "warehouse warehouses wh depot branch shop store storeroom outlet showroom hauptlager nebenlager "
    "zentrallager aussenlager filiallager lager filiale niederlassung laden entrepot magasin succursale agence "
    "boutique hoofdmagazijn magazijn filiaal winkel vestiging almacen bodega deposito sucursal tienda matriz "
    "armazem filial loja magazzino negozio sede magatzem botiga tenda biltegi biltegia denda sukurtsala "
    "hoofpakhuis pakhuis tak haaptlager buttek maħżen ħanut fergħa priomhstoras storas brainse siopa warws "
    "cangen siop gudang cabang toko cawangan kedai stor sangay ghala tawi المستودع مستودع الفرع فرع المخزن "
    "مخزن المعرض معرض انبار شعبه فروشگاه מחסן סניף חנות گودام برانچ دکان गोदाम शाखा গুদাম শাখা கிடங்கு கிளை "
    "መጋዘን ቅርንጫፍ"
)))  # fmt: skip
_BESIDE = frozenset(map(fold, words(
    "stock qty quantity menge bestand stk existencia existencias giacenza estoque voorraad stoc estoc stok "
    "inventory on hand main central principal principale zentral haupt hoofd centraal centrale matriz utama "
    "pusat nagusia prinċipali kuu prif pangunahing الرئيسي الرئيسية مرکزی ראשי مین मुख्य প্রধান முதன்மை ዋና north "
    "south east west nord sud ost norte sur este oeste noord zuid oost new old the in de du la le el"
)))  # fmt: skip
_PHRASES = frozenset(map(fold, (
    "kho chính", "chi nhánh", "cửa hàng", "tồn kho chính", "tồn cửa hàng", "main", "centro de distribución",
)))  # fmt: skip
_ASIAN = re.compile(
    r"(?:.{0,8}(?:倉庫|仓库|仓|倉|分店|门店|門市|本店|支店|店舗|창고|지점|매장|본사|본점))[A-Z\d]{0,2}(?:在庫|库存|庫存|재고)?"
    r"|(?:คลัง(?!สินค้า$)|สาขา|หน้าร้าน).{0,20}"
)


@lru_cache(maxsize=4096)
def is_generic_place(column: str) -> bool:
    """Return whether a name consists of words for a place, and possibly of words for a stock."""
    if len(column) > MAX_GENERIC_NAME:
        return False
    if fold(column) in _PHRASES or _ASIAN.fullmatch(column.strip()):
        return True
    tokens = [token for token in map(fold, _MARKED_TOKENS.findall(column)) if not token.isdecimal()]
    return not _PLACES.isdisjoint(tokens) and all(token in _PLACES or token in _BESIDE for token in tokens)
