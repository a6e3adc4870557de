"""Orders: whatever moves a figure of a day leaves a delta, and a schedule folds the deltas into the days."""

import time

from wecelebrate.database import Caller, queries, writing

sql = queries(__file__)

SYSTEM = Caller(subject="service:system")
BATCH = 10_000
"""Deltas that are folded in one transaction."""
LONGEST = 45.0
"""Seconds for which one run keeps beginning further batches."""


def fold() -> int:
    """Fold deltas, batch after batch, until there are no more or time is short. How many that were."""
    until = time.monotonic() + LONGEST
    folded = 0
    while True:
        with writing(SYSTEM) as tx:
            last: int = sql.fold_deltas(tx, most=BATCH)
        folded += last
        if last < BATCH or time.monotonic() > until:
            return folded
