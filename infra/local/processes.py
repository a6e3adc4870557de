"""Child processes of the local cloud: started, waited for, stopped, and never left behind.

A child runs in a session of its own, so that Ctrl-C reaches the supervisor alone, which stops its children in order.
Its pid file in `<state>/run/` tells who comes after a killed supervisor what that left running.
"""

import contextlib
import ctypes
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from infra.local.hints import display_path
from infra.local.pid_files import STATE_VARIABLE, ProcessIdentity

HEALTH = "/_local/health"
"""Answered by the API and by Upstash of every local cloud, whoever runs it."""

_LOG_LIMIT = 8 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

# PR_SET_PDEATHSIG follows the *thread* that forked: a child of a short-lived worker thread would die with that thread.
# This one thread forks every child and ends with the interpreter.
_spawner = ThreadPoolExecutor(1, thread_name_prefix="spawner")


class LocalCloudError(Exception):
    """The local cloud cannot do what was asked. The message is one line that says what to do."""


class Stopped(LocalCloudError):
    """A part was told to stop while it was starting."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now.

    Not one that the system gives to outgoing connections: one of those would have it before who asked here.
    """
    for port in random.sample(range(20_000, 32_000), 1_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise LocalCloudError("no port between 20000 and 31999 is free")


def listening(port: int) -> bool:
    """Whether something accepts connections on 127.0.0.1:port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(port: int, path: str) -> bool:
    """Whether GET `path` on 127.0.0.1:port is answered with 200. No proxy is asked, unlike by urllib."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def require_free(ports: Mapping[str, int]) -> None:
    """Raise LocalCloudError when some of `ports`, by the parts they are meant for, are taken.

    It names all of them, who has them where that can be seen, and the variables that choose others.
    """
    taken = {name: port for name, port in ports.items() if not _is_free(port)}
    if not taken:
        return
    held: dict[str, list[str]] = {}
    for port, holder in _holders(taken.values()).items():
        held.setdefault(holder, []).append(str(port))
    said = "; ".join(
        f"{'port' if len(those) == 1 else 'ports'} {', '.join(those)} {'is' if len(those) == 1 else 'are'} in use{by}"
        for by, those in held.items()
    )
    variables = ", ".join(f"WECELEBRATE_PORT_{name.upper()}" for name in taken)
    other = "another" if len(taken) == 1 else "others"
    raise LocalCloudError(f"{said}: stop that, or choose {other} with {variables}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: connections of an earlier run that linger in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _holders(ports: Collection[int]) -> dict[int, str]:
    """Port → by whom it is used, as in ` by pid 12 (nginx)`; empty where that cannot be seen."""
    seen: dict[int, psutil.Process] = {}
    clouds: dict[int, str] = {}
    # Other users' sockets (and on macOS all of them) are shown to root alone.
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.pid and connection.status == psutil.CONN_LISTEN:
                port = connection.laddr.port
                if port in ports:
                    seen[port] = psutil.Process(connection.pid)
    for process in seen.values():
        with contextlib.suppress(psutil.Error, OSError):
            if state := process.environ().get(STATE_VARIABLE):
                clouds[process.ppid()] = state
    return {port: _holder(port, seen.get(port), clouds) for port in ports}


def _holder(port: int, process: psutil.Process | None, clouds: Mapping[int, str]) -> str:
    if process is None:
        return " by another wecelebrate cloud" if answers(port, HEALTH) else ""
    with contextlib.suppress(psutil.Error):
        # One that hides its environment, as Redis does, is told by its siblings.
        state = clouds.get(process.ppid())
        return f" by the wecelebrate cloud in {state}" if state else f" by pid {process.pid} ({process.name()})"
    return ""


@dataclass
class Process:
    """One child process.

    `ready` is asked every 20 ms until it says yes; `stop_signal` is also what the child gets when its parent dies.
    As root, `user` and `group` are the ids it runs with.
    """

    name: str
    command: Sequence[str]
    state: Path
    ready: Callable[[], bool]
    ports: Mapping[str, int] = field(default_factory=dict)
    """What it listens on, by the name its port is chosen by (WECELEBRATE_PORT_<NAME>)."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the environment of this process."""
    cwd: Path | None = None
    user: int | None = None
    group: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    deadline: float = 30.0
    """Seconds until it must be ready."""
    patience: float = 10.0
    """Seconds between the stop signal and SIGKILL."""
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _code: int | None = field(default=None, init=False, repr=False)
    _mark: int = field(default=0, init=False, repr=False)
    """Where its log began when it was started."""

    @property
    def log(self) -> Path:
        return self.state / "logs" / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        return self.state / "run" / f"{self.name}.json"

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def ending(self) -> str:
        """How it ended: `exit code 1`, `signal 9 (SIGKILL)`."""
        code = self._child.poll() if self._child else self._code
        if code is None:
            return "not ended"
        return f"signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"exit code {code}"

    @property
    def failed(self) -> bool:
        """Whether it ended by itself, and not well: then its last words say why."""
        code = self._child.poll() if self._child else self._code
        return code is not None and code > 0

    def obituary(self, lines: int = 1) -> str:
        """How it ended and, where that tells why, what it said last."""
        return (
            f"{self.ending}: {self.last_words(lines)}"
            if self.failed
            else f"{self.ending} (log: {display_path(self.log)})"
        )

    def start(self) -> None:
        """Start it and return when it is ready; what runs or is left of an earlier start is stopped.

        Raises LocalCloudError: the port is taken, it ended early, it was not ready in time.
        """
        self.stop()
        self.require_ports()
        self._rotate_log()
        self._mark = self.log.stat().st_size if self.log.exists() else 0
        self._child = _spawner.submit(self._spawn).result()
        ProcessIdentity.of(self._child.pid).write(self.pid_file)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def require_ports(self) -> None:
        """Raise LocalCloudError when someone else listens on a port of it."""
        require_free(self.ports)

    def _wait(self) -> None:
        limit = time.monotonic() + self.deadline
        ready = False
        # Asked once more after it said yes: another program may have answered in the place of one that ended.
        while not ready or not self.running:
            if self._child is None:
                raise Stopped(f"{self.name} was stopped while it started")
            if not self.running:
                raise LocalCloudError(f"{self.name} did not start: {self.obituary()}")
            if time.monotonic() > limit:
                raise LocalCloudError(f"{self.name} was not ready within {self.deadline:.0f} s: {self.last_words()}")
            ready = self.ready()
            if not ready:
                time.sleep(0.02)

    def stop(self) -> None:
        """Stop it and what it started: its stop signal first, SIGKILL when patience ends. Harmless when it ended."""
        child = self._child
        if child is None:
            return
        if child.poll() is None:
            child.send_signal(self.stop_signal)
            try:
                child.wait(self.patience)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        # Its session is its own: what it forked and did not end goes with it. Once only: the id may go round.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        self._child, self._code = None, child.returncode
        self.pid_file.unlink(missing_ok=True)

    def last_words(self, lines: int = 1) -> str:
        """The last lines of its log since it was started, and where the log is."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(self._mark, file.seek(0, os.SEEK_END) - 16_384))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            text = ""
        said = [line.strip() for line in text.splitlines() if line.strip()]
        last = " | ".join(said[-lines:]) if said else "it said nothing"
        return f"{last} (log: {display_path(self.log)})"

    def _spawn(self) -> subprocess.Popen[bytes]:
        parent = os.getpid()
        stop_signal = int(self.stop_signal)

        def die_with_parent() -> None:
            if _libc is not None:
                _libc.prctl(_PR_SET_PDEATHSIG, stop_signal)
                if os.getppid() != parent:
                    os._exit(1)

        try:
            with self.log.open("ab") as log:
                return subprocess.Popen(  # noqa: S603 - the command is ours
                    list(self.command),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **self.environment, STATE_VARIABLE: str(self.state)},
                    cwd=self.cwd,
                    user=self.user,
                    group=self.group,
                    extra_groups=[] if self.user is not None else None,
                    start_new_session=True,
                    preexec_fn=die_with_parent,  # noqa: PLW1509 - one prctl call, bound before the fork
                )
        except OSError as error:
            raise LocalCloudError(f"{self.name} cannot be started: {error}") from error

    def _rotate_log(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))


def run(name: str, command: Sequence[str], *, user: int | None = None, group: int | None = None, **more: str) -> str:
    """Run a command and return what it wrote; `more` is environment. Raises LocalCloudError with its last line."""
    try:
        done = subprocess.run(  # noqa: S603 - the command is ours
            list(command),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **more},
            cwd="/",
            user=user,
            group=group,
            extra_groups=[] if user is not None else None,
        )
    except OSError as error:
        raise LocalCloudError(f"{name} cannot be run: {error}") from error
    if done.returncode != 0:
        said = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        raise LocalCloudError(f"{name} failed: {said[-1] if said else f'exit code {done.returncode}'}")
    return done.stdout
