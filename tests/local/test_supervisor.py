"""Tests the endpoints file and the supervisor: restarts, signals, ports in use, and the start order of the parts."""

import json
import os
import signal
import socket
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from infra.local.control import shut_down, status
from infra.local.endpoints import Endpoints, Ports, load_endpoints
from infra.local.processes import LocalCloudError, free_port, is_listening
from infra.local.supervisor import Event, Part, Supervisor
from tests.local.processes import is_running
from tests.local.two_server_cloud import two_server_cloud


def test_each_part_of_the_cloud_starts_after_the_parts_that_it_depends_on(tmp_path: Path) -> None:
    with two_server_cloud(tmp_path) as cloud:
        cloud.wait_for("up")
        assert [event.part for event in cloud.events if event.kind == "ready"] == ["first", "step", "second"]
        assert all(map(is_listening, cloud.ports))
        assert status(tmp_path).healthy


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_all_processes(tmp_path: Path, number: signal.Signals) -> None:
    with two_server_cloud(tmp_path) as cloud:
        cloud.wait_for("up")
        pids = [cloud.pid(part) for part in ("first", "second")]
        cloud.process.send_signal(number)
        assert cloud.wait() == 0
        assert not any(map(is_running, pids))
        assert status(tmp_path).stage == "down"
        assert not list((tmp_path / "run").iterdir())


def test_the_supervisor_can_be_stopped_while_parts_start(tmp_path: Path) -> None:
    with two_server_cloud(tmp_path) as cloud:
        cloud.wait_for("starting")
        cloud.process.terminate()
        assert cloud.wait() == 0
        assert not any(map(is_listening, cloud.ports))


def test_a_killed_part_is_reported_and_restarted(tmp_path: Path) -> None:
    with two_server_cloud(tmp_path) as cloud:
        cloud.wait_for("up")
        killed = cloud.pid("first")
        os.kill(killed, signal.SIGKILL)
        event = cloud.wait_for("restarting")
        assert event.part == "first"
        assert event.detail.startswith("signal 9 (SIGKILL)")
        assert cloud.wait_for("restarted").part == "first"
        assert cloud.pid("first") != killed
        assert status(tmp_path).healthy


def test_killed_parts_are_restarted_in_the_order_of_their_dependencies(tmp_path: Path) -> None:
    with two_server_cloud(tmp_path) as cloud:
        cloud.wait_for("up")
        for part in ("second", "first"):
            os.kill(cloud.pid(part), signal.SIGKILL)
        cloud.wait_for("restarted")
        cloud.wait_for("restarted")
        last_events = [(event.kind, event.part) for event in cloud.events[-4:]]
        assert last_events == [(kind, part) for part in ("first", "second") for kind in ("restarting", "restarted")]


def test_the_cloud_stops_if_a_part_ends_after_every_restart(tmp_path: Path) -> None:
    with two_server_cloud(tmp_path, "broken") as cloud:
        assert cloud.wait() == 1
        assert sum(event.kind == "restarting" for event in cloud.events) == 3
        assert cloud.failure.startswith("second ended 4 times within a minute: ")
        assert "ended on purpose by this test" in cloud.failure
        assert not any(map(is_listening, cloud.ports))


def test_a_port_in_use_is_reported_before_any_part_starts(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with two_server_cloud(tmp_path, ports=(free_port(), port)) as cloud:
            assert cloud.wait() == 1
            assert cloud.failure.startswith(f"port {port} is in use by pid {os.getpid()} (")
            assert [event.kind for event in cloud.events] == ["failed"]


def test_a_second_supervisor_in_the_same_directory_fails(tmp_path: Path) -> None:
    with two_server_cloud(tmp_path) as cloud:
        cloud.wait_for("up")
        with two_server_cloud(tmp_path) as second:
            assert second.wait() == 1
            assert second.failure == f"the local cloud is already running (pid {cloud.process.pid})"
        assert status(tmp_path).healthy


def test_a_shutdown_also_stops_the_parts_of_a_killed_supervisor(tmp_path: Path) -> None:
    with two_server_cloud(tmp_path) as cloud:
        cloud.wait_for("up")
        pids = [cloud.pid(part) for part in ("first", "second")]
        cloud.process.kill()
        cloud.process.wait()
        assert status(tmp_path).stage in {"lost", "down"}
        shut_down(tmp_path)
        assert not any(map(is_running, pids))
        assert status(tmp_path).stage == "down"


def test_a_new_supervisor_can_start_after_an_earlier_supervisor_was_killed(tmp_path: Path) -> None:
    with two_server_cloud(tmp_path) as cloud:
        cloud.wait_for("up")
        cloud.process.kill()
        cloud.process.wait()
        with two_server_cloud(tmp_path, ports=cloud.ports) as second:
            second.wait_for("up")


def test_a_process_outside_the_cloud_can_inspect_and_stop_the_cloud(tmp_path: Path) -> None:
    with two_server_cloud(tmp_path) as cloud:
        cloud.wait_for("up")
        cloud_status = status(tmp_path)
        assert (cloud_status.stage, cloud_status.pid) == ("up", cloud.process.pid)
        assert [(part.name, part.state, part.pid, part.ports) for part in cloud_status.parts] == [
            ("first", "up", cloud.pid("first"), {"first": cloud.ports[0]}),
            ("second", "up", cloud.pid("second"), {"second": cloud.ports[1]}),
        ]
        for part in cloud_status.parts:
            assert part.memory > 1_000_000
            assert part.since is not None
            assert time.time() - part.since < 60
        assert json.dumps(asdict(cloud_status))
        assert shut_down(tmp_path).startswith("stopped in")
        assert cloud.wait() == 0
    assert shut_down(tmp_path) == "the local cloud was not running"


def test_the_event_of_a_failed_step_contains_the_first_line_of_the_error(tmp_path: Path) -> None:
    events: list[Event] = []

    def fail() -> None:
        raise ValueError("raised on purpose by this test\nsecond line")

    assert Supervisor([Part("migrations", fail)], tmp_path, events.append).run() == 1
    (failed,) = (event for event in events if event.kind == "failed")
    assert failed.detail == "migrations failed: ValueError: raised on purpose by this test"


def test_the_supervisor_regularly_reports_the_parts_that_are_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.supervisor._WAITING_INTERVAL", 0)
    events: list[Event] = []
    supervisor = Supervisor([Part("slow", lambda: time.sleep(1))], tmp_path, events.append)
    supervisor.on_up = supervisor.stop
    assert supervisor.run() == 0
    waiting = [event for event in events if event.kind == "waiting"]
    # After the last part has ended, the supervisor reports nothing, because no part is starting.
    assert {event.detail for event in waiting} == {"slow"}
    assert len(waiting) >= 2


def test_a_port_can_be_set_with_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WECELEBRATE_PORT_API", "9000")
    assert Ports.from_environment() == Ports(api=9000)


@pytest.mark.parametrize(
    ("value", "message"), [("http", "is not a port"), ("0", "is not a port"), ("5433", "cannot both use port 5433")]
)
def test_an_invalid_port_is_an_error(monkeypatch: pytest.MonkeyPatch, value: str, message: str) -> None:
    monkeypatch.setenv("WECELEBRATE_PORT_API", value)
    with pytest.raises(LocalCloudError, match=message):
        Ports.from_environment()


def test_a_port_variable_for_an_unknown_part_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WECELEBRATE_PORT_APi", "9000")
    with pytest.raises(LocalCloudError, match=r"^WECELEBRATE_PORT_APi names no part: the parts are API, ISSUER, "):
        Ports.from_environment()


def test_only_the_owner_can_read_the_endpoints_file(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"the local cloud is not up: run `\S*wecelebrate up`"):
        load_endpoints(tmp_path)
    endpoints = Endpoints(
        api="http://a", s3="http://s", sqs="http://s", database="d", replica="r", redis="c", upstash="u", issuer="i"
    )
    endpoints.save(tmp_path)
    assert load_endpoints(tmp_path) == endpoints
    assert (tmp_path / "endpoints.json").stat().st_mode & 0o777 == 0o600
