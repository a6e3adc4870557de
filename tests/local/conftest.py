"""Fixtures for the tests of the local cloud."""

import os
from pathlib import Path

import pytest

from infra.local.pgbouncer import find_pgbouncer
from infra.local.unprivileged import postgres_account
from tests.command import Command, CommandHere


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Run asynchronous tests on uvloop, which the function host also uses."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
def wecelebrate(state: Path) -> Command:
    """The `wecelebrate` command. It controls the local cloud that all tests of the session share."""
    home = state.parent
    return CommandHere(home, {**os.environ, "WECELEBRATE_HOME": str(home), "COLUMNS": "200"})


@pytest.fixture(scope="module")
def pgbouncer_program() -> str:
    """The path of the program pgbouncer.

    The fixture skips the test if pgbouncer is not installed, or if WECELEBRATE_POOLER is `off`.
    """
    program = find_pgbouncer(postgres_account())
    if program is None:
        pytest.skip("pgbouncer is not installed, or WECELEBRATE_POOLER is off")
    return program
