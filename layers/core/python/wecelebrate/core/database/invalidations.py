"""Cache invalidation after a commit.

In the transaction that makes a change, triggers write rows into the outbox. If Redis does not answer after the commit,
the sweeper later sends the invalidations from the outbox.
"""

from dataclasses import dataclass
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate.core import cache

logger = Logger()


@dataclass(frozen=True)
class Commit:
    """The changes of a committed transaction, as `app.transaction_writes()` returns them."""

    xid: str | None = None
    """The id of the transaction. None if the transaction wrote nothing."""
    outbox: tuple[UUID, ...] = ()
    """The ids of the outbox rows that describe the invalidations."""
    tags: tuple[str, ...] = ()
    """The cache tags to invalidate."""


def publish(commit: Commit, write_key: str) -> bool:
    """Invalidate the tags of a commit. Store the xid of the commit in the cache, under the write key of the caller.

    It returns False if Redis does not answer.
    """
    if not commit.tags and not write_key:
        return True
    try:
        cache.invalidate(commit.tags, commit.xid, write_key)
    except cache.CacheDown:
        logger.warning(
            "Redis does not answer; the sweeper will send the invalidations", xid=commit.xid, tags=len(commit.tags)
        )
        return False
    return True
