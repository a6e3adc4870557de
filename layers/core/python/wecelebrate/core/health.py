"""Checks whether the databases of the platform answer."""

from typing import Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel

from wecelebrate.core.database import probe

logger = Logger()


class Health(BaseModel):
    """The databases that answered. Without the replica, the status is `degraded`, and the primary serves all reads."""

    status: Literal["ok", "degraded"]
    """`ok`, or `degraded` if the replica does not answer."""
    reader: bool
    """Whether the replica answers."""
    writer: bool
    """Whether the primary answers."""


def check() -> Health:
    """Check both databases. Raises Unavailable if the primary does not answer."""
    probe("writer")
    try:
        probe("reader")
    except Exception as error:  # The platform stays available after any error of the replica.
        logger.warning("the replica does not answer; the primary serves all reads", exc_info=error)
        return Health(status="degraded", reader=False, writer=True)
    return Health(status="ok", reader=True, writer=True)
