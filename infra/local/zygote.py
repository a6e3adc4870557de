"""The client of the zygote. The client requests forks, and the zygote tells the client when a forked process ends.

The module `zygote_main` describes the zygote.
"""

import asyncio
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path
from typing import Any

from infra.functions import ROOT

log = getLogger(__name__)

PROGRAM = Path(__file__).with_name("zygote_main.py")

PRELOAD = (
    "aiosql",
    "aws_lambda_powertools.logging",
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.utilities.batch",
    "boto3.session",
    "botocore.httpsession",
    "fastapi",
    "fastapi.responses",
    "httpx",
    "joserfc.jwt",
    "mangum",
    "psycopg",
    "psycopg.rows",
    "pydantic",
    "pydantic.v1",
    "simplejson",
    "snapshot_restore_py",
    "upstash_redis",
)
"""Third-party modules that several functions import. These modules must not start threads or open connections. Modules
of the platform are not in the list, because each process imports them with its own environment variables, as on
Lambda."""
PLATFORM = (
    "wecelebrate.core.batches",
    "wecelebrate.core.http",
    "wecelebrate.jobs",
    "wecelebrate.orders",
    "wecelebrate.products",
)
"""Modules of the platform that most functions import. The local clouds of the test suite preload these modules, which
saves three quarters of the CPU time of each start. A zygote with these modules does not notice changes of their code.
"""


class ZygoteDied(Exception):
    """The zygote has ended before it answered a request."""


@dataclass(frozen=True)
class Fork:
    """A process that the zygote has forked."""

    pid: int
    exited: asyncio.Future[int]
    """A future that is done when the process has ended. Its result is the exit code, or -N if signal N killed the
    process."""


class Zygote:
    """A process that has imported many modules, and forks function processes.

    The first fork starts the zygote. If the zygote has ended, the next fork starts it again.
    """

    def __init__(self, preload: Sequence[str] = PRELOAD) -> None:
        self.preload = tuple(preload)
        self._ids = itertools.count()
        self._pending: dict[int, asyncio.Future[Fork]] = {}
        """Maps the id of each unanswered fork request to the `Future` that will receive its answer."""
        self._forks: dict[int, Fork] = {}
        """Pid → fork, for the forks that are running."""
        self._start_lock = asyncio.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reader_task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the zygote, or None if it is not running."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the zygote and wait until it has imported all modules. Raises ZygoteDied."""
        async with self._start_lock:
            if self._writer is None:
                await self._start()

    async def fork(self, environment: Mapping[str, str], folder: Path, logfile: Path, niceness: int = 0) -> Fork:
        """Fork a process for the function in `folder`. Raises ZygoteDied.

        niceness: a number from 0 to 19. A process with a higher niceness gets less CPU time when other processes need
        it.
        """
        await self.start()
        request_id = next(self._ids)
        answer: asyncio.Future[Fork] = asyncio.get_running_loop().create_future()
        self._pending[request_id] = answer
        request = {"environment": dict(environment), "folder": str(folder), "log": str(logfile), "niceness": niceness}
        self._send({"fork": request_id, **request})
        return await answer

    def kill(self, fork: Fork) -> None:
        """Kill a forked process. `fork.exited` is done when the process has ended."""
        if not fork.exited.done() and self._writer is not None:
            self._send({"kill": fork.pid})

    async def stop(self) -> None:
        """Kill all forked processes, and end the zygote."""
        if self._writer is not None and self._reader_task is not None:
            # When the connection is closed on this side, the zygote kills its children and ends.
            self._writer.write_eof()
            await self._reader_task

    async def _start(self) -> None:
        own_socket, zygote_socket = socket.socketpair()
        arguments = [str(zygote_socket.fileno()), str(os.getpid()), json.dumps([str(ROOT)]), json.dumps(self.preload)]
        with zygote_socket:
            # The zygote itself needs only PATH, because a fork request contains the environment variables of the
            # function.
            self._process = subprocess.Popen(  # noqa: S603, ASYNC220 (our own program; a start takes 1 ms)
                [sys.executable, "-I", "-X", "utf8", str(PROGRAM), *arguments],
                env={"PATH": os.defpath},
                pass_fds=[zygote_socket.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        reader, writer = await asyncio.open_unix_connection(sock=own_socket)
        if not await reader.readline():
            writer.close()
            code = await asyncio.to_thread(self._process.wait)
            raise ZygoteDied(f"the zygote ended with code {code} while it was starting")
        self._writer = writer
        self._reader_task = asyncio.create_task(self._read(reader, writer))

    def _send(self, message: Mapping[str, Any]) -> None:
        if self._writer is None:
            raise ZygoteDied("the zygote is not running")
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while line := await reader.readline():
                self._handle(json.loads(line))
        self._writer = None
        writer.close()
        await self._clean_up()

    def _handle(self, message: Mapping[str, Any]) -> None:
        if "forked" in message:
            fork = Fork(message["pid"], asyncio.get_running_loop().create_future())
            self._forks[fork.pid] = fork
            answer = self._pending.pop(message["forked"])
            if answer.cancelled():
                self.kill(fork)
            else:
                answer.set_result(fork)
        else:
            self._forks.pop(message["exited"]).exited.set_result(message["code"])

    async def _clean_up(self) -> None:
        """Clean up after the connection was closed.

        The zygote has then ended, or it ends as soon as it has killed its children.
        """
        # Reset the state before the first `await`, because the next zygote can start and get requests during an
        # `await`.
        process, self._process = self._process, None
        orphans, self._forks = self._forks, {}
        unanswered, self._pending = self._pending, {}
        if process is not None:
            try:
                code = await asyncio.to_thread(process.wait, 2)
            except subprocess.TimeoutExpired:
                process.kill()
                code = await asyncio.to_thread(process.wait)
            if code != 0:
                log.warning("the zygote ended with code %s", code)
        for fork in orphans.values():
            # On Linux, the system has killed the children when the zygote ended. On other systems, the children must be
            # killed here.
            with suppress(ProcessLookupError, PermissionError):
                os.kill(fork.pid, signal.SIGKILL)
            fork.exited.set_result(-signal.SIGKILL)
        for answer in unanswered.values():
            if not answer.done():
                answer.set_exception(ZygoteDied("the zygote ended before it forked the process"))
