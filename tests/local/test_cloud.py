"""Tests the whole local cloud with the commands `wecelebrate up`, `status` and `down`."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from infra.local.endpoints import Ports
from infra.local.pid_files import ProcessIdentity
from infra.local.processes import port_variable
from infra.local.unprivileged import external_data_directory
from tests.command import Command
from tests.local.processes import wait_until
from tests.platform import TLS

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def wecelebrate(tmp_path: Path) -> Iterator[Command]:
    """The `wecelebrate` command. The command controls a separate local cloud on free ports.

    The fixture erases this cloud at the end.
    """
    ports = Ports.free().environment
    command = Command(tmp_path, {**os.environ, **ports, "WECELEBRATE_HOME": str(tmp_path), "COLUMNS": "200"})
    yield command
    command("down", "--erase", "--yes")


@pytest.fixture(scope="module")
def cloud_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """The command with a local cloud for the tests of this module. The tests stop or damage this cloud."""
    home = tmp_path_factory.mktemp("cloud")
    environment = {**os.environ, **Ports.free().environment, "WECELEBRATE_HOME": str(home), "COLUMNS": "200"}
    command = Command(home, environment)
    yield command
    command("down", "--erase", "--yes")


@pytest.fixture
def running(cloud_of_module: Command) -> Command:
    """The command with a running local cloud. The fixture starts the cloud if a previous test has stopped the cloud."""
    assert cloud_of_module("up", "--detach").returncode == 0
    assert cloud_of_module("status").returncode == 0
    return cloud_of_module


def healthy(api: str) -> bool:
    try:
        return httpx.get(f"{api}/v1/health", timeout=5, verify=TLS).status_code == 200
    except httpx.TransportError:
        return False


def test_the_commands_up_and_status_and_down_control_a_detached_cloud(wecelebrate: Command) -> None:
    assert "is not up: run" in wecelebrate("status").stderr
    up = wecelebrate("up", "--detach")
    assert up.returncode == 0, up.stderr
    assert re.search(r"✓ postgres +\d+\.\d s\n", up.stderr)
    assert wecelebrate.endpoints.api in up.stdout
    assert healthy(wecelebrate.endpoints.api)
    with psycopg.connect(wecelebrate.endpoints.replica) as connection:
        assert connection.execute("select count(*) > 0 from clients").fetchone() == (True,)

    status = wecelebrate("status")
    assert status.returncode == 0
    assert re.search(r"functions +up +\d+ +\d+, \d+ +\d+ MB +\d{4}-", status.stdout)

    second_up = wecelebrate("up")
    assert second_up.returncode == 0
    assert second_up.stderr.startswith("the local cloud is already running (pid ")
    assert wecelebrate.endpoints.api in second_up.stdout

    pids = wecelebrate.pids()
    supervisor = ProcessIdentity.read(wecelebrate.state / "supervisor.json")
    assert supervisor
    down = wecelebrate("down")
    assert down.returncode == 0
    assert supervisor.process is None
    assert "stopped in" in down.stdout
    assert not any(map(psutil.pid_exists, pids.values()))
    assert wecelebrate("status").returncode == 3
    assert not (wecelebrate.state / "endpoints.json").exists()

    # PostgreSQL cannot run as root, and its user cannot access pytest's folders. Therefore the data of PostgreSQL is
    # outside the state directory if root runs this test.
    external = external_data_directory(wecelebrate.state)
    assert (f"\ndata        {external}, " in up.stdout) == (os.geteuid() == 0)
    directories = [wecelebrate.state, *([external] if external else [])]
    assert wecelebrate("down", "--erase", "--yes").stdout.endswith(f"removed {' and '.join(map(str, directories))}\n")
    assert not any(directory.exists() for directory in directories)


@pytest.mark.slow
def test_killed_parts_of_the_cloud_are_restarted(running: Command) -> None:
    api = running.endpoints.api
    before = running.pids()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    log = running.state / "logs" / "up.log"
    wait_until(lambda: all(f"restarting {name} signal 9 (SIGKILL)" in log.read_text() for name in before))
    wait_until(lambda: all(pid and pid != before[name] for name, pid in running.pids().items()))
    wait_until(lambda: healthy(api))
    assert running("status").returncode == 0


@pytest.mark.slow
def test_closing_the_terminal_stops_the_cloud(wecelebrate: Command) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.command", "up"],
        env=wecelebrate.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Ctrl-C stops it" in line:
            break
    pids = wecelebrate.pids()
    process.send_signal(signal.SIGHUP)
    rest = process.stdout.read()
    process.stdout.close()
    assert process.wait(60) == 0
    assert rest.endswith("stopped\n")
    assert not any(map(psutil.pid_exists, pids.values()))


def test_an_invalid_port_is_reported_in_one_line(wecelebrate: Command) -> None:
    wecelebrate.environment["WECELEBRATE_PORT_API"] = "nonsense"
    for arguments in (["up"], ["up", "--detach"]):
        result = wecelebrate(*arguments)
        assert result.returncode == 2
        assert result.stderr == "✗ WECELEBRATE_PORT_API=nonsense is not a port: set it to a number from 1 to 65535\n"


def test_the_error_for_starting_a_second_cloud_mentions_the_used_ports(state: Path, tmp_path: Path) -> None:
    parts = json.loads((state / "supervisor.json").read_text("utf-8"))["parts"]
    ports = {port_variable(name): str(port) for part in parts.values() for name, port in part.items()}
    environment = {**os.environ, **ports, "WECELEBRATE_HOME": str(tmp_path), "COLUMNS": "200"}
    result = Command(tmp_path, environment)("up")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    in_use, _, variables = line.partition(": stop that process, or choose other ports with ")
    assert in_use.endswith(f" are in use by the wecelebrate cloud in {state}")
    assert {"WECELEBRATE_PORT_API", "WECELEBRATE_PORT_REDIS"} < set(variables.split(", "))
    assert len(variables.split(", ")) == in_use.count(", ") + 1


def test_the_drop_command_with_the_option_wait_ends_when_the_cloud_stops(running: Command, tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    file.write_text("sku,name,price\n" + "".join(f"S-{number},Product {number},1.00\n" for number in range(200_000)))
    with running.started("drop", str(file), "--catalog", "acme-gifts", "--wait") as drop:
        assert drop.stdout is not None
        assert drop.stdout.readline().startswith("✓ dropped ")
        assert running("down").returncode == 0
        output, errors = drop.communicate(timeout=30)
    assert re.fullmatch(r"✗ the local cloud was stopped: run `\S*wecelebrate up` to continue with the job\n", errors)
    assert (drop.returncode, output) == (3, "")


@pytest.mark.slow
def test_commands_report_that_a_killed_cloud_is_not_up(running: Command) -> None:
    supervisor = ProcessIdentity.read(running.state / "supervisor.json")
    assert supervisor
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: supervisor.process is None)
    for arguments in (["token", "--as", "admin"], ["migrate"], ["drop", __file__, "--catalog", "acme-gifts"]):
        result = running(*arguments)
        assert (result.returncode, result.stdout) == (3, "")
        assert re.fullmatch(r"✗ the local cloud is not up: run `\S*wecelebrate up`\n", result.stderr)
