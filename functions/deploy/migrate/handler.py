"""Migrate: apply the migrations of this release.

The deployment calls this function before it updates the other functions.
"""

from typing import Any

from aws_lambda_powertools import Logger

from wecelebrate.core.database.login import direct_url
from wecelebrate.schema import migrate

logger = Logger()


CONNECT_SECONDS = 180


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    def report(name: str) -> None:
        logger.info("migrating", extra={"migration": name})

    return {"applied": migrate(direct_url(), report=report, connect_seconds=CONNECT_SECONDS)}
