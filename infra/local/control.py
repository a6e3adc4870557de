"""Looking at a local cloud, and stopping it, from another process than its supervisor."""

import contextlib
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from infra.local.endpoints import Endpoints, forget_endpoints, load_endpoints
from infra.local.pid_files import ProcessIdentity, end, stop_orphans
from infra.local.processes import LocalCloudError
from infra.local.unprivileged import erase_home, external_data_directory


@dataclass(frozen=True)
class PartStatus:
    """One process of the cloud."""

    name: str
    state: Literal["up", "down"]
    pid: int | None
    ports: dict[str, int]
    memory: int
    """Bytes of it and all it started; memory they share is counted once where the system tells (Linux)."""
    since: float | None
    """When it started, in seconds since the epoch."""


@dataclass(frozen=True)
class CloudStatus:
    """The whole cloud. `stage` is that of its supervisor; `lost` when the supervisor was killed and parts still run."""

    stage: Literal["starting", "up", "stopping", "down", "lost"]
    pid: int | None
    parts: tuple[PartStatus, ...]

    @property
    def healthy(self) -> bool:
        return self.stage == "up" and all(part.state == "up" for part in self.parts)


def status(state: Path) -> CloudStatus:
    """What runs of the cloud in `state`."""
    supervisor = ProcessIdentity.read(state / "supervisor.json")
    note = _note(state)
    ports: dict[str, dict[str, int]] = note.get("parts", {})
    started = {file.stem: ProcessIdentity.read(file) for file in (state / "run").glob("*.json")}
    parts = tuple(_part(name, started.get(name), ports.get(name, {})) for name in (*ports, *(started.keys() - ports)))
    if supervisor and supervisor.process:
        return CloudStatus(note["stage"], supervisor.pid, parts)
    return CloudStatus("lost" if any(part.state == "up" for part in parts) else "down", None, parts)


def shut_down(state: Path, patience: float = 40.0) -> str:
    """Stop the cloud in `state` and say in a few words what that was. Raises LocalCloudError: it is another user's."""
    supervisor = ProcessIdentity.read(state / "supervisor.json")
    process = supervisor.process if supervisor else None
    try:
        if process:
            began = time.monotonic()
            end(process, patience=patience)
            said = f"stopped in {time.monotonic() - began:.1f} s"
        else:
            said = "it was not running"
        strays = stop_orphans(state)
    except psutil.AccessDenied as error:
        raise LocalCloudError(f"pid {error.pid} of the local cloud is another user's: stop it as that user") from error
    if strays:
        said = f"stopped what was left of it: {', '.join(strays)}"
    (state / "supervisor.json").unlink(missing_ok=True)
    forget_endpoints(state)
    return said


def erase(state: Path) -> list[Path]:
    """Remove all data, secrets and logs of the cloud in `state`, which must not run. Returns where they were."""
    places = [place for place in (state, external_data_directory(state)) if place]
    erase_home(state)
    shutil.rmtree(state, ignore_errors=True)
    return places


def supervised(state: Path) -> bool:
    """Whether the supervisor of the cloud in `state` lives: it starts again what ends."""
    supervisor = ProcessIdentity.read(state / "supervisor.json")
    return supervisor is not None and supervisor.process is not None


def running_endpoints(state: Path) -> Endpoints:
    """The endpoints of the cloud in `state`. Raises LocalCloudError when it is not up, or was killed."""
    if not supervised(state):
        forget_endpoints(state)
    return load_endpoints(state)


def _note(state: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        note: dict[str, Any] = json.loads((state / "supervisor.json").read_text("utf-8"))
        return note
    return {}


def _part(name: str, started: ProcessIdentity | None, ports: dict[str, int]) -> PartStatus:
    process = started.process if started else None
    if not process:
        return PartStatus(name, "down", None, ports, 0, None)
    return PartStatus(name, "up", process.pid, ports, _memory(process), process.create_time())


def _memory(process: psutil.Process) -> int:
    total = 0
    with contextlib.suppress(psutil.Error):
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                try:
                    total += getattr(one.memory_full_info(), "pss", 0) or one.memory_info().rss
                except psutil.AccessDenied:
                    total += one.memory_info().rss
    return total
