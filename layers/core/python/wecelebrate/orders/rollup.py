"""Maintains the daily order totals.

Each change of an order writes a delta. Once a minute, a function adds the deltas to the totals.
"""

from wecelebrate.core import batches
from wecelebrate.core.database import queries

sql = queries(__file__)

BATCH_SIZE = 10_000
"""The largest number of deltas that one transaction adds."""


def add_deltas() -> int:
    """Add the waiting deltas to the daily totals in batches, until all deltas are added or `batches.run` stops.

    It returns the number of added deltas.
    """
    return batches.run(lambda tx, limit: int(sql.rollup_deltas(tx, max_rows=limit)), BATCH_SIZE)
