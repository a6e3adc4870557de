"""The command `wecelebrate migrate`: updates the local database to the schema of this release."""

from infra.command import output
from infra.command.api import local_cloud
from infra.command.errors import database_errors
from infra.command.help import LOCAL, command


@command("wecelebrate migrate", environment=LOCAL)
def migrate() -> None:
    """Apply all pending migrations to the local database.

    It is safe to run this command several times, and while the database is in use. The command needs the local cloud.
    The deploy migrates the database of a deployed platform.
    """
    cloud = local_cloud("migrate")
    from infra.local.credentials import Credentials
    from infra.local.database import prepare
    from infra.local.postgres import DATABASE

    address = cloud.endpoints.database.rpartition("@")[2].partition("/")[0]
    credentials = Credentials.of(cloud.state)
    with database_errors():
        applied = prepare(address, credentials.superuser, DATABASE, credentials.logins, report=output.note)
    output.success(f"{len(applied)} migrations applied" if applied else "no pending migrations")
