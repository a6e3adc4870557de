"""PostgreSQL: a primary and a streaming replica, real ones.

A second start takes the data up again. Neither a `postmaster.pid` that a kill left behind nor a replica that fell too
far back stops it: the one is removed when no such process lives, the other is copied from the primary again.
"""

import contextlib
import logging
import shutil
import signal
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import psycopg
from psycopg import sql

from infra.local.credentials import Credentials
from infra.local.hints import this_command
from infra.local.pid_files import end
from infra.local.postgres_binaries import Binaries
from infra.local.processes import LocalCloudError, Process, Stopped, run
from infra.local.unprivileged import Account, account, erase_home, home_of

log = logging.getLogger(__name__)

DATABASE = "wecelebrate"
SUPERUSER = "postgres"

_REPLICATION = "replicator"
_SLOT = "replica"

_SETTINGS = {
    # TCP alone: the path of a socket has a limit of 107 bytes, which a deep checkout passes.
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "password_encryption": "scram-sha-256",
    # Queries are counted on both servers: what the replica answered is read there.
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "all",
    "wal_level": "replica",
    "hot_standby": "on",
    "hot_standby_feedback": "on",
    "max_wal_senders": "10",
    "max_replication_slots": "10",
    # The slot keeps the log for a replica that is away, up to a size; beyond it the replica is copied anew.
    "max_slot_wal_keep_size": "1GB",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "200ms",
    # As in production: a commit that was answered is on the disk. It costs a start nothing, and a commit about 1 ms.
    "synchronous_commit": "on",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %u ",
    "log_min_messages": "warning",
}

_ACCESS = """\
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""


@dataclass
class Server:
    """What primary and replica have in common: a data directory and a process on it."""

    name: str
    state: Path
    port: int
    credentials: Credentials
    account: Account
    durable: bool
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.process = Process(
            self.name,
            [],
            self.state,
            self._ready,
            ports={self.name: self.port},
            cwd=Path("/"),
            user=self.account.user,
            group=self.account.group,
            # A fast shutdown; SIGTERM would wait until the last client goes.
            stop_signal=signal.SIGINT,
        )

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def home(self) -> Path:
        return home_of(self.state, self.account)

    @property
    def data(self) -> Path:
        return self.home / self.name

    def connect(self, database: str = SUPERUSER) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of the superuser, in autocommit."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=self.credentials.superuser,
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def stop(self) -> None:
        self.process.stop()

    def _launch(self, binaries: Binaries, **settings: str) -> None:
        self._end_earlier()
        fsync = "on" if self.durable else "off"
        self._write(
            "postgresql.conf", _configuration({**_SETTINGS, "fsync": fsync, "port": str(self.port), **settings})
        )
        self._write("pg_hba.conf", _ACCESS)
        self.process.command = [binaries["postgres"], "-D", str(self.data)]
        try:
            self.process.start()
        except LocalCloudError:
            # The processes of a killed postmaster hold its shared memory for the moment they need to notice.
            if "shared memory" not in self.process.last_words(lines=3):
                raise
            time.sleep(1)
            self.process.start()

    def _end_earlier(self) -> None:
        """End a postmaster of ours that outlived its supervisor; forget one whose pid another process has by now.

        postgres refuses to start when any process has the pid that stands in `postmaster.pid`. When none has, the file
        is left to postgres, which then also looks for processes of the killed one that still hold its memory.
        """
        file = self.data / "postmaster.pid"
        try:
            pid = int(file.read_text("utf-8").split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            found = psutil.Process(pid)
            if found.name() == "postgres" and str(self.data) in found.cmdline():
                end(found, signal.SIGINT, patience=10)
            else:
                file.unlink(missing_ok=True)

    def _write(self, name: str, text: str) -> None:
        file = self.data / name
        file.write_text(text, "utf-8")
        self.account.give(file)

    def _ready(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise LocalCloudError(
                    f"{self.state}/secrets.json does not open {self.data}: "
                    f"`{this_command()} down --erase` starts afresh"
                ) from error
            return False
        return True


@dataclass
class Primary(Server):
    """The server that writes go to. It has the database `wecelebrate`, `pg_stat_statements` and the replica's slot."""

    def start(self) -> None:
        binaries = Binaries.find(self.account, self.home)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(binaries)
        made_by = (self.data / "PG_VERSION").read_text("utf-8").strip()
        if made_by != str(binaries.version):
            raise LocalCloudError(
                f"{self.data} was made by PostgreSQL {made_by}, this is {binaries.version}: "
                f"`{this_command()} down --erase` starts afresh"
            )
        self._launch(binaries)
        self._furnish()

    def _initialise(self, binaries: Binaries) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        password = self.data.with_name("password")
        password.touch(mode=0o600)
        password.write_text(self.credentials.superuser, "utf-8")
        self.account.give(password)
        command = [binaries["initdb"], "-D", str(self.data), "-U", SUPERUSER, "--pwfile", str(password)]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--no-instructions"]
        try:
            # Trigrams of letters beyond ASCII need a locale that knows them; macOS has no C.UTF-8.
            try:
                run("initdb", [*command, "--locale=C.UTF-8"], user=self.account.user, group=self.account.group)
            except LocalCloudError:
                run("initdb", [*command, "--locale=en_US.UTF-8"], user=self.account.user, group=self.account.group)
        except LocalCloudError:
            shutil.rmtree(self.data, ignore_errors=True)
            raise
        finally:
            password.unlink()

    def _furnish(self) -> None:
        with self.connect() as connection:
            verb = "alter" if _exists(connection, "pg_roles", "rolname", _REPLICATION) else "create"
            connection.execute(
                sql.SQL("{} role {} login replication password {}").format(
                    sql.SQL(verb), sql.Identifier(_REPLICATION), sql.Literal(self.credentials.replication)
                )
            )
            if not _exists(connection, "pg_database", "datname", DATABASE):
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
        with self.connect(DATABASE) as connection:
            connection.execute("create extension if not exists pg_stat_statements")


@dataclass
class Replica(Server):
    """The server that reads go to: a streaming copy of the primary."""

    primary: Primary

    def start(self) -> None:
        """Start and return when it streams. A copy that is of another primary, or too old to catch up, is made anew."""
        binaries = Binaries.find(self.account, self.home)
        self._end_earlier()
        self.process.stop()
        # Before anything else may fail: a port in use says nothing against the copy.
        self.process.require_ports()
        if self._is_copy() and self._slot_holds():
            try:
                self._stream(binaries)
                return
            except Stopped:
                raise
            except LocalCloudError as error:
                if not self.primary.process.running:
                    raise
                log.warning("the replica is copied from the primary again: %s", error)
        self._copy(binaries)
        self._stream(binaries)

    def _stream(self, binaries: Binaries) -> None:
        conninfo = (
            f"host=127.0.0.1 port={self.primary.port} user={_REPLICATION} "
            f"password={self.credentials.replication} application_name={_SLOT}"
        )
        self._launch(binaries, primary_conninfo=conninfo, primary_slot_name=_SLOT)

    def _ready(self) -> bool:
        return super()._ready() and self.state_of_streaming() == "streaming"

    def state_of_streaming(self) -> str:
        """`pg_stat_replication.state` as the primary sees it; empty when the replica is not connected."""
        with self.primary.connect() as connection:
            row = connection.execute("select state from pg_stat_replication where application_name = %s", [_SLOT])
            return str((row.fetchone() or [""])[0])

    def _is_copy(self) -> bool:
        return (self.data / "standby.signal").exists() and _system(self.data) == _system(self.primary.data)

    def _slot_holds(self) -> bool:
        """Whether the primary still has all the log that the copy lacks."""
        with self.primary.connect() as connection:
            found = connection.execute("select wal_status from pg_replication_slots where slot_name = %s", [_SLOT])
            row = found.fetchone()
            return row is not None and row[0] not in (None, "lost")

    def _copy(self, binaries: Binaries) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        with self.primary.connect() as connection:
            if _exists(connection, "pg_replication_slots", "slot_name", _SLOT):
                connection.execute("select pg_drop_replication_slot(%s)", [_SLOT])
            connection.execute("select pg_create_physical_replication_slot(%s, true)", [_SLOT])
        command = [binaries["pg_basebackup"], "-D", str(self.data), "-h", "127.0.0.1"]
        command += ["-p", str(self.primary.port), "-U", _REPLICATION, "--slot", _SLOT]
        command += ["--wal-method=stream", "--checkpoint=fast", "--no-sync", "--no-password"]
        run(
            "pg_basebackup",
            command,
            user=self.account.user,
            group=self.account.group,
            PGPASSWORD=self.credentials.replication,
        )
        self._write("standby.signal", "")


class Postgres:
    """Primary and replica together.

    `with Postgres(state, free_port(), free_port()) as postgres: psycopg.connect(postgres.primary_url)`
    """

    def __init__(
        self,
        state: Path,
        port: int,
        replica_port: int,
        credentials: Credentials | None = None,
        *,
        durable: bool = True,
    ) -> None:
        """`state` is where data (or a link to it), logs and pid files go; credentials default to those of `state`.

        What is not `durable` (for tests: faster) survives a kill of PostgreSQL, but not a crash of the machine.
        """
        self.state = state
        self.credentials = credentials or Credentials.of(state)
        self.account = account()
        common = (self.credentials, self.account, durable)
        self.primary_server = Primary("postgres", state, port, *common)
        self.replica_server = Replica("replica", state, replica_port, *common, self.primary_server)

    @property
    def primary(self) -> str:
        """`host:port` of the primary."""
        return self.primary_server.address

    @property
    def replica(self) -> str:
        """`host:port` of the replica."""
        return self.replica_server.address

    @property
    def primary_url(self) -> str:
        """URL of the superuser on the primary, with password."""
        return _url(self.primary, self.credentials)

    @property
    def replica_url(self) -> str:
        """URL of the superuser on the replica, with password."""
        return _url(self.replica, self.credentials)

    def start(self) -> None:
        """Start both; returns when the replica streams. Raises LocalCloudError."""
        self.primary_server.start()
        self.replica_server.start()

    def stop(self) -> None:
        self.replica_server.stop()
        self.primary_server.stop()

    def erase(self) -> None:
        """Remove the data of both, wherever it lies. They must be stopped."""
        erase_home(self.state)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _configuration(settings: dict[str, str]) -> str:
    return "".join(f"{name} = '{value}'\n" for name, value in settings.items())


def _exists(connection: psycopg.Connection[tuple[Any, ...]], table: str, column: str, value: str) -> bool:
    query = sql.SQL("select 1 from {} where {} = %s").format(sql.Identifier(table), sql.Identifier(column))
    return connection.execute(query, [value]).fetchone() is not None


def _system(data: Path) -> int | None:
    """The system identifier, the first eight bytes of pg_control: a copy has that of its primary."""
    try:
        with (data / "global" / "pg_control").open("rb") as file:
            (identifier,) = struct.unpack("=Q", file.read(8))
            return int(identifier)
    except OSError:
        return None


def _url(address: str, credentials: Credentials) -> str:
    return f"postgresql://{SUPERUSER}:{credentials.superuser}@{address}/{DATABASE}"
