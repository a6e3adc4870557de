"""What a committed change ends in the cache: sent at once, and by the sweeper when that failed.

The rows that say so are written by triggers, in the transaction of the change (schema/functions/cache.sql).
"""

from dataclasses import dataclass
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate import cache

logger = Logger()


@dataclass(frozen=True)
class Left:
    """What a transaction leaves behind: `app.transaction_writes()`."""

    xid: str | None = None
    """None when it wrote nothing."""
    outbox: tuple[UUID, ...] = ()
    tags: tuple[str, ...] = ()


def publish(left: Left, caller: str) -> bool:
    """End what a transaction changed, and remember that `caller` did. Whether Redis knows."""
    if not left.tags and not caller:
        return True
    try:
        cache.invalidate(left.tags, left.xid, caller)
    except cache.CacheDown:
        logger.warning("the sweeper will end what was changed", xid=left.xid, tags=len(left.tags))
        return False
    return True
