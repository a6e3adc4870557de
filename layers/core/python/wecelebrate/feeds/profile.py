"""The structure of an export profile. The profiles themselves are in `profiles`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Columns = tuple[str, ...]
"""Patterns of folded column names."""


@dataclass(frozen=True, slots=True)
class VariantRule:
    """Which rows belong to one product, and which of them are variants."""

    key: Columns
    """Consecutive rows with the same value in these columns are one product."""
    handle: Columns = ()
    """The product's public identifier. With the option values, it is the SKU of a variant without a SKU."""
    parent: Columns = ()
    """Columns in which a variant names the key of its product, for exports that use no repeated key."""
    blank_continues: bool = False
    """Whether a row without a key belongs to the row above."""
    variant_columns: Columns = ()
    """A later row with a value in one of these is a variant; any other belongs to the product, e.g. a further image."""
    parent_patterns: Mapping[str, str] = field(default_factory=dict)
    """Column to pattern. A first row that matches is not sold itself if variants follow."""
    options: tuple[tuple[str, str], ...] = ()
    """For each option, the columns of its name and its value."""
    option_lists: tuple[str, str] | None = None
    """The columns of the names and the values of all options, separated by |."""
    variant_title: Columns = ()
    """The variant's own name, used if it has no options."""
    variant_images: Columns = ()
    own_columns: Columns = ()
    """Further columns of the variant itself: a blank cell there does not inherit the product's value."""


@dataclass(frozen=True, slots=True)
class RejectRule:
    """Rows of an export that are not products."""

    column: str
    pattern: str
    code: str
    reason: str
    unless: Columns = ()
    """A row with a value in one of these is not rejected."""


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    signatures: tuple[Columns, ...]
    """A file with all columns of one signature has this profile."""
    fields: Mapping[str, Columns]
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Column to attribute name. An empty name keeps the column's own name."""
    variants: VariantRule | None = None
    reject_rules: tuple[RejectRule, ...] = ()
    joined_fields: Columns = ()
    """Fields that use all their columns, such as images or the stock of several warehouses, not only the first."""
    lenient: bool = False
    """Whether an unknown value of is_active means active: the shop's states may have no counterpart in ours."""
    inactive_pattern: str | None = None
    """Pattern of the values that mean inactive, if the shop uses other words than usual."""
    cell_readers: Mapping[str, str] = field(default_factory=dict)
    """Field to the reader of its cells: `first_category`, `editor_text`, `facet_category` or `facet_brand`."""
    pair_columns: Columns = ()
    """Columns with one attribute per line: `Colour: red`."""
    keep_other_columns: bool = False
    """Whether columns that the profile does not name become attributes, as in a file without a profile."""
