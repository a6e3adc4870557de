"""What a job shows of how far it is."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.database.conftest import Database
from tests.database.world import A_JOB


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.mark.parametrize(("heard_of", "left"), [("1 s", 30), ("19 s", 30), ("21 s", None), ("10 minutes", None)])
def test_the_time_left_is_told_while_the_worker_is_heard_of(
    superuser: psycopg.Connection, heard_of: str, left: int | None
) -> None:
    row = superuser.execute(
        "update jobs j set status = 'processing', done = 25, total = 100, started_at = now() - interval '10 s',"
        " leased_until = now() - %s::interval + interval '60 s'"
        " where id = %s returning (app.job_progress(j) -> 'eta_seconds')::text, app.job_progress(j) ->> 'percent'",
        [heard_of, A_JOB],
    ).fetchone()
    assert row == ("null" if left is None else str(left), "25.0")
