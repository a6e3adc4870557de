"""Inspects, stops or erases a local cloud from another process than its supervisor."""

import contextlib
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from infra.local.endpoints import Endpoints, delete_endpoints, load_endpoints
from infra.local.pid_files import ProcessIdentity, stop_orphans, terminate
from infra.local.processes import LocalCloudError
from infra.local.unprivileged import erase_postgres_home, external_data_directory


@dataclass(frozen=True)
class PartStatus:
    """The status of one process of the local cloud."""

    name: str
    state: Literal["up", "down"]
    pid: int | None
    ports: dict[str, int]
    memory: int
    """The memory use of the process and its descendants, in bytes. On Linux, shared memory of these processes is
    counted once."""
    since: float | None
    """The start time of the process, in seconds since 1970."""


@dataclass(frozen=True)
class CloudStatus:
    """The status of the whole local cloud.

    `stage` is the stage that the supervisor has recorded. If the supervisor was killed and some parts are still
    running, `stage` is `lost`. If nothing is running, `stage` is `down`.
    """

    stage: Literal["starting", "up", "stopping", "down", "lost"]
    pid: int | None
    parts: tuple[PartStatus, ...]

    @property
    def healthy(self) -> bool:
        """Whether the local cloud is up, and all its parts are up."""
        return self.stage == "up" and all(part.state == "up" for part in self.parts)


def status(state: Path) -> CloudStatus:
    """Return the status of the local cloud whose state directory is `state`."""
    supervisor = ProcessIdentity.read(state / "supervisor.json")
    record = _supervisor_record(state)
    ports: dict[str, dict[str, int]] = record.get("parts", {})
    started = {file.stem: ProcessIdentity.read(file) for file in (state / "run").glob("*.json")}
    parts = tuple(_part(name, started.get(name), ports.get(name, {})) for name in (*ports, *(started.keys() - ports)))
    if supervisor and supervisor.process:
        return CloudStatus(record["stage"], supervisor.pid, parts)
    return CloudStatus("lost" if any(part.state == "up" for part in parts) else "down", None, parts)


def shut_down(state: Path, timeout: float = 40.0) -> str:
    """Stop the local cloud in `state`. Return one line that says what was stopped.

    Kill the supervisor if it does not stop within `timeout` seconds. Raises LocalCloudError if the cloud belongs to
    another user.
    """
    supervisor = ProcessIdentity.read(state / "supervisor.json")
    process = supervisor.process if supervisor else None
    try:
        if process:
            began = time.monotonic()
            terminate(process, timeout=timeout)
            outcome = f"stopped in {time.monotonic() - began:.1f} s"
        else:
            outcome = "the local cloud was not running"
        orphans = stop_orphans(state)
    except psutil.AccessDenied as error:
        raise LocalCloudError(
            f"pid {error.pid} of the local cloud belongs to another user: stop the cloud as that user"
        ) from error
    if orphans:
        outcome = f"stopped the remaining processes: {', '.join(orphans)}"
    (state / "supervisor.json").unlink(missing_ok=True)
    delete_endpoints(state)
    return outcome


def erase(state: Path) -> list[Path]:
    """Remove all data, secrets and logs of the local cloud in `state`, which must be stopped. Return the removed
    directories.
    """
    directories = [directory for directory in (state, external_data_directory(state)) if directory]
    erase_postgres_home(state)
    shutil.rmtree(state, ignore_errors=True)
    return directories


def supervised(state: Path) -> bool:
    """Return whether the supervisor of the local cloud in `state` is running. A supervisor restarts parts that end."""
    supervisor = ProcessIdentity.read(state / "supervisor.json")
    return supervisor is not None and supervisor.process is not None


def running_endpoints(state: Path) -> Endpoints:
    """Return the endpoints of the local cloud in `state`. Raises CloudNotRunning if the cloud is not up or
    was killed.
    """
    if not supervised(state):
        delete_endpoints(state)
    return load_endpoints(state)


def _supervisor_record(state: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        record: dict[str, Any] = json.loads((state / "supervisor.json").read_text("utf-8"))
        return record
    return {}


def _part(name: str, started: ProcessIdentity | None, ports: dict[str, int]) -> PartStatus:
    process = started.process if started else None
    if not process:
        return PartStatus(name, "down", None, ports, 0, None)
    return PartStatus(name, "up", process.pid, ports, _memory(process), process.create_time())


def _memory(process: psutil.Process) -> int:
    total = 0
    with contextlib.suppress(psutil.Error):
        for member in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                try:
                    total += getattr(member.memory_full_info(), "pss", 0) or member.memory_info().rss
                except psutil.AccessDenied:
                    total += member.memory_info().rss
    return total
