"""Defines the structure of an export profile. The profiles themselves are in `vendors`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Columns = tuple[str, ...]
"""Patterns that match folded column names."""

OPTION_LINE = r"(?<![^\n])([^:\n]{1,200}): ([^\n]{1,500})"
"""The pattern of `option_texts` for the options that the JSON reader writes to one cell, such as `Colour: Red`."""


@dataclass(frozen=True, slots=True)
class VariantRule:
    """Determines which rows belong to one product, and which of these rows are variants."""

    key: Columns
    """Consecutive rows with the same value in these columns are one product."""
    handle: Columns = ()
    """The columns of the product's public identifier, the handle.

    If a variant has no SKU, its SKU is computed from the handle and the option values.
    """
    parent: Columns = ()
    """Columns in which a variant names the key of its product.

    These columns are used if a variant does not have its product's values in the key columns.
    """
    is_scattered: bool = False
    """Whether the rows of one product can be at any place of the file. See `rows.regrouping`."""
    blank_continues: bool = False
    """Whether a row without a key belongs to the product of the row above."""
    first_row_patterns: Mapping[str, str] = field(default_factory=dict)
    """Maps columns to patterns for their cells. A row that matches a pattern starts a new product.

    If the rule has such patterns, any other row belongs to the product above, even if its key is different.
    """
    variant_columns: Columns = ()
    """A later row with a value in one of these columns is a variant.

    Any other later row only completes the product, for example with a further image.
    """
    completing_patterns: Mapping[str, str] = field(default_factory=dict)
    """Maps columns to patterns for their cells.

    A later row that matches a pattern, such as a translation, is never a variant.
    """
    parent_patterns: Mapping[str, str] = field(default_factory=dict)
    """Maps columns to patterns for their cells.

    If a product's first row matches a pattern and variants follow, only the variants are sold.
    """
    options: tuple[tuple[str, str], ...] = ()
    """For each option, the column with its name and the column with its value."""
    option_texts: tuple[str, str] | None = None
    """The column that contains all options of a variant, and a pattern that finds the name and value of each option."""
    option_lists: tuple[str, str] | None = None
    """The column with the names of all options, and the column with the values of all options.

    In each of the two columns, the separator is |.
    """
    option_columns: str | None = None
    """A pattern for column names that are not folded. Its first group is the name of the option in the column."""
    variant_title: Columns = ()
    """The columns of the variant's own name, which is used if the variant has no options."""
    variant_images: Columns = ()
    own_columns: Columns = ()
    """Further columns that belong only to the variant. Their blank cells do not get the product's value."""
    inherits_price: bool = False
    """Whether a variant without a price has the price of its product."""
    surcharge: Columns = ()
    """Columns with an amount that is added to the price that a variant inherits. The decimal separator is a dot."""
    price_rules: Mapping[str, str] = field(default_factory=dict)
    """Maps columns to patterns for their cells. A row that matches a pattern changes the prices of variants.

    The prices change for the variant with the SKU of this row, or for all variants of the product if the row has no
    SKU. Such prices cannot be computed, so these variants are rejected.
    """


@dataclass(frozen=True, slots=True)
class RejectRule:
    """Describes the rows of an export that are not products."""

    column: str
    pattern: str
    code: str
    reason: str
    unless: Columns = ()
    """A row with a value in one of these columns is not rejected."""


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    signatures: tuple[Columns, ...]
    """Sets of columns. A file that has all columns of one set has this profile."""
    fields: Mapping[str, Columns]
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Maps columns to attribute names. These attributes are public, unless the name of their column has a private part.

    If the attribute name is empty, the attribute has the name of the column. This name then determines whether the
    attribute is public (see `visibility`).
    """
    variants: VariantRule | None = None
    reject_rules: tuple[RejectRule, ...] = ()
    joined_fields: Columns = ()
    """Fields that use the cells of all their columns, such as the images, or the stock of several warehouses.

    The field `name` uses only the first cell that is not blank, because each language can have its own column.
    """
    other_identifier: str | None = None
    """A column with an identifier other than the SKU. If a row has this identifier, but no SKU and no name, it refers
    to the stored product with the same value in its source data.
    """
    separate_prices: bool = False
    """Whether the prices of the products come in other files. A new product without a price is then inactive."""
    minor_units: bool = False
    """Whether prices are whole numbers of the currency's smallest unit, such as cents."""
    inactive_pattern: str | None = None
    """The pattern of the values that mean inactive. None if the shop uses the usual words."""
    cell_readers: Mapping[str, str] = field(default_factory=dict)
    """Maps fields to the readers of their cells: `first_category`, `editor_text`, `facet_category` or `facet_brand`.

    `attributes` is the reader of the cells in `pair_columns`: `code_pairs` for `color=Red,size=M`. `price` can be
    `price_list`, for the prices of commercetools.
    """
    pair_columns: Columns = ()
    """Columns whose cells have one attribute per line, such as `Colour: red`."""
    header_currency: str | None = None
    """A pattern for a folded column name. Its first group is the currency of all prices."""
    offers_without_days: Literal["valid", "asked"] = "asked"
    """Whether an offer without dates is valid now, according to the vendor's documentation. If not, the user is asked.
    """
    offer_switch: Columns = ()
    """The column that says whether the offer of a row is on, such as `On Sale` of Squarespace."""
    keep_other_columns: bool = False
    """Whether other columns with the name of a known property become attributes, as in a file without a profile."""
