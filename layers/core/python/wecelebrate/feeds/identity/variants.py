"""Finds the column with the codes of variants by its values, if another column has the codes of the products.

| parent  | variant   | name         |
|---------|-----------|--------------|
| KMJ-PRG |           | Kemeja batik |
|         | KMJ-PRG-M |              |
|         | KMJ-PRG-L |              |

The second column identifies the sold products. In rows where the first column is blank, the second column has different
codes. These codes begin with the last code of the first column.
"""

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.visibility import internal_part

MIN_BLANK = 0.25
"""The minimum share of the rows in which the first column is blank."""
MIN_VARIANTS = 2
MAX_COLUMNS = 60


def column_of_variants(columns: Columns, parent: int) -> int | None:
    """Return the column that contains the codes of variants, or None.

    `parent` is the column that contains the codes of the products to which the variants belong.
    """
    facts = columns[parent]
    if facts.filled > 1 - MIN_BLANK:
        return None
    return next(
        (
            number
            for number, name in enumerate(columns.header[:MAX_COLUMNS])
            if number != parent and internal_part(name) is None and _are_variants(columns, parent, number)
        ),
        None,
    )


def _are_variants(columns: Columns, parent: int, number: int) -> bool:
    above, variants, codes = "", 0, set[str]()
    for row in columns.sample:
        cells = [(row[at] or "").strip() if at < len(row) else "" for at in (parent, number)]
        if not any(cells):
            continue
        above = cells[0] or above
        if not cells[1]:
            if not cells[0]:
                return False
            continue
        if cells[1] in codes or not above or not cells[1].startswith(above):
            return False
        codes.add(cells[1])
        variants += not cells[0]
    return variants >= MIN_VARIANTS
