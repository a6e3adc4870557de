"""Refuses a table in which each column is a product: its first column has the names of the fields."""

from collections.abc import Mapping, Sequence
from itertools import islice

from wecelebrate.feeds.columns.names import SOLO_PRICE_RANK, field_candidates, is_weak
from wecelebrate.feeds.items import Cells, UnreadableFeed, quoted

MAX_ROWS = 40
"""A table with more rows has products in its rows."""
MIN_FIELDS = 3
MIN_SHARE = 0.6
MAX_NAME = 100


def refuse_transposed(header: Sequence[str], sample: Sequence[Cells], mapping: Mapping[str, str | None]) -> None:
    """Raise UnreadableFeed if the first column has the names of fields, and the header has no other name."""
    if "sku" in mapping or len(header) < 2 or not MIN_FIELDS - 1 <= len(sample) <= MAX_ROWS:
        return
    names = [header[0], *((row[0] or "").strip() for row in islice(sample, MAX_ROWS) if row)]
    names = [name for name in names if name]
    fields_by_name = [fields for name in names if (fields := _fields(name))]
    all_fields = set().union(*fields_by_name)
    if (
        any(_fields(name) for name in header[1:])
        or len(all_fields) < MIN_FIELDS
        or len(fields_by_name) < MIN_SHARE * len(names)
    ):
        return
    if "price" in all_fields and all_fields & {"sku", "name"}:
        shown = ", ".join(quoted(name, 30) for name in names[:4])
        raise UnreadableFeed(
            f"each column of this table is a product, because its first column has the names {shown}; transpose the "
            "table, so that each row is a product (in a spreadsheet: copy it, and paste it with the option Transpose)"
        )


def _fields(name: str) -> set[str]:
    """Return the fields that a name clearly means."""
    if len(name) > MAX_NAME:
        return set()
    return {
        field for field, rank, _ in field_candidates(name)
        if not is_weak(rank) and not (field == "price" and rank >= SOLO_PRICE_RANK)
    }  # fmt: skip
