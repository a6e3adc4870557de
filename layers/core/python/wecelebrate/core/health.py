"""The health of the platform."""

from typing import Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel

from wecelebrate.core.database import probe

logger = Logger()


class Health(BaseModel):
    """Which databases answered. `degraded`: the replica does not answer, so the primary also serves reads."""

    status: Literal["ok", "degraded"]
    reader: bool
    writer: bool


def check() -> Health:
    """Probe both databases. Raises Unavailable if the primary does not answer."""
    probe("writer")
    try:
        probe("reader")
    except Exception as error:  # no failure of the replica makes the platform unavailable
        logger.warning("the replica does not answer", exc_info=error)
        return Health(status="degraded", reader=False, writer=True)
    return Health(status="ok", reader=True, writer=True)
