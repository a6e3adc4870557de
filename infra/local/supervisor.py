"""Starts the parts of the local cloud in parallel, restarts parts that end, and stops all parts in reverse order.

A part starts when its dependencies are ready. If a part ends, the supervisor restarts it, at most three times within a
minute. If the part ends a fourth time within the minute, the supervisor stops all parts, and reports the part and the
reason. The main thread decides which parts start. Worker threads start them, because a start blocks until the part is
ready.
"""

import contextlib
import fcntl
import json
import logging
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from infra.local.pid_files import ProcessIdentity, stop_orphans
from infra.local.processes import LocalCloudError, Process, require_free_ports

log = logging.getLogger(__name__)

MAX_RESTARTS = 3
"""The maximum number of restarts of a part within RESTART_WINDOW."""
RESTART_WINDOW = 60.0
"""The length of the time window in which the restarts of a part are counted, in seconds."""
_WAITING_INTERVAL = 5.0
"""The number of seconds between two reports of the parts that are still starting."""
_POLL_INTERVAL = 0.1
"""The number of seconds between two checks of the parts."""


@dataclass(frozen=True)
class Part:
    """A part of the local cloud. It is a process or, if `process` is None, a step that runs once.

    `needs` contains the names of the parts that must be ready before this part starts.
    """

    name: str
    start: Callable[[], object]
    process: Process | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Event:
    """An event that is shown to the operator."""

    kind: Literal["starting", "waiting", "ready", "restarting", "restarted", "up", "failed", "stopping", "stopped"]
    part: str = ""
    seconds: float = 0.0
    detail: str = ""


class AlreadyRunning(LocalCloudError):
    """Another supervisor uses this state directory."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(
            f"the local cloud is already running (pid {pid})" if pid else "the local cloud is already starting"
        )
        self.pid = pid


@dataclass
class Supervisor:
    """Runs `parts` until `stop` is called. The names of the parts must be different.

    `on_event` is called for each event. `on_up` is called once, when all parts are ready.
    """

    parts: Sequence[Part]
    state: Path
    on_event: Callable[[Event], None]
    on_up: Callable[[], None] = lambda: None
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _ready: list[Part] = field(default_factory=list, init=False)
    """The parts that are ready, in the order in which they became ready."""
    _started: set[str] = field(default_factory=set, init=False)
    """The names of the parts that are starting or have started."""
    _restarts: dict[str, deque[float]] = field(default_factory=dict, init=False)
    """Maps the name of a part to the times of its most recent restarts, as values of `time.monotonic`."""
    _pool: ThreadPoolExecutor = field(init=False)

    def stop(self) -> None:
        """Make `run` stop all parts and return. Any thread and any signal handler can call this method."""
        self._stopping.set()

    def run(self) -> int:
        """Start all parts and watch them. Stop all parts when `stop` is called, or when a part fails.

        Return the exit code: 0 after a call of `stop`, 1 after a failure. Raises AlreadyRunning. Call this method only
        from the main thread, because it installs handlers for SIGINT, SIGTERM and SIGHUP, which stop the local cloud.
        """
        with _lock(self.state), self._signals(), ThreadPoolExecutor(max(len(self.parts), 1)) as self._pool:
            began = time.monotonic()
            try:
                stop_orphans(self.state)
                require_free_ports(
                    {name: port for part in self.parts if part.process for name, port in part.process.ports.items()}
                )
                self._write_record("starting")
                self._start_parts()
                if not self._stopping.is_set():
                    self.on_up()
                    self._write_record("up")
                    self.on_event(Event("up", seconds=time.monotonic() - began))
                    self._watch()
            except LocalCloudError as error:
                self.on_event(Event("failed", detail=str(error)))
                return 1
            finally:
                self._stop_parts()
            return 0

    def _start_parts(self) -> None:
        """Start each part as soon as its dependencies are ready.

        If `stop` is called, this method returns before all parts are started.
        """
        starting: dict[Future[float], Part] = {}
        began = reported = time.monotonic()
        while len(self._ready) < len(self.parts) and not self._stopping.is_set():
            ready_names = {part.name for part in self._ready}
            for part in self.parts:
                if part.name not in self._started and ready_names.issuperset(part.needs):
                    self._started.add(part.name)
                    self.on_event(Event("starting", part.name))
                    starting[self._pool.submit(_timed, part.start)] = part
            if not starting:
                blocked = [part.name for part in self.parts if part.name not in self._started]
                raise LookupError(f"these parts need an unknown part or need each other: {', '.join(blocked)}")
            for future in wait(starting, _POLL_INTERVAL, FIRST_COMPLETED).done:
                part = starting.pop(future)
                seconds = self._start_seconds(part, future)
                self._ready.append(part)
                self.on_event(Event("ready", part.name, seconds))
            if starting and (now := time.monotonic()) - reported >= _WAITING_INTERVAL:
                reported = now
                self.on_event(Event("waiting", seconds=now - began, detail=_waiting_for(starting.values())))

    def _watch(self) -> None:
        """Until `stop` is called, restart each part that ends. Raises LocalCloudError if a part ends too often."""
        restarting: dict[str, Future[float]] = {}
        reasons: dict[str, str] = {}
        # In `_ready`, each part comes after the parts that it needs. If several parts have ended, the loop therefore
        # restarts a part after the parts that it needs.
        watched = {part.name: (part, part.process) for part in self._ready if part.process}
        while not self._stopping.wait(_POLL_INTERVAL):
            ended = {name for name, (_, process) in watched.items() if name in restarting or not process.running}
            for part, process in watched.values():
                future = restarting.get(part.name)
                if future and future.done():
                    del restarting[part.name]
                    error = future.exception()
                    if error is None:
                        self.on_event(Event("restarted", part.name, future.result()))
                    else:
                        # The next iteration of the `while` loop restarts the part again and counts the restart.
                        reasons[part.name] = str(error)
                elif part.name in ended and not future and ended.isdisjoint(part.needs):
                    failure = reasons.pop(part.name, "")
                    self._count_restart(part, failure or process.exit_summary(lines=5))
                    self.on_event(Event("restarting", part.name, detail=failure or process.exit_summary()))
                    restarting[part.name] = self._pool.submit(_timed, part.start)

    def _count_restart(self, part: Part, reason: str) -> None:
        """Count one restart of a part. Raises LocalCloudError if the part has ended too often."""
        now = time.monotonic()
        recent = self._restarts.setdefault(part.name, deque())
        while recent and now - recent[0] > RESTART_WINDOW:
            recent.popleft()
        if len(recent) == MAX_RESTARTS:
            raise LocalCloudError(f"{part.name} ended {MAX_RESTARTS + 1} times within a minute: {reason}")
        recent.append(now)

    def _start_seconds(self, part: Part, future: Future[float]) -> float:
        """Return how many seconds the start of a part took. Raises LocalCloudError if the start failed."""
        try:
            return future.result()
        except LocalCloudError:
            raise
        except Exception as error:
            log.exception("%s failed", part.name)
            first = (str(error).strip().splitlines() or [""])[0]
            raise LocalCloudError(f"{part.name} failed: {type(error).__name__}: {first}") from error

    def _stop_parts(self) -> None:
        """Stop all parts.

        First stop the parts that are still starting, so that their threads end. Then stop all other parts in the
        reverse order of their start.
        """
        self._stopping.set()
        if self._started:
            self._write_record("stopping")
            self.on_event(Event("stopping"))
        ready = [part for part in self._ready if part.process]
        for part in [*(part for part in self.parts if part not in ready), *reversed(ready)]:
            if part.process:
                part.process.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        # A thread can have started a part after the loop above had stopped this part. All threads have ended now, so
        # stop all parts again.
        for part in self.parts:
            if part.process:
                part.process.stop()
        (self.state / "supervisor.json").unlink(missing_ok=True)
        if self._started:
            self.on_event(Event("stopped"))

    def _write_record(self, stage: str) -> None:
        """Write `supervisor.json`, which `status` and `down` read."""
        identity = ProcessIdentity.of(os.getpid())
        record = {
            "pid": identity.pid,
            "created": identity.created,
            "stage": stage,
            "parts": {part.name: dict(part.process.ports) for part in self.parts if part.process},
        }
        temporary = self.state / "supervisor.new"
        temporary.write_text(json.dumps(record), "utf-8")
        temporary.replace(self.state / "supervisor.json")

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Stop the local cloud on SIGINT, SIGTERM and SIGHUP."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, lambda *_: self.stop()) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _waiting_for(parts: Iterable[Part]) -> str:
    """Return the name of each part that is starting, with its last log line."""
    return "; ".join(
        f"{part.name}: {part.process.last_log_lines()}" if part.process and part.process.running else part.name
        for part in parts
    )


def _timed(start: Callable[[], object]) -> float:
    """Call `start`, and return its duration in seconds."""
    began = time.monotonic()
    start()
    return time.monotonic() - began


@contextlib.contextmanager
def _lock(state: Path) -> Iterator[None]:
    """Lock a state directory. Raises AlreadyRunning if another process has the lock.

    The operating system releases the lock when this process ends.
    """
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = ProcessIdentity.read(state / "supervisor.json")
            raise AlreadyRunning(other.pid if other else None) from None
        yield
