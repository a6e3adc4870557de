"""What tests of the local cloud share."""

import pytest

from infra.local.pgbouncer import find_pgbouncer
from infra.local.unprivileged import account


@pytest.fixture(scope="module")
def program() -> str:
    found = find_pgbouncer(account())
    if found is None:
        pytest.skip("no pgbouncer on this machine, or it is switched off")
    return found
