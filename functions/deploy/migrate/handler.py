"""Migrate: apply the migrations, invite the first super admin, restore one client, and check the database.

The deployment calls this function before it updates the other functions. An operator calls it with the event
`{"first_admin": "name@example.com"}`. If the platform has no super admin yet, the result contains the code to accept
the invitation.

With the event `{"restore_client": {"client": "acme", "restored": "host:5432", "copy": false}}`, the function migrates a
restored database, and compares a client in this database with the same client in the live database. If `copy` is true,
the function also copies the missing rows and restores changed values. `wecelebrate tenant` sends this event. Its format
is `wecelebrate.clients.restoration.Request`.

With the event `{"check_database": {"reader": "host:5432"}}`, the function runs the checks that are possible only on
this database, and returns their results (`wecelebrate.schema.database_check`).
"""

from typing import Any

from aws_lambda_powertools import Logger

from wecelebrate.clients import restoration
from wecelebrate.clients.restored_tables import TenantError
from wecelebrate.core.database.login import direct_url
from wecelebrate.members import first_admin
from wecelebrate.schema import database_check, migrate

logger = Logger()


CONNECT_SECONDS = 180


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    def report(name: str) -> None:
        logger.info("migrating", extra={"migration": name})

    url = direct_url()
    if request := event.get("restore_client"):
        restored = direct_url(request["restored"])
        # Rows are copied only between equal schemas, and a backup that is older than the last deploy can have an older
        # schema.
        migrate(restored, report=report, connect_seconds=CONNECT_SECONDS)
        try:
            return restoration.run(restored, url, restoration.Request.parse(request))
        except TenantError as error:
            return {"error": str(error)}
    if request := event.get("check_database"):
        return database_check.run(url, direct_url(request["reader"]))
    result: dict[str, Any] = {"applied": migrate(url, report=report, connect_seconds=CONNECT_SECONDS)}
    if event.get("first_admin"):
        result["invitation"] = first_admin.invite(url, str(event["first_admin"]))
    return result
