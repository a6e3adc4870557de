"""Checks whether the databases of the platform answer.

No rate limit applies to these requests, because they must be answered while Redis is down. Therefore an instance checks
the databases at most once a second, even if a stranger sends many requests.
"""

import time
from dataclasses import dataclass
from typing import Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel

from wecelebrate.core.database import probe
from wecelebrate.core.errors import Unavailable

logger = Logger()

REMEMBERED_SECONDS = 1.0
"""How long an instance remembers the result of a check, even if the check failed."""


class Health(BaseModel):
    """The databases that answered. Without the replica, the status is `degraded`, and the primary serves all reads."""

    status: Literal["ok", "degraded"]
    """`ok`, or `degraded` if the replica does not answer."""
    reader: bool
    """Whether the replica answers."""
    writer: bool
    """Whether the primary answers."""


@dataclass
class _LastCheck:
    started_at: float = 0.0
    """When the check began, in epoch seconds. The monotonic clock can stop while an instance is frozen."""
    health: Health | None = None
    """The result. None means that the check failed."""


_last = _LastCheck()


def check() -> Health:
    """Check both databases, or return a result that is less than a second old. Raises Unavailable if the primary does
    not answer.
    """
    now = time.time()
    if not 0 <= now - _last.started_at < REMEMBERED_SECONDS:
        _last.started_at, _last.health = now, None
        _last.health = _checked()
    if _last.health is None:
        raise Unavailable("The database did not answer a moment ago. Try again in a few seconds.")
    return _last.health


def _checked() -> Health:
    probe("writer")
    try:
        probe("reader")
    except Exception as error:  # The platform stays available after any error of the replica.
        logger.warning("the replica does not answer; the primary serves all reads", exc_info=error)
        return Health(status="degraded", reader=False, writer=True)
    return Health(status="ok", reader=True, writer=True)
