"""Migrate: bring the database to this release. The deploy calls it before the functions of the release are in place."""

from typing import Any

from aws_lambda_powertools import Logger

from wecelebrate.database_login import direct_url
from wecelebrate.schema import migrate

logger = Logger()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return {"applied": migrate(direct_url(), report=lambda name: logger.info("migrating", extra={"migration": name}))}
