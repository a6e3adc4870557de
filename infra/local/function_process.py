"""One process of a function: its Runtime API, its state, and the limits that are enforced on it."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from uuid import uuid4

import psutil

from infra.functions import FunctionSpec
from infra.local.function_log import FunctionLog
from infra.local.runtime_api import Connection, RuntimeApi
from infra.local.zygote import Fork, Zygote, ZygoteDied

REGION = "us-east-1"
ACCOUNT = "000000000000"

INIT_LIMIT = 10.0
"""Seconds that a process may take until it asks for its first event."""

RESPONSE_LIMIT = 6 * 1024 * 1024 + 100
"""Bytes of a response; Lambda allows 100 more than for a request."""

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Result:
    """What came of an invocation."""

    payload: bytes
    """JSON that the function returned, or, with `error`, Lambda's description of the failure."""
    error: Literal["Unhandled"] | None = None
    """Lambda's `FunctionError`."""
    log: str = ""
    """The end of the log of this invocation, up to 4 KB, when asked for."""


@dataclass(eq=False)
class Invocation:
    """An event on its way through a function."""

    event: bytes
    trace_id: str
    result: asyncio.Future[Result]
    request_id: str = field(default_factory=lambda: str(uuid4()))
    tail: bool = False

    def settle(self, result: Result) -> None:
        """Give the result to whoever still waits for it."""
        if not self.result.done():
            self.result.set_result(result)


class FunctionProcess:
    """One process, from its fork to its end.

    `on_free(sandbox)` is called whenever it is ready for an event, `on_end(sandbox, error)` once, when it has ended;
    `error` is Lambda's description of why, when it ended before it ever was ready.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        log: FunctionLog,
        on_free: Callable[["FunctionProcess"], None],
        on_end: Callable[["FunctionProcess", bytes | None], None],
    ) -> None:
        self.spec = spec
        self.log = log
        self.stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid4().hex}"
        self.started = time.monotonic()
        self.ready = asyncio.Event()
        """Set once the process has asked for its first event, or has ended."""
        self.returning = False
        """Whether it has answered and is about to ask for the next event."""
        self.idle_since = 0.0
        self.invocation: Invocation | None = None
        self.connections: set[RuntimeApi] = set()
        self._on_free = on_free
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._waiting: Connection | None = None
        self._init_seconds: float | None = None
        self._init_error: bytes | None = None
        self._began = 0.0
        self._position = 0
        self._peak = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._verdict: Callable[[Invocation], bytes] | None = None
        self._fork: Fork | None = None
        self._zygote: Zygote | None = None
        self._server: asyncio.Server | None = None

    @property
    def pid(self) -> int | None:
        return self._fork.pid if self._fork else None

    async def start(self, zygote: Zygote, environment: Mapping[str, str]) -> None:
        """Fork the process. `on_free` or `on_end` follows. Never raises."""
        self._zygote = zygote
        self._deadline = self._loop.call_later(INIT_LIMIT, self._init_timed_out)
        try:
            self._server = await self._loop.create_server(lambda: RuntimeApi(self), "127.0.0.1", 0)
            port = self._server.sockets[0].getsockname()[1]
            own = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}", "AWS_LAMBDA_LOG_STREAM_NAME": self.stream}
            self._fork = await zygote.fork({**environment, **own}, self.spec.folder, self.log.path)
        except (ZygoteDied, OSError) as error:
            self._ended(error_payload("Runtime.ExitError", str(error)))
            return
        self._fork.exited.add_done_callback(lambda exited: self._exited(exited.result()))

    def run(self, invocation: Invocation) -> None:
        """Hand an event to the process, which must be free."""
        connection, self._waiting = self._waiting, None
        if connection is None:
            raise RuntimeError(f"a process of {self.spec.name} was given an event while it was busy")
        self.invocation = invocation
        self._began = time.monotonic()
        deadline = int((time.time() + self.spec.timeout) * 1000)
        self._deadline = self._loop.call_later(self.spec.timeout, self._timed_out)
        if invocation.tail:
            self._position = self.log.position()
        self.log.write(f"START RequestId: {invocation.request_id} Version: $LATEST\n")
        headers = (
            f"Lambda-Runtime-Aws-Request-Id: {invocation.request_id}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {deadline}\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {function_arn(self.spec.name)}\r\n"
            f"Lambda-Runtime-Trace-Id: {invocation.trace_id}\r\n"
        )
        connection.answer(200, invocation.event, headers.encode())

    def kill(self) -> None:
        """End the process now."""
        if self._fork is not None and self._zygote is not None:
            self._zygote.kill(self._fork)

    async def closed(self) -> None:
        """Close the sockets of a process that has ended, or never was, and wait until they are closed."""
        self._close()
        await asyncio.gather(*(connection.lost for connection in self.connections))
        if self._server is not None:
            await self._server.wait_closed()

    def watch_memory(self) -> None:
        """Kill the process when it has outgrown the function's memory.

        Memory is the resident set, as the kernel counts it: pages shared with the zygote are part of it.
        """
        self._peak = max(self._peak, self._resident())
        if self._peak > self.spec.memory * 1024 * 1024:
            self._end(lambda invocation: exit_payload(invocation, "signal: killed"))

    # What the process says.

    def asks_for_next(self, connection: Connection) -> None:
        if self._init_seconds is None:
            self._init_seconds = time.monotonic() - self.started
            self._cancel_deadline()
            self.ready.set()
        self.returning = False
        self._waiting = connection
        self.idle_since = time.monotonic()
        self._on_free(self)

    def responds(self, request_id: str, payload: bytes) -> int:
        if len(payload) > RESPONSE_LIMIT:
            message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
            self._finish(request_id, Result(error_payload("Function.ResponseSizeTooLarge", message), "Unhandled"))
            return 413
        return self._finish(request_id, Result(payload))

    def fails(self, request_id: str, payload: bytes) -> int:
        return self._finish(request_id, Result(payload, "Unhandled"))

    def fails_to_start(self, payload: bytes) -> int:
        self._init_error = payload
        return 202

    # What becomes of it.

    def _finish(self, request_id: str, result: Result) -> int:
        invocation = self.invocation
        if invocation is None or invocation.request_id != request_id:
            return 403
        self.invocation = None
        self.returning = self._verdict is None
        self._cancel_deadline()
        self._peak = max(self._peak, self._resident())
        self._report(invocation)
        if invocation.tail:
            result = Result(result.payload, result.error, self.log.tail(self._position))
        invocation.settle(result)
        return 202

    def _timed_out(self) -> None:
        self._end(lambda invocation: timeout_payload(invocation, self.spec.timeout))

    def _init_timed_out(self) -> None:
        self._init_error = error_payload("Sandbox.Timedout", f"Init timed out after {INIT_LIMIT:.2f} seconds")
        self.kill()

    def _end(self, verdict: Callable[[Invocation], bytes]) -> None:
        self._verdict = verdict
        self.kill()

    def _exited(self, code: int) -> None:
        self._cancel_deadline()
        invocation = self.invocation
        if invocation is not None:
            verdict = self._verdict or (lambda died: exit_payload(died, exit_reason(code)))
            payload = verdict(invocation)
            self.log.write(json.loads(payload)["errorMessage"] + "\n")
            self._finish(invocation.request_id, Result(payload, "Unhandled"))
        if self._init_seconds is not None:
            self._ended(None)
        else:
            reason = exit_reason(code)
            self._ended(self._init_error or error_payload("Runtime.ExitError", reason_message(reason)))

    def _ended(self, error: bytes | None) -> None:
        self._cancel_deadline()
        self._close()
        self.ready.set()
        self._on_end(self, error)

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in self.connections:
            connection.close()

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _report(self, invocation: Invocation) -> None:
        duration = (time.monotonic() - self._began) * 1000
        init = ""
        if self._init_seconds is not None and self._init_seconds > 0:
            init = f"\tInit Duration: {self._init_seconds * 1000:.2f} ms"
            # Lambda reports it with the first invocation only.
            self._init_seconds = 0.0
        self.log.write(
            f"END RequestId: {invocation.request_id}\n"
            f"REPORT RequestId: {invocation.request_id}\tDuration: {duration:.2f} ms\t"
            f"Billed Duration: {int(duration) + 1} ms\tMemory Size: {self.spec.memory} MB\t"
            f"Max Memory Used: {self._peak // 1024 // 1024} MB{init}\n"
        )

    def _resident(self) -> int:
        """Bytes of resident memory; 0 for a process that is gone."""
        if self._fork is None:
            return 0
        try:
            if sys.platform == "linux":
                return int(Path(f"/proc/{self._fork.pid}/statm").read_bytes().split()[1]) * _PAGE
            return int(psutil.Process(self._fork.pid).memory_info().rss)
        except (OSError, IndexError, psutil.NoSuchProcess):
            return 0


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def error_payload(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def timeout_payload(invocation: Invocation, seconds: int) -> bytes:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    message = f"{now} {invocation.request_id} Task timed out after {seconds:.2f} seconds"
    return json.dumps({"errorMessage": message}).encode()


def exit_payload(invocation: Invocation, reason: str) -> bytes:
    message = f"RequestId: {invocation.request_id} Error: {reason_message(reason)}"
    return error_payload("Runtime.ExitError", message)


def exit_reason(code: int) -> str:
    """How a process ended, in Lambda's words; nothing for one that said it was well."""
    if code < 0:
        return f"signal: {(signal.strsignal(-code) or str(-code)).lower()}"
    return f"exit status {code}" if code else ""


def reason_message(reason: str) -> str:
    return f"Runtime exited with error: {reason}" if reason else "Runtime exited without providing a reason"
