"""Daily totals of orders. Each change of an order writes a delta; a schedule adds the deltas to the totals."""

from wecelebrate.core import batches
from wecelebrate.core.database import queries

sql = queries(__file__)

BATCH_SIZE = 10_000
"""Deltas that one transaction adds."""


def add_deltas() -> int:
    """Add waiting deltas to the daily totals, in batches, for at most the time that `batches.run` allows. Returns the
    number of added deltas."""
    return batches.run(lambda tx, limit: int(sql.rollup_deltas(tx, max_rows=limit)), BATCH_SIZE)
