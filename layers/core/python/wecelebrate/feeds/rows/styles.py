"""Reads lists in which only the first row of a style contains the values that all its sizes and colours share.

| Style | Name       | Price | SKU   | Size | Stock |
|-------|------------|-------|-------|------|-------|
| 2201  | Wool scarf | 39.90 | WS-S  | S    | 4     |
|       |            |       | WS-M  | M    | 7     |

The second row gets the style, the name and the price of the first row. A blank price in a row with a name stays blank.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wecelebrate.feeds.columns.visibility import is_property
from wecelebrate.feeds.items import Cells, Rejected, Row
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.rows.notes import CODE as NO_PRODUCT

MOST = 0.8
HEAD = "the row has only what the rows of its sizes and colours below it have in common"
MIN_REPEATED = 2
"""The minimum number of blank columns below the first row of a style. The name is one of these columns."""


@dataclass(frozen=True, slots=True)
class Styles:
    """The columns in which the rows of a style get the values of its first row."""

    sku: int
    name: int
    repeated: tuple[int, ...]
    """The columns that have a value only in the first row of a style."""
    prices: tuple[int, ...]
    """The price columns in which each row can have a value, so they are not in `repeated`. Blank prices stay blank."""
    own: tuple[int, ...] = ()
    """The columns of the stock and of properties, if the SKUs below a first row begin with the SKU of the first row.

    If a first row is blank in all these columns, it is not a product: it only contains values for the rows below it.
    """


def find_styles(plan: Plan, sample: Sequence[Cells]) -> Styles | None:
    """Return the styles that the sample shows, or None if each row has its own values.

    All rows without a name must be blank in the same columns, and the rows with a name must have values in these
    columns. Each row without a name must have its own SKU, and a property such as its size.
    """
    if plan.profile is not None or plan.parent or not plan.sku or not plan.name:
        return None
    sku, name = plan.sku[0], plan.name[0]
    width = len(plan.header)
    rows = [[(cell or "").strip() for cell in cells] for cells in sample if len(cells) >= width]
    first_rows = [cells for cells in rows if cells[name]]
    others = [cells for cells in rows if not cells[name] and cells[sku]]
    if not first_rows or not others or not rows[0][name]:
        return None
    skus = [cells[sku] for cells in rows if cells[sku]]
    if len(set(skus)) < len(skus):
        return None
    own = {sku, *plan.inventory}
    blank = [at for at in range(width) if at not in own and not any(cells[at] for cells in others)]
    repeated = [at for at in blank if sum(bool(cells[at]) for cells in first_rows) >= MOST * len(first_rows)]
    properties = [
        at
        for at in range(width)
        if at not in own and is_property(plan.header[at]) and sum(bool(row[at]) for row in others) >= MOST * len(others)
    ]
    is_prefixed = _begin_with_sku_above(rows, sku, name)
    if name not in repeated or (len(repeated) < MIN_REPEATED and not is_prefixed) or not properties:
        return None
    prices = [price.column for price in plan.prices if price.column not in repeated]
    own_columns = (*properties, *plan.inventory) if is_prefixed else ()
    return Styles(sku, name, tuple(blank), tuple(prices), own_columns)


def _begin_with_sku_above(rows: Sequence[Sequence[str]], sku: int, name: int) -> bool:
    """Return whether the SKU of each row without a name begins with the SKU of the last row with a name.

    For example, `OB-5-37` begins with `OB-5`.
    """
    first = ""
    for cells in rows:
        if cells[name]:
            first = cells[sku]
        elif cells[sku] and (not first or not cells[sku].startswith(first)):
            return False
    return True


def complete_rows(rows: Iterator[Row | Rejected], styles: Styles) -> Iterator[Row | Rejected]:
    """Yield the rows. Blank cells get the values of the first row of the style."""
    if not styles.own:
        yield from _completed(rows, styles)
        return
    held: Row | None = None
    for row in _completed(rows, styles):
        cells = None if isinstance(row, Rejected) else row[1]
        if held is not None:
            yield held if cells is None or not _belongs(cells, held[1], styles) else _head(held, styles)
        if isinstance(row, Rejected) or any(_text(row[1], at) for at in styles.own):
            held = None
            yield row
        else:
            held = row
    if held is not None:
        yield held


def _belongs(cells: Cells, first: Cells, styles: Styles) -> bool:
    """Return whether a completed row has the name of the first row, and a SKU that begins with that row's SKU.

    If the SKU of the first row ends with a digit, a further digit means another product: `210` is not a size of `21`.
    """
    sku, own = _text(first, styles.sku), _text(cells, styles.sku)
    if not sku or own == sku or not own.startswith(sku) or _text(cells, styles.name) != _text(first, styles.name):
        return False
    return not (sku[-1].isdecimal() and own[len(sku)].isdecimal())


def _head(row: Row, styles: Styles) -> Rejected:
    sku = _text(row[1], styles.sku) or None
    return Rejected(row[0], 1, sku, HEAD, NO_PRODUCT, [cell or "" for cell in row[1]])


def _completed(rows: Iterator[Row | Rejected], styles: Styles) -> Iterator[Row | Rejected]:
    first: Cells | None = None
    open_prices: tuple[int, ...] = ()
    for row in rows:
        if isinstance(row, Rejected):
            first = None  # the row can be the first row of another style
            yield row
            continue
        cells = row[1]
        if _text(cells, styles.name):
            first, open_prices = cells, styles.prices
            if not _text(cells, styles.sku):
                yield _head(row, styles)
                continue
        elif first is not None and _text(cells, styles.sku):
            completed = list(cells)
            open_prices = tuple(at for at in open_prices if not _text(cells, at))
            for at in (*styles.repeated, *open_prices):
                if not _text(cells, at):
                    completed[at] = first[at]
            yield row[0], completed
            continue
        yield row


def _text(cells: Cells, at: int) -> str:
    return (cells[at] or "").strip()
