"""Tests the count of the erasures that a restored database has lost. A local PostgreSQL server replaces the Aurora
cluster."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from infra.deploy import lost_erasures as module
from infra.deploy.account import Account
from infra.deploy.lost_erasures import SEARCHES_FILES, LostErasures, lost_erasures
from infra.environments import get_environment
from infra.local.postgres import Postgres
from tests.infra.aws.test_bootstrap import cluster
from tests.infra.deploy.test_first_admin import migrated
from tests.infra.deploy.test_sql import DataApi, api
from wecelebrate.erasures import worker

__all__ = ["api", "cluster", "migrated"]


@pytest.fixture
def superuser(migrated: Postgres) -> Iterator[psycopg.Connection]:
    with psycopg.connect(migrated.primary_url, autocommit=True) as connection:
        yield connection


def new_client(superuser: psycopg.Connection) -> str:
    row = superuser.execute(
        "insert into clients (name, slug) values ('Other', %s) returning id::text", [f"client-{uuid4().hex[:12]}"]
    ).fetchone()
    assert row
    return str(row[0])


def new_erasure(superuser: psycopg.Connection, client: str, cause: str, step: int | None, *, complete: bool) -> str:
    """Create an erasure. `step` is the step of its job, or None if the job of the erasure was deleted."""
    job = None
    if step is not None:
        row = superuser.execute(
            "insert into jobs (client_id, type, requested_by, payload, checkpoint) values (%s, 'erasure',"
            " 'service:system', '{}', jsonb_build_object('step', %s::integer)) returning id",
            [client, step],
        ).fetchone()
        assert row
        (job,) = row
    row = superuser.execute(
        "insert into erasures (client_id, job_id, cause, requested_by, completed_at)"
        " values (%s, %s, %s, 'service:system', case when %s then now() end) returning id::text",
        [client, job, cause, complete],
    ).fetchone()
    assert row
    return str(row[0])


def compare(listed: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch, *, complete: bool = False) -> LostErasures:
    monkeypatch.setattr(module, "_listed", lambda _: iter(listed))
    account = Account(get_environment("dev", {"settings_folder": "/nonexistent"}.get))
    return lost_erasures(account, complete=complete)


def test_an_erasure_in_the_list_is_lost_if_the_database_does_not_contain_it(
    api: DataApi, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = new_client(superuser)
    listed = (client, new_erasure(superuser, client, "request", 0, complete=True))
    lost, of_unknown_client = (client, str(uuid4())), (str(uuid4()), str(uuid4()))
    assert compare([listed, lost, of_unknown_client], monkeypatch) == LostErasures(1, 0)
    monkeypatch.setattr(module, "_IDS_PER_STATEMENT", 2)  # the list then has more ids than one statement can contain
    assert compare([listed, lost, of_unknown_client, (client, str(uuid4())), listed], monkeypatch) == LostErasures(2, 0)
    assert not compare([listed], monkeypatch)
    assert not compare([], monkeypatch)


def test_a_repeated_erasure_is_counted_until_no_table_contains_the_person(
    api: DataApi, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = new_client(superuser)
    for step, complete in ((SEARCHES_FILES, False), (SEARCHES_FILES, True), (0, True)):
        new_erasure(superuser, client, "restore", step, complete=complete)
    assert compare([], monkeypatch) == LostErasures(0, 0)
    new_erasure(superuser, client, "restore", SEARCHES_FILES - 1, complete=False)
    new_erasure(superuser, client, "restore", None, complete=False)
    assert compare([], monkeypatch) == LostErasures(0, 2)
    assert compare([], monkeypatch).text == "2 erasures have not erased their persons yet"


def test_an_unfinished_erasure_in_the_backup_is_counted_until_the_person_is_erased(
    api: DataApi, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [compare([], monkeypatch, complete=complete).unfinished for complete in (False, True)]
    client = new_client(superuser)
    steps = ((None, False), (0, False), (SEARCHES_FILES - 1, False), (SEARCHES_FILES, False), (SEARCHES_FILES, True))
    listed = [(client, new_erasure(superuser, client, "request", step, complete=done)) for step, done in steps]
    new_erasure(superuser, client, "retention", 0, complete=False)  # the list does not contain this erasure
    assert compare(listed, monkeypatch) == LostErasures(0, before[0] + 3)
    assert compare(listed, monkeypatch, complete=True) == LostErasures(0, before[1] + 4)


def test_the_check_before_opening_the_platform_counts_incomplete_repeated_erasures(
    api: DataApi, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = compare([], monkeypatch, complete=True).unfinished
    client = new_client(superuser)
    for complete in (True, False):
        new_erasure(superuser, client, "restore", SEARCHES_FILES, complete=complete)
    assert compare([], monkeypatch, complete=True) == LostErasures(0, before + 1)


def test_all_tables_are_erased_before_the_step_that_searches_files() -> None:
    assert worker._STEPS[SEARCHES_FILES] is worker._search_files
