"""Reads and writes pid files, to find and terminate processes that another process has started.

The operating system can use the pid of an ended process again. Therefore a pid file contains the pid and the creation
time of a process, which together identify the process.
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
"""The environment variable of every child process that contains the state directory of its local cloud.
"""


@dataclass(frozen=True)
class ProcessIdentity:
    """The identity of a process: its pid and its creation time. The process may have ended already."""

    pid: int
    created: float
    """The creation time in seconds since 1970, as psutil returns it."""

    @classmethod
    def of(cls, pid: int) -> Self:
        return cls(pid, psutil.Process(pid).create_time())

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """Read a pid file. Return None if the file does not exist or is damaged."""
        try:
            entry = json.loads(file.read_text("utf-8"))
            return cls(entry["pid"], entry["created"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".new")
        temporary.write_text(json.dumps({"pid": self.pid, "created": self.created}), "utf-8")
        temporary.replace(file)

    @property
    def process(self) -> psutil.Process | None:
        """The running process, or None if it has ended. Another process with the same pid does not count."""
        try:
            process = psutil.Process(self.pid)
            # /proc states times in hundredths of a second. The system does not use a pid again within such a short
            # time.
            same = abs(process.create_time() - self.created) < 0.05
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


def terminate(process: psutil.Process, stop_signal: signal.Signals = signal.SIGTERM, timeout: float = 5.0) -> None:
    """Terminate a process that is not a child of this process, and its descendants.

    Send `stop_signal` to the process. After `timeout` seconds, kill the processes that are still running.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        descendants = process.children(recursive=True)
        process.send_signal(stop_signal)
        _wait_for_exit([process], timeout)
        for survivor in _wait_for_exit([process, *descendants], 0.2):
            with contextlib.suppress(psutil.NoSuchProcess):
                survivor.kill()
        _wait_for_exit([process, *descendants], 2)


def _wait_for_exit(processes: Sequence[psutil.Process], timeout: float) -> list[psutil.Process]:
    """Wait up to `timeout` seconds until all processes have ended. Return the processes that are still running."""
    deadline = time.monotonic() + timeout
    while True:
        survivors = [process for process in processes if _is_running(process)]
        if not survivors or time.monotonic() > deadline:
            return survivors
        time.sleep(0.02)


def _is_running(process: psutil.Process) -> bool:
    # A zombie is an ended process whose exit status the parent has not read yet.
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def stop_orphans(state: Path) -> list[str]:
    """Terminate the processes that are still running after their supervisor was killed, and remove their pid files.

    Return the names of the parts of these processes.
    """
    stopped: list[str] = []
    for file in sorted((state / "run").glob("*.json")):
        leader = ProcessIdentity.read(file)
        if leader:
            orphans = [process for process in (leader.process, *_session_members(leader, state)) if process]
            for process in orphans:
                # SIGINT stops PostgreSQL quickly. On SIGTERM, PostgreSQL would wait until its clients disconnect. All
                # other parts end on both signals.
                terminate(process, signal.SIGINT)
            if orphans:
                stopped.append(file.stem)
        file.unlink(missing_ok=True)
    return stopped


def _session_members(leader: ProcessIdentity, state: Path) -> Iterator[psutil.Process]:
    """Yield the running processes in the session of a part, without the first process of the part."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if (
                process.pid not in (leader.pid, os.getpid())
                and os.getsid(process.pid) == leader.pid
                and process.environ().get(STATE_VARIABLE) == str(state)
            ):
                yield process
