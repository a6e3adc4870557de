"""Tests the progress of a job as the API shows it."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.database.conftest import Database
from tests.database.world import A_JOB


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.mark.parametrize(
    ("renewed_ago", "eta_seconds"), [("1 s", 30), ("7 s", 30), ("9 s", None), ("10 minutes", None)]
)
def test_the_remaining_time_is_shown_only_during_a_valid_lease(
    superuser: psycopg.Connection, renewed_ago: str, eta_seconds: int | None
) -> None:
    row = superuser.execute(
        "update jobs j set status = 'processing', done = 25, total = 100, started_at = now() - interval '10 s',"
        " leased_until = now() - %s::interval + interval '12 s'"
        " where id = %s returning (app.job_progress(j) -> 'eta_seconds')::text, app.job_progress(j) ->> 'percent'",
        [renewed_ago, A_JOB],
    ).fetchone()
    assert row == ("null" if eta_seconds is None else str(eta_seconds), "25.0")


@pytest.mark.parametrize(("running_for", "eta_seconds"), [("1 s", None), ("2.9 s", None), ("3 s", 9)])
def test_the_remaining_time_is_not_shown_in_the_first_seconds(
    superuser: psycopg.Connection, running_for: str, eta_seconds: int | None
) -> None:
    row = superuser.execute(
        "update jobs j set status = 'processing', done = 25, total = 100, started_at = now() - %s::interval,"
        " leased_until = now() + interval '12 s' where id = %s returning app.job_progress(j) -> 'eta_seconds'",
        [running_for, A_JOB],
    ).fetchone()
    assert row == (eta_seconds,)
