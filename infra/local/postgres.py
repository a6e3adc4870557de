"""Runs PostgreSQL, with a primary and a streaming replica.

The data survives a restart. Each start removes the `postmaster.pid` of a killed server. If the replica needs changes
that the primary has removed, the start copies the primary again.
"""

import contextlib
import logging
import shutil
import signal
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from infra.environments import LOG_SETTINGS
from infra.local.credentials import Credentials
from infra.local.hints import this_command
from infra.local.pid_files import terminate
from infra.local.postgres_binaries import Binaries
from infra.local.processes import LocalCloudError, Process, StartCancelled, run_command
from infra.local.service import Service
from infra.local.unprivileged import PRIMARY, Account, erase_postgres_home, postgres_account, postgres_home

log = logging.getLogger(__name__)

DATABASE = "wecelebrate"
SUPERUSER = "postgres"
_REPLICATION = "replicator"
_SLOT = "replica"

_SETTINGS = {
    # Use only TCP. A Unix socket needs a path of at most 107 bytes, and the path of a checkout can be longer.
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "password_encryption": "scram-sha-256",
    # The replica also needs query statistics, because it has the statistics of reads.
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "all",
    "wal_level": "replica",
    "hot_standby": "on",
    "hot_standby_feedback": "on",
    "max_wal_senders": "10",
    "max_replication_slots": "10",
    # While the replica is disconnected, the replication slot keeps at most this amount of WAL. If the replica needs
    # older WAL, the primary is copied again.
    "max_slot_wal_keep_size": "1GB",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "200ms",
    # As in production, a commit returns when its changes are on disk. A commit takes about 1 ms longer, but the start
    # of the local cloud does not take longer.
    "synchronous_commit": "on",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %u ",
    # The same settings as on AWS (infra/aws/data.py). The log must not contain the values of rows and parameters.
    **LOG_SETTINGS,
}

_ACCESS = """\
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""


@dataclass
class Server:
    """A PostgreSQL server: a data directory and a process. This is the base class of `Primary` and `Replica`."""

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
            # On SIGINT, PostgreSQL shuts down quickly. On SIGTERM, PostgreSQL would wait until the last client
            # disconnects.
            stop_signal=signal.SIGINT,
        )

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def home(self) -> Path:
        return postgres_home(self.state, self.account)

    @property
    def data(self) -> Path:
        return self.home / self.name

    def connect(self, database: str = SUPERUSER) -> psycopg.Connection[tuple[Any, ...]]:
        """Open a connection as the superuser, in autocommit mode."""
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
        """Write the configuration and start the server process."""
        self._clear_postmaster_pid()
        fsync = "on" if self.durable else "off"
        self._write(
            "postgresql.conf", _configuration({**_SETTINGS, "fsync": fsync, "port": str(self.port), **settings})
        )
        self._write("pg_hba.conf", _ACCESS)
        self.process.command = [binaries["postgres"], "-D", str(self.data)]
        try:
            self.process.start()
        except LocalCloudError:
            # The children of a killed postmaster still use its shared memory for a moment. Try to start once more.
            if "shared memory" not in self.process.last_log_lines(lines=3):
                raise
            time.sleep(1)
            self.process.start()

    def _clear_postmaster_pid(self) -> None:
        """Make sure that the `postmaster.pid` of a killed server does not prevent the start.

        PostgreSQL does not start if any process has the pid in this file. If this process is the postmaster of the
        directory, the method terminates the process. If it is another program, the method removes the file. If no
        process has the pid, PostgreSQL removes the file, unless children of the postmaster still use its memory.
        """
        file = self.data / "postmaster.pid"
        try:
            pid = int(file.read_text("utf-8").split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if process.name() == "postgres" and str(self.data) in process.cmdline():
                terminate(process, signal.SIGINT, timeout=10)
            else:
                file.unlink(missing_ok=True)

    def _write(self, name: str, text: str) -> None:
        file = self.data / name
        file.write_text(text, "utf-8")
        self.account.chown(file)

    def _ready(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise LocalCloudError(
                    f"the password in {self.state}/secrets.json is not the password of {self.data}: "
                    f"run `{this_command()} down --erase` to remove all data, then start again"
                ) from error
            return False
        return True


@dataclass
class Primary(Server):
    """The server for writes. It contains the database `wecelebrate`, `pg_stat_statements` and the replication slot."""

    def start(self) -> None:
        binaries = Binaries.find(self.account, self.home)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(binaries)
        data_version = (self.data / "PG_VERSION").read_text("utf-8").strip()
        if data_version != str(binaries.version):
            raise LocalCloudError(
                f"{self.data} belongs to PostgreSQL {data_version}, but {binaries.version} is installed: "
                f"run `{this_command()} down --erase` to remove all data, then start again"
            )
        self._launch(binaries)
        self._create_objects()

    def _initialise(self, binaries: Binaries) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        password = self.data.with_name("password")
        password.touch(mode=0o600)
        password.write_text(self.credentials.superuser, "utf-8")
        self.account.chown(password)
        command = [binaries["initdb"], "-D", str(self.data), "-U", SUPERUSER, "--pwfile", str(password)]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--no-instructions"]
        try:
            # The trigram index for search needs a UTF-8 locale for letters outside ASCII. macOS has no C.UTF-8.
            try:
                self._initdb([*command, "--locale=C.UTF-8"])
            except LocalCloudError:
                self._initdb([*command, "--locale=en_US.UTF-8"])
        except LocalCloudError:
            shutil.rmtree(self.data, ignore_errors=True)
            raise
        finally:
            password.unlink()

    def _initdb(self, command: list[str]) -> None:
        run_command("initdb", command, user=self.account.user, group=self.account.group)

    def _create_objects(self) -> None:
        """Create the replication role, the database and the extension, if they do not exist."""
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
    """The server for reads: a streaming replica of the primary."""

    primary: Primary

    def start(self) -> None:
        """Start the replica, and return when it receives changes from the primary by streaming.

        If the existing copy belongs to another primary, or needs changes that the primary has already removed, copy the
        primary again.
        """
        binaries = Binaries.find(self.account, self.home)
        self._clear_postmaster_pid()
        self.process.stop()
        # First check the port. If the port is in use, the code below would otherwise conclude that the copy is damaged.
        self.process.require_ports()
        if self._is_copy() and self._slot_has_wal():
            try:
                self._stream(binaries)
                return
            except StartCancelled:
                raise
            except LocalCloudError as error:
                if not self.primary.process.running:
                    raise
                log.warning("the replica did not start, copying the primary again: %s", error)
        self._copy(binaries)
        self._stream(binaries)

    def _stream(self, binaries: Binaries) -> None:
        conninfo = (
            f"host=127.0.0.1 port={self.primary.port} user={_REPLICATION} "
            f"password={self.credentials.replication} application_name={_SLOT}"
        )
        self._launch(binaries, primary_conninfo=conninfo, primary_slot_name=_SLOT)

    def _ready(self) -> bool:
        return super()._ready() and self.replication_state() == "streaming"

    def replication_state(self) -> str:
        """Return the replica's state in `pg_stat_replication`, or "" if the replica is not connected."""
        with self.primary.connect() as connection:
            cursor = connection.execute("select state from pg_stat_replication where application_name = %s", [_SLOT])
            return str((cursor.fetchone() or [""])[0])

    def _is_copy(self) -> bool:
        """Return whether the data directory is a copy of the primary."""
        standby = (self.data / "standby.signal").exists()
        return standby and _system_identifier(self.data) == _system_identifier(self.primary.data)

    def _slot_has_wal(self) -> bool:
        """Return whether the primary still has all the WAL that this replica needs."""
        with self.primary.connect() as connection:
            cursor = connection.execute("select wal_status from pg_replication_slots where slot_name = %s", [_SLOT])
            row = cursor.fetchone()
            return row is not None and row[0] not in (None, "lost")

    def _copy(self, binaries: Binaries) -> None:
        """Create a new replication slot, and copy the primary with pg_basebackup."""
        shutil.rmtree(self.data, ignore_errors=True)
        with self.primary.connect() as connection:
            if _exists(connection, "pg_replication_slots", "slot_name", _SLOT):
                connection.execute("select pg_drop_replication_slot(%s)", [_SLOT])
            connection.execute("select pg_create_physical_replication_slot(%s, true)", [_SLOT])
        command = [binaries["pg_basebackup"], "-D", str(self.data), "-h", "127.0.0.1"]
        command += ["-p", str(self.primary.port), "-U", _REPLICATION, "--slot", _SLOT]
        command += ["--wal-method=stream", "--checkpoint=fast", "--no-sync", "--no-password"]
        run_command(
            "pg_basebackup",
            command,
            user=self.account.user,
            group=self.account.group,
            PGPASSWORD=self.credentials.replication,
        )
        self._write("standby.signal", "")


class Postgres(Service):
    """A primary and its replica. Example:

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
        """Prepare the servers, but do not start them.

        state: the directory for logs, pid files, and the data or a symbolic link to the data.
        credentials: the passwords, by default from `state`.
        durable: whether fsync is on. Without fsync, commits are faster, and data survives a kill of PostgreSQL, but not
        a crash of the machine.
        """
        self.state = state
        self.credentials = credentials or Credentials.of(state)
        self.account = postgres_account()
        common = (self.credentials, self.account, durable)
        self.primary_server = Primary(PRIMARY, state, port, *common)
        self.replica_server = Replica("replica", state, replica_port, *common, self.primary_server)

    @property
    def primary(self) -> str:
        """The address (`host:port`) of the primary."""
        return self.primary_server.address

    @property
    def replica(self) -> str:
        """The address (`host:port`) of the replica."""
        return self.replica_server.address

    @property
    def primary_url(self) -> str:
        """The URL of the primary, with the password of the superuser."""
        return _url(self.primary, self.credentials)

    @property
    def replica_url(self) -> str:
        """The URL of the replica, with the password of the superuser."""
        return _url(self.replica, self.credentials)

    def start(self) -> None:
        """Start both servers, and return when the replica receives changes. Raises LocalCloudError."""
        self.primary_server.start()
        self.replica_server.start()

    def stop(self) -> None:
        self.replica_server.stop()
        self.primary_server.stop()

    def erase(self) -> None:
        """Remove the data of both servers. Both servers must already be stopped."""
        erase_postgres_home(self.state)


def _configuration(settings: dict[str, str]) -> str:
    return "".join(f"{name} = '{value}'\n" for name, value in settings.items())


def _exists(connection: psycopg.Connection[tuple[Any, ...]], table: str, column: str, value: str) -> bool:
    query = sql.SQL("select 1 from {} where {} = %s").format(sql.Identifier(table), sql.Identifier(column))
    return connection.execute(query, [value]).fetchone() is not None


def _system_identifier(data: Path) -> int | None:
    """Return the system identifier, or None if the file pg_control does not exist.

    The identifier is the first eight bytes of pg_control. A copy has the same identifier as its primary.
    """
    try:
        with (data / "global" / "pg_control").open("rb") as file:
            (identifier,) = struct.unpack("=Q", file.read(8))
            return int(identifier)
    except OSError:
        return None


def _url(address: str, credentials: Credentials) -> str:
    return f"postgresql://{SUPERUSER}:{credentials.superuser}@{address}/{DATABASE}"
