"""Start the parts of the local cloud in parallel, restart parts that end, and stop all parts in reverse order.

A part starts when its dependencies are ready. A part that ends is restarted, up to three times a minute. After that,
the supervisor stops everything and reports the part and the reason. The main thread makes all decisions. Parts start
and restart in worker threads, because a start blocks until the part is ready.
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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from infra.local.pid_files import ProcessIdentity, stop_orphans
from infra.local.processes import LocalCloudError, Process, require_free_ports

log = logging.getLogger(__name__)

MAX_RESTARTS = 3
"""Restarts of a part that are allowed within RESTART_WINDOW."""
RESTART_WINDOW = 60.0
"""Seconds."""
_POLL_INTERVAL = 0.1
"""Seconds."""


@dataclass(frozen=True)
class Part:
    """A part of the local cloud: a process to watch or, if `process` is None, a step that runs once.

    `needs` names the parts that must be ready before this part starts.
    """

    name: str
    start: Callable[[], object]
    process: Process | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Event:
    """An event to show to the operator."""

    kind: Literal["starting", "ready", "restarting", "restarted", "up", "failed", "stopping", "stopped"]
    part: str = ""
    seconds: float = 0.0
    detail: str = ""


class AlreadyRunning(LocalCloudError):
    """Another supervisor uses this state directory."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"the local cloud is already running (pid {pid})" if pid else "the local cloud is starting")
        self.pid = pid


@dataclass
class Supervisor:
    """Runs `parts` until `stop` is called. The names of the parts must be unique.

    `on_event` is called for every event, and `on_up` once, as soon as all parts are ready.
    """

    parts: Sequence[Part]
    state: Path
    on_event: Callable[[Event], None]
    on_up: Callable[[], None] = lambda: None
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _ready: list[Part] = field(default_factory=list, init=False)
    """Parts in the order in which they became ready."""
    _started: set[str] = field(default_factory=set, init=False)
    """Names of the parts whose start has begun."""
    _restarts: dict[str, deque[float]] = field(default_factory=dict, init=False)
    """Part name → times of its recent restarts (`time.monotonic`)."""
    _pool: ThreadPoolExecutor = field(init=False)

    def stop(self) -> None:
        """Make `run` return. Safe to call from a signal handler and from any thread."""
        self._stopping.set()

    def run(self) -> int:
        """Start and watch all parts until a stop or a failure, then stop them.

        Returns the exit code: 0 after a stop, 1 after the failure of a part. Raises AlreadyRunning. Call it from the
        main thread, because it handles SIGINT, SIGTERM and SIGHUP: they stop the cloud.
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
        """Start all parts, each as soon as its dependencies are ready. Returns early if the cloud is stopped."""
        starting: dict[Future[float], Part] = {}
        while len(self._ready) < len(self.parts) and not self._stopping.is_set():
            ready_names = {part.name for part in self._ready}
            for part in self.parts:
                if part.name not in self._started and ready_names.issuperset(part.needs):
                    self._started.add(part.name)
                    self.on_event(Event("starting", part.name))
                    starting[self._pool.submit(_timed, part.start)] = part
            if not starting:
                blocked = [part.name for part in self.parts if part.name not in self._started]
                raise LookupError(f"parts with unknown or cyclic dependencies: {', '.join(blocked)}")
            for future in wait(starting, _POLL_INTERVAL, FIRST_COMPLETED).done:
                part = starting.pop(future)
                seconds = self._start_seconds(part, future)
                self._ready.append(part)
                self.on_event(Event("ready", part.name, seconds))

    def _watch(self) -> None:
        """Restart parts that end, until the cloud is stopped. Raises LocalCloudError after too many restarts."""
        restarting: dict[str, Future[float]] = {}
        reasons: dict[str, str] = {}
        # `_ready` is in order of dependency: if several parts have ended, the loop sees a dependency first.
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
                        # The next iteration sees that the part has ended again, and counts one more restart.
                        reasons[part.name] = str(error)
                elif part.name in ended and not future and ended.isdisjoint(part.needs):
                    failure = reasons.pop(part.name, "")
                    self._count_restart(part, failure or process.exit_summary(lines=5))
                    self.on_event(Event("restarting", part.name, detail=failure or process.exit_summary()))
                    restarting[part.name] = self._pool.submit(_timed, part.start)

    def _count_restart(self, part: Part, reason: str) -> None:
        """Count a restart. Raises LocalCloudError if the part has ended too often."""
        now = time.monotonic()
        recent = self._restarts.setdefault(part.name, deque())
        while recent and now - recent[0] > RESTART_WINDOW:
            recent.popleft()
        if len(recent) == MAX_RESTARTS:
            raise LocalCloudError(f"{part.name} ended {MAX_RESTARTS + 1} times within a minute: {reason}")
        recent.append(now)

    def _start_seconds(self, part: Part, future: Future[float]) -> float:
        """Return how long the start of the part took. Raises LocalCloudError if the start failed."""
        try:
            return future.result()
        except LocalCloudError:
            raise
        except Exception as error:
            log.exception("%s failed", part.name)
            first = (str(error).strip().splitlines() or [""])[0]
            raise LocalCloudError(f"{part.name} failed: {type(error).__name__}: {first}") from error

    def _stop_parts(self) -> None:
        """Stop all parts: first those that are still starting, which ends their threads, then the others in reverse
        order of their start."""
        self._stopping.set()
        if self._started:
            self._write_record("stopping")
            self.on_event(Event("stopping"))
        ready = [part for part in self._ready if part.process]
        for part in [*(part for part in self.parts if part not in ready), *reversed(ready)]:
            if part.process:
                part.process.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        # A thread may have started another process after the loop above. All threads have ended now.
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
        """Stop the cloud on SIGINT, SIGTERM and SIGHUP."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, lambda *_: self.stop()) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _timed(start: Callable[[], object]) -> float:
    """Call `start` and return how many seconds it took."""
    began = time.monotonic()
    start()
    return time.monotonic() - began


@contextlib.contextmanager
def _lock(state: Path) -> Iterator[None]:
    """Lock a state directory. Raises AlreadyRunning. The system releases the lock when the process ends."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = ProcessIdentity.read(state / "supervisor.json")
            raise AlreadyRunning(other.pid if other else None) from None
        yield
