"""pgbouncer in front of the primary and of the replica, as RDS Proxy stands there on AWS; where it is installed.

Each of the two has a pooler, as RDS Proxy has two endpoints. Functions alone go through them: migrations and the demo
go to PostgreSQL itself. A transaction has a server connection, a session has none: what relies on more breaks here.
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
from infra.local.processes import LocalCloudError, Process, run
from infra.local.unprivileged import Account, enterable

VARIABLE = "WECELEBRATE_POOLER"
SERVER_CONNECTIONS = 20
"""Connections to one PostgreSQL, over all logins."""
CLIENT_CONNECTIONS = 500
PATIENCE = {"writer": 5, "reader": 1}
"""Seconds that a transaction waits for a server connection: on the writer as RDS Proxy's `borrow_timeout`; on the
reader less, since its reads can go to the primary."""

_MIGRATOR = "wc_migrate"
_SETTINGS = {
    "listen_addr": "127.0.0.1",
    "unix_socket_dir": "",
    "auth_type": "scram-sha-256",
    "pool_mode": "transaction",
    "default_pool_size": str(SERVER_CONNECTIONS),
    "max_db_connections": str(SERVER_CONNECTIONS),
    "max_client_conn": str(CLIENT_CONNECTIONS),
    # What a session begins with and a pooler cannot keep (`options`) is refused, so that it is seen.
    "ignore_startup_parameters": "",
    "admin_users": SUPERUSER,
    # A server that was away is asked again soon, and by pgbouncer itself: not each login's first transaction fails.
    "server_login_retry": "0.1",
    "min_pool_size": "1",
    "server_connect_timeout": "3",
    "log_connections": "0",
    "log_disconnections": "0",
    "log_stats": "0",
}


def find_pgbouncer(owner: Account) -> str | None:
    """The pgbouncer of this machine; None where there is none that `owner` can run, or WECELEBRATE_POOLER is `off`."""
    wanted = os.environ.get(VARIABLE) or "on"
    if wanted not in {"on", "off"}:
        raise LocalCloudError(f"{VARIABLE}={wanted} is neither on nor off")
    # Distributions put it where users' PATH does not lead.
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
    if wanted == "off" or not found or (owner.user is not None and not enterable(Path(found).resolve().parent)):
        return None
    return found


@dataclass
class Pooler:
    """One pgbouncer in front of one server.

    `with Pooler("writer", program, postgres.primary_server, free_port()) as pooler: psycopg.connect(pooler.url)`
    """

    role: str
    """`writer` or `reader`."""
    program: str
    server: Server
    port: int
    server_connections: int = SERVER_CONNECTIONS
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
            deadline=10,
        )

    @property
    def credentials(self) -> Credentials:
        return self.server.credentials

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """URL of the superuser through the pooler, with password."""
        return f"postgresql://{SUPERUSER}:{self.credentials.superuser}@{self.address}/{DATABASE}"

    def start(self) -> None:
        """Start and return when it answers. Raises LocalCloudError."""
        owner = self.server.account
        said = run("pgbouncer --version", [self.program, "--version"], user=owner.user, group=owner.group)
        version = _version(said)
        logins = {SUPERUSER: self.credentials.superuser, **self.credentials.logins}
        users = self._write(
            "users.txt", "".join(f'"{login}" "{logins[login]}"\n' for login in logins if login != _MIGRATOR)
        )
        settings = {
            **_SETTINGS,
            "listen_port": str(self.port),
            "auth_file": str(users),
            "max_db_connections": str(self.server_connections),
            "query_wait_timeout": str(PATIENCE[self.role]),
        }
        if version >= (1, 21):
            # RDS Proxy pins a session that has a named one; here it fails.
            settings["max_prepared_statements"] = "0"
        configuration = self._write(
            "pgbouncer.ini",
            f"[databases]\n{DATABASE} = host=127.0.0.1 port={self.server.port}\n"
            f"[pgbouncer]\n{''.join(f'{name} = {value}{chr(10)}' for name, value in settings.items())}",
        )
        self.process.command = [self.program, str(configuration)]
        # At once: since 1.23 SIGTERM waits until the last client goes.
        self.process.stop_signal = signal.SIGQUIT if version >= (1, 23) else signal.SIGTERM
        self.process.start()

    def stop(self) -> None:
        self.process.stop()

    def ask(self, command: str) -> list[dict[str, Any]]:
        """What its console answers to a command, as in `show pools`."""
        with psycopg.connect(
            self.url, dbname="pgbouncer", connect_timeout=3, autocommit=True, row_factory=psycopg.rows.dict_row
        ) as console:
            return console.execute(command.encode()).fetchall()

    def _ready(self) -> bool:
        try:
            return bool(self.ask("show version"))
        except psycopg.OperationalError:
            return False

    def _write(self, name: str, text: str) -> Path:
        """Write a file that its user alone can read: it may hold passwords."""
        folder = self.server.home / self.process.name
        folder.mkdir(mode=0o700, exist_ok=True)
        self.server.account.give(folder)
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(text, "utf-8")
        self.server.account.give(file)
        return file

    def __enter__(self) -> "Pooler":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _version(said: str) -> tuple[int, int]:
    """`PgBouncer 1.18.0` → (1, 18)."""
    found = re.search(r"(\d+)\.(\d+)", said)
    if not found:
        raise LocalCloudError(f"pgbouncer --version says: {said.strip()}")
    return int(found[1]), int(found[2])
