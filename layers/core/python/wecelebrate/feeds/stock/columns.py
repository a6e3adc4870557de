"""Finds the columns that describe the stock of a row. The module `reader` combines their cells.

A file can state the stock in several kinds of columns. Many shops use the same column names:

| kind     | examples                                                | what a cell says                               |
|----------|---------------------------------------------------------|------------------------------------------------|
| count    | the columns of the field `inventory_count`              | the pieces, or a state such as `in stock`      |
| state    | Google `availability`, WooCommerce `In stock?`          | whether the product can be ordered             |
| tracking | Magento `manage_stock`, Loyverse `Track stock`          | whether the shop counts the pieces             |
| tracker  | Shopify `Variant Inventory Tracker`                     | which system counts the pieces; blank: none    |
| oversell | WooCommerce `Backorders allowed?`, Shopify `continue`   | whether the shop sells more than it has        |

The first rule that applies is used:

1. If a state says "out of stock", the stock is tracked with 0 pieces.
2. If the shop does not count the pieces, or sells more than it has, or a cell says "unlimited", the stock is untracked.
3. If the row has a number, the stock is tracked with this number. There are two exceptions:
   - A product with 0 pieces that can be backordered is untracked.
   - A product with a number below 0 and the state "in stock" is untracked, because the sender sells more than it has.
     If the file has the state "in stock" for products with 0 pieces too, the number is read as 0.
4. If a state says that the product can be ordered, the stock is untracked.
5. If the shop counts the pieces, and the row has no number, the stock is tracked, and the count is not changed.

Otherwise, the row does not describe the stock.

Two kinds of columns are used only in rows with a number. Words for a stock in a column such as `Status` are used for a
number of 0 or less. Such words in a column with any other name, such as `Remark`, are used for a number below 0.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import islice

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold, name_forms
from wecelebrate.feeds.items import Cells, quoted
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.stock.beyond import (
    calls_empty_in_stock,
    columns_of_stock_words,
    columns_with_stock_words,
)
from wecelebrate.feeds.stock.names import in_stock_phrases
from wecelebrate.feeds.stock.tracking_names import are_flags, are_tracking, can_be_flags, can_mean_pieces
from wecelebrate.feeds.vocabulary import vocabulary

STATE_NAMES = frozenset((
    "availability", "availabilitystatus", "stockstatus", "stockstate", "inventorystatus", "stockavailability",
    "isinstock", "isavailable", "issaleable", "issalable", "salable", "saleable", "lagerstatus", "lieferstatus",
    "lieferbarkeit", "verfugbarkeit", "verfuegbarkeit", "disponibilite", "etatdustock", "etatstock", "disponibilidad",
    "estadostock", "estadodestock", "disponibilita", "statostock", "disponibilidade", "beschikbaarheid",
    "tillganglighet", "tilgjengelighet", "tilgaengelighed", "saatavuus", "dostepnosc", "dostupnost",
))  # fmt: skip
# Names of columns that contain a state in some files, and numbers in others.
STATE_OR_COUNT_NAMES = frozenset((
    "instock", "available", "auflager", "verfugbar", "verfuegbar", "lieferbar", "enstock", "disponible", "disponibile",
    "disponivel", "opvoorraad", "skladem", "hasstock", "haystock", "tienestock", "tieneexistencias", "temestoque",
    "possuiestoque", "heeftvoorraad", "hatbestand", "hastock", "hagiacenza",
))  # fmt: skip
OUT_OF_STOCK_NAMES = frozenset(("outofstock", "isoutofstock", "soldout", "issoldout", "ausverkauft"))
TRACKING_NAMES = frozenset((
    "trackinventory", "trackstock", "trackquantity", "trackqty", "inventoryitemtracked", "inventorytracked",
    "inventorytracking", "stocktracking", "stocktracked", "managestock", "manageinventory", "stockmanaged",
    "managedstock", "maintainstock", "isstockitem", "stockmanagement", "isstorable",
    "inventorypolicy", "bestandsfuhrung", "bestandsfuehrung",
    "bestandverwalten", "lagerbestandverwalten", "lagerfuhrung", "lagerfuehrung", "lagergefuhrt", "lagergefuehrt",
    "gererlestock", "gestiondustock", "suividustock", "suividestock", "gestionarinventario", "gestionarexistencias",
    "controlarinventario", "controlarstock", "gestiscistock", "gestionemagazzino", "tracciainventario",
    "controlarestoque", "gerenciarestoque", "voorraadbeheren", "voorraadbijhouden", "stocktrack", "inventorytrack",
    "lagerbestandsfuhrung", "lagerbestandsfuehrung", "bestandsgefuhrt", "bestandsgefuehrt", "lagerstyring",
    "lagerstyrt", "lagerstyrd", "lagerfort", "lagerforing", "voorraadbeheer", "voorraadregistratie", "voorraadhoudend",
    "varastonhallinta", "varastonseuranta", "sledovatsklad", "sledovatzasoby", "skladovazasoba", "sledzstan",
    "sledzeniestanu", "keszletkezeles", "stoktakibi", "gestionstock", "gererstock", "gestionestock", "controlestoque",
    "gestionestoque", "учетостатков", "вестиучет", "在庫管理", "재고관리", "库存管理", "庫存管理",
))  # fmt: skip
# Columns that name the system that counts the pieces. A blank cell means that no system counts them.
TRACKER_NAMES = frozenset(("inventorytracker", "inventorymanagement"))
OVERSELL_NAMES = frozenset((
    "inventorypolicy", "continuesellingwhenoutofstock", "sellwhenoutofstock", "allowbackorder", "allowbackorders",
    "backorders", "backordersallowed", "backorderallowed", "allowoutofstockorder", "allowoversell",
    "allowoverselling", "oversell", "isneveroutofstock", "neveroutofstock", "unlimited", "isunlimited",
    "unlimitedstock", "unlimitedquantity", "infinitestock",
))  # fmt: skip


@cache
def _state_names() -> frozenset[str]:
    return STATE_NAMES.union(vocabulary().words("columns.availability"))


@cache
def _ambiguous_names() -> frozenset[str]:
    return STATE_OR_COUNT_NAMES.union(vocabulary().words("columns.in_stock"), in_stock_phrases()) - _state_names()


@cache
def _sold_out_names() -> frozenset[str]:
    return OUT_OF_STOCK_NAMES.union(vocabulary().words("columns.sold_out"))


MIN_STATES = 5
"""A column `In stock` with only 0 and 1 is a state, and not a count, if it has at least this number of cells."""
MAX_COLUMNS = 10
"""The maximum number of columns of each kind except the count. It limits the size of the caches for a hostile file."""
_PREFIX = re.compile(r"^(?:variants?|products?)(?=.)")
# The ends of names such as `Lagerbestandsführung aktiv`. These names are also looked up without the end.
_SUFFIX = re.compile(
    r"(?<=.)(?:aktiviert|aktiv|actief|actif|activo|attivo|ativo|active|enabled|flag|yn|janein|"
    r"사용여부|사용|여부|使用|有効|フラグ|启用|啟用)$"
)
# The last name of a path, e.g. of `extension_attributes.stock_item.manage_stock`.
_LAST = re.compile(r"[^.@:/]+$")


@dataclass(frozen=True, slots=True)
class StockColumns:
    """The numbers of the columns of each kind."""

    count: list[int]
    states: list[int] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    """Columns in which words are states, and numbers have a meaning other than the stock."""
    sold_out: list[int] = field(default_factory=list)
    """Columns whose `yes` means "out of stock"."""
    tracking: list[int] = field(default_factory=list)
    trackers: list[int] = field(default_factory=list)
    oversell: list[int] = field(default_factory=list)
    overridden: dict[int, int] = field(default_factory=dict)
    """Maps columns of tracking and oversell to Magento's columns `use_config_…`. If `use_config_…` says yes, a setting
    of the shop is used instead.
    """
    active: list[int] = field(default_factory=list)
    """Columns of the state of the product, such as `Status`. If the stock is 0 or less, a cell such as `backorder` also
    says that the product can be ordered.
    """
    below_zero: list[int] = field(default_factory=list)
    """Columns whose values are words for a stock, such as `in stock`, although their names are no names of a stock.

    They are used only if the number of pieces is below 0, because the words can be about the stock of a partner.
    """
    calls_empty_in_stock: bool = False
    """Whether a row of the sample has 0 pieces, and a state that says that the product is in stock."""

    @property
    def places(self) -> list[int]:
        """The columns that state the stock. A file without such a column does not change stocks."""
        return [*self.count, *self.states, *self.words, *self.sold_out, *self.tracking, *self.trackers]

    @property
    def beside(self) -> list[int]:
        """The columns that decide whether the stock is tracked. The columns of the stock count are left out."""
        columns = [*self.places[len(self.count) :], *self.active, *self.below_zero, *self.oversell]
        columns += self.overridden.values()
        return list(dict.fromkeys(columns))


def find_stock_columns(
    header: Sequence[str],
    count: list[int],
    mapping: Mapping[str, str | None],
    sample: Sequence[Cells] = (),
    active: Sequence[int] = (),
    *,
    is_known: bool = True,
) -> StockColumns:
    """Return the columns that describe the stock. `count` are the columns of `inventory_count`.

    `active` are the columns of the state of the product. If the catalog's mapping names the column of the stock, no
    other column counts. `is_known` says whether the file is a known export, whose names have only one meaning.
    """
    if "inventory_count" in mapping:
        return StockColumns(count)
    names = [_names(column) for column in header]

    def named(known: frozenset[str]) -> list[int]:
        numbers_ = (n for n, forms in enumerate(names) if n not in count and not known.isdisjoint(forms))
        return list(islice(numbers_, MAX_COLUMNS))

    ambiguous = named(_ambiguous_names())
    states = [n for n in (*count, *named(_state_names()), *ambiguous) if _is_state(header[n], names[n], n, sample)]
    tracking = _tracking_columns(names, sample, [*count, *states], [n for n in count if n not in states], is_known)
    oversell = named(OVERSELL_NAMES)
    overridden = {
        number: use
        for number in (*tracking, *oversell)
        for use in named(frozenset(f"useconfig{name.removeprefix('allow')}" for name in names[number]))
    }
    count = [number for number in count if number not in states]
    in_words = columns_with_stock_words(sample, active)
    below_zero: list[int] = []
    if count and not states and not ambiguous and not in_words:
        used = {*count, *active, *tracking, *oversell}
        below_zero = columns_of_stock_words(header, sample, used)[:1]
    beside = [*states, *ambiguous, *in_words, *below_zero]
    return StockColumns(
        count, list(dict.fromkeys(states)),
        [number for number in ambiguous if number not in states], named(_sold_out_names()), tracking,
        named(TRACKER_NAMES), oversell, overridden, in_words, below_zero,
        calls_empty_in_stock(sample, count, beside),
    )  # fmt: skip


def _tracking_columns(
    names: Sequence[frozenset[str]], sample: Sequence[Cells], used: Sequence[int], count: Sequence[int], is_known: bool
) -> list[int]:
    """Return the columns that say whether the pieces are counted. `count` are the columns with the pieces."""

    def can_be_tracking(number: int) -> bool:
        cells = _cells(sample, number)
        if not count and not is_known and can_mean_pieces(names[number], cells):
            return False
        return (
            can_be_flags(cells) if names[number] & TRACKING_NAMES else are_flags(*_with_pieces(sample, number, count))
        )

    named = (n for n, forms in enumerate(names) if n not in used and (forms & TRACKING_NAMES or are_tracking(forms)))
    return [number for number in islice(named, MAX_COLUMNS) if can_be_tracking(number)]


def doubtful_flag_question(columns: Columns, used: Collection[int]) -> list[Question]:
    """Return a question if the file has no stock, but a column such as `Suivi stock` that can also be the stock."""
    if any(not _state_names().isdisjoint(_names(name)) for name in columns.header):
        return []
    for number, name in enumerate(columns.header):
        forms, facts = _names(name), columns[number]
        is_tracking = number not in used and (forms & TRACKING_NAMES or are_tracking(forms))
        if is_tracking and can_mean_pieces(forms, facts.cells):
            text = (
                f"The column {quoted(name, 40)} can be the stock, or say whether the stock is counted. Is it the stock?"
            )
            one = "1 is one piece, and 0 is sold out." if "0" in facts.cells else "Yes is in stock, and no is sold out."
            choices = (Choice("", "The file does not change the stock."), Choice(name, one, facts.examples))
            return [Question("inventory_count", "other", text, choices, facts.examples)]
    return []


def own_columns(header: Sequence[str]) -> list[int]:
    """Return the columns of stocks. A variant does not inherit these values, because each variant has its own stock."""
    names = [_names(column) for column in header]
    return [number for number, forms in enumerate(names) if not _all_names().isdisjoint(forms) or are_tracking(forms)]


@cache
def _all_names() -> frozenset[str]:
    names = _state_names() | STATE_OR_COUNT_NAMES | _ambiguous_names() | _sold_out_names()
    return names | TRACKING_NAMES | TRACKER_NAMES | OVERSELL_NAMES


@lru_cache(maxsize=8192)
def _names(column: str) -> frozenset[str]:
    """Return the folded names that the column can have, without `variant` and without the path before the name."""
    forms = set(name_forms(column))
    if last := _LAST.search(column.strip()):
        forms.add(fold(last[0]))
    forms |= {_SUFFIX.sub("", form) for form in forms}
    return frozenset(forms | {_PREFIX.sub("", form) for form in forms})


def _cells(sample: Sequence[Cells], number: int) -> list[str]:
    """Return the values of a column that are not blank."""
    return [cell.strip() for row in sample if number < len(row) and (cell := row[number]) and cell.strip()]


_PIECES = re.compile(r"\D{0,3}[1-9]")


def _with_pieces(sample: Sequence[Cells], number: int, count: Sequence[int]) -> tuple[list[str], list[bool]]:
    """Return the cell of each row in a column, and whether the row has pieces in a column of the stock."""
    values = [(row[number] or "").strip() if number < len(row) else "" for row in sample]
    pieces = [any(at < len(row) and _PIECES.match((row[at] or "").strip()) for at in count) for row in sample]
    return values, pieces


def _is_state(column: str, names: frozenset[str], number: int, sample: Sequence[Cells]) -> bool:
    """Return whether a column contains states. In such a column, 1 means "in stock", and not one piece."""
    if not _state_names().isdisjoint(names):
        return True
    if STATE_OR_COUNT_NAMES.isdisjoint(names) and _ambiguous_names().isdisjoint(names):
        return False
    cells = _cells(sample, number)
    return column.rstrip().endswith("?") or (len(cells) >= MIN_STATES and {*cells} <= {"0", "1"})
