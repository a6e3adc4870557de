"""The command `wecelebrate migrate`: updates the local database to the schema of this release."""

from infra.command.console import console
from infra.local.control import running_endpoints
from infra.local.credentials import Credentials
from infra.local.database import prepare
from infra.local.endpoints import state_directory
from infra.local.postgres import DATABASE


def migrate() -> None:
    """Apply all pending migrations to the local database.

    It is safe to run this command several times, and while the database is in use.
    """
    state = state_directory()
    address = running_endpoints(state).database.rpartition("@")[2].partition("/")[0]
    credentials = Credentials.of(state)
    applied = prepare(address, credentials.superuser, DATABASE, credentials.logins, report=console.print)
    console.print(f"[green]✓[/] {len(applied)} migrations applied" if applied else "[green]✓[/] no pending migrations")
