"""Defines the structure of an export profile. The profiles themselves are in `profiles`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Columns = tuple[str, ...]
"""Patterns of folded column names."""


@dataclass(frozen=True, slots=True)
class VariantRule:
    """Determines which rows belong to one product, and which of these rows are variants."""

    key: Columns
    """Consecutive rows with the same value in these columns are one product."""
    handle: Columns = ()
    """The product's public identifier. The SKU of a variant without a SKU is computed from it and the option values."""
    parent: Columns = ()
    """Columns in which a variant names the key of its product. Used if the variants do not repeat the key columns."""
    blank_continues: bool = False
    """Whether a row without a key belongs to the product of the row above."""
    variant_columns: Columns = ()
    """A later row with a value in one of these columns is a variant.

    Any other later row only completes the product, for example with a further image.
    """
    parent_patterns: Mapping[str, str] = field(default_factory=dict)
    """Maps columns to patterns. If a product's first row matches and variants follow, only the variants are sold."""
    options: tuple[tuple[str, str], ...] = ()
    """For each option, the columns of its name and its value."""
    option_lists: tuple[str, str] | None = None
    """The column with the names of all options, and the column with their values. Both are separated by |."""
    variant_title: Columns = ()
    """The columns of the variant's own name, which is used if the variant has no options."""
    variant_images: Columns = ()
    own_columns: Columns = ()
    """Further columns of the variant itself. A blank cell there does not get the product's value."""


@dataclass(frozen=True, slots=True)
class RejectRule:
    """Describes rows of an export that are not products."""

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
    """A file with all columns of one signature has this profile."""
    fields: Mapping[str, Columns]
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Maps columns to attribute names. If the attribute name is empty, the column's own name is used."""
    variants: VariantRule | None = None
    reject_rules: tuple[RejectRule, ...] = ()
    joined_fields: Columns = ()
    """Fields that use all their columns, such as images, or the stock of several warehouses."""
    lenient: bool = False
    """Whether an unknown value of is_active means active, because the shop may have states that we do not know."""
    inactive_pattern: str | None = None
    """The pattern of the values that mean inactive, if the shop does not use the usual words."""
    cell_readers: Mapping[str, str] = field(default_factory=dict)
    """Maps fields to the readers of their cells: `first_category`, `editor_text`, `facet_category` or `facet_brand`."""
    pair_columns: Columns = ()
    """Columns with one attribute per line: `Colour: red`."""
    keep_other_columns: bool = False
    """Whether columns that the profile does not name become attributes, as in a file without a profile."""
