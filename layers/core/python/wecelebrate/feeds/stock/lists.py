"""Recognises the stocks of several places in the lists of JSON and XML.

| file                                                           | columns                                          |
|----------------------------------------------------------------|--------------------------------------------------|
| `"stock": [{"warehouse": "A", "qty": 3}, {…, "qty": 4}]`       | `stock.0.qty`, `stock.1.qty`                     |
| `<Stocks><Stock place="A" qty="3"/><Stock …/></Stocks>`        | `Stocks.Stock@qty`, `Stocks.Stock@qty.2`         |
| `<stock><shop code="1">3</shop><shop code="2">4</shop></stock>`| `stock.shop`, `stock.shop.2`                     |
| `<Stock><Shop name="A">3</Shop><Shop name="B">4</Shop></Stock>`| `Stock.Shop.A`, `Stock.Shop.B`                   |

The amounts are stocks of places only if the path, or a value beside the amounts, contains a word for a place. Other
repeated amounts can be a total and its parts.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.stock.periods import is_period
from wecelebrate.feeds.stock.places import is_place
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.words import words

MAX_PATH = 200
_NUMBER = re.compile(r"\.\d{1,3}(?=[.@]|$)", re.ASCII)
_PARTS = re.compile(r"[.@]")
_TOKENS = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])|[^\W_]+")
_PLACES = words(
    "warehouse warehouses location locations store stores branch branches depot depots outlet outlets shop shops lager "
    "lagerort lagerorte filiale filialen standort standorte magazyn magazyny magazin magazine magasin magasins "
    "entrepot entrepots "
    "magazzino magazzini negozio negozi almacen almacenes tienda tiendas bodega bodegas deposito depositos "
    "armazem loja lojas magazijn magazijnen filiaal filialer butik butikker butiker varasto varastot sklad sklady "
    "pobocka pobocky raktar raktarak gestiune gestiuni depozit depozite depo depolar magaza sube skladiste skladista "
    "skladisce склад склады магазин филиал wh plant werk site sites"
)
_STOCKS = words(
    "stock stocks inventory inventories bestand bestaende bestande lagerbestand lagerbestaende voorraad voorraden "
    "lagersaldo beholdning giacenza giacenze esistenze existencias existencia estoque estoques stan stany zasoby "
    "zasoba keszlet keszletek stoc stocuri stok stoklar zaliha zalihe zaloga zaloge saldo saldot availability levels "
    "inventorylevels quantities stockitems stocklevels остатки остаток"
)
_AMOUNTS = words(
    "qty quantity menge anzahl aantal antal qte quantite cantidad quantita quantidade ilosc mnozstvi pocet mennyiseg "
    "cantitate miktar adet onhand available free stock stan bestand voorraad stoc kolicina количество pcs amount value"
)
_PIECES = _AMOUNTS - words("amount value free available")
"""Words that mean numbers of pieces even without a word for a stock, as in `warehouses.0.qty`."""
_OTHERS = words(
    "price preis prix precio prezzo prijs min max minimum maximum reserved reserviert incoming ordered order transit "
    "reorder alert level sold verkauft cost total gesamt sum id code cod kod nr no name type unit"
)
"""Words for amounts that are not pieces at a place."""


_KEYS = words("id code cod kod nr no number name nazwa nev nome nom nombre key uuid guid")
MIN_PLACES = 2


def stocks_of_lists(header: Sequence[str]) -> list[list[int]]:
    """Return the columns with the stocks of places, grouped by list. See the table of the module."""
    groups: dict[tuple[str, bool], list[int]] = {}
    containers = {_container(column) for column in header if _names_place(column)}
    for number, column in enumerate(header):
        key = _key(column) or ((column, False) if column in containers and _is_stock(_tokens(column)) else None)
        if key is not None:
            groups.setdefault(key, []).append(number)
    return [
        numbers
        for (path, has_place), numbers in groups.items()
        if len(numbers) >= MIN_PLACES and (has_place or not containers.isdisjoint((path, _container(path) or path)))
    ]


def columns_of_list(header: Sequence[str], places: Sequence[int]) -> list[int]:
    """Return the other columns of the list that has the stocks of places, such as the names of the places."""
    paths = [header[number] for number in places if _is_path(header[number])]
    containers = {part for path in paths for part in (_container(path), _without_numbers(path))}
    return [at for at, column in enumerate(header) if _is_path(column) and _container(column) in containers - {""}]


def further_places(header: Sequence[str], taken: Sequence[int]) -> list[int]:
    """Return the columns of places that a later record adds to a list of stocks."""
    groups = (group for group in stocks_of_lists(header) if not set(group).isdisjoint(taken))
    return [number for group in groups for number in group if number not in taken]


@lru_cache(maxsize=4096)
def _key(column: str) -> tuple[str, bool] | None:
    """Return the path of a stock without the numbers of list items, and whether it contains a word for a place.

    If the path contains the names of places, these names are also left out.
    """
    if not _is_path(column):
        return None
    path = _without_numbers(column)
    parts = [_tokens(part) for part in _PARTS.split(path) if part]
    if not parts or (len(parts) < 2 and path == column):
        return None
    all_tokens = frozenset[str]().union(*parts)
    has_stock, has_place = _is_stock(all_tokens), not _PLACES.isdisjoint(all_tokens)
    leaf, inner = parts[-1], frozenset[str]().union(*parts[:-1])
    if path != column or not _AMOUNTS.isdisjoint(leaf):
        is_pieces = has_stock or not _PIECES.isdisjoint(leaf)
        return (path, has_place) if is_pieces and _OTHERS.isdisjoint(leaf) else None
    if (
        _is_stock(inner)
        and not _PLACES.isdisjoint(inner)
        and _OTHERS.isdisjoint(leaf)
        and "@" not in path
        and not is_period(leaf)
    ):
        return f"{path.rpartition('.')[0]}.*", True
    return (path, has_place) if has_stock and not _PLACES.isdisjoint(leaf) else None


def is_key_of_list(column: str) -> bool:
    """Return whether the path of a list ends with the number, the code or the name of an item."""
    return _is_path(column) and not _KEYS.isdisjoint(_tokens(_PARTS.split(_without_numbers(column))[-1]))


def _names_place(column: str) -> bool:
    """Return whether a column of a list, such as `stock.0.warehouse`, contains the names or the numbers of places."""
    if not _is_path(column):
        return False
    leaf = _tokens(_PARTS.split(_without_numbers(column))[-1])
    return not _PLACES.isdisjoint(leaf) or is_place(_PARTS.split(column)[-1])


def _is_path(column: str) -> bool:
    return ("." in column or "@" in column) and len(column) <= MAX_PATH and " " not in column


def _without_numbers(column: str) -> str:
    return _NUMBER.sub("", column)


def _container(column: str) -> str:
    path = _without_numbers(column)
    return path[: max(path.rfind("."), path.rfind("@"), 0)]


@lru_cache(maxsize=4096)
def _tokens(part: str) -> frozenset[str]:
    return frozenset((fold(part), *(fold(token) for token in _TOKENS.findall(part))))


def _is_stock(tokens: frozenset[str]) -> bool:
    return not _STOCKS.isdisjoint(tokens) or not vocabulary().words("columns.inventory_count").keys().isdisjoint(tokens)
