"""Archives the WAL of a local cloud's PostgreSQL, and restores the database to a point in time, as Aurora
does on AWS.
"""

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from infra.local.credentials import Credentials
from infra.local.pid_files import ProcessIdentity
from infra.local.postgres import DATABASE, SUPERUSER, Server
from infra.local.postgres_binaries import Binaries
from infra.local.processes import free_port, run_command
from infra.local.unprivileged import postgres_account, postgres_home
from tests.platform import Platform


class Archive:
    """The base backup and the archived WAL of the primary of a local cloud."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.account = postgres_account()
        self.home = postgres_home(platform.state, self.account)
        self.binaries = Binaries.find(self.account, self.home)
        self.wal = self._folder("archive")
        self.base = self._folder("base")
        self.credentials = Credentials.of(platform.state)

    def start(self) -> None:
        """Start the archiving, and copy the primary. Archiving requires a restart of PostgreSQL by its supervisor."""
        database = self._platform.database
        database.execute("alter system set archive_mode = 'on'")
        database.execute(
            f"alter system set archive_command = 'test ! -f {self.wal}/%f && cp %p {self.wal}/%f'".encode()
        )
        identity = ProcessIdentity.read(self._platform.state / "run" / "postgres.json")
        assert identity is not None
        assert identity.process is not None
        identity.process.kill()
        self._platform.eventually(self._reconnect)
        port = self._platform.endpoints.database.rpartition(":")[2].partition("/")[0]
        command = [self.binaries["pg_basebackup"], "-D", str(self.base), "-h", "127.0.0.1", "-p", port]
        command += ["-U", SUPERUSER, "--wal-method=none", "--checkpoint=fast", "--no-sync", "--no-password"]
        run_command(
            "pg_basebackup",
            command,
            user=self.account.user,
            group=self.account.group,
            PGPASSWORD=self.credentials.superuser,
        )

    def finish(self) -> None:
        """Archive all WAL that was written until now."""
        row = self._platform.database.execute("select pg_walfile_name(pg_switch_wal()) as name").fetchone()
        assert row is not None
        self._platform.eventually((self.wal / row["name"]).exists)

    def _reconnect(self) -> bool:
        try:
            database = psycopg.connect(
                self._platform.endpoints.database, autocommit=True, row_factory=psycopg.rows.dict_row
            )
        except psycopg.OperationalError:
            return False
        self._platform.database.close()
        self._platform.database = database
        return database.execute("show archive_mode").fetchone() == {"archive_mode": "on"}

    def _folder(self, name: str) -> Path:
        folder = self.home / name
        folder.mkdir(mode=0o700)
        self.account.chown(folder)
        return folder


@dataclass
class RestoredServer(Server):
    """A second PostgreSQL server, with the data of a point in time."""

    @property
    def url(self) -> str:
        return f"postgresql://{SUPERUSER}:{self.credentials.superuser}@{self.address}/{DATABASE}"

    def restore(self, archive: Archive, to: datetime) -> None:
        """Copy the base backup, and replay the archived WAL until the given time. Wait for the end of the replay."""
        shutil.copytree(archive.base, self.data)
        for path in (self.data, *self.data.rglob("*")):
            self.account.chown(path)
        # With this file, the copy would archive its WAL into the same folder as the primary.
        (self.data / "postgresql.auto.conf").unlink()
        self._write("recovery.signal", "")
        self._launch(
            archive.binaries,
            restore_command=f"cp {archive.wal}/%f %p",
            recovery_target_time=to.isoformat(),
            recovery_target_action="promote",
        )

    def _ready(self) -> bool:
        if not super()._ready():
            return False
        with self.connect() as connection:
            return connection.execute("select pg_is_in_recovery()").fetchone() == (False,)


def restored(stack: ExitStack, archive: Archive, platform: Platform, to: datetime, name: str) -> RestoredServer:
    """Restore the database of a local cloud to a point in time, on a second server that stops at the end of `stack`."""
    server = RestoredServer(name, platform.state, free_port(), archive.credentials, archive.account, False)
    stack.callback(server.stop)
    server.restore(archive, to)
    return server


def checksums(url: str) -> dict[str, tuple[int, int]]:
    """Return the number of rows of each table, and the sum of the hashes of its rows. Omit the heartbeat table."""
    with psycopg.connect(url, autocommit=True) as connection:
        tables = connection.execute(
            "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.relkind = 'r' and n.nspname in ('public', 'app') and c.relname <> 'replica_heartbeat'"
        ).fetchall()
        query = " union all ".join(
            f"select '{table}', count(*), coalesce(sum(hashtextextended(r::text, 0)), 0)::numeric from {table} r"
            for (table,) in tables
        )
        return {table: (rows, int(total)) for table, rows, total in connection.execute(query.encode())}
