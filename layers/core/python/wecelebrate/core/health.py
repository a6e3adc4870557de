"""Whether the platform answers."""

from typing import Literal

from pydantic import BaseModel

from wecelebrate.core.database import probe


class Health(BaseModel):
    """What answered. `degraded`: reads come from the primary, because the reader does not answer."""

    status: Literal["ok", "degraded"]
    reader: bool
    writer: bool


def check() -> Health:
    """Ask both databases. Raises Unavailable when the primary does not answer."""
    probe("writer")
    try:
        probe("reader")
    except Exception as error:  # whatever is wrong with the reader, the platform answers without it
        from wecelebrate.core.http import logger

        logger.warning("the reader does not answer", exc_info=error)
        return Health(status="degraded", reader=False, writer=True)
    return Health(status="ok", reader=True, writer=True)
