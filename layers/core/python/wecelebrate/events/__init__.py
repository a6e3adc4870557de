"""Events: what visitors of storefronts do. Here, what keeps their tables in shape."""

from wecelebrate import batches
from wecelebrate.database import SYSTEM, queries, writing

sql = queries(__file__)

AHEAD = 3
"""Months for which there are partitions before they begin."""
BATCH = 10_000
"""Receipts that are forgotten in one transaction."""


def make_partitions() -> int:
    """Partitions for this month and the next ones, those that are not there; how many that were."""
    with writing(SYSTEM) as tx:
        made: int = sql.create_partitions(tx, ahead=AHEAD)
    return made


def forget_receipts() -> int:
    """Forget which events were received more than a week ago, batch after batch; how many that were."""
    return batches.run(lambda tx, most: int(sql.delete_old_receipts(tx, max_rows=most)), BATCH)
