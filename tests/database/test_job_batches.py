"""Tests how workers claim jobs in batches: the order of the jobs, and the fair distribution of workers to clients."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.database.conftest import Database
from tests.database.world import A, B


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection whose transaction is rolled back. No mail is pending."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("delete from jobs where type = 'email_notification'")
        yield connection


def create(superuser: psycopg.Connection, client: object, names: str, priority: str = "normal") -> None:
    """Create a job for each letter of `names`. The first letter is the oldest job."""
    for name in names:
        superuser.execute(
            "insert into jobs (client_id, type, requested_by, payload, priority, queued_at)"
            " values (%s, 'email_notification', 'service:mail', jsonb_build_object('name', %s::text), %s,"
            " clock_timestamp())",
            [client, name, priority],
        )


def claim(superuser: psycopg.Connection, max_jobs: int, workers: int = 3) -> str:
    """Claim a batch, and return the names of its jobs."""
    rows = superuser.execute(
        "select payload ->> 'name', status, fence, attempts, batch"
        " from app.claim_job_batch('email_notification', %s, %s, 10)",
        [workers, max_jobs],
    ).fetchall()
    assert all(row[1:4] == ("processing", 1, 1) for row in rows)
    assert len({row[4] for row in rows}) <= 1 and all(row[4] for row in rows)
    return "".join(row[0] for row in rows)


def test_a_batch_has_the_oldest_jobs_of_the_highest_priority(superuser: psycopg.Connection) -> None:
    create(superuser, A, "abc")
    create(superuser, A, "xy", priority="high")
    assert claim(superuser, 3) == "xya"
    assert claim(superuser, 3) == "bc"
    assert claim(superuser, 3) == ""


def test_a_job_is_claimed_without_a_batch_after_a_failed_attempt(superuser: psycopg.Connection) -> None:
    create(superuser, A, "abcdef")
    superuser.execute("update jobs set failures = 1 where payload ->> 'name' in ('a', 'd', 'e')")
    assert [claim(superuser, 10, workers=9) for _ in range(5)] == ["a", "bcf", "d", "e", ""]


def test_all_jobs_of_a_batch_belong_to_one_client(superuser: psycopg.Connection) -> None:
    create(superuser, A, "ab")
    create(superuser, B, "xy")
    create(superuser, A, "c")
    assert [claim(superuser, 10), claim(superuser, 10)] == ["abc", "xy"]


def test_a_client_with_many_jobs_never_gets_all_workers(superuser: psycopg.Connection) -> None:
    create(superuser, A, "abcdefgh")
    assert [claim(superuser, 2) for _ in range(3)] == ["ab", "cd", ""]
    create(superuser, B, "x")
    assert claim(superuser, 2) == "x"


def test_the_jobs_of_a_batch_count_as_one_worker(superuser: psycopg.Connection) -> None:
    create(superuser, A, "abcdefghijkl")
    create(superuser, B, "x")
    assert [claim(superuser, 5) for _ in range(3)] == ["abcde", "x", "fghij"]


def test_a_job_that_is_not_due_is_not_claimed(superuser: psycopg.Connection) -> None:
    create(superuser, A, "ab")
    superuser.execute("update jobs set due_at = now() + interval '1 hour' where payload ->> 'name' = 'a'")
    assert claim(superuser, 5) == "b"


def test_a_job_leaves_its_batch_when_a_worker_claims_the_job_separately(superuser: psycopg.Connection) -> None:
    create(superuser, A, "a")
    claim(superuser, 5)
    superuser.execute("update jobs set status = 'pending', leased_until = null where type = 'email_notification'")
    row = superuser.execute("select batch from app.claim_job('email_notification', 3, 10)").fetchone()
    assert row == (None,)
