"""Ends a local cloud together with the process that owns it.

A cloud that a developer starts with `wecelebrate up --detach` has no owner, and runs until `wecelebrate down`. The
owner of a cloud for tests or benchmarks is the process that runs the tests or benchmarks. It sets the environment
variable WECELEBRATE_OWNER, and its descendants inherit the variable. The supervisor watches the owner. When the owner
has ended for any reason, e.g. SIGKILL, the supervisor stops the cloud.
"""

import contextlib
import logging
import os
import select
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil

from infra.local.pid_files import ProcessIdentity
from infra.local.processes import LocalCloudError

log = logging.getLogger(__name__)

OWNER_VARIABLE = "WECELEBRATE_OWNER"
"""The pid and the creation time of the owner, e.g. `4711:1764182400.25`."""

_POLL_INTERVAL = 0.25
"""The number of seconds between two checks of the owner. A check takes about 50 µs."""


def environment_of(pid: int) -> dict[str, str]:
    """Return the environment variable with which the descendants of the process `pid` start local clouds. `pid` is the
    owner of these clouds."""
    identity = ProcessIdentity.of(pid)
    return {OWNER_VARIABLE: f"{identity.pid}:{identity.created}"}


@dataclass(frozen=True)
class Owner:
    """The process to which a local cloud belongs."""

    pid: int
    process: psutil.Process | None
    """The process of the owner, or None if the owner had already ended when the variable was read."""

    @classmethod
    def of_environment(cls) -> "Owner | None":
        """Return the owner that the environment variable names, or None if the variable is not set. Raises
        LocalCloudError."""
        value = os.environ.get(OWNER_VARIABLE)
        if not value:
            return None
        pid, _, created = value.partition(":")
        try:
            identity = ProcessIdentity(int(pid), float(created))
        except ValueError:
            raise LocalCloudError(
                f"{OWNER_VARIABLE}={value} is not a process: unset it, or set it to <pid>:<creation time>"
            ) from None
        return cls(identity.pid, identity.process)

    @property
    def has_ended(self) -> bool:
        """Whether the owner has ended. A zombie counts as ended. Another process with the same pid is not the owner."""
        # psutil compares start times that do not depend on the clock of the machine.
        with contextlib.suppress(psutil.NoSuchProcess):
            return (
                self.process is None or not self.process.is_running() or self.process.status() == psutil.STATUS_ZOMBIE
            )
        return True


@contextlib.contextmanager
def watching(has_ended: Callable[[], bool], stop: Callable[[], object], name: str) -> Iterator[None]:
    """Call `has_ended` regularly during the `with` block. When `has_ended` returns true for the first time, call
    `stop`.

    name: the subject of the log message "… has ended", e.g. `the owner (pid 12)`.
    """
    closed = threading.Event()

    def watch() -> None:
        while not closed.is_set():
            if has_ended():
                log.warning("%s has ended: the local cloud is stopping", name)
                stop()
                return
            closed.wait(_POLL_INTERVAL)

    thread = threading.Thread(target=watch, name=f"watch {name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        closed.set()
        thread.join()


def has_no_reader(descriptor: int) -> bool:
    """Return whether all processes have closed the read end of a pipe. `descriptor` is the write end of the pipe."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
