"""Figures of days: whatever moves one leaves a delta, and a schedule folds the deltas into the days."""

from wecelebrate import batches
from wecelebrate.database import queries

sql = queries(__file__)

BATCH = 10_000
"""Deltas that are folded in one transaction."""


def fold() -> int:
    """Fold deltas, batch after batch, until there are no more or time is short. How many that were."""
    return batches.run(lambda tx, most: int(sql.rollup_deltas(tx, max_rows=most)), BATCH)
