"""Starts parts side by side as far as they need each other, watches them, and stops them in reverse.

A part that ends is started again, three times in a minute; then the supervisor stops everything and says which part and
why. Only the main thread decides; parts start (and start again) in threads, since starting means waiting.
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
from infra.local.processes import LocalCloudError, Process, require_free

log = logging.getLogger(__name__)

RESTARTS = 3
WITHIN = 60.0
"""Seconds in which so many restarts are allowed."""
_GLANCE = 0.1


@dataclass(frozen=True)
class Part:
    """Something to start: a process to watch from then on, or, without one, a step that is done once."""

    name: str
    start: Callable[[], object]
    process: Process | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Event:
    """What happened, for the person who watches."""

    kind: Literal["starting", "ready", "restarting", "restarted", "up", "failed", "stopping", "stopped"]
    part: str = ""
    seconds: float = 0.0
    detail: str = ""


class AlreadyRunning(LocalCloudError):
    """Another supervisor has this state directory."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"the local cloud is already running (pid {pid})" if pid else "the local cloud is starting")
        self.pid = pid


@dataclass
class Supervisor:
    """Runs `parts`, whose names must be unique, until it is told to stop.

    `up` is called once all are ready; `tell` hears what happens.
    """

    parts: Sequence[Part]
    state: Path
    tell: Callable[[Event], None]
    up: Callable[[], None] = lambda: None
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _ready: list[Part] = field(default_factory=list, init=False)
    """In the order in which they became ready."""
    _begun: set[str] = field(default_factory=set, init=False)
    """Names of the parts that were told to start."""
    _restarts: dict[str, deque[float]] = field(default_factory=dict, init=False)
    _pool: ThreadPoolExecutor = field(init=False)

    def stop(self) -> None:
        """Make `run` end. Callable from a signal handler and from any thread."""
        self._stopping.set()

    def run(self) -> int:
        """Start, watch, stop. 0 when it was told to stop, 1 when a part failed. Raises AlreadyRunning.

        From the main thread only: SIGINT, SIGTERM and SIGHUP stop it.
        """
        with _only_one(self.state), self._signals(), ThreadPoolExecutor(max(len(self.parts), 1)) as self._pool:
            began = time.monotonic()
            try:
                stop_orphans(self.state)
                require_free(
                    {name: port for part in self.parts if part.process for name, port in part.process.ports.items()}
                )
                self._note("starting")
                self._start()
                if not self._stopping.is_set():
                    self.up()
                    self._note("up")
                    self.tell(Event("up", seconds=time.monotonic() - began))
                    self._watch()
            except LocalCloudError as error:
                self.tell(Event("failed", detail=str(error)))
                return 1
            finally:
                self._end()
            return 0

    def _start(self) -> None:
        running: dict[Future[float], Part] = {}
        while len(self._ready) < len(self.parts) and not self._stopping.is_set():
            done = {part.name for part in self._ready}
            for part in self.parts:
                if part.name not in self._begun and done.issuperset(part.needs):
                    self._begun.add(part.name)
                    self.tell(Event("starting", part.name))
                    running[self._pool.submit(_timed, part.start)] = part
            if not running:
                raise LookupError(
                    f"nothing can start: {[part.name for part in self.parts if part.name not in self._begun]}"
                )
            for future in wait(running, _GLANCE, FIRST_COMPLETED).done:
                part = running.pop(future)
                seconds = self._result(part, future)
                self._ready.append(part)
                self.tell(Event("ready", part.name, seconds))

    def _watch(self) -> None:
        restarting: dict[str, Future[float]] = {}
        reasons: dict[str, str] = {}
        # In the order of their needs: what a part needs is found ended before the part is.
        watched = {part.name: (part, part.process) for part in self._ready if part.process}
        while not self._stopping.wait(_GLANCE):
            away = {name for name, (_, process) in watched.items() if name in restarting or not process.running}
            for part, process in watched.values():
                future = restarting.get(part.name)
                if future and future.done():
                    del restarting[part.name]
                    error = future.exception()
                    if error is None:
                        self.tell(Event("restarted", part.name, future.result()))
                    else:
                        # It is found ended again at the next glance, and counted.
                        reasons[part.name] = str(error)
                elif part.name in away and not future and away.isdisjoint(part.needs):
                    failure = reasons.pop(part.name, "")
                    self._count(part, failure or process.obituary(lines=5))
                    self.tell(Event("restarting", part.name, detail=failure or process.obituary()))
                    restarting[part.name] = self._pool.submit(_timed, part.start)

    def _count(self, part: Part, reason: str) -> None:
        """Count a restart. Raises LocalCloudError when it is one too many."""
        now = time.monotonic()
        recent = self._restarts.setdefault(part.name, deque())
        while recent and now - recent[0] > WITHIN:
            recent.popleft()
        if len(recent) == RESTARTS:
            raise LocalCloudError(f"{part.name} ended {RESTARTS + 1} times within a minute: {reason}")
        recent.append(now)

    def _result(self, part: Part, future: Future[float]) -> float:
        try:
            return future.result()
        except LocalCloudError:
            raise
        except Exception as error:
            log.exception("%s failed", part.name)
            first = (str(error).strip().splitlines() or [""])[0]
            raise LocalCloudError(f"{part.name} failed: {type(error).__name__}: {first}") from error

    def _end(self) -> None:
        """Stop all, last started first; what is only just starting is stopped first of all, which ends its thread."""
        self._stopping.set()
        if self._begun:
            self._note("stopping")
            self.tell(Event("stopping"))
        ready = [part for part in self._ready if part.process]
        for part in [*(part for part in self.parts if part not in ready), *reversed(ready)]:
            if part.process:
                part.process.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        # A thread may have been between two processes just then.
        for part in self.parts:
            if part.process:
                part.process.stop()
        (self.state / "supervisor.json").unlink(missing_ok=True)
        if self._begun:
            self.tell(Event("stopped"))

    def _note(self, stage: str) -> None:
        """Write down what `status` and `down` need to know."""
        own = ProcessIdentity.of(os.getpid())
        note = {
            "pid": own.pid,
            "created": own.created,
            "stage": stage,
            "parts": {part.name: dict(part.process.ports) for part in self.parts if part.process},
        }
        fresh = self.state / "supervisor.new"
        fresh.write_text(json.dumps(note), "utf-8")
        fresh.replace(self.state / "supervisor.json")

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, lambda *_: self.stop()) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _timed(start: Callable[[], object]) -> float:
    began = time.monotonic()
    start()
    return time.monotonic() - began


@contextlib.contextmanager
def _only_one(state: Path) -> Iterator[None]:
    """Hold the lock of a state directory. Raises AlreadyRunning. The lock goes with the process, however it ends."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = ProcessIdentity.read(state / "supervisor.json")
            raise AlreadyRunning(other.pid if other else None) from None
        yield
