"""Tests the check of a database after the first deploy, with a primary and a replica."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.local.postgres import Postgres
from tests.database.replicas import started
from wecelebrate.schema import database_check


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="module")
def servers(folder: Path) -> Iterator[Postgres]:
    with started(folder) as servers:
        yield servers


def test_a_replica_knows_which_transactions_it_has_replayed(servers: Postgres) -> None:
    for _ in range(2):  # the check can be repeated, because it removes all its rows
        assert database_check.run(servers.primary_url, servers.replica_url) == {"readers": True, "large_objects": True}
    with psycopg.connect(servers.primary_url) as connection:
        assert connection.execute("select to_regclass('app.reader_check')").fetchone() == (None,)


def test_a_killed_check_can_be_repeated(servers: Postgres) -> None:
    with psycopg.connect(servers.primary_url) as connection:
        connection.execute("set local role app_owner")
        connection.execute("create table app.reader_check (id int)")
    assert database_check.run(servers.primary_url, servers.replica_url)["readers"] is True


def test_a_replica_that_reports_a_replay_too_early_is_detected(servers: Postgres) -> None:
    with psycopg.connect(servers.primary_url) as connection:
        (source,) = connection.execute(
            "select pg_get_functiondef('app.has_replayed(xid8)'::regprocedure)"
        ).fetchone() or ("",)
        connection.execute(
            "create or replace function app.has_replayed(xid xid8) returns boolean language sql as 'select true'"
        )
    try:
        assert database_check.run(servers.primary_url, servers.replica_url)["readers"] is False
    finally:
        with psycopg.connect(servers.primary_url) as connection:
            connection.execute(source.encode())


def test_a_cluster_without_a_reader_is_reported(servers: Postgres) -> None:
    assert database_check.run(servers.primary_url, servers.primary_url)["readers"] is None


def test_the_log_contains_a_slow_statement_without_parameter_values(servers: Postgres, folder: Path) -> None:
    database_check.run(servers.primary_url, servers.replica_url)
    logs = "".join(file.read_text("utf-8", "replace") for file in folder.rglob("*.log"))
    assert database_check.LOGGED in logs
    assert database_check.VALUE not in logs
