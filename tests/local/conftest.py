"""What tests of the local cloud share."""

import os
from pathlib import Path

import pytest

from infra.local.pgbouncer import find_pgbouncer
from infra.local.unprivileged import postgres_account
from tests.command import Command, CommandHere


@pytest.fixture
def wecelebrate(state: Path) -> Command:
    """The command for the session's cloud."""
    home = state.parent
    return CommandHere(home, {**os.environ, "WECELEBRATE_HOME": str(home), "COLUMNS": "200"})


@pytest.fixture(scope="module")
def program() -> str:
    found = find_pgbouncer(postgres_account())
    if found is None:
        pytest.skip("no pgbouncer on this machine, or it is switched off")
    return found
