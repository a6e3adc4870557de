"""Defines the plan, which assigns the columns of a file to the fields of a product."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.columns.visibility import Disclosure
from wecelebrate.feeds.items import Cells
from wecelebrate.feeds.plan.chosen import Reason
from wecelebrate.feeds.prices.names import Kind
from wecelebrate.feeds.prices.unit_words import Scale
from wecelebrate.feeds.questions import Question
from wecelebrate.feeds.states.words import StateWords
from wecelebrate.feeds.transformations.arithmetic import Arithmetic
from wecelebrate.feeds.transformations.computed import ComputedColumns

OPTIONS = ("day_order", "decimal", "delimiter", "encoding", "language", "minor_units", "record", "sheet")
"""The keys of a catalog's mapping that are not fields, but options for reading the file."""


@dataclass(frozen=True, slots=True)
class PriceColumn:
    column: int
    currency: str | None = None
    """The currency that the column's name contains, as in `price_usd`."""
    currency_column: int | None = None
    kind: Kind = "plain"
    scale: Scale = 0
    """The number of decimals of the integers in the column, for example 2 for cents. `currency` means the decimals of
    the price's currency.
    """
    units: int = 1
    """The number of units that the column's name states, as in `Preis pro 100`."""
    scale_column: int | None = None
    """The column that states the decimals of each integer, as a number (`precision`) or as a word (`cents`)."""
    quantity_column: int | None = None
    """The column with the quantity from which the price is valid, such as `min_quantity`."""
    arithmetic: Arithmetic | None = None
    """The arithmetic steps of the catalog's mapping, which are applied to the numbers."""


@dataclass(frozen=True, slots=True)
class ActiveColumn:
    column: int
    inverse: bool = False
    words: StateWords = "words"
    blank_is_no: bool = False
    """Whether a blank cell means no, because the column has only marks such as `x`."""
    active_word: str = ""
    """A word for active, in lower case: the only unknown value in a column whose other values mean inactive."""
    letters: tuple[str, str] = ("", "")
    """The letters for yes and no in lower case, for example the Finnish letters k and e."""


@dataclass(frozen=True, slots=True)
class Validity:
    """The columns with the first and the last day on which the price of a row is valid."""

    first: int | None
    last: int | None
    month_first: tuple[bool | None, bool | None] = (False, False)
    """Whether the month is first in numeric dates of the two columns, as in America: 12/31/2026.

    None means that the order is not known, but makes no difference in the sample.
    """
    stated_order: bool | None = None
    """Whether the month is first if a date shows the order, as in `OfferColumns`."""


@dataclass(frozen=True, slots=True)
class OfferColumns:
    """The columns of offers: the price, and the first and the last day on which the price is valid."""

    price: int
    first: int | None = None
    last: int | None = None
    both: int | None = None
    """The column with both days, such as `sale_price_effective_date`."""
    month_first: tuple[bool, bool, bool] = (False, False, False)
    """Whether the month is first in numeric dates of the columns `days`, as in America: 12/31/2026 or 12-31-2026."""
    stated_order: bool | None = None
    """Whether the month is first, if a date such as 31/12/2026 shows it. None means that no date shows it."""
    switch: int | None = None
    """The column that says whether the offer of a row is on, such as `On Sale`."""
    is_percentage: bool = False
    """Whether the column contains percentages of a discount, such as `15%`, instead of prices."""
    needs_last_day: bool = False
    """Whether the offer of a row without its last day is left out."""

    @property
    def days(self) -> tuple[int | None, int | None, int | None]:
        return self.first, self.last, self.both


@dataclass(slots=True)
class Plan:
    """The numbers of the columns of each field.

    In each row, the first cell of a field that is not blank is used. If the profile joins the cells of a field, all
    cells are used.
    """

    header: list[str]
    profile: Profile | None
    sku: list[int] = field(default_factory=list)
    name: list[int] = field(default_factory=list)
    description: list[int] = field(default_factory=list)
    category: list[int] = field(default_factory=list)
    brand: list[int] = field(default_factory=list)
    prices: list[PriceColumn] = field(default_factory=list)
    currency: int | None = None
    images: list[int] = field(default_factory=list)
    inventory: list[int] = field(default_factory=list)
    active: list[ActiveColumn] = field(default_factory=list)
    attributes: list[tuple[int, str]] = field(default_factory=list)
    pair_columns: list[int] = field(default_factory=list)
    has_handles: bool = False
    """Whether each product has a handle, from which a missing SKU is computed."""
    price_unit: int | None = None
    """The column with the number of units that a price is for, such as SAP's `KPEIN`."""
    parent: list[int] = field(default_factory=list)
    """The column in which a variant names the SKU of its product. See `rows.parents` and `columns.parents`."""
    sells_parents: bool = True
    """Whether a parent with a price is a product. Otherwise parents only group their variants."""
    lists_options: bool = False
    """Whether the names of variants only list their options, as in Bling: `Cor:Azul;Tamanho:P`."""
    stock_as_of: list[int] = field(default_factory=list)
    """The column that says when the stock of the row was counted. Only the mapping can assign this column."""
    places: list[int] = field(default_factory=list)
    """The columns with the place of a stock. Rows with the same SKU and different places are one product."""
    currency_note: str | None = None
    """The words outside of the rows that name the currency of the prices."""
    list_separators: str = ""
    """The characters that separate several categories in a cell. The first category is used."""
    float_skus: bool = False
    """Whether the SKUs are whole numbers to which a program has added `.0`."""
    reasons: dict[str, list[Reason]] = field(default_factory=dict)
    """Why the columns of a field were chosen. Only columns that were chosen by their names and values have reasons."""
    questions: list[Question] = field(default_factory=list)
    disclosure: Disclosure = field(default_factory=Disclosure)
    computed: ComputedColumns | None = None
    """The computed columns, which have the name "" in `header`. None if the settings have no transformations."""
    sku_of_row: Callable[[Cells], str] | None = None
    """Returns the SKU of a row of the file, or "". Only `of_file` sets this function."""
    computed_attributes: list[tuple[int, str]] = field(default_factory=list)
    consumed: frozenset[int] = frozenset()
    """The columns of the file that a computed column replaces. They do not become attributes with their own names."""
    sums_stock: bool = False
    """Whether each column of the stock contains the pieces of one location."""
    stock_arithmetic: Arithmetic | None = None
    second_name: int | None = None
    """The column of options that distinguishes products with the same name. It is public. See `second_names`."""
    second_line: int | None = None
    """The column that distinguishes products with the same name, but stays private."""
    reserved: int | None = None
    """The column of the reserved pieces. They are subtracted from the stock."""
    rounded_columns: frozenset[int] = frozenset()
    """The columns with numbers such as `4.0E+12`, which a spreadsheet has rounded. Such numbers are not attributes."""
    keeps_categories: bool = False
    """Whether the mapping says which of several categories is used. If so, `list_separators` are not used."""

    breaks: dict[int, int] = field(default_factory=dict)
    """For price breaks, maps the column of each price to the column of its quantity."""
    legend: dict[int, dict[str, str]] = field(default_factory=dict)
    """The meanings of codes in columns of states and stocks, according to a legend in the file. See `tables.codes`."""
    validity: Validity | None = None
    """The period in which the price of a row is valid, if the file has several prices of a product. See `validity`."""
    offers: OfferColumns | None = None
    """The columns of offers, if the file says when the offers are valid. See `prices.offers`."""
    group_column: int | None = None
    """The column with the names of categories, which are in rows above the products. See `rows.group_names`."""
    sheet: str | None = None
    """The only sheet that is read, if several sheets have the same SKUs with different prices or stocks.

    See `rows.sheets`."""
    former_price: int | None = None
    """The column of the crossed-out price. See `prices.former`."""
    standing_offers: bool = False
    """Whether the values show an export in which offers without dates are valid now, although its names differ."""
    ends_offers: bool = False
    """Whether the catalog's previous file had offers, and this file has prices, but no columns of offers."""
    zero_is_no_price: bool = False
    """Whether a price of 0 means that the product has no price yet, because nearly all other prices are above 0."""

    @property
    def fields_set(self) -> frozenset[str]:
        """The fields for which the file has columns."""
        columns_of = {
            "sku": True,
            "name": self.name,
            "description": self.description,
            "category": self.category,
            "brand": self.brand,
            "price": self.prices,
            "currency": self.prices or self.currency is not None,
            "images": self.images,
            "attributes": self.attributes or self.pair_columns,
            "inventory_count": self.inventory,
            "is_active": self.active,
        }
        return frozenset(name for name, columns in columns_of.items() if columns)

    @property
    def field_columns(self) -> dict[str, list[int]]:
        """Maps each field that has columns to the numbers of these columns."""
        columns = {
            "sku": self.sku, "name": self.name, "description": self.description, "category": self.category,
            "brand": self.brand, "price": [price.column for price in self.prices],
            "currency": [] if self.currency is None else [self.currency], "images": self.images,
            "inventory_count": self.inventory, "is_active": [active.column for active in self.active],
            "price_unit": [] if self.price_unit is None else [self.price_unit], "parent": self.parent,
            "stock_as_of": self.stock_as_of,
            "offers": [] if self.offers is None else [
                number for number in (self.offers.price, *self.offers.days) if number is not None
            ],
        }  # fmt: skip
        return {name: numbers for name, numbers in columns.items() if numbers}

    def details(self) -> dict[str, str | list[str]]:
        """For the job's result, map each field to the name of its column, or to a list of the names of its columns."""
        by_field = {name: self.file_columns(name) for name in self.field_columns}
        return {name: names[0] if len(names) == 1 else names for name, names in by_field.items()}

    def of_file(self) -> "Plan":
        """Return the plan for the rows of the file, before the computed cells are added to the rows.

        In this plan, a computed field has the columns from which it is computed.
        """
        computed = self.computed
        if computed is None:
            return self

        def in_file(numbers: Iterable[int]) -> list[int]:
            return list(dict.fromkeys(each for number in numbers for each in computed.in_file(number)))

        prices = [(price, computed.in_file(price.column)) for price in self.prices]
        return replace(
            self, header=computed.without(self.header), sku=in_file(self.sku), name=in_file(self.name),
            description=in_file(self.description), category=in_file(self.category), brand=in_file(self.brand),
            prices=[replace(price, column=column) for price, columns in prices for column in columns],
            currency=None if self.currency is None else next(iter(computed.in_file(self.currency)), None),
            images=in_file(self.images), inventory=in_file(self.inventory),
            active=[replace(active, column=each) for active in self.active for each in in_file([active.column])],
            attributes=[
                (computed.in_file(number)[0], label) for number, label in self.attributes if not computed.get(number)
            ],
            pair_columns=in_file(self.pair_columns), parent=in_file(self.parent),
            stock_as_of=in_file(self.stock_as_of),
            price_unit=None if self.price_unit is None else next(iter(computed.in_file(self.price_unit)), None),
            computed=None, sku_of_row=partial(computed.sku, self.sku),
        )  # fmt: skip

    def column_name(self, number: int) -> str:
        """Return the name of a column for messages. For a computed column, it returns the names of its sources."""
        column = self.computed.get(number) if self.computed else None
        return column.name if column else self.header[number]

    def file_columns(self, name: str) -> list[str]:
        """Return the names of the file's columns from which a field is read or computed."""
        names = []
        for number in self.field_columns.get(name, []):
            column = self.computed.get(number) if self.computed else None
            names += [self.header[number]] if column is None else column.source_names or [column.name]
        for price in self.prices if name == "price" else ():
            names += price.arithmetic.divisors if price.arithmetic else ()
        return list(dict.fromkeys(names))

    @property
    def last_field_column(self) -> int:
        """The highest number of a column that is assigned to a field."""
        return max((number for numbers in self.field_columns.values() for number in numbers), default=0)


REPORT_COLUMN_PREFIX = "wecelebrate_"
"""The prefix of the columns that wecelebrate adds to error files.

Columns with this prefix are ignored, so that a corrected error file can be uploaded.
"""
