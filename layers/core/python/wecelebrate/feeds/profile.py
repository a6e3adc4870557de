"""What a profile of an export says; the profiles themselves stand in `profiles`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Columns = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variants:
    """How the rows of one product hang together, and what tells its variants apart."""

    key: Columns
    """Consecutive rows with the same value here are one product."""
    handle: Columns = ()
    """What names the product also outside of its shop, and with the option values a variant without a SKU."""
    parent: Columns = ()
    """Where a variant names the key of its product instead."""
    blank_continues: bool = False
    """A row without a key belongs to the row above."""
    evidence: Columns = ()
    """A later row with one of these is a variant; one without belongs to the product, such as a further image."""
    first_is_parent: Mapping[str, str] = field(default_factory=dict)
    """Column and pattern of a first row that is not sold itself when variants follow."""
    options: tuple[tuple[str, str], ...] = ()
    """Columns of an option's name and value."""
    option_lists: tuple[str, str] | None = None
    """Columns of all options' names and values, separated by |."""
    title: Columns = ()
    """The variant's own name, used when it has no options."""
    image: Columns = ()
    own: Columns = ()
    """Further columns of the variant itself: blank, they are not completed from the product's."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Rows that are in the file but are no products."""

    column: str
    pattern: str
    code: str
    why: str
    unless: Columns = ()
    """Not refused when one of these has a value."""


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    signatures: tuple[Columns, ...]
    """The file is of this kind when it has all columns of one of these."""
    fields: Mapping[str, Columns]
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Column to attribute; an empty name keeps the column's own."""
    variants: Variants | None = None
    refusals: tuple[Refusal, ...] = ()
    joined: Columns = ()
    """Fields whose columns are all read (images, stock of several warehouses), not just the first."""
    lenient: bool = False
    """An unknown word for is_active counts as active: the shop's own states say nothing about ours."""
    inactive: str | None = None
    """Pattern of the words that deactivate, where the shop's words differ from the usual."""
    reads: Mapping[str, str] = field(default_factory=dict)
    """Field to the reader of its cells: `first_category`, `editor_text`, `facet_category`, `facet_brand`."""
    pairs: Columns = ()
    """Columns whose lines are attributes: `Colour: red`."""
    others: bool = False
    """Columns that it does not name become attributes, as in a file without a profile."""
