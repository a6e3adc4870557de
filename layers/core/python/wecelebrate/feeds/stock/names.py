"""Recognises columns of stocks by the words of their names, and the columns of the stocks of several places.

| name                                   | meaning                                                                     |
|----------------------------------------|-----------------------------------------------------------------------------|
| `Giac. pz`, `Bestand Stk.`             | a stock: a noun with units and words that do not change it                  |
| `Available physical`, `Vrije voorraad` | the stock that can be sold; it is preferred to a stock with reserved pieces |
| `Lager Wien`, `Qty_WH1`, `Köln Stock`  | the stock of one place; without a column for the total, they are added up   |
| `S`, `M`, `L`, `XL`                    | the stock of one size, if there are three such columns: they are added up   |
"""

import contextlib
import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import islice

from wecelebrate.feeds.columns.facts import Columns, Facts
from wecelebrate.feeds.columns.names import fold, name_forms
from wecelebrate.feeds.columns.visibility import words as name_words
from wecelebrate.feeds.items import BadCell, quoted
from wecelebrate.feeds.prices.names import price_name
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.stock import cells as stock
from wecelebrate.feeds.stock.closing import is_closing_stock
from wecelebrate.feeds.stock.generic_places import generic_places
from wecelebrate.feeds.stock.lists import is_key_of_list, stocks_of_lists
from wecelebrate.feeds.stock.periods import is_period
from wecelebrate.feeds.stock.reserved_names import is_reserved
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.words import divisions, words

COMPOSED_STOCK_RANK = 7_000
"""The rank of a name that is composed of known words. A usual name has a better rank."""
MAX_NAME = 60
MAX_DIVISIONS = 10
MIN_PLACES = 2
MAX_PLACES = 50
MAX_EXAMPLES = 3
MOST = 0.9
MAX_CELLS = 100

_NOUNS = words(
    "stock stocks inventory inventario inv qty quantity bestand bestande lagerbestand lagermenge menge lgbst bst "
    "voorraad vrd beholdning saldo lagersaldo lagerantal varasto ilosc stan mnozstvi mnozstvo giacenza giac esistenza "
    "esist existencias existencia exist stoc zapas zasoba estoque quantite qte qta qtd cant cantidad quantita "
    "quantidade lagernd auflager "
    "onhand keszlet zaliha zaloga likutis atlikums laoseis stok tonkho остаток остатки наличие залишок наличност"
)
_UNITS = words(
    "packs packets bags bunches packungen beutel paquets paquetes bolsas "
    "pcs pc pz pzi pezzi stk stck stuck stueck stuks szt ks db шт buc ud uds unidades unites pieces kpl st"
)
_NEUTRAL = words(
    "oh flaschen flasche fl kartons stucke bottles flessen bouteilles "
    "total totale gesamt totaal aktuell aktueller attuale actuel actual current physical physisch fisica fysiek fysisk "
    "physique fisico on in hand of the location net real effective live count level balance corrected remaining "
    "item variation bal "
    "product article articles produkt artikel units"
)
FREE = words(
    "free frei freie freier verfugbar verfugbare verfugbarer verfuegbar verfuegbare verfuegbarer verf verw verwendb "
    "verwendbar verwendbare verwendbarer available avail "
    "unrestricted use disponibile disp dispo disponible disponivel disponibel disponibelt vrij vrije beschikbaar "
    "beschikbare ledig ledigt tillgangligt tillganglig tilgjengelig tilgaengelig dostepny dostepna dostepne dostepnych "
    "dostupny dostupne szabad vapaa sellable saleable salable unreserved uncommitted unallocated serbest свободный "
    "свободно доступно доступный libre libero livre"
)
_STORES = words(
    "lager magazzino magazyn magazynie magazin magazijn almacen armazem entrepot sklad skladu skladem raktar varasto "
    "warehouse store depo склад складе"
)
"""Words for a store. Together with a word for "free", they mean a stock: `lager_verfuegbar`."""
_WORDS = _NOUNS | _UNITS | _NEUTRAL | FREE | _STORES
_FREE_PARTS = re.compile(
    r"free|frei|verf(?:ugb|uegb|best|menge)|verwendbar|avail|unrestricted|dispon|dispo$|^disp|vrij|beschikb|ledig|"
    r"tillgang|tilgjeng|tilgaeng|dostepn|dostupn|szabad|elerheto|vapaa|sellab|saleab|salab|unreserved|uncommitted|"
    r"unallocated|^atp$|toonhand$|serbest|satilabilir|свободн|доступн|вільн|διαθεσιμ|可用|可售|可賣|可卖|有効|フリー|"
    r"kdispozici|kdispozicii|disponibeltsaldo|引当可能|販売可能|가용|판매가능|متاح|قابل|זמינ|tersedia|raspoloz|razpoloz|slobodn|laisv|pieejam|briv|khadung"
)
_NOT_FREE = re.compile(
    r"unavail|notavail|nicht|indispon|nondispon|verfugbarkeit|verfuegbarkeit|availability|disponibilit|disponibilidad|"
    r"heid$|het$|dostepnosc|dostupnost|total|gesamt|date|datum|from|ab$|order"
)

_PLACE_WORDS = words(
    "lager lagerort filiale standort werk warehouse wh store depot branch location magazyn magazin magazine magazzino "
    "almacen bodega deposito armazem entrepot depots magasin magazijn filiaal vestiging varasto lagret butik butikk "
    "sklad skladu raktar depo magaza sube kho gudang ladu noliktava sandelis "
    "مستودع المستودع مخزن فرع انبار מחסן סניף gudang cabang cawangan cn ghala pakhuis "
    "skladiste skladisce depozit склад магазин филиал oddzial sklep negozio loja tienda sucursal"
)
_COUNT_WORDS = words("stock bestand lagerbestand voorraad beholdning saldo lagersaldo giacenza estoque existencias "
                     "stan ilosc stok keszlet stoc zasoba remains остаток остатки залишок inventory")  # fmt: skip
_QUANTITY_WORDS = words("qty quantity menge anzahl aantal antal qte quantite cantidad quantita quantidade onhand soh")
_STOCK_OR_PLACE = _COUNT_WORDS | {"lager"}
_STARTS = _PLACE_WORDS | _COUNT_WORDS | _QUANTITY_WORDS | (_NOUNS - words("lagernd auflager"))


@cache
def _starts() -> frozenset[str]:
    """Return the words before or after the name of a place: those above, and the names of stocks in all languages."""
    listed = (
        word for word in vocabulary().words("columns.inventory_count") if word.isalpha() and len(word) > MIN_START
    )
    return _STARTS.union(frozenset(listed) - (FREE | _UNITS | _NEUTRAL | _NO_PLACE))


MIN_START = 3
_NO_PLACE = words(
    "min max mindest minimum maximum melde meldebestand alarm alert level reorder nachbestell bestellt ordered order "
    "onorder incoming zulauf transit unterwegs reserviert reserved committed allocated gereserveerd besteld wert value "
    "valore valeur waarde unit units einheit uom date datum status state id code nr no num nummer number name typ type "
    "fach platz ort regal gang zone total gesamt totale totaal summe sum all alle gesperrt blocked quality qualitat "
    "defekt damaged sicherheit safety turnover age sold verkauft forecast last price preis cost pack per kg m cm from "
    "to von bis ab unite kuchni break tier policy tracking management aktiv active managed control available verfugbar "
    "mwst discount rabatt minimo massimo maximo ordine ordinato impegnato riservato virtual shipping delivery"
)
_SIZES = words("xxs xs s m l xl xxl xxxl xxxxl 2xl 3xl 4xl 5xl 2xs 3xs xsmall small medium large xlarge")
MIN_SIZES = 3
SIZE_NUMBERS = range(16, 61)
_SIZE_NUMBER = re.compile(
    r"(?:(?:t|eu|gr|size|taille|talla|taglia|maat|str|koko)[. ]?)?(\d\d)(?:[.,]5)?", re.ASCII | re.IGNORECASE
)
MAX_PIECES_LENGTH = 5
_TOKENS = re.compile(r"[^\W_]+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_NUMBERED = re.compile(r"([^\W\d_]+)(\d{1,4})")
_JOINED = re.compile(
    r"(?:nett|netz|net|web|webb|online|zentral|haupt|aussen|zweig|fern|central|butik|butikk|hoofd|centraal|hoved|huvud|"
    r"fjern|externes?|reserve|paa)(?:lager|magazijn|magasin|varasto|warehouse|depot)"
)


_SOLD = words(
    "sold verkauft verkaufte verkaufter abverkauf absatz absatzmenge vendu vendus vendue vendues vendido vendidos "
    "vendida vendidas venduto venduti venduta vendute verkocht verkochte solgt solgte sald salda salt sprzedane "
    "sprzedana prodano prodane eladott satilan myyty vandut vandute продано проданное 販売数 销量 판매수량"
)


def sold_quantities(header: Sequence[str]) -> set[int]:
    """Return the columns with the pieces that were sold, as in `Verkaufte Menge`. These columns are not stocks."""
    return {
        number
        for number, column in enumerate(header)
        if len(column) <= MAX_NAME and not _SOLD.isdisjoint(parts := name_words(column)) and "out" not in parts
    }


def stock_rank(column: str) -> int | None:
    """Return the rank of a name that is composed of words for a stock, or None for any other name."""
    is_composed = any(map(_is_composed, name_forms(column))) or is_closing_stock(column)
    return COMPOSED_STOCK_RANK if is_composed else None


@lru_cache(maxsize=4096)
def _is_composed(form: str) -> bool:
    if len(form) > MAX_NAME:
        return False
    for parts in islice(divisions(form, _WORDS), MAX_DIVISIONS):
        name_parts = frozenset(parts)
        if len(parts) > 1 and (
            name_parts & _NOUNS
            or len(name_parts & FREE) > 1
            or (name_parts & FREE and ("physical" in name_parts or name_parts & (_STORES | _UNITS)))
        ):
            return True
    return False


def is_free_stock(column: str, facts: Facts) -> bool:
    """Return whether a column of a stock contains only the pieces that can be sold, without those that are reserved.

    0 and 1 in such a column can also be a state.
    """
    if set(facts.cells) <= {"0", "1"} or not _state_pieces(facts):
        return False
    return any(_FREE_PARTS.search(form) and not _NOT_FREE.search(form) for form in name_forms(column))


def is_listed_stock(column: str) -> bool:
    """Return whether the vocabulary lists the name as a stock. The name can also be a state, such as `k dispozici`."""
    return not vocabulary().words("columns.inventory_count").keys().isdisjoint(name_forms(column))


def _state_pieces(facts: Facts) -> bool:
    """Return whether nearly all values state a number of pieces, as `12` and `more than 100` do."""
    if facts.share("is_number") >= MOST:
        return True
    counts = 0
    for cell in facts.cells[:MAX_CELLS]:
        with contextlib.suppress(BadCell):
            counts += isinstance(stock.read(cell, None), int)
    return counts >= MOST * min(len(facts.cells), MAX_CELLS)


def stock_columns_of_places(columns: Columns, used: set[int]) -> list[int]:
    """Return the columns that contain the stocks of several places, such as `Lager Wien` and `Lager Graz`.

    All these names begin or end with the same word for a stock or a place. The rest of a name, such as `Wien`, must not
    be a word that gives the stock another meaning. The values are whole numbers.
    """
    groups: dict[tuple[bool, tuple[str, ...]], list[int]] = {}
    for number, name in enumerate(columns.header):
        if number not in used and (key := _place_key(name)) is not None and are_counts(columns[number]):
            groups.setdefault(key, []).append(number)
    sizes = [number for number, name in enumerate(columns.header) if number not in used and is_size(name)]
    if len(sizes) >= MIN_SIZES and all(_are_pieces(columns[number]) for number in sizes):
        groups[(False, ())] = sizes
    lists = [[number for number in group if number not in used] for group in stocks_of_lists(columns.header)]
    of_lists = [group for group in lists if all(are_counts(columns[number]) for number in group)]
    places = [numbers for numbers in of_lists or groups.values() if MIN_PLACES <= len(numbers) <= MAX_PLACES]
    places = [numbers for numbers in places if any(not columns[number].is_empty for number in numbers)]
    best = max(places, key=len, default=[]) or generic_places(columns, used)
    return [*best, *_joined_places(columns, {*used, *best})] if best and not of_lists and best != sizes else best


def _joined_places(columns: Columns, used: set[int]) -> list[int]:
    """Return the columns whose names are one word that ends with a word for a store, as `Nettlager`.

    Several such columns are needed, because a single column `Zentrallager` can be the whole stock.
    """
    return [
        number
        for number, name in enumerate(columns.header)
        if number not in used and _JOINED.fullmatch(fold(name)) and name.isalpha() and are_counts(columns[number])
    ]


def is_no_stock(column: str) -> bool:
    """Return whether a word in the name of a column says that its pieces cannot be sold."""
    tokens = {fold(token) for token in _TOKENS.findall(column)}
    return not tokens.isdisjoint(_NO_PLACE) or is_reserved(column) or "%" in column


def is_size(column: str) -> bool:
    """Return whether the name of a column is only a size of clothes, as in a table with a column for each size."""
    return fold(column) in _SIZES or is_number_of_size(column)


def is_number_of_size(column: str) -> bool:
    """Return whether the name of a column is only a size number of shoes or clothes: 36, T38, 42.5."""
    match = _SIZE_NUMBER.fullmatch(column.strip())
    return match is not None and int(match[1]) in SIZE_NUMBERS


def _are_pieces(facts: Facts) -> bool:
    return all(cell.isdecimal() and len(cell) <= MAX_PIECES_LENGTH for cell in facts.cells)


def is_stock_of_place(column: str) -> bool:
    """Return whether the name of a column means the stock of one place, such as `Lager Wien`."""
    return _place_key(column) is not None


@lru_cache(maxsize=4096)
def _place_key(column: str) -> tuple[bool, tuple[str, ...]] | None:
    """Return whether a name such as `Lager Wien` begins with the words for the stock, and return these words.

    Returns None if the name does not mean the stock of one place.
    """
    if len(column) > MAX_NAME:
        return None
    tokens = [fold(token) for token in _TOKENS.findall(column)]
    if is_key_of_list(column):  # `stock.0.warehouseId`
        return None
    if any(map(price_name, tokens)):  # `prices.0.quantity` is the quantity of a price
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
    if is_period(rest) or any(token in _NO_PLACE or token in _WORDS or _YEAR.fullmatch(token) for token in rest):
        return False
    return not (all(token.isdecimal() for token in rest) and _QUANTITY_WORDS.issuperset(start))


def are_counts(facts: Facts) -> bool:
    return facts.share("is_number") >= 0.9 and not facts.share("is_gtin") if not facts.is_empty else True


def can_be_stocks(facts: Facts, *, is_weak_name: bool) -> bool:
    """Return whether the values can be a stock. If the column has a weak name, most values must be stocks."""
    if not is_weak_name:
        return facts.share("is_number") >= 0.1 or facts.distinct <= 0.9 or len(facts.cells) <= 3
    understood = 0
    for cell in facts.cells:
        with contextlib.suppress(BadCell):
            stock.read(cell, None)
            understood += 1
    return understood > 0.5 * len(facts.cells)


def are_of_one_group(header: Sequence[str], numbers: Sequence[int]) -> bool:
    """Return whether the places of these stocks stand below one name in a header of two rows: `Voorraad`."""
    groups = {header[number].rpartition(" ")[0] for number in numbers}
    return len(numbers) > 1 and len(groups) == 1 and "" not in groups


def sum_question(columns: Columns, numbers: Iterable[int]) -> Question:
    """Return the question about columns of places that are added up."""
    names = [columns.header[number] for number in numbers]
    shown = " and ".join(quoted(name, 40) for name in names[:MAX_EXAMPLES]) + (
        " …" if len(names) > MAX_EXAMPLES else ""
    )
    kind = "sizes" if all(map(is_size, names)) else "places"
    text = f"The columns {shown} contain the stocks of several {kind}, and no column has the total. Are they added up?"
    choices = (
        Choice("sum", "The stock is the sum of these columns."),
        *(Choice(name, f"The stock is only that of the column {quoted(name, 40)}.") for name in names[:MAX_EXAMPLES]),
    )
    return Question("inventory_count", "other", text, choices, tuple(names[:MAX_EXAMPLES]))
