"""Maintains the tables of storefront events."""

from wecelebrate.core import batches
from wecelebrate.core.database import SYSTEM, queries, writing

sql = queries(__file__)

MONTHS_AHEAD = 3
"""The number of future months for which a partition exists."""
BATCH_SIZE = 10_000
"""The largest number of receipts that one transaction deletes."""


def create_partitions() -> int:
    """Create the missing partitions for this month and the next MONTHS_AHEAD months.

    Returns the number of created partitions.
    """
    with writing(SYSTEM) as tx:
        created: int = sql.create_partitions(tx, ahead=MONTHS_AHEAD)
    return created


def delete_old_receipts() -> int:
    """Delete the receipts of events that arrived more than a week ago. Returns the number of deleted receipts."""
    return batches.run(lambda tx, limit: int(sql.delete_old_receipts(tx, max_rows=limit)), BATCH_SIZE)
