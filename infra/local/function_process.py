"""One process of a function, with its Runtime API, its state and its limits.

AWS calls such a process an execution environment.
"""

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
"""The maximum time from the start of a process until this process requests its first event, in seconds."""

RESPONSE_LIMIT = 6 * 1024 * 1024 + 100
"""The maximum size of a response, in bytes. On Lambda, a response can be 100 bytes larger than a request."""

QUEUE_NICENESS = 5
"""The niceness of functions that read queues. On AWS, each function has separate CPUs. In the local cloud, all
functions share the cores of one machine, and e.g. an import must not slow down the API."""

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Result:
    """The result of an invocation."""

    payload: bytes
    """The JSON that the function returned. If `error` is set, it is Lambda's description of the failure."""
    error: Literal["Unhandled"] | None = None
    """The field `FunctionError` of Lambda, or None if the function succeeded."""
    log: str = ""
    """The last 4 KB of the log, if the invocation requested them."""


@dataclass(eq=False)
class Invocation:
    """An event for the function, and the future that will contain the result."""

    event: bytes
    trace_id: str
    result: asyncio.Future[Result]
    request_id: str = field(default_factory=lambda: str(uuid4()))
    tail: bool = False
    """Whether the result must include the end of the log."""

    def set_result(self, result: Result) -> None:
        """Save the result. Do nothing if the caller has cancelled the invocation."""
        if not self.result.done():
            self.result.set_result(result)


class FunctionProcess:
    """One process of a function, from its fork to its end.

    `on_idle(process)` is called each time the process becomes ready for an event. `on_end(process, error)` is called
    once, when the process has ended. If the process was never ready, `error` describes the failure in the format of
    Lambda. Otherwise `error` is None.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        log: FunctionLog,
        on_idle: Callable[["FunctionProcess"], None],
        on_end: Callable[["FunctionProcess", bytes | None], None],
    ) -> None:
        self.spec = spec
        self.log = log
        self.log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid4().hex}"
        self.started = time.monotonic()
        self.ready = asyncio.Event()
        """Signals that the process has requested its first Lambda event, or has ended."""
        self.finishing = False
        """Whether the process has returned a result, but has not requested the next event yet."""
        self.idle_since = 0.0
        self.invocation: Invocation | None = None
        self.connections: set[RuntimeApi] = set()
        self._on_idle = on_idle
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._idle_connection: Connection | None = None
        """The connection on which the process is waiting for the next event. None if the process is not idle."""
        self._init_seconds: float | None = None
        self._init_error: bytes | None = None
        self._invocation_started = 0.0
        self._log_position = 0
        self._peak_memory = 0
        """The highest memory use of the process so far, in bytes."""
        self._timer: asyncio.TimerHandle | None = None
        self._kill_error: Callable[[Invocation], bytes] | None = None
        """A function that returns the error payload for an invocation. None until the process is killed because of a
        limit."""
        self._fork: Fork | None = None
        self._zygote: Zygote | None = None
        self._server: asyncio.Server | None = None

    @property
    def pid(self) -> int | None:
        return self._fork.pid if self._fork else None

    async def start(self, zygote: Zygote, environment: Mapping[str, str]) -> None:
        """Fork the process. After that, `on_idle` or `on_end` is called. This method never raises an exception."""
        self._zygote = zygote
        self._timer = self._loop.call_later(INIT_LIMIT, self._init_timed_out)
        try:
            self._server = await self._loop.create_server(lambda: RuntimeApi(self), "127.0.0.1", 0)
            port = self._server.sockets[0].getsockname()[1]
            variables = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}", "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream}
            niceness = QUEUE_NICENESS if self.spec.queue else 0
            self._fork = await zygote.fork({**environment, **variables}, self.spec.folder, self.log.path, niceness)
        except (ZygoteDied, OSError) as error:
            self._ended(error_payload("Runtime.ExitError", str(error)))
            return
        self._fork.exited.add_done_callback(lambda exited: self._exited(exited.result()))

    def run(self, invocation: Invocation) -> None:
        """Send an event to the process, which must be idle."""
        connection, self._idle_connection = self._idle_connection, None
        if connection is None:
            raise RuntimeError(f"a process of {self.spec.name} received an event while it was busy")
        self.invocation = invocation
        self._invocation_started = time.monotonic()
        deadline = int((time.time() + self.spec.timeout) * 1000)
        self._timer = self._loop.call_later(self.spec.timeout, self._timed_out)
        if invocation.tail:
            self._log_position = self.log.position()
        self.log.write(f"START RequestId: {invocation.request_id} Version: $LATEST\n")
        headers = (
            f"Lambda-Runtime-Aws-Request-Id: {invocation.request_id}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {deadline}\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {function_arn(self.spec.name)}\r\n"
            f"Lambda-Runtime-Trace-Id: {invocation.trace_id}\r\n"
        )
        connection.respond(200, invocation.event, headers.encode())

    def kill(self) -> None:
        """Kill the process immediately."""
        if self._fork is not None and self._zygote is not None:
            self._zygote.kill(self._fork)

    async def closed(self) -> None:
        """Close the sockets of a process that has ended or was never forked. Return when the sockets are closed."""
        self._close()
        await asyncio.gather(*(connection.lost for connection in self.connections))
        if self._server is not None:
            await self._server.wait_closed()

    def check_memory(self) -> None:
        """Kill the process if it uses more memory than the function is allowed to use.

        The memory use is the resident set size (RSS) of the process. It includes pages that are shared with the zygote.
        """
        self._peak_memory = max(self._peak_memory, self._resident_bytes())
        if self._peak_memory > self.spec.memory * 1024 * 1024:
            self._kill_with_error(lambda invocation: exit_payload(invocation, "signal: killed"))

    # The following methods handle the requests of the process. They implement `RequestHandler`.

    def next_requested(self, connection: Connection) -> None:
        if self._init_seconds is None:
            self._init_seconds = time.monotonic() - self.started
            self._cancel_timer()
            self.ready.set()
        self.finishing = False
        self._idle_connection = connection
        self.idle_since = time.monotonic()
        self._on_idle(self)

    def invocation_succeeded(self, request_id: str, payload: bytes) -> int:
        if len(payload) > RESPONSE_LIMIT:
            message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
            self._finish(request_id, Result(error_payload("Function.ResponseSizeTooLarge", message), "Unhandled"))
            return 413
        return self._finish(request_id, Result(payload))

    def invocation_failed(self, request_id: str, payload: bytes) -> int:
        return self._finish(request_id, Result(payload, "Unhandled"))

    def init_failed(self, payload: bytes) -> int:
        self._init_error = payload
        return 202

    # The following methods end an invocation or the process.

    def _finish(self, request_id: str, result: Result) -> int:
        invocation = self.invocation
        if invocation is None or invocation.request_id != request_id:
            return 403
        self.invocation = None
        self.finishing = self._kill_error is None
        self._cancel_timer()
        self._peak_memory = max(self._peak_memory, self._resident_bytes())
        self._log_report(invocation)
        if invocation.tail:
            result = Result(result.payload, result.error, self.log.tail(self._log_position))
        invocation.set_result(result)
        return 202

    def _timed_out(self) -> None:
        self._kill_with_error(lambda invocation: timeout_payload(invocation, self.spec.timeout))

    def _init_timed_out(self) -> None:
        self._init_error = error_payload("Sandbox.Timedout", f"Init timed out after {INIT_LIMIT:.2f} seconds")
        self.kill()

    def _kill_with_error(self, describe: Callable[[Invocation], bytes]) -> None:
        """Kill the process.

        `describe` is a function that takes the current invocation and returns its error payload.
        """
        self._kill_error = describe
        self.kill()

    def _exited(self, code: int) -> None:
        self._cancel_timer()
        invocation = self.invocation
        if invocation is not None:
            describe = self._kill_error or (lambda failed: exit_payload(failed, exit_reason(code)))
            payload = describe(invocation)
            self.log.write(json.loads(payload)["errorMessage"] + "\n")
            self._finish(invocation.request_id, Result(payload, "Unhandled"))
        if self._init_seconds is not None:
            self._ended(None)
        else:
            reason = exit_reason(code)
            self._ended(self._init_error or error_payload("Runtime.ExitError", reason_message(reason)))

    def _ended(self, error: bytes | None) -> None:
        self._cancel_timer()
        self._close()
        self.ready.set()
        self._on_end(self, error)

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in self.connections:
            connection.close()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _log_report(self, invocation: Invocation) -> None:
        duration = (time.monotonic() - self._invocation_started) * 1000
        init = ""
        if self._init_seconds is not None and self._init_seconds > 0:
            init = f"\tInit Duration: {self._init_seconds * 1000:.2f} ms"
            # As on Lambda, only the first invocation reports the duration of the initialisation.
            self._init_seconds = 0.0
        self.log.write(
            f"END RequestId: {invocation.request_id}\n"
            f"REPORT RequestId: {invocation.request_id}\tDuration: {duration:.2f} ms\t"
            f"Billed Duration: {int(duration) + 1} ms\tMemory Size: {self.spec.memory} MB\t"
            f"Max Memory Used: {self._peak_memory // 1024 // 1024} MB{init}\n"
        )

    def _resident_bytes(self) -> int:
        """Return the resident memory of the process in bytes, or 0 if the process has ended."""
        if self._fork is None:
            return 0
        try:
            if sys.platform == "linux":
                return int(Path(f"/proc/{self._fork.pid}/statm").read_bytes().split()[1]) * _PAGE_BYTES
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
    """Describe how a process ended, with the same text as Lambda. Return an empty text for exit code 0."""
    if code < 0:
        return f"signal: {(signal.strsignal(-code) or str(-code)).lower()}"
    return f"exit status {code}" if code else ""


def reason_message(reason: str) -> str:
    return f"Runtime exited with error: {reason}" if reason else "Runtime exited without providing a reason"
