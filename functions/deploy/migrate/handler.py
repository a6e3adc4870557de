"""Migrate: apply the migrations of this release, and invite the first super admin.

The deployment calls this function before it updates the other functions. An operator calls it with the event
`{"first_admin": "name@example.com"}`. If the platform has no super admin yet, the result then contains the code with
which the person accepts the invitation.
"""

from typing import Any

from aws_lambda_powertools import Logger

from wecelebrate.core.database.login import direct_url
from wecelebrate.members import first_admin
from wecelebrate.schema import migrate

logger = Logger()


CONNECT_SECONDS = 180


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    def report(name: str) -> None:
        logger.info("migrating", extra={"migration": name})

    url = direct_url()
    result: dict[str, Any] = {"applied": migrate(url, report=report, connect_seconds=CONNECT_SECONDS)}
    if event.get("first_admin"):
        result["invitation"] = first_admin.invite(url, str(event["first_admin"]))
    return result
