"""AWS Lambda: every function under the real runtime client, one process per invocation that runs at once.

Processes are forked from a warm zygote when there is more to do than there are free processes, up to the function's
`concurrency`; a free one is used again, a surplus one ends after a while. Each handles one event at a time.

Where it differs from AWS:

- An event that finds every process busy waits its turn, up to the function's timeout, before it is throttled: a
  machine has a hundredth of the processes that AWS would run.
- Memory is the resident set of the process, sampled while it is busy. CPU is not scaled with memory.
- An init that takes more than 10 s fails the event that waits for it, instead of being tried again.
"""

import asyncio
import json
import os
import time
from collections import deque
from collections.abc import Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from logging import getLogger
from pathlib import Path
from secrets import token_hex
from sys import version_info
from typing import Any

from infra.functions import ROOT, FunctionSpec
from infra.local.file_watcher import Watch
from infra.local.function_log import FunctionLog
from infra.local.function_process import INIT_LIMIT, FunctionProcess, Invocation, Result
from infra.local.zygote import Zygote

log = getLogger(__name__)

REQUEST_LIMIT = 6 * 1024 * 1024
"""Bytes of an event."""

PACKAGE = ROOT / "layers" / "core" / "python" / "wecelebrate"


class RequestTooLarge(Exception):
    """An event is over 6 MB."""


class TooManyRequests(Exception):
    """Every process of the function stayed busy for as long as an event may wait."""


class UnknownFunction(LookupError):
    """There is no function of that name."""


@dataclass(eq=False)
class _Function:
    """A function, its processes, and the events that wait for one."""

    spec: FunctionSpec
    environment: Mapping[str, str]
    log: FunctionLog
    watch: Watch
    version: int = 0
    """Of the code that its processes run."""
    free: list[FunctionProcess] = field(default_factory=list)
    """The one used last is at the end, and is used next: the others grow old and are ended."""
    all: set[FunctionProcess] = field(default_factory=set)
    stale: set[FunctionProcess] = field(default_factory=set)
    """Those that run code which has changed since."""
    waiting: deque[Invocation] = field(default_factory=deque)
    starting: int = 0

    def next(self) -> Invocation | None:
        """The oldest event that somebody still waits for."""
        while self.waiting:
            invocation = self.waiting.popleft()
            if not invocation.result.done():
                return invocation
        return None


class Lambda:
    """Runs functions.

    specs: the functions; environments: name → the environment it declares; logs: folder of the functions' logs;
    credentials: what AWS puts into each environment for the SDK (keys, region, endpoint); idle: seconds after which
    a free process ends.
    """

    def __init__(
        self,
        specs: Iterable[FunctionSpec],
        environments: Mapping[str, Mapping[str, str]],
        *,
        logs: Path,
        credentials: Mapping[str, str] | None = None,
        idle: float = 300.0,
        zygote: Zygote | None = None,
    ) -> None:
        self._zygote = zygote or Zygote()
        self._idle = idle
        self._functions = {
            spec.name: _Function(
                spec,
                {**(credentials or {}), **environments[spec.name], **_reserved(spec)},
                FunctionLog(logs, spec.name),
                Watch([spec.folder]),
            )
            for spec in specs
        }
        self._package = Watch([PACKAGE])
        self._tasks: set[asyncio.Task[None]] = set()
        # Imports are CPU work: with more of them at once than there are cores, each only takes longer.
        self._starts = asyncio.Semaphore(2 * (os.cpu_count() or 1))
        self._stopping = False

    @property
    def processes(self) -> dict[str, dict[str, Any]]:
        """Function → how many processes it has, the ids of those that are busy, and how many events wait for one."""
        return {
            name: {
                "processes": len(function.all),
                "busy": [sandbox.pid for sandbox in function.all if sandbox.invocation is not None],
                "waiting": len(function.waiting),
            }
            for name, function in self._functions.items()
        }

    async def start(self) -> None:
        """Warm up. Processes come with the first events."""
        await self._zygote.start()
        self._spawn(self._watch_memory())
        self._spawn(self._sweep())

    async def stop(self, grace: float = 5.0) -> None:
        """Let running invocations finish for up to `grace` seconds, then end every process."""
        self._stopping = True
        running = [
            sandbox.invocation.result for f in self._functions.values() for sandbox in f.all if sandbox.invocation
        ]
        if running and grace > 0:
            await asyncio.wait(running, timeout=grace)
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        sandboxes = [sandbox for function in self._functions.values() for sandbox in function.all]
        await self._zygote.stop()
        await asyncio.gather(*(sandbox.closed() for sandbox in sandboxes))
        for function in self._functions.values():
            function.log.close()

    async def invoke(
        self, name: str, event: bytes | Mapping[str, Any], *, trace_id: str | None = None, tail: bool = False
    ) -> Result:
        """Run one event through a function; `tail` asks for the end of its log.

        Raises UnknownFunction, RequestTooLarge, TooManyRequests. What goes wrong inside the function is a Result.
        """
        function = self._functions.get(name)
        if function is None:
            raise UnknownFunction(name)
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        if len(payload) > REQUEST_LIMIT:
            raise RequestTooLarge(f"{len(payload)} bytes exceed the limit of {REQUEST_LIMIT}")
        version = function.watch.version() + self._package.version()
        if version != function.version:
            self._reload(function, version)
        loop = asyncio.get_running_loop()
        invocation = Invocation(payload, trace_id or new_trace_id(), loop.create_future(), tail=tail)
        if function.free:
            function.free.pop().run(invocation)
            return await invocation.result
        function.waiting.append(invocation)
        self._fill(function)
        limit = _Limit(function, invocation)
        try:
            return await invocation.result
        finally:
            limit.cancel()

    # Processes come and go.

    def _fill(self, function: _Function) -> None:
        """Start a process for every event that waits, as far as the function's concurrency goes."""
        if self._stopping or not function.waiting:
            return
        returning = sum(sandbox.returning for sandbox in function.all - function.stale)
        # A start is counted in `all` from its fork on, and in `starting` until it is ready.
        unforked = function.starting - sum(not sandbox.ready.is_set() for sandbox in function.all)
        room = function.spec.concurrency - len(function.all) - unforked
        for _ in range(min(len(function.waiting) - returning - function.starting, room)):
            function.starting += 1
            self._spawn(self._start(function))

    async def _start(self, function: _Function) -> None:
        try:
            async with self._starts:
                # Those that were free meanwhile may have taken every event.
                if not function.waiting or len(function.all) >= function.spec.concurrency:
                    return
                sandbox = FunctionProcess(
                    function.spec,
                    function.log,
                    on_free=lambda sandbox: self._freed(function, sandbox),
                    on_end=lambda sandbox, error: self._ended(function, sandbox, error),
                )
                function.all.add(sandbox)
                await sandbox.start(self._zygote, function.environment)
                await sandbox.ready.wait()
        finally:
            function.starting -= 1
            self._fill(function)

    def _freed(self, function: _Function, sandbox: FunctionProcess) -> None:
        if sandbox in function.stale:
            sandbox.kill()
        elif invocation := function.next():
            sandbox.run(invocation)
        else:
            function.free.append(sandbox)

    def _ended(self, function: _Function, sandbox: FunctionProcess, error: bytes | None) -> None:
        function.all.discard(sandbox)
        function.stale.discard(sandbox)
        with suppress(ValueError):
            function.free.remove(sandbox)
        if error is not None and (invocation := function.next()):
            # It ended before it was of use: the event that it was started for learns why.
            function.log.write(error.decode("utf-8", "replace") + "\n")
            invocation.settle(Result(error, "Unhandled", function.log.tail(0) if invocation.tail else ""))
        self._fill(function)

    def _reload(self, function: _Function, version: int) -> None:
        function.version = version
        log.info("reloaded %s", function.spec.name)
        function.stale |= function.all
        free, function.free = function.free, []
        for sandbox in free:
            sandbox.kill()

    # What goes on meanwhile.

    async def _watch_memory(self) -> None:
        while True:
            await asyncio.sleep(0.2)
            for function in self._functions.values():
                for sandbox in tuple(function.all):
                    if sandbox.invocation is not None:
                        sandbox.watch_memory()

    async def _sweep(self) -> None:
        """End processes that have been free for long, and keep the logs within their limit."""
        while True:
            await asyncio.sleep(min(self._idle / 4, 10))
            for function in self._functions.values():
                await asyncio.to_thread(function.log.rotate)
                since = time.monotonic() - self._idle
                old = [sandbox for sandbox in function.free if sandbox.idle_since < since]
                for sandbox in old:
                    function.free.remove(sandbox)
                    sandbox.kill()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a task of Lambda ended", exc_info=error)


class _Limit:
    """Throttles an event that has waited for the function's timeout; while a process starts, for an init at least."""

    def __init__(self, function: _Function, invocation: Invocation) -> None:
        self._function = function
        self._invocation = invocation
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()
        self._timer = self._loop.call_later(function.spec.timeout, self._reached)

    def cancel(self) -> None:
        self._timer.cancel()

    def _reached(self) -> None:
        left = self._since + INIT_LIMIT - self._loop.time()
        if self._function.starting and left > 0:
            self._timer = self._loop.call_later(left, self._reached)
        elif self._invocation in self._function.waiting:
            self._function.waiting.remove(self._invocation)
            if not self._invocation.result.done():
                self._invocation.result.set_exception(TooManyRequests(f"{self._function.spec.name}: Rate Exceeded."))


def _reserved(spec: FunctionSpec) -> dict[str, str]:
    """The variables that Lambda sets. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
    return {
        "_HANDLER": "handler.handler",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version_info.major}.{version_info.minor}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
        "LAMBDA_TASK_ROOT": str(spec.folder),
        "LANG": "C.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": "UTC",
    }


def new_trace_id() -> str:
    """A trace of X-Ray's form that is not recorded."""
    return f"Root=1-{int(time.time()):08x}-{token_hex(12)};Parent={token_hex(8)};Sampled=0"
