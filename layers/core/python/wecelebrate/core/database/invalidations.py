"""Cache invalidation after a commit. If Redis does not answer, the sweeper repeats it from the outbox.

Triggers write the outbox rows in the transaction of the change.
"""

from dataclasses import dataclass
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate.core import cache

logger = Logger()


@dataclass(frozen=True)
class Commit:
    """What a committed transaction changed, as `app.transaction_writes()` returns it."""

    xid: str | None = None
    """None if the transaction wrote nothing."""
    outbox: tuple[UUID, ...] = ()
    """Outbox rows that describe the invalidations."""
    tags: tuple[str, ...] = ()
    """Cache tags to invalidate."""


def publish(commit: Commit, write_key: str) -> bool:
    """Invalidate the tags of a commit and remember its xid under the caller's write key. False if Redis is down."""
    if not commit.tags and not write_key:
        return True
    try:
        cache.invalidate(commit.tags, commit.xid, write_key)
    except cache.CacheDown:
        logger.warning("the sweeper will send the invalidations", xid=commit.xid, tags=len(commit.tags))
        return False
    return True
