"""Parts that are killed, ports that are taken, signals: what a supervisor makes of them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

import psutil
import pytest

from infra.local.control import shut_down, status
from infra.local.endpoints import Endpoints, Ports, load_endpoints
from infra.local.pid_files import ProcessIdentity
from infra.local.processes import LocalCloudError, free_port, is_listening
from infra.local.supervisor import Event, Part, Supervisor


class SmallCloud:
    """`small_cloud.py` as a process, and the events it tells."""

    def __init__(self, state: Path, *broken: str, ports: tuple[int, int] | None = None) -> None:
        self.state = state
        self.ports = ports or (free_port(), free_port())
        program = Path(__file__).with_name("small_cloud.py")
        self.process = subprocess.Popen(
            [sys.executable, str(program), str(state), *map(str, self.ports), *broken],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self._events: IO[str] = self.process.stdout
        self.seen: list[Event] = []

    def until(self, kind: str) -> Event:
        """The next event of that kind. Fails when the supervisor ends before."""
        for line in self._events:
            event = Event(**json.loads(line))
            self.seen.append(event)
            if event.kind == kind:
                return event
        raise AssertionError(f"ended without {kind}: {self.seen}")

    def pid(self, part: str) -> int:
        running = ProcessIdentity.read(self.state / "run" / f"{part}.json")
        assert running
        return running.pid

    def end(self) -> int:
        """Its exit code, once it ended."""
        for line in self._events:
            self.seen.append(Event(**json.loads(line)))
        return self.process.wait(20)

    @property
    def failure(self) -> str:
        return next(event.detail for event in self.seen if event.kind == "failed")


@contextmanager
def small_cloud(state: Path, *broken: str, ports: tuple[int, int] | None = None) -> Iterator[SmallCloud]:
    cloud = SmallCloud(state, *broken, ports=ports)
    try:
        yield cloud
    finally:
        cloud.process.terminate()
        cloud.end()
        cloud._events.close()


def alive(pid: int) -> bool:
    """Whether it runs; one that ended and waits to be collected does not."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_parts_start_in_the_order_of_their_needs(tmp_path: Path) -> None:
    with small_cloud(tmp_path) as cloud:
        cloud.until("up")
        assert [event.part for event in cloud.seen if event.kind == "ready"] == ["first", "step", "second"]
        assert all(map(is_listening, cloud.ports))
        assert status(tmp_path).healthy


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_process_is_left_when_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    with small_cloud(tmp_path) as cloud:
        cloud.until("up")
        pids = [cloud.pid(part) for part in ("first", "second")]
        cloud.process.send_signal(number)
        assert cloud.end() == 0
        assert not any(map(alive, pids))
        assert status(tmp_path).stage == "down"
        assert not list((tmp_path / "run").iterdir())


def test_it_can_be_stopped_while_it_starts(tmp_path: Path) -> None:
    with small_cloud(tmp_path) as cloud:
        cloud.until("starting")
        cloud.process.terminate()
        assert cloud.end() == 0
        assert not any(map(is_listening, cloud.ports))


def test_a_killed_part_is_named_and_started_again(tmp_path: Path) -> None:
    with small_cloud(tmp_path) as cloud:
        cloud.until("up")
        killed = cloud.pid("first")
        os.kill(killed, signal.SIGKILL)
        event = cloud.until("restarting")
        assert event.part == "first"
        assert event.detail.startswith("signal 9 (SIGKILL)")
        assert cloud.until("restarted").part == "first"
        assert cloud.pid("first") != killed
        assert status(tmp_path).healthy


def test_a_part_waits_for_what_it_needs_when_both_are_killed(tmp_path: Path) -> None:
    with small_cloud(tmp_path) as cloud:
        cloud.until("up")
        for part in ("second", "first"):
            os.kill(cloud.pid(part), signal.SIGKILL)
        cloud.until("restarted")
        cloud.until("restarted")
        told = [(event.kind, event.part) for event in cloud.seen[-4:]]
        assert told == [(kind, part) for part in ("first", "second") for kind in ("restarting", "restarted")]


def test_a_part_that_always_ends_ends_the_cloud(tmp_path: Path) -> None:
    with small_cloud(tmp_path, "broken") as cloud:
        assert cloud.end() == 1
        assert sum(event.kind == "restarting" for event in cloud.seen) == 3
        assert cloud.failure.startswith("second ended 4 times within a minute: ")
        assert "cannot go on" in cloud.failure
        assert not any(map(is_listening, cloud.ports))


def test_a_port_in_use_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with small_cloud(tmp_path, ports=(free_port(), port)) as cloud:
            assert cloud.end() == 1
            assert cloud.failure.startswith(f"port {port} is in use by pid {os.getpid()} (")
            assert [event.kind for event in cloud.seen] == ["failed"]


def test_there_is_one_at_a_time(tmp_path: Path) -> None:
    with small_cloud(tmp_path) as cloud:
        cloud.until("up")
        with small_cloud(tmp_path) as second:
            assert second.end() == 1
            assert second.failure == f"the local cloud is already running (pid {cloud.process.pid})"
        assert status(tmp_path).healthy


def test_what_a_killed_supervisor_left_is_found_and_stopped(tmp_path: Path) -> None:
    with small_cloud(tmp_path) as cloud:
        cloud.until("up")
        pids = [cloud.pid(part) for part in ("first", "second")]
        cloud.process.kill()
        cloud.process.wait()
        assert status(tmp_path).stage in {"lost", "down"}
        shut_down(tmp_path)
        assert not any(map(alive, pids))
        assert status(tmp_path).stage == "down"


def test_the_next_one_starts_after_a_killed_supervisor(tmp_path: Path) -> None:
    with small_cloud(tmp_path) as cloud:
        cloud.until("up")
        cloud.process.kill()
        cloud.process.wait()
        with small_cloud(tmp_path, ports=cloud.ports) as again:
            again.until("up")


def test_another_process_sees_and_stops_it(tmp_path: Path) -> None:
    with small_cloud(tmp_path) as cloud:
        cloud.until("up")
        found = status(tmp_path)
        assert (found.stage, found.pid) == ("up", cloud.process.pid)
        assert [(part.name, part.state, part.pid, part.ports) for part in found.parts] == [
            ("first", "up", cloud.pid("first"), {"first": cloud.ports[0]}),
            ("second", "up", cloud.pid("second"), {"second": cloud.ports[1]}),
        ]
        for part in found.parts:
            assert part.memory > 1_000_000
            assert part.since is not None
            assert time.time() - part.since < 60
        assert json.dumps(asdict(found))
        assert shut_down(tmp_path).startswith("stopped in")
        assert cloud.end() == 0
    assert shut_down(tmp_path) == "it was not running"


def test_a_step_that_fails_is_named(tmp_path: Path) -> None:
    told: list[Event] = []

    def fail() -> None:
        raise ValueError("no such table\nand much more")

    assert Supervisor([Part("migrations", fail)], tmp_path, told.append).run() == 1
    (failed,) = (event for event in told if event.kind == "failed")
    assert failed.detail == "migrations failed: ValueError: no such table"


def test_ports_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WECELEBRATE_PORT_API", "9000")
    assert Ports.from_environment() == Ports(api=9000)


@pytest.mark.parametrize(("value", "complaint"), [("http", "is not a port"), ("0", "is not a port"), ("5433", "both")])
def test_a_port_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch, value: str, complaint: str) -> None:
    monkeypatch.setenv("WECELEBRATE_PORT_API", value)
    with pytest.raises(LocalCloudError, match=complaint):
        Ports.from_environment()


def test_endpoints_are_for_their_owner_alone(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"the local cloud is not up: run `\S*wecelebrate up`"):
        load_endpoints(tmp_path)
    written = Endpoints(
        api="http://a", s3="http://s", sqs="http://s", database="d", replica="r", redis="c", upstash="u", issuer="i"
    )
    written.save(tmp_path)
    assert load_endpoints(tmp_path) == written
    assert (tmp_path / "endpoints.json").stat().st_mode & 0o777 == 0o600
