"""Runs functions in the same way as AWS Lambda: with the runtime client of AWS, in one process for each concurrent
invocation.

Each process handles one event at a time. If an event arrives and no process is idle, a new process is forked from a
warm zygote. The `concurrency` of a function is the maximum number of its processes. An idle process ends after some
time without an event.

Differences from AWS:

- If all processes are busy, an event waits for a free process. The event is throttled only if it has waited as long as
  the timeout of the function, because one machine can run only about 1 % of the processes that AWS can run.
- The memory limit applies to the resident set size of the process, which is measured repeatedly while the process is
  busy.
- A function with a higher memory limit does not get more CPU.
- If the initialisation of a process takes more than 10 s, the waiting event fails. AWS would repeat the initialisation.
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
from infra.local.file_watcher import FileWatcher
from infra.local.function_log import FunctionLog
from infra.local.function_process import INIT_LIMIT, FunctionProcess, Invocation, Result
from infra.local.zygote import Zygote

log = getLogger(__name__)

REQUEST_LIMIT = 6 * 1024 * 1024
"""The maximum size of an event, in bytes."""

PACKAGE_FOLDER = ROOT / "layers" / "core" / "python" / "wecelebrate"


class RequestTooLarge(Exception):
    """The event is larger than 6 MB."""


class TooManyRequests(Exception):
    """The event is throttled, because all processes of the function were busy for too long."""


class UnknownFunction(LookupError):
    """No function has this name."""


@dataclass(eq=False)
class _Function:
    """A function with its processes and its waiting events."""

    spec: FunctionSpec
    environment: Mapping[str, str]
    log: FunctionLog
    watcher: FileWatcher
    version: int = 0
    """The version of the code that new processes run."""
    idle: list[FunctionProcess] = field(default_factory=list)
    """Idle processes in the order of their last use. The most recently used process is last, and gets the next event.
    All other processes therefore stay idle, and end after some time."""
    processes: set[FunctionProcess] = field(default_factory=set)
    """All processes of the function: starting, idle and busy."""
    stale: set[FunctionProcess] = field(default_factory=set)
    """Processes that run an earlier version of the code."""
    waiting: deque[Invocation] = field(default_factory=deque)
    starting: int = 0
    """The number of processes that are starting."""

    def next_waiting(self) -> Invocation | None:
        """Remove and return the oldest waiting event. Skip events that their callers have cancelled."""
        while self.waiting:
            invocation = self.waiting.popleft()
            if not invocation.result.done():
                return invocation
        return None


class Lambda:
    """Runs the functions of one local cloud.

    specs: the functions. environments: maps the names of functions to their environment variables. logs: the folder for
    the logs of the functions. credentials: the environment variables of the AWS SDK (keys, region, endpoint), which
    Lambda sets on AWS. idle: the seconds after which an idle process ends.
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
        self._idle_timeout = idle
        self._functions = {
            spec.name: _Function(
                spec,
                {**(credentials or {}), **environments[spec.name], **_lambda_variables(spec)},
                FunctionLog(logs, spec.name),
                FileWatcher([spec.folder]),
            )
            for spec in specs
        }
        self._package_watcher = FileWatcher([PACKAGE_FOLDER])
        self._tasks: set[asyncio.Task[None]] = set()
        # A start needs CPU time for imports. With more simultaneous starts, each start would only be slower.
        self._start_slots = asyncio.Semaphore(2 * (os.cpu_count() or 1))
        self._stopping = False

    @property
    def processes(self) -> dict[str, dict[str, Any]]:
        """Return for each function the number of its processes, the pids of its busy processes, and the number of its
        waiting events.
        """
        return {
            name: {
                "processes": len(function.processes),
                "busy": [process.pid for process in function.processes if process.invocation is not None],
                "waiting": len(function.waiting),
            }
            for name, function in self._functions.items()
        }

    async def start(self) -> None:
        """Start the zygote. The processes of a function start when the function gets its first events."""
        await self._zygote.start()
        self._create_task(self._check_memory())
        self._create_task(self._clean_up())

    async def stop(self, grace: float = 5.0) -> None:
        """Wait up to `grace` seconds until running invocations have ended. Then end all processes."""
        self._stopping = True
        processes = [process for function in self._functions.values() for process in function.processes]
        running = [process.invocation.result for process in processes if process.invocation]
        if running and grace > 0:
            await asyncio.wait(running, timeout=grace)
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        processes = [process for function in self._functions.values() for process in function.processes]
        await self._zygote.stop()
        await asyncio.gather(*(process.closed() for process in processes))
        for function in self._functions.values():
            function.log.close()

    async def invoke(
        self, name: str, event: bytes | Mapping[str, Any], *, trace_id: str | None = None, tail: bool = False
    ) -> Result:
        """Invoke a function with an event. If `tail` is true, the result includes the end of the log.

        Raises UnknownFunction, RequestTooLarge or TooManyRequests. If the function itself fails, this method returns a
        Result with `error`, and raises no exception.
        """
        function = self._functions.get(name)
        if function is None:
            raise UnknownFunction(f"the function {name} does not exist")
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        if len(payload) > REQUEST_LIMIT:
            raise RequestTooLarge(f"the event has {len(payload)} bytes, but {REQUEST_LIMIT} is the maximum")
        version = function.watcher.version() + self._package_watcher.version()
        if version != function.version:
            self._reload(function, version)
        loop = asyncio.get_running_loop()
        invocation = Invocation(payload, trace_id or new_trace_id(), loop.create_future(), tail=tail)
        if function.idle:
            function.idle.pop().run(invocation)
            return await invocation.result
        function.waiting.append(invocation)
        self._start_missing_processes(function)
        throttle = _Throttle(function, invocation)
        try:
            return await invocation.result
        finally:
            throttle.cancel()

    # The following methods start and end processes.

    def _start_missing_processes(self, function: _Function) -> None:
        """Start processes for the waiting events, as far as the concurrency of the function allows."""
        if self._stopping or not function.waiting:
            return
        finishing = sum(process.finishing for process in function.processes - function.stale)
        # `starting` counts a process until it is ready. `processes` contains the process after its fork. `unforked` is
        # the number of starting processes that `processes` does not contain yet.
        unforked = function.starting - sum(not process.ready.is_set() for process in function.processes)
        available = function.spec.concurrency - len(function.processes) - unforked
        for _ in range(min(len(function.waiting) - finishing - function.starting, available)):
            function.starting += 1
            self._create_task(self._start_process(function))

    async def _start_process(self, function: _Function) -> None:
        try:
            async with self._start_slots:
                # While this task waited for permission to start a process, other processes can have become idle and
                # taken all events.
                if not function.waiting or len(function.processes) >= function.spec.concurrency:
                    return
                process = FunctionProcess(
                    function.spec,
                    function.log,
                    on_idle=lambda process: self._process_idle(function, process),
                    on_end=lambda process, error: self._process_ended(function, process, error),
                )
                function.processes.add(process)
                await process.start(self._zygote, function.environment)
                await process.ready.wait()
        finally:
            function.starting -= 1
            self._start_missing_processes(function)

    def _process_idle(self, function: _Function, process: FunctionProcess) -> None:
        if process in function.stale:
            process.kill()
        elif invocation := function.next_waiting():
            process.run(invocation)
        else:
            function.idle.append(process)

    def _process_ended(self, function: _Function, process: FunctionProcess, error: bytes | None) -> None:
        function.processes.discard(process)
        function.stale.discard(process)
        with suppress(ValueError):
            function.idle.remove(process)
        if error is not None and (invocation := function.next_waiting()):
            # The process has ended before it was ready. Therefore the event for which the process was started fails.
            function.log.write(error.decode("utf-8", "replace") + "\n")
            invocation.set_result(Result(error, "Unhandled", function.log.tail(0) if invocation.tail else ""))
        self._start_missing_processes(function)

    def _reload(self, function: _Function, version: int) -> None:
        """Replace all processes, because the code has changed. A busy process first finishes its current event."""
        function.version = version
        log.info("the code of %s has changed, its processes are replaced", function.spec.name)
        function.stale |= function.processes
        idle, function.idle = function.idle, []
        for process in idle:
            process.kill()

    # The following methods run in the background.

    async def _check_memory(self) -> None:
        while True:
            await asyncio.sleep(0.2)
            for function in self._functions.values():
                for process in tuple(function.processes):
                    if process.invocation is not None:
                        process.check_memory()

    async def _clean_up(self) -> None:
        """Repeatedly end processes that were idle for too long, and rotate the logs."""
        while True:
            await asyncio.sleep(min(self._idle_timeout / 4, 10))
            for function in self._functions.values():
                await asyncio.to_thread(function.log.rotate)
                oldest = time.monotonic() - self._idle_timeout
                expired = [process for process in function.idle if process.idle_since < oldest]
                for process in expired:
                    function.idle.remove(process)
                    process.kill()

    def _create_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a background task of Lambda failed", exc_info=error)


class _Throttle:
    """Throttles an event after it has waited as long as the timeout of the function.

    If a process is starting at that time, the event continues to wait, at most for the maximum time of an
    initialisation.
    """

    def __init__(self, function: _Function, invocation: Invocation) -> None:
        self._function = function
        self._invocation = invocation
        self._loop = asyncio.get_running_loop()
        self._waiting_since = self._loop.time()
        self._timer = self._loop.call_later(function.spec.timeout, self._timed_out)

    def cancel(self) -> None:
        self._timer.cancel()

    def _timed_out(self) -> None:
        remaining_init = self._waiting_since + INIT_LIMIT - self._loop.time()
        if self._function.starting and remaining_init > 0:
            self._timer = self._loop.call_later(remaining_init, self._timed_out)
        elif self._invocation in self._function.waiting:
            self._function.waiting.remove(self._invocation)
            if not self._invocation.result.done():
                self._invocation.result.set_exception(TooManyRequests(f"{self._function.spec.name}: Rate Exceeded."))


def _lambda_variables(spec: FunctionSpec) -> dict[str, str]:
    """Return the environment variables that Lambda sets.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
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
    """Return a new trace id in the format of X-Ray. The trace is marked as not sampled."""
    return f"Root=1-{int(time.time()):08x}-{token_hex(12)};Parent={token_hex(8)};Sampled=0"
