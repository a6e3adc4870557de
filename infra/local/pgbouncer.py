"""Runs pgbouncer as the connection pooler of the primary and of the replica, if pgbouncer is installed.

The two poolers replace RDS Proxy, which has one endpoint for writes and one endpoint for reads. Only functions connect
through a pooler. Migrations and the demo data connect directly to PostgreSQL. The poolers use transaction mode: a
client has a server connection only during a transaction. Therefore code that uses the state of a session after a
transaction fails.
"""

import os
import re
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from infra.local.credentials import Credentials
from infra.local.postgres import DATABASE, SUPERUSER, Server
from infra.local.processes import LocalCloudError, Process, run_command
from infra.local.service import Service
from infra.local.unprivileged import Account, accessible_to_all

VARIABLE = "WECELEBRATE_POOLER"
"""The environment variable that disables the poolers if its value is `off`."""

MAX_SERVER_CONNECTIONS = 20
"""The maximum number of connections from a pooler to its PostgreSQL server, for all logins together."""

MAX_CLIENT_CONNECTIONS = 500

QUERY_WAIT_TIMEOUT = {"writer": 5, "reader": 1}
"""The maximum time that a transaction waits for a server connection, in seconds. The value for the writer is the
`borrow_timeout` of RDS Proxy. The value for the reader is lower, because functions can then read from the primary."""

_MIGRATOR = "wc_migrate"
_SETTINGS = {
    "listen_addr": "127.0.0.1",
    "unix_socket_dir": "",
    "auth_type": "scram-sha-256",
    "pool_mode": "transaction",
    "default_pool_size": str(MAX_SERVER_CONNECTIONS),
    "max_db_connections": str(MAX_SERVER_CONNECTIONS),
    "max_client_conn": str(MAX_CLIENT_CONNECTIONS),
    # pgbouncer cannot apply startup parameters such as `options`. With an empty list, pgbouncer rejects a connection
    # with such a parameter, so that a developer notices the mistake.
    "ignore_startup_parameters": "",
    "admin_users": SUPERUSER,
    # After a failure of the server, pgbouncer soon tries to connect again, even without a request of a client.
    # Otherwise the first transaction of each login would fail.
    "server_login_retry": "0.1",
    "min_pool_size": "1",
    "server_connect_timeout": "3",
    "log_connections": "0",
    "log_disconnections": "0",
    "log_stats": "0",
}


def find_pgbouncer(owner: Account) -> str | None:
    """Return the path of pgbouncer.

    Return None if WECELEBRATE_POOLER is `off`, if pgbouncer is not installed, or if `owner` cannot run it. Raises
    LocalCloudError for an invalid value of WECELEBRATE_POOLER.
    """
    setting = os.environ.get(VARIABLE) or "on"
    if setting not in {"on", "off"}:
        raise LocalCloudError(f"{VARIABLE}={setting} is not valid: set it to on or off")
    # Linux distributions install pgbouncer in a folder that is not on the PATH of ordinary users.
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
    if setting == "off" or not program:
        return None
    if owner.user is not None and not accessible_to_all(Path(program).resolve().parent):
        return None
    return program


@dataclass
class Pooler(Service):
    """A pgbouncer for one PostgreSQL server. Example:

    `with Pooler("writer", program, postgres.primary_server, free_port()) as pooler: psycopg.connect(pooler.url)`
    """

    role: str
    """The role of the server: `writer` or `reader`."""
    program: str
    server: Server
    port: int
    server_connections: int = MAX_SERVER_CONNECTIONS
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.process = Process(
            f"pool-{self.role}",
            [],
            self.server.state,
            self._ready,
            ports={f"pooler_{self.role}": self.port},
            cwd=Path("/"),
            user=self.server.account.user,
            group=self.server.account.group,
        )

    @property
    def credentials(self) -> Credentials:
        return self.server.credentials

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The URL of the pooler, with the password of the superuser."""
        return f"postgresql://{SUPERUSER}:{self.credentials.superuser}@{self.address}/{DATABASE}"

    def start(self) -> None:
        """Start the pooler, and return when it answers. Raises LocalCloudError."""
        owner = self.server.account
        version = _parse_version(
            run_command("pgbouncer --version", [self.program, "--version"], user=owner.user, group=owner.group)
        )
        logins = {SUPERUSER: self.credentials.superuser, **self.credentials.logins}
        users = self._write(
            "users.txt", "".join(f'"{login}" "{logins[login]}"\n' for login in logins if login != _MIGRATOR)
        )
        settings = {
            **_SETTINGS,
            "listen_port": str(self.port),
            "auth_file": str(users),
            "max_db_connections": str(self.server_connections),
            "query_wait_timeout": str(QUERY_WAIT_TIMEOUT[self.role]),
        }
        if version >= (1, 21):
            # A named prepared statement makes RDS Proxy pin the session to a server connection. With this setting, such
            # a statement fails in pgbouncer, so that a developer notices the mistake.
            settings["max_prepared_statements"] = "0"
        configuration = self._write(
            "pgbouncer.ini",
            f"[databases]\n{DATABASE} = host=127.0.0.1 port={self.server.port}\n"
            f"[pgbouncer]\n{''.join(f'{name} = {value}{chr(10)}' for name, value in settings.items())}",
        )
        self.process.command = [self.program, str(configuration)]
        # Stop pgbouncer immediately. On SIGTERM, it would wait until the last client disconnects (version 1.23 and
        # later).
        self.process.stop_signal = signal.SIGQUIT if version >= (1, 23) else signal.SIGTERM
        self.process.start()

    def stop(self) -> None:
        self.process.stop()

    def run_console_command(self, command: str) -> list[dict[str, Any]]:
        """Run a command of the admin console, such as `show pools`, and return its rows."""
        with psycopg.connect(
            self.url, dbname="pgbouncer", connect_timeout=3, autocommit=True, row_factory=psycopg.rows.dict_row
        ) as console:
            return console.execute(command.encode()).fetchall()

    def _ready(self) -> bool:
        try:
            return bool(self.run_console_command("show version"))
        except psycopg.OperationalError:
            return False

    def _write(self, name: str, text: str) -> Path:
        """Write a file that only the account of pgbouncer can read, because the file can contain passwords."""
        folder = self.server.home / self.process.name
        folder.mkdir(mode=0o700, exist_ok=True)
        self.server.account.chown(folder)
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(text, "utf-8")
        self.server.account.chown(file)
        return file


def _parse_version(output: str) -> tuple[int, int]:
    """Return the version in the output of `pgbouncer --version`, e.g. (1, 18) for `PgBouncer 1.18.0`."""
    match = re.search(r"(\d+)\.(\d+)", output)
    if not match:
        raise LocalCloudError(f"pgbouncer --version printed no version number: {output.strip()}")
    return int(match[1]), int(match[2])
