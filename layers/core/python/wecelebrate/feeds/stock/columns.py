"""Reads the stock of a row from all columns that say something about it.

A file can state the stock in several kinds of columns. Many shops use the same names for them:

| kind     | examples                                                | what a cell says                               |
|----------|---------------------------------------------------------|------------------------------------------------|
| count    | the columns of the field `inventory_count`              | the pieces, or a state such as `in stock`      |
| state    | Google `availability`, WooCommerce `In stock?`          | whether the product can be ordered             |
| tracking | Magento `manage_stock`, Loyverse `Track stock`          | whether the shop counts the pieces             |
| tracker  | Shopify `Variant Inventory Tracker`                     | which system counts the pieces; blank: none    |
| oversell | WooCommerce `Backorders allowed?`, Shopify `continue`   | whether the shop sells more than it has        |

The first rule that applies decides:

1. A state says "out of stock": tracked, 0 pieces.
2. The shop does not count the pieces, or sells more than it has, or a cell says "unlimited": untracked.
3. A number: tracked, with this number. But 0 pieces of a product that can be backordered: untracked.
4. A state says that the product can be ordered: untracked.
5. The shop counts the pieces, and the row has no number: tracked. The count stays as it is.

Otherwise the row says nothing about the stock.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, lru_cache
from itertools import islice

from wecelebrate.core.types import InventoryPolicy
from wecelebrate.feeds.columns.names import fold, name_forms
from wecelebrate.feeds.items import BadCell, Cells
from wecelebrate.feeds.notation import convert, numbers
from wecelebrate.feeds.states.words import MAX_STATE_LENGTH, state_of
from wecelebrate.feeds.stock import cells as stock
from wecelebrate.feeds.stock.cells import State
from wecelebrate.feeds.transformations.arithmetic import Arithmetic
from wecelebrate.feeds.vocabulary import vocabulary

Stock = tuple[InventoryPolicy, int | None]
"""The policy and the count of a product. If the count is None, the stored count stays as it is."""

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
    "disponivel", "opvoorraad", "skladem",
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
    return STATE_OR_COUNT_NAMES.union(vocabulary().words("columns.in_stock")) - _state_names()


@cache
def _sold_out_names() -> frozenset[str]:
    return OUT_OF_STOCK_NAMES.union(vocabulary().words("columns.sold_out"))


MIN_STATES = 5
"""From this number of cells on, a column `In stock` that contains only 0 and 1 is a state and not a count."""
MAX_COLUMNS = 10
"""The maximum number of columns of each kind beside the count, so that the caches of a hostile file stay small."""
_MAX_FLAG_LENGTH = 40
_CACHE_SIZE = 4096
_PREFIX = re.compile(r"^(?:variants?|products?)(?=.)")
# A name such as `Lagerbestandsführung aktiv` is also looked up without this end.
_SUFFIX = re.compile(r"(?<=.)(?:aktiviert|aktiv|actief|actif|activo|attivo|ativo|active|enabled|flag|yn|janein)$")
# The last name of a path, e.g. of `extension_attributes.stock_item.manage_stock`.
_LAST = re.compile(r"[^.@:/]+$")

_NOT_TRACKED = frozenset(("none", "untracked", "nottracked", "donottrack", "donttrack", "notmanaged"))
# Values that do not say whether the pieces are counted. Shopify's `inventory_policy` is `deny` or `continue`.
_NO_TRACKING = frozenset(("inherit", "parent", "default", "config", "deny", "continue"))
# Magento's 2: allow, and notify the customer.
_OVERSELLS = frozenset(("continue", "allow", "allowed", "notify", "2"))


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
    """Maps columns of tracking and oversell to Magento's column `use_config_…`. If it says yes, a setting decides."""

    @property
    def places(self) -> list[int]:
        """The columns that state the stock. A file without such a column says nothing about the stock."""
        return [*self.count, *self.states, *self.words, *self.sold_out, *self.tracking, *self.trackers]

    @property
    def beside(self) -> list[int]:
        """The columns that decide, beside the count, whether the stock is tracked."""
        columns = [*self.places[len(self.count) :], *self.oversell, *self.overridden.values()]
        return list(dict.fromkeys(columns))


def find_stock_columns(
    header: Sequence[str], count: list[int], mapping: Mapping[str, str | None], sample: Sequence[Cells] = ()
) -> StockColumns:
    """Return the columns that say something about the stock. `count` are the columns of `inventory_count`.

    If the catalog's mapping names the column of the stock, no other column counts.
    """
    if "inventory_count" in mapping:
        return StockColumns(count)
    names = [_names(column) for column in header]

    def named(known: frozenset[str]) -> list[int]:
        numbers_ = (n for n, forms in enumerate(names) if n not in count and not known.isdisjoint(forms))
        return list(islice(numbers_, MAX_COLUMNS))

    ambiguous = named(_ambiguous_names())
    states = [n for n in (*count, *named(_state_names()), *ambiguous) if _is_state(header[n], names[n], n, sample)]
    tracking, oversell = named(TRACKING_NAMES), named(OVERSELL_NAMES)
    overridden = {
        number: use
        for number in (*tracking, *oversell)
        for use in named(frozenset(f"useconfig{name.removeprefix('allow')}" for name in names[number]))
    }
    return StockColumns(
        [number for number in count if number not in states], list(dict.fromkeys(states)),
        [number for number in ambiguous if number not in states], named(_sold_out_names()), tracking,
        named(TRACKER_NAMES), oversell, overridden,
    )  # fmt: skip


def own_columns(header: Sequence[str]) -> list[int]:
    """Return the columns of stocks. A variant does not inherit these values, because each variant has its own stock."""
    return [number for number, column in enumerate(header) if not _all_names().isdisjoint(_names(column))]


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


def _is_state(column: str, names: frozenset[str], number: int, sample: Sequence[Cells]) -> bool:
    """Return whether a column contains states. 1 then means "in stock", and not one piece."""
    if not _state_names().isdisjoint(names):
        return True
    if STATE_OR_COUNT_NAMES.isdisjoint(names) and _ambiguous_names().isdisjoint(names):
        return False
    cells = [cell.strip() for row in sample if number < len(row) and (cell := row[number]) and cell.strip()]
    return column.rstrip().endswith("?") or (len(cells) >= MIN_STATES and {*cells} <= {"0", "1"})


class StockReader:
    """Reads the stock of each row of a file."""

    def __init__(
        self,
        columns: StockColumns,
        mark: numbers.DecimalMark | None,
        *,
        is_sum: bool = False,
        arithmetic: Arithmetic | None = None,
        reserved: int | None = None,
    ) -> None:
        """With `is_sum`, each count column contains the pieces of one place.

        Otherwise, only the first value is used. `arithmetic` changes each number of pieces. The pieces of the column
        `reserved` are subtracted.
        """
        self.columns = columns
        self.has_stated = False
        """Whether a row had a cell for the stock, even if the cell was blank."""
        self._is_sum, self._places = is_sum, columns.places
        self._beside = columns.beside
        self._relevant = [*columns.count, *self._beside]
        parse = lru_cache(maxsize=_CACHE_SIZE)(
            (lambda cell: stock.read(cell, mark))
            if arithmetic is None
            else (lambda cell: _computed_count(stock.read(cell, mark), arithmetic))
        )
        self._parse: Callable[[str], int | State] = parse
        self._stock = lru_cache(maxsize=_CACHE_SIZE)(lambda cell: _combine([parse(cell)]))
        # Few combinations of states and flags occur in a file, and reading them costs more than reading a count.
        self._cached_flags = lru_cache(maxsize=_CACHE_SIZE)(self._flags)
        is_narrow = len(self._relevant) <= 4 * MAX_COLUMNS
        self._cached_row: Callable[[tuple[str | None, ...]], Stock | None] = self._row
        if is_narrow:
            self._cached_row = lru_cache(maxsize=_CACHE_SIZE)(self._row)
        has_one = self._places == columns.count[:1] and not columns.oversell
        self._reserved = reserved
        self._read: Callable[[Cells], Stock | None] = self._only_cell if has_one else self._all_cells
        self.read: Callable[[Cells], Stock | None] = self._read if reserved is None else self._without_reserved

    def _without_reserved(self, cells: Cells) -> Stock | None:
        row_stock = self._read(cells)
        cell = cells[self._reserved] if self._reserved is not None and self._reserved < len(cells) else None
        if row_stock is None or not row_stock[1] or not cell:
            return row_stock
        try:
            pieces = self._parse(cell[:_MAX_LENGTH])
        except BadCell:
            return row_stock
        return (row_stock[0], max(0, row_stock[1] - pieces)) if isinstance(pieces, int) else row_stock

    def _only_cell(self, cells: Cells) -> Stock | None:
        cell = cells[self._places[0]]
        if cell is None:
            return None
        self.has_stated = True
        return self._stock(cell[:_MAX_LENGTH]) if cell else None

    def _all_cells(self, cells: Cells) -> Stock | None:
        if not self.has_stated:
            self.has_stated = any(cells[number] is not None for number in self._places)
        relevant = [cell and cell[:_MAX_LENGTH] for cell in map(cells.__getitem__, self._relevant)]
        return self._cached_row(tuple(relevant))

    def _row(self, relevant: tuple[str | None, ...]) -> Stock | None:
        """Return the stock that the cells of the relevant columns state."""
        counts = len(self.columns.count)
        states, tracked, oversells = self._cached_flags(relevant[counts:])
        return _combine([*self._counts(relevant[:counts]), *states], tracked, oversells=oversells)

    def _counts(self, cells: Sequence[str | None]) -> list[int | State]:
        """Return the first value of the count columns, or their sum.

        There is no sum if the stock of any place is not counted.
        """
        values = [self._parse(cell) for cell in cells if cell]
        if State.UNKNOWN in values:
            values = [value for value in values if value is not State.UNKNOWN]
        if not self._is_sum:
            return values[:1]
        if State.IN_STOCK in values or State.UNLIMITED in values:
            return [State.UNLIMITED]
        counts = [0 if value is State.OUT_OF_STOCK else value for value in values if value is not State.TO_ORDER]
        total: list[int | State] = [min(sum(count for count in counts if isinstance(count, int)), numbers.MAX_COUNT)]
        return [*([State.TO_ORDER] if State.TO_ORDER in values else []), *(total if counts else [])]

    def _flags(self, beside: Sequence[str | None]) -> tuple[list[int | State], bool | None, bool]:
        """Return what the columns beside the count say: the states, and whether the shop counts and oversells."""
        columns, cells = self.columns, dict(zip(self._beside, beside, strict=True))
        states = [self._state(cell, is_number=True) for number in columns.states if (cell := cells[number])]
        states += [self._state(cell, is_number=False) for number in columns.words if (cell := cells[number])]
        states += [
            State.OUT_OF_STOCK if flag else State.IN_STOCK
            for number in columns.sold_out
            if (cell := cells[number]) and not cell.isdigit() and (flag := _flag(cell)) is not None
        ]
        decided = {number for number, use in columns.overridden.items() if _flag(cells[use] or "")}
        flags = [_is_tracked(cell) for n in columns.tracking if n not in decided and (cell := cells[n])]
        flags += [cell != "" and _is_tracked(cell) for n in columns.trackers if (cell := cells[n]) is not None]
        oversells = any(_oversells(cell) for n in columns.oversell if n not in decided and (cell := cells[n]))
        return states, next((flag for flag in flags if flag is not None), None), oversells

    def _state(self, cell: str, *, is_number: bool) -> int | State:
        """Return the state in a cell. Other texts, such as a delivery date, are ignored."""
        if cell in ("0", "1") and is_number:
            return State.IN_STOCK if cell == "1" else State.OUT_OF_STOCK
        try:
            value = self._parse(cell[:_MAX_LENGTH])
        except BadCell:
            # Words such as `discontinued` are states of the product. Pieces in a column of the count can be sold.
            is_ended = not self.columns.count and state_of(cell[:MAX_STATE_LENGTH].strip().casefold()) == "inactive"
            return State.OUT_OF_STOCK if is_ended and not cell[:1].isdigit() else State.UNKNOWN
        return value if is_number or isinstance(value, State) else State.UNKNOWN


def _computed_count(value: int | State, arithmetic: Arithmetic) -> int | State:
    """Return the number of pieces after the steps of the mapping. Raises BadCell if it is not a whole number."""
    if isinstance(value, State):
        return value
    pieces = arithmetic.apply(Decimal(value), (), None)
    if pieces != pieces.to_integral_value():
        raise BadCell(
            "too_precise", f"{value} becomes {pieces:f} pieces, which is no whole number; add the step `round`"
        )
    if pieces > numbers.MAX_COUNT:
        raise BadCell("too_large", f"{value} becomes {pieces:f} pieces, which is more than {numbers.MAX_COUNT:,}")
    return int(pieces)


_MAX_LENGTH = numbers.MAX_NUMBER_LENGTH + 1
"""A cell that is cut off here is too long to be a number, so it is rejected like the complete cell."""


def _combine(values: Sequence[int | State], tracked: bool | None = None, *, oversells: bool = False) -> Stock | None:
    """Return the stock that the cells of a row state, or None if they state nothing. The module lists the rules.

    The first number is used. `tracked` says whether the shop counts the pieces.
    """
    if State.OUT_OF_STOCK in values:
        return "tracked", 0
    if tracked is False or oversells or State.UNLIMITED in values:
        return "untracked", 0
    count = next((value for value in values if isinstance(value, int)), None)
    if (count is None and State.IN_STOCK in values) or (not count and State.TO_ORDER in values):
        return "untracked", 0
    if count is not None or tracked:
        return "tracked", count
    return None


def _flag(cell: str) -> bool | None:
    """Parse yes or no. Returns None for any other text."""
    try:
        return convert.boolean(cell[:_MAX_FLAG_LENGTH])
    except BadCell:
        return None


def _is_tracked(cell: str) -> bool | None:
    """Return whether a cell says that the pieces are counted. Any other text is the name of a system that counts."""
    word = fold(cell[:_MAX_FLAG_LENGTH])
    if word in _NOT_TRACKED:
        return False
    if word in _NO_TRACKING:
        return None
    flag = _flag(cell)
    return True if flag is None else flag


def _oversells(cell: str) -> bool:
    return fold(cell[:_MAX_FLAG_LENGTH]) in _OVERSELLS or bool(_flag(cell))
