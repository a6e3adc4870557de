"""Tests that processes end after their owner has ended or was killed. The owner is a test run, a benchmark or a
command."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from infra.functions import ROOT
from infra.local.endpoints import Ports
from infra.local.owner import OWNER_VARIABLE, Owner, environment_of
from infra.local.pid_files import STATE_VARIABLE
from infra.local.processes import LocalCloudError
from tests.local.processes import have_ended, is_running, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed supervisor"),
]

MARK = "WECELEBRATE_TEST_MARK"
"""An environment variable that identifies the processes of one test."""
SESSION = Path(__file__).with_name("session_to_kill.py")


class Group:
    """The processes of one test, and all their descendants.

    The processes of functions do not inherit the environment variable MARK, so the group contains them as descendants.
    """

    def __init__(self, home: Path) -> None:
        self.mark = str(uuid4())
        self.home = home
        self.seen: set[psutil.Process] = set()
        self.environment = {**os.environ, **Ports.free().environment, MARK: self.mark, "WECELEBRATE_HOME": str(home)}

    def start(self, *command: str, owner: int | None = None) -> subprocess.Popen[bytes]:
        """Start a Python module. The local clouds of the module belong to the process `owner`. By default, the clouds
        have no owner."""
        environment = {**self.environment, OWNER_VARIABLE: ""}
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**environment, **(environment_of(owner) if owner else {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def look(self) -> set[psutil.Process]:
        """Record all running processes of the group. Return all processes that were recorded so far."""
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self.mark:
                    self.seen |= {process, *process.children(recursive=True)}
            except psutil.Error:
                continue
        return self.seen

    def parts(self) -> set[str]:
        """Return the state directory of each local cloud that has running parts."""
        states = set()
        for process in self.look():
            try:
                states.add(process.environ().get(STATE_VARIABLE, ""))
            except psutil.Error:
                continue
        return states - {""}

    def has_ended(self) -> bool:
        return have_ended(self.look())


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    group = Group(tmp_path / "home")
    yield group
    for process in group.look():
        if is_running(process.pid):
            process.kill()


def start_session(
    group: Group, folder: Path, test: str, clouds: int, *options: str
) -> tuple[subprocess.Popen[bytes], list[int]]:
    """Run one test of SESSION, and wait until its local clouds have started. Return the process of the test run, and
    the pids that the test has written.
    """
    ready = folder / "ready"
    group.environment["SESSION_READY"] = str(ready)
    session = group.start("pytest", "-q", "-p", "no:cacheprovider", *options, f"{SESSION}::{test}")
    wait_until(lambda: ready.exists() and len(group.parts()) >= clouds, 300)
    return session, [int(pid) for pid in ready.read_text().split()]


def test_all_processes_end_after_a_test_run_was_killed(group: Group, tmp_path: Path) -> None:
    session, _ = start_session(group, tmp_path, "test_shared_cloud", 1)
    session.kill()
    session.wait()
    wait_until(group.has_ended, 60)


def test_all_processes_end_after_a_test_run_with_workers_was_terminated(group: Group, tmp_path: Path) -> None:
    session, _ = start_session(group, tmp_path, "test_everything", 3, "-n", "1")
    session.terminate()
    session.wait()
    wait_until(group.has_ended, 60)


def test_a_cloud_ends_after_the_worker_that_started_it_was_killed(group: Group, tmp_path: Path) -> None:
    options = ("-n", "1", "--max-worker-restart", "0")
    session, (worker, program) = start_session(group, tmp_path, "test_separate_cloud", 1, *options)
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: not is_running(program), 60)
    assert session.wait(120) != 0
    wait_until(group.has_ended, 60)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_all_processes_end_after_a_benchmark_was_killed(group: Group, number: signal.Signals) -> None:
    bench = group.start("infra.command", "bench", "--only", "pages")
    wait_until(lambda: any(path.name == "endpoints.json" for path in group.home.rglob("endpoints.json")), 300)
    group.look()
    bench.send_signal(number)
    bench.wait()
    wait_until(group.has_ended, 60)
    assert not list(group.home.rglob("postgres"))


def test_killing_the_command_that_starts_a_cloud_aborts_the_start(group: Group) -> None:
    up = group.start("infra.command", "up", "--detach")
    wait_until(lambda: bool(group.parts()), 120)
    up.kill()
    up.wait()
    wait_until(group.has_ended, 60)
    assert not list(group.home.rglob("endpoints.json"))


def test_a_detached_cloud_without_an_owner_ends_with_its_supervisor(
    group: Group,
) -> None:
    assert group.start("infra.command", "up", "--detach").wait(300) == 0
    time.sleep(1)
    assert list(group.home.rglob("endpoints.json"))
    assert not group.has_ended()
    (supervisor,) = (process for process in group.look() if "--report" in process.cmdline())
    supervisor.kill()
    wait_until(group.has_ended, 60)


def test_a_detached_cloud_stops_when_its_owner_is_killed(group: Group) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"]) as owner:
        assert group.start("infra.command", "up", "--detach", owner=owner.pid).wait(300) == 0
        assert not group.has_ended()
        owner.kill()
        # The owner is a zombie until this test reads its exit status.
        wait_until(group.has_ended, 60)


def test_a_new_process_with_the_pid_of_the_owner_is_not_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OWNER_VARIABLE, f"{os.getpid()}:{psutil.Process().create_time() - 5}")
    owner = Owner.of_environment()
    assert owner
    assert owner.has_ended


@pytest.mark.parametrize("value", ["4711", "x:1", "4711:x", ":"])
def test_an_invalid_pid_in_the_environment_variable_of_the_owner_is_an_error(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(OWNER_VARIABLE, value)
    with pytest.raises(LocalCloudError, match="is not a process: unset it, or set it to <pid>:<creation time>"):
        Owner.of_environment()
