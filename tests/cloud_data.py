"""Prepares the data of a new local cloud once. Each further local cloud of the test session starts with a copy.

The data consists of a migrated primary, a replica, and the passwords of both servers. Copying the data is much faster
than running the migrations.
"""

import fcntl
import shutil
import subprocess
from pathlib import Path

from infra.local.database import prepare
from infra.local.postgres import DATABASE, Postgres
from infra.local.processes import free_port
from infra.local.unprivileged import erase_postgres_home, postgres_account, postgres_home


def copy(template: Path, state: Path) -> None:
    """Copy the data in `template` to the new state directory `state`. Create the data if it does not exist."""
    complete = template / "complete"
    with template.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            with Postgres(template, free_port(), free_port()) as servers:
                prepare(servers.primary, servers.credentials.superuser, DATABASE, servers.credentials.logins)
            complete.touch()
    account = postgres_account()
    state.mkdir(parents=True)
    shutil.copy2(template / "secrets.json", state)
    # `cp` keeps the owner of the files, because PostgreSQL refuses the files of another user.
    subprocess.run(["cp", "-Rp", f"{postgres_home(template, account)}/.", postgres_home(state, account)], check=True)


def erase(template: Path) -> None:
    """Remove the data of the PostgreSQL servers, including data that is stored outside `template`."""
    erase_postgres_home(template)
