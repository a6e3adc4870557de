"""Storefront events: maintenance of their tables."""

from wecelebrate.core import batches
from wecelebrate.core.database import SYSTEM, queries, writing

sql = queries(__file__)

MONTHS_AHEAD = 3
"""Future months that have a partition."""
BATCH_SIZE = 10_000
"""Receipts that are deleted in one transaction."""


def create_partitions() -> int:
    """Create the missing partitions for this month and the next MONTHS_AHEAD. Returns the number of new partitions."""
    with writing(SYSTEM) as tx:
        created: int = sql.create_partitions(tx, ahead=MONTHS_AHEAD)
    return created


def delete_old_receipts() -> int:
    """Delete the receipts of events that arrived more than a week ago. Returns the number of deleted receipts."""
    return batches.run(lambda tx, limit: int(sql.delete_old_receipts(tx, max_rows=limit)), BATCH_SIZE)
