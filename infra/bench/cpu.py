"""Measures the CPU time of a local cloud, for each of its parts."""

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from infra.local.pid_files import ProcessIdentity

GATEWAY, FUNCTIONS = "gateway", "functions"
"""The two parts of the function host. GATEWAY is the host itself. FUNCTIONS are the processes of functions, and the
zygote that forks these processes."""


@dataclass(frozen=True)
class CpuTime:
    """The CPU time of all processes of a local cloud."""

    parts: Mapping[str, float]
    """Maps a part of the local cloud to its CPU time. The unit is seconds, unless the code that creates the object uses
    another unit.
    """

    @classmethod
    def of(cls, state: Path) -> Self:
        """Return the CPU seconds that the local cloud has used since it started.

        The times include ended processes, because the operating system adds the time of an ended process to its parent.
        The name of a part is the name of its pid file, e.g. `postgres`. Only the part `functions` is split into GATEWAY
        and FUNCTIONS.
        """
        parts: dict[str, float] = defaultdict(float)
        for file in (state / "run").glob("*.json"):
            identity = ProcessIdentity.read(file)
            leader = identity.process if identity else None
            if leader is None:
                continue
            is_host = file.stem == FUNCTIONS
            with contextlib.suppress(psutil.NoSuchProcess):
                descendants = leader.children(recursive=True)
                parts[GATEWAY if is_host else file.stem] += process_seconds(leader)
                for process in descendants:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        parts[file.stem] += process_seconds(process)
        return cls(parts)

    @property
    def total(self) -> float:
        return sum(self.parts.values())

    def __sub__(self, other: Self) -> Self:
        return type(self)({part: time - other.parts.get(part, 0.0) for part, time in self.parts.items()})

    def __mul__(self, factor: float) -> Self:
        return type(self)({part: time * factor for part, time in self.parts.items()})

    def __str__(self) -> str:
        largest_first = sorted(self.parts.items(), key=lambda part: -part[1])
        return ", ".join(f"{part} {time:.1f}" for part, time in largest_first if time >= 0.05)


def idle_cpu(state: Path, seconds: float) -> CpuTime:
    """Return the CPU seconds that the local cloud uses per second without any request. The measurement takes `seconds`
    seconds.
    """
    began, before = time.perf_counter(), CpuTime.of(state)
    time.sleep(seconds)
    return (CpuTime.of(state) - before) * (1 / (time.perf_counter() - began))


def cpu_of_requests(state: Path, run: Callable[[], int], idle: CpuTime) -> CpuTime:
    """Call `run`, and return the CPU milliseconds of the local cloud for each request. `run` returns the number of its
    requests.

    idle: the CPU time that the cloud uses without requests, in seconds per second. The function subtracts this time.
    """
    began, before = time.perf_counter(), CpuTime.of(state)
    requests = run()
    used = CpuTime.of(state) - before
    return (used - idle * (time.perf_counter() - began)) * (1000 / requests)


def function_processes(state: Path, folder: Path) -> list[psutil.Process]:
    """Return the running processes of the function in `folder`."""
    identity = ProcessIdentity.read(state / "run" / f"{FUNCTIONS}.json")
    host = identity.process if identity else None
    return processes_in(folder, host) if host else []


def processes_in(folder: Path, ancestor: psutil.Process) -> list[psutil.Process]:
    """Return the descendants of a process whose working directory is `folder`. Each process of a function runs in the
    folder of the function."""
    processes = []
    for process in ancestor.children(recursive=True):
        with contextlib.suppress(psutil.Error, OSError):
            if Path(process.cwd()) == folder:
                processes.append(process)
    return processes


def process_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds of a process and of its ended children, if the process has read their exit status."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)
