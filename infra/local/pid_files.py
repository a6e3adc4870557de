"""Processes as someone else than their parent knows them: found again by pid and time of creation, and ended.

After a supervisor was killed, `stop_orphans` ends what it left, and leaves alone who has such a pid by now.
"""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

STATE_VARIABLE = "WECELEBRATE_STATE"
"""Every child carries the state directory it belongs to: how an orphan is told from a stranger."""


@dataclass(frozen=True)
class ProcessIdentity:
    """A process that was started: pid and time of creation together name it for good."""

    pid: int
    created: float
    """Seconds since the epoch, as psutil gives it."""

    @classmethod
    def of(cls, pid: int) -> Self:
        return cls(pid, psutil.Process(pid).create_time())

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """The process a pid file names, None where there is no (readable) one."""
        try:
            entry = json.loads(file.read_text("utf-8"))
            return cls(entry["pid"], entry["created"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps({"pid": self.pid, "created": self.created}), "utf-8")
        fresh.replace(file)

    @property
    def process(self) -> psutil.Process | None:
        """The process, None once it ended or another one has its pid."""
        try:
            process = psutil.Process(self.pid)
            # The clock of /proc has hundredths; a pid does not come round within one.
            same = abs(process.create_time() - self.created) < 0.05
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


def end(process: psutil.Process, stop_signal: signal.Signals = signal.SIGTERM, patience: float = 5.0) -> None:
    """End a process that is not our child, and its descendants: the signal first, SIGKILL after `patience` seconds."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = process.children(recursive=True)
        process.send_signal(stop_signal)
        _left([process], patience)
        for survivor in _left([process, *family], 0.2):
            with contextlib.suppress(psutil.NoSuchProcess):
                survivor.kill()
        _left([process, *family], 2)


def _left(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after so many seconds at most. One whose parent has not looked has ended all the same."""
    limit = time.monotonic() + seconds
    while True:
        left = [process for process in processes if _runs(process)]
        if not left or time.monotonic() > limit:
            return left
        time.sleep(0.02)


def _runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def stop_orphans(state: Path) -> list[str]:
    """End what a killed supervisor left running, and forget it. Returns the names of the parts that were ended."""
    ended: list[str] = []
    for file in sorted((state / "run").glob("*.json")):
        known = ProcessIdentity.read(file)
        if known:
            strays = [process for process in (known.process, *_orphans(known, state)) if process]
            for process in strays:
                # SIGINT is a fast shutdown to PostgreSQL (SIGTERM waits for its clients) and an end to all others.
                end(process, signal.SIGINT)
            if strays:
                ended.append(file.stem)
        file.unlink(missing_ok=True)
    return ended


def _orphans(leader: ProcessIdentity, state: Path) -> Iterator[psutil.Process]:
    """What is left of the session of a part that has ended."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if (
                process.pid not in (leader.pid, os.getpid())
                and os.getsid(process.pid) == leader.pid
                and process.environ().get(STATE_VARIABLE) == str(state)
            ):
                yield process
