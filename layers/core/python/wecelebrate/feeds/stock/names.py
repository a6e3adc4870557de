"""Recognises columns of stocks by the words of their names.

| name                                   | meaning                                                                     |
|----------------------------------------|-----------------------------------------------------------------------------|
| `Giac. pz`, `Bestand Stk.`             | a stock: a noun with units, and with words that do not change its meaning   |
| `Available physical`, `Vrije voorraad` | the stock that can be sold; it is preferred to a stock with reserved pieces |

The names of the stocks of several places are in `place_names`.
"""

import contextlib
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import islice

from wecelebrate.feeds.columns.facts import Facts
from wecelebrate.feeds.columns.names import fold, name_forms
from wecelebrate.feeds.columns.other_pieces import means_other_pieces
from wecelebrate.feeds.columns.visibility import words as name_words
from wecelebrate.feeds.items import BadCell
from wecelebrate.feeds.stock import cells as stock
from wecelebrate.feeds.stock.closing import is_closing_stock
from wecelebrate.feeds.stock.reserved_names import can_be_reserved
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.words import divisions, words

COMPOSED_STOCK_RANK = 7_000
"""The rank of a name that is composed of known words. A usual name has a better rank."""
MAX_NAME = 60
MAX_DIVISIONS = 10
MOST = 0.9
MAX_CELLS = 100

NOUNS = words(
    "stock stocks inventory inventario inv qty quantity bestand bestande lagerbestand lagermenge menge lgbst bst "
    "voorraad vrd beholdning saldo lagersaldo lagerantal varasto ilosc stan mnozstvi mnozstvo giacenza giac esistenza "
    "esist existencias existencia exist stoc zapas zasoba estoque quantite qte qta qtd cant cantidad quantita "
    "quantidade lagernd auflager "
    "onhand keszlet zaliha zaloga likutis atlikums laoseis stok tonkho остаток остатки наличие залишок наличност"
)
UNITS = words(
    "packs packets bags bunches packungen beutel paquets paquetes bolsas "
    "pcs pc pz pzi pezzi stk stck stuck stueck stuks szt ks db шт buc ud uds unidades unites pieces kpl st"
)
NEUTRAL = words(
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
"""Words for a store. Together with a word for "free", they mean a stock, as in `lager_verfuegbar`."""
WORDS = NOUNS | UNITS | NEUTRAL | FREE | _STORES
_FREE_PARTS = re.compile(
    r"free|frei|verf(?:ugb|uegb|best|menge)|verwendbar|avail|unrestricted|dispon|dispo$|^disp|vrij|beschikb|ledig|"
    r"tillgang|tilgjeng|tilgaeng|dostepn|dostupn|szabad|elerheto|vapaa|sellab|saleab|salab|unreserved|uncommitted|"
    r"unallocated|^atp$|toonhand$|serbest|satilabilir|свободн|доступн|вільн|διαθεσιμ|可用|可售|可賣|可卖|有効|フリー|"
    r"kdispozici|kdispozicii|disponibeltsaldo|引当可能|販売可能|가용|판매가능|متاح|قابل|dapatdijual|bisadijual|זמינ|tersedia|raspoloz|razpoloz|slobodn|laisv|pieejam|briv|khadung"
)
_NOT_FREE = re.compile(
    r"unavail|notavail|nicht|indispon|nondispon|verfugbarkeit|verfuegbarkeit|availability|disponibilit|disponibilidad|"
    r"heid$|het$|dostepnosc|dostupnost|total|gesamt|date|datum|from|ab$|order"
)

NO_PLACE = words(
    "min max mindest minimum maximum melde meldebestand alarm alert level reorder nachbestell bestellt ordered order "
    "onorder incoming zulauf transit unterwegs reserviert reserved committed allocated gereserveerd besteld wert value "
    "valore valeur waarde unit units einheit uom date datum status state id code nr no num nummer number name typ type "
    "fach platz ort regal gang zone total gesamt totale totaal summe sum all alle gesperrt blocked quality qualitat "
    "defekt damaged sicherheit safety turnover age sold verkauft forecast last price preis cost pack per kg m cm from "
    "to von bis ab unite kuchni break tier policy tracking management aktiv active managed control available verfugbar "
    "mwst discount rabatt minimo massimo maximo ordine ordinato impegnato riservato virtual shipping delivery"
)
_TOKENS = re.compile(r"[^\W_]+")
_SOLD = words(
    "sold verkauft verkaufte verkaufter abverkauf absatz absatzmenge vendu vendus vendue vendues vendido vendidos "
    "vendida vendidas venduto venduti venduta vendute verkocht verkochte solgt solgte sald salda salt sprzedane "
    "sprzedana prodano prodane eladott satilan myyty vandut vandute продано проданное 販売数 销量 판매수량"
)


def sold_quantities(header: Sequence[str]) -> set[int]:
    """Return columns with the pieces that were sold, such as `Verkaufte Menge`. They do not contain stocks."""
    return {
        number
        for number, column in enumerate(header)
        if len(column) <= MAX_NAME and not _SOLD.isdisjoint(parts := name_words(column)) and "out" not in parts
    }


@cache
def in_stock_phrases() -> frozenset[str]:
    """Return the folded phrases that mean "in stock" and contain a word for a stock: `an Lager`, `en existencia`.

    As the name of a column, these phrases mean a stock in pieces or in words.
    """
    nouns = (NOUNS | _STORES) - {"store"}
    return frozenset(
        fold(phrase) for phrase in stock.phrases_of_stock()
        if len(parts := frozenset(map(fold, phrase.split()))) > 1 and not nouns.isdisjoint(parts)
    )  # fmt: skip


def stock_rank(column: str) -> int | None:
    """Return the rank of a name that is composed of words for a stock, or None for any other name."""
    forms = name_forms(column)
    is_composed = any(map(_is_composed, forms)) or is_closing_stock(column) or not in_stock_phrases().isdisjoint(forms)
    return COMPOSED_STOCK_RANK if is_composed else None


@lru_cache(maxsize=4096)
def _is_composed(form: str) -> bool:
    if len(form) > MAX_NAME:
        return False
    for parts in islice(divisions(form, WORDS), MAX_DIVISIONS):
        name_parts = frozenset(parts)
        if len(parts) > 1 and (
            name_parts & NOUNS
            or len(name_parts & FREE) > 1
            or (name_parts & FREE and ("physical" in name_parts or name_parts & (_STORES | UNITS)))
        ):
            return True
    return False


def is_free_stock(column: str, facts: Facts) -> bool:
    """Return whether a column of a stock contains only the pieces that can be sold, without reserved pieces.

    0 and 1 in a column with such a name can also be a state.
    """
    if set(facts.cells) <= {"0", "1"} or not _state_pieces(facts):
        return False
    return any(_FREE_PARTS.search(form) and not _NOT_FREE.search(form) for form in name_forms(column))


def is_listed_stock(column: str) -> bool:
    """Return whether the vocabulary lists the name as a stock. Some names, such as `k dispozici`, are also states."""
    return not vocabulary().words("columns.inventory_count").keys().isdisjoint(name_forms(column))


def _state_pieces(facts: Facts) -> bool:
    """Return whether nearly all values state a number of pieces, such as `12` and `more than 100`."""
    if facts.share("is_number") >= MOST:
        return True
    counts = 0
    for cell in facts.cells[:MAX_CELLS]:
        with contextlib.suppress(BadCell):
            counts += isinstance(stock.read(cell, None), int)
    return counts >= MOST * min(len(facts.cells), MAX_CELLS)


def is_no_stock(column: str) -> bool:
    """Return whether a word in the name of a column says that its pieces cannot be sold."""
    tokens = {fold(token) for token in _TOKENS.findall(column)}
    return not tokens.isdisjoint(NO_PLACE) or can_be_reserved(column) or "%" in column or means_other_pieces(column)


def are_counts(facts: Facts) -> bool:
    numbers = facts.without_dashes
    return numbers.share("is_number") >= 0.9 and not numbers.share("is_gtin") if not facts.is_empty else True


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
