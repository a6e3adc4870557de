"""Recognises the stocks of places whose names are only words for a place: `Main warehouse;Branch`, `總倉;門市`.

At least two such columns are needed. Each has whole numbers, of which one is above 1, and one of the columns has a 0.
So codes of warehouses and flags such as `Shop` are no stocks.
"""

import re
from functools import lru_cache

from wecelebrate.feeds.columns.facts import Columns, Facts
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.vocabulary.words import words as listed

MIN_PLACES = 2
MAX_DIGITS = 6
MAX_NAME = 40
_TOKENS = re.compile(r"[^\W_]+(?:[\u0300-\u036f\u0900-\u0d7f]+[^\W_]*)*")
_PLACES = frozenset(map(fold, listed(
    "warehouse warehouses wh depot branch shop store storeroom outlet showroom hauptlager nebenlager "
    "zentrallager aussenlager filiallager lager filiale niederlassung laden entrepot magasin succursale agence "
    "boutique hoofdmagazijn magazijn filiaal winkel vestiging almacen bodega deposito sucursal tienda matriz "
    "armazem filial loja magazzino negozio sede magatzem botiga tenda biltegi biltegia denda sukurtsala "
    "hoofpakhuis pakhuis tak haaptlager buttek maħżen ħanut fergħa priomhstoras storas brainse siopa warws "
    "cangen siop gudang cabang toko cawangan kedai stor sangay ghala tawi المستودع مستودع الفرع فرع المخزن "
    "مخزن المعرض معرض انبار شعبه فروشگاه מחסן סניף חנות گودام برانچ دکان गोदाम शाखा গুদাম শাখা கிடங்கு கிளை "
    "መጋዘን ቅርንጫፍ"
)))  # fmt: skip
_BESIDE = frozenset(map(fold, listed(
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


def generic_places(columns: Columns, used: set[int]) -> list[int]:
    """Return the columns of the stocks of places whose names are only words for a place, or no column."""
    numbers = [
        number for number, name in enumerate(columns.header)
        if number not in used and is_generic_place(name) and _are_pieces(columns[number])
    ]  # fmt: skip
    has_none = any(cell.strip() == "0" for number in numbers for cell in columns[number].cells)
    has_word = any(fold(columns.header[number]) not in _BESIDE for number in numbers)
    return numbers if len(numbers) >= MIN_PLACES and has_none and has_word else []


@lru_cache(maxsize=4096)
def is_generic_place(column: str) -> bool:
    """Return whether a name consists of words for a place, and possibly of words for a stock."""
    if len(column) > MAX_NAME:
        return False
    if fold(column) in _PHRASES or _ASIAN.fullmatch(column.strip()):
        return True
    tokens = [fold(token) for token in _TOKENS.findall(column)]
    tokens = [token for token in tokens if not token.isdecimal()]
    return not _PLACES.isdisjoint(tokens) and all(token in _PLACES or token in _BESIDE for token in tokens)


def _are_pieces(facts: Facts) -> bool:
    cells = [cell.strip() for cell in facts.cells]
    are_whole = bool(cells) and all(cell.isascii() and cell.isdecimal() and len(cell) <= MAX_DIGITS for cell in cells)
    return are_whole and max(map(int, cells)) > 1 and len(set(cells)) > 1
