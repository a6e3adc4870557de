"""Maintains the tables of events: creates and drops partitions, and deletes events and receipts that are too old."""

from wecelebrate.core import batches
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.events import sql

MONTHS_AHEAD = 3
"""The number of future months for which a partition exists."""
BATCH_SIZE = 10_000
"""The largest number of rows that one transaction deletes."""


def create_partitions() -> int:
    """Create the missing partitions for this month and the next MONTHS_AHEAD months.

    It returns the number of created partitions.
    """
    with writing(SYSTEM) as tx:
        created: int = sql.create_partitions(tx, ahead=MONTHS_AHEAD)
    return created


def drop_partitions() -> int:
    """Drop each partition in which all events have expired. It returns the number of dropped partitions."""
    with writing(SYSTEM) as tx:
        dropped: int = sql.drop_partitions(tx)
    return dropped


def delete_expired() -> int:
    """Delete the expired events. The client determines how long its events are stored. It returns the number of deleted
    events.
    """
    return batches.run(lambda tx, limit: int(sql.delete_expired_events(tx, max_rows=limit)), BATCH_SIZE)


def delete_old_receipts() -> int:
    """Delete the receipts of events that arrived more than a week ago. It returns the number of deleted receipts."""
    return batches.run(lambda tx, limit: int(sql.delete_old_receipts(tx, max_rows=limit)), BATCH_SIZE)
