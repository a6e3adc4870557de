"""Starts and stops the child processes of the local cloud.

Each child runs in its own session. Ctrl-C therefore stops only the supervisor, and the supervisor stops the children in
the right order. Each child has a pid file in `<state>/run/`. If a supervisor is killed, the next supervisor finds the
children through these files.
"""

import contextlib
import ctypes
import errno
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
"""The path of the health check, in the API and in the Upstash adapter."""

MAX_START_SECONDS = 300.0
"""The maximum time until a child is ready, in seconds, even if it makes progress."""
_MIN_WORK = 0.02
"""The minimum work of a child that counts as progress, in seconds of work per second. A server that only repeats a
failed attempt does less work, e.g. a replica that cannot reach its primary."""
_DISK_BYTES_PER_SECOND = 10_000_000
"""Reading or writing this number of bytes counts as one second of work."""
_MAX_LOG_BYTES = 8 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

# With PR_SET_PDEATHSIG, a child gets a signal when the thread that forked it ends, even if the process of the thread
# continues. Therefore all children are forked in this single thread, which never ends. A worker thread could end before
# the process.
_spawner = ThreadPoolExecutor(1, thread_name_prefix="spawner")


class LocalCloudError(Exception):
    """The local cloud cannot do what the operator requested. The message is a single line that says what to do."""


class StartCancelled(LocalCloudError):
    """A part was stopped before its start was complete."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 on which no process listens now.

    The port is outside the range of ports for outgoing connections. Otherwise the system could assign the port to a
    connection before the caller uses it.
    """
    for port in random.sample(range(20_000, 32_000), 1_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise LocalCloudError("no port between 20000 and 31999 is free: stop some of the programs that use these ports")


def port_variable(part: str) -> str:
    """Return the name of the environment variable that sets the port of a part."""
    return f"WECELEBRATE_PORT_{part.upper()}"


def is_listening(port: int) -> bool:
    """Return whether a process accepts connections on 127.0.0.1:port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def http_ok(port: int, path: str) -> bool:
    """Return whether `GET path` on 127.0.0.1:port returns the status 200. Ignore HTTP proxies in the environment."""
    import http.client  # this import takes longer than all other imports of a command

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def require_free_ports(ports: Mapping[str, int]) -> None:
    """Raise LocalCloudError if one of `ports` is in use, or if this user may not use it. `ports` maps parts to their
    ports.

    The message names the ports, and the environment variables with which the operator can choose other ports. If this
    user can see the processes that use the ports, the message also names these processes.
    """
    forbidden = [part for part, port in ports.items() if _bind_error(port) == errno.EACCES]
    if forbidden:
        raise LocalCloudError(
            f"only root may use port {ports[forbidden[0]]}: choose a port from 1024 with {port_variable(forbidden[0])}"
        )
    in_use = {part: port for part, port in ports.items() if _bind_error(port)}
    if not in_use:
        return
    ports_by_owner: dict[str, list[str]] = {}
    for port, owner in _port_owners(in_use.values()).items():
        ports_by_owner.setdefault(owner, []).append(str(port))
    problems = "; ".join(
        f"port {owned[0]} is in use{owner}" if len(owned) == 1 else f"ports {', '.join(owned)} are in use{owner}"
        for owner, owned in ports_by_owner.items()
    )
    variables = ", ".join(map(port_variable, in_use))
    other_ports = "another port" if len(in_use) == 1 else "other ports"
    raise LocalCloudError(f"{problems}: stop that process, or choose {other_ports} with {variables}")


def _bind_error(port: int) -> int | None:
    """If a server cannot use the port, return the error number, otherwise None."""
    with socket.socket() as probe:
        # Servers also set this option. Without it, an old connection in the state TIME_WAIT would block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno
        return None


def _port_owners(ports: Collection[int]) -> dict[int, str]:
    """Map each port to a text about the process that uses it, e.g. ` by pid 12 (nginx)`. If the process is unknown, the
    text is empty.
    """
    processes: dict[int, psutil.Process] = {}
    state_by_supervisor: dict[int, str] = {}
    # Only root can see the sockets of other users. On macOS, only root can see sockets at all.
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.pid and connection.status == psutil.CONN_LISTEN:
                port = connection.laddr.port
                if port in ports:
                    processes[port] = psutil.Process(connection.pid)
    for process in processes.values():
        with contextlib.suppress(psutil.Error, OSError):
            if state := process.environ().get(STATE_VARIABLE):
                state_by_supervisor[process.ppid()] = state
    return {port: _owner(port, processes.get(port), state_by_supervisor) for port in ports}


def _owner(port: int, process: psutil.Process | None, state_by_supervisor: Mapping[int, str]) -> str:
    if process is None:
        return " by another wecelebrate cloud" if http_ok(port, HEALTH) else ""
    with contextlib.suppress(psutil.Error):
        # The environment variables of Redis cannot be read. Redis has the same supervisor as the other children of its
        # local cloud. Therefore the state directory of the other children is also the state directory of Redis.
        state = state_by_supervisor.get(process.ppid())
        return f" by the wecelebrate cloud in {state}" if state else f" by pid {process.pid} ({process.name()})"
    return ""


@dataclass
class Process:
    """One child process.

    `ready` is called every 20 ms until it returns True. On Linux, the child also gets `stop_signal` when its parent
    ends. `user` and `group` are the ids of the user and the group of the child. Only root can choose them.
    """

    name: str
    command: Sequence[str]
    state: Path
    ready: Callable[[], bool]
    ports: Mapping[str, int] = field(default_factory=dict)
    """Maps the names of ports to the ports on which the child listens. The variable WECELEBRATE_PORT_<NAME> sets this
    port.
    """
    environment: Mapping[str, str] = field(default_factory=dict)
    """The environment variables for the child. The child also gets all environment variables of this process."""
    cwd: Path | None = None
    user: int | None = None
    group: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    start_timeout: float = 30.0
    """The start fails if the child makes no progress for this time, in seconds.

    On a slow machine, a start takes long, but the child then uses CPU time or the disk. A child that does not use the
    CPU and the disk for this time counts as hung."""
    stop_timeout: float = 10.0
    """The time from the stop signal until the child gets SIGKILL, in seconds."""
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _exit_code: int | None = field(default=None, init=False, repr=False)
    _log_start: int = field(default=0, init=False, repr=False)
    """The size of the log in bytes when the child was started."""

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
    def exit_status(self) -> str:
        """A text that describes how the child ended, e.g. `exit code 1` or `signal 9 (SIGKILL)`."""
        code = self._child.poll() if self._child else self._exit_code
        if code is None:
            return "still running"
        return f"signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"exit code {code}"

    @property
    def failed(self) -> bool:
        """Whether the child exited with an error code. If true, its last log lines contain the reason."""
        code = self._child.poll() if self._child else self._exit_code
        return code is not None and code > 0

    def exit_summary(self, lines: int = 1) -> str:
        """Return a text about how the child ended. If the child failed, the text contains its last log lines."""
        if self.failed:
            return f"{self.exit_status}: {self.last_log_lines(lines)}"
        return f"{self.exit_status} (log: {display_path(self.log)})"

    def start(self) -> None:
        """Stop the child if it is running. Then start it, and return when it is ready.

        Raises LocalCloudError if a port is in use, if the child ends, if it makes no progress for `start_timeout`, or
        if it is not ready after MAX_START_SECONDS.
        """
        self.stop()
        self.require_ports()
        self._rotate_log()
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        self._child = _spawner.submit(self._spawn).result()
        ProcessIdentity.of(self._child.pid).write(self.pid_file)
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def require_ports(self) -> None:
        """Raise LocalCloudError if another process uses one of the child's ports."""
        require_free_ports(self.ports)

    def _wait_until_ready(self) -> None:
        began = window = time.monotonic()
        work = 0.0
        ready = False
        # `ready` only checks whether any program answers on the port. If the child has ended, another program has
        # answered. Therefore check `running` after `ready`.
        while not ready or not self.running:
            if self._child is None:
                raise StartCancelled(f"{self.name} was stopped while it was starting")
            if not self.running:
                raise LocalCloudError(f"{self.name} did not start: {self.exit_summary()}")
            now = time.monotonic()
            if now - window > self.start_timeout:
                before, work = work, self._work()
                if work - before < _MIN_WORK * (now - window) or now - began > MAX_START_SECONDS:
                    raise LocalCloudError(
                        f"{self.name} was not ready after {now - began:.0f} s: {self.last_log_lines()}"
                    )
                window = now
            ready = self.ready()
            if not ready:
                time.sleep(0.02)

    def _work(self) -> float:
        """Return the work of the child and its descendants so far, in seconds of CPU time or disk access."""
        seconds = 0.0
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self._child.pid) if self._child else None
            for member in [process, *process.children(recursive=True)] if process else []:
                with contextlib.suppress(psutil.Error):
                    seconds += sum(member.cpu_times())
                    if sys.platform == "linux":
                        disk = member.io_counters()
                        seconds += (disk.read_bytes + disk.write_bytes) / _DISK_BYTES_PER_SECOND
        return seconds

    def stop(self) -> None:
        """Stop the child and its descendants. Do nothing if the child is not running.

        Send the stop signal. If the child is still running after `stop_timeout` seconds, send SIGKILL.
        """
        child = self._child
        if child is None:
            return
        if child.poll() is None:
            child.send_signal(self.stop_signal)
            try:
                child.wait(self.stop_timeout)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        # Kill the descendants that are still running, which are in the process group of the child. This code must run
        # only once for each child, because the system can later use the id of the process group again.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        self._child, self._exit_code = None, child.returncode
        self.pid_file.unlink(missing_ok=True)

    def last_log_lines(self, lines: int = 1) -> str:
        """Return the last log lines of the child, and the path of the log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(self._log_start, file.seek(0, os.SEEK_END) - 16_384))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            text = ""
        log_lines = [line.strip() for line in text.splitlines() if line.strip()]
        last = " | ".join(log_lines[-lines:]) if log_lines else "its log is empty"
        return f"{last} (log: {display_path(self.log)})"

    def _spawn(self) -> subprocess.Popen[bytes]:
        try:
            with self.log.open("ab") as log:
                return subprocess.Popen(  # noqa: S603 - this is our own command
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
                    preexec_fn=_die_with_parent(self.stop_signal),  # noqa: PLW1509 - it only calls prctl
                )
        except OSError as error:
            raise LocalCloudError(f"could not start {self.name}: {error}") from error

    def _rotate_log(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _MAX_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))


def _die_with_parent(stop_signal: signal.Signals) -> Callable[[], None]:
    """Return a function that a new child calls. After the call, the child gets `stop_signal` when its parent thread
    ends.

    The function works only on Linux. On other systems, it does nothing.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal))
            if os.getppid() != parent:
                os._exit(1)

    return die_with_parent


def run_command(
    name: str, command: Sequence[str], *, user: int | None = None, group: int | None = None, **environment: str
) -> str:
    """Run a command and return its output. `environment` is added to the environment of this process.

    If this process is killed, the command ends, too. Raises LocalCloudError with the last line of the output if the
    command fails.
    """
    try:
        completed = subprocess.run(  # noqa: S603 - this is our own command
            list(command),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **environment},
            cwd="/",
            user=user,
            group=group,
            extra_groups=[] if user is not None else None,
            preexec_fn=_die_with_parent(signal.SIGTERM),
        )
    except OSError as error:
        raise LocalCloudError(f"could not run {name}: {error}") from error
    if completed.returncode != 0:
        lines = [line.strip() for line in completed.stdout.splitlines() if line.strip()]
        raise LocalCloudError(f"{name} failed: {lines[-1] if lines else f'exit code {completed.returncode}'}")
    return completed.stdout
