"""`wecelebrate migrate`: bring the local database to this release."""

from infra.command.console import console
from infra.local.control import running_endpoints
from infra.local.credentials import Credentials
from infra.local.database import prepare
from infra.local.endpoints import state_directory
from infra.local.postgres import DATABASE


def migrate() -> None:
    """Apply new migrations and changed functions to the local database. Safe to repeat, also while it is in use."""
    state = state_directory()
    place = running_endpoints(state).database.rpartition("@")[2].partition("/")[0]
    credentials = Credentials.of(state)
    applied = prepare(place, credentials.superuser, DATABASE, credentials.logins, report=console.print)
    console.print(f"[green]✓[/] {len(applied)} schema files applied" if applied else "[green]✓[/] nothing to apply")
