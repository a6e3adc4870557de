"""The zygote as the host sees it: forks on demand, and word of every process that ends."""

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
"""Third-party modules that several functions import. None may start a thread or open a connection, and none of ours
is among them: our modules are imported anew by each process, with its own environment, as on Lambda."""


class ZygoteDied(Exception):
    """The zygote ended while it was needed."""


@dataclass(frozen=True)
class Fork:
    """A process that the zygote made."""

    pid: int
    exited: asyncio.Future[int]
    """Its exit code; negative for a signal."""


class Zygote:
    """One warm process, started when first needed and again whenever it has died."""

    def __init__(self, preload: Sequence[str] = PRELOAD) -> None:
        self._preload = tuple(preload)
        self._ids = itertools.count()
        self._asked: dict[int, asyncio.Future[Fork]] = {}
        self._alive: dict[int, Fork] = {}
        self._starting = asyncio.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start it and wait until it is warm. Raises ZygoteDied."""
        async with self._starting:
            if self._writer is None:
                await self._start()

    async def fork(self, environment: Mapping[str, str], folder: Path, logfile: Path) -> Fork:
        """A new process of the function in `folder`. Raises ZygoteDied."""
        await self.start()
        number = next(self._ids)
        asked: asyncio.Future[Fork] = asyncio.get_running_loop().create_future()
        self._asked[number] = asked
        self._send({"fork": number, "environment": dict(environment), "folder": str(folder), "log": str(logfile)})
        return await asked

    def kill(self, fork: Fork) -> None:
        """Kill a process; `fork.exited` says when it is gone."""
        if not fork.exited.done() and self._writer is not None:
            self._send({"kill": fork.pid})

    async def stop(self) -> None:
        """Kill every process and the zygote itself."""
        if self._writer is not None and self._listening is not None:
            # It takes the end of its input as the end of its work, and closes its side when its children are gone.
            self._writer.write_eof()
            await self._listening

    async def _start(self) -> None:
        ours, its = socket.socketpair()
        arguments = [str(its.fileno()), str(os.getpid()), json.dumps([str(ROOT)]), json.dumps(self._preload)]
        with its:
            # What a function sees of its surroundings comes with each fork; the zygote itself needs none of ours.
            self._process = subprocess.Popen(  # noqa: S603, ASYNC220 (our own program; starting takes a millisecond)
                [sys.executable, "-I", "-X", "utf8", str(PROGRAM), *arguments],
                env={"PATH": os.defpath},
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        if not await reader.readline():
            writer.close()
            code = await asyncio.to_thread(self._process.wait)
            raise ZygoteDied(f"the zygote ended with code {code} while it warmed up")
        self._writer = writer
        self._listening = asyncio.create_task(self._listen(reader, writer))

    def _send(self, message: Mapping[str, Any]) -> None:
        if self._writer is None:
            raise ZygoteDied("the zygote is gone")
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while line := await reader.readline():
                self._hear(json.loads(line))
        self._writer = None
        writer.close()
        await self._bury()

    def _hear(self, message: Mapping[str, Any]) -> None:
        if "forked" in message:
            fork = Fork(message["pid"], asyncio.get_running_loop().create_future())
            self._alive[fork.pid] = fork
            asked = self._asked.pop(message["forked"])
            if asked.cancelled():
                self.kill(fork)
            else:
                asked.set_result(fork)
        else:
            self._alive.pop(message["exited"]).exited.set_result(message["code"])

    async def _bury(self) -> None:
        """The connection is closed: the zygote is dead or dying, and takes its children along."""
        # Taken before anything is awaited: the next zygote may be started, and asked for forks, meanwhile.
        process, self._process = self._process, None
        orphans, self._alive = self._alive, {}
        unanswered, self._asked = self._asked, {}
        if process is not None:
            try:
                code = await asyncio.to_thread(process.wait, 2)
            except subprocess.TimeoutExpired:
                process.kill()
                code = await asyncio.to_thread(process.wait)
            if code != 0:
                log.warning("the zygote ended with code %s", code)
        for fork in orphans.values():
            # Linux has killed them with their parent; elsewhere nobody else would.
            with suppress(ProcessLookupError, PermissionError):
                os.kill(fork.pid, signal.SIGKILL)
            fork.exited.set_result(-signal.SIGKILL)
        for asked in unanswered.values():
            if not asked.done():
                asked.set_exception(ZygoteDied("the zygote died before it forked"))
