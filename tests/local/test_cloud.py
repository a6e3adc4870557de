"""The whole local cloud, by its command."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from infra.local.endpoints import Ports
from infra.local.running import Running
from infra.local.unprivileged import data_elsewhere
from tests.command import Command
from tests.platform import TLS

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def wecelebrate(tmp_path: Path) -> Iterator[Command]:
    ports = Ports.free().environment
    command = Command(tmp_path, {**os.environ, **ports, "WECELEBRATE_HOME": str(tmp_path), "COLUMNS": "200"})
    yield command
    command("down", "--erase")


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.05)


def healthy(api: str) -> bool:
    try:
        return httpx.get(f"{api}/v1/health", timeout=5, verify=TLS).status_code == 200
    except httpx.TransportError:
        return False


def test_up_in_the_background_then_status_then_down(wecelebrate: Command) -> None:
    assert "is not up: run" in wecelebrate("status").stdout
    up = wecelebrate("up", "--detach")
    assert up.returncode == 0, up.stdout
    assert re.search(r"✓ postgres +\d+\.\d s\n", up.stdout)
    assert wecelebrate.endpoints.api in up.stdout
    assert healthy(wecelebrate.endpoints.api)
    with psycopg.connect(wecelebrate.endpoints.replica) as connection:
        assert connection.execute("select count(*) > 0 from clients").fetchone() == (True,)

    shown = wecelebrate("status")
    assert shown.returncode == 0
    assert re.search(r"functions +up +\d+ +\d+, \d+ +\d+ MB +\d{4}-", shown.stdout)

    again = wecelebrate("up")
    assert again.returncode == 0
    assert again.stdout.startswith("the local cloud is already running (pid ")
    assert wecelebrate.endpoints.api in again.stdout

    pids = wecelebrate.pids()
    supervisor = Running.read(wecelebrate.state / "supervisor.json")
    assert supervisor
    down = wecelebrate("down")
    assert down.returncode == 0
    assert supervisor.process is None
    assert "stopped in" in down.stdout
    assert not any(map(psutil.pid_exists, pids.values()))
    assert wecelebrate("status").returncode == 1
    assert not (wecelebrate.state / "endpoints.json").exists()

    # pytest's folders are closed to others: as root, PostgreSQL has its part elsewhere.
    elsewhere = data_elsewhere(wecelebrate.state)
    assert (f"\ndata        {elsewhere}, " in up.stdout) == (os.geteuid() == 0)
    places = [wecelebrate.state, *([elsewhere] if elsewhere else [])]
    assert wecelebrate("down", "--erase").stdout.endswith(f"removed {' and '.join(map(str, places))}\n")
    assert not any(place.exists() for place in places)


def test_parts_that_are_killed_come_back_and_the_api_answers(wecelebrate: Command) -> None:
    assert wecelebrate("up", "--detach").returncode == 0
    api = wecelebrate.endpoints.api
    before = wecelebrate.pids()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    log = wecelebrate.state / "logs" / "up.log"
    until(lambda: all(f"restarting {name} signal 9 (SIGKILL)" in log.read_text() for name in before))
    until(lambda: all(pid and pid != before[name] for name, pid in wecelebrate.pids().items()))
    until(lambda: healthy(api))
    assert wecelebrate("status").returncode == 0


def test_closing_the_terminal_stops_it(wecelebrate: Command) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.command", "up"],
        env=wecelebrate.environment,
        stdout=subprocess.PIPE,
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


def test_what_cannot_start_is_said_in_one_line(wecelebrate: Command) -> None:
    wecelebrate.environment["WECELEBRATE_PORT_API"] = "nonsense"
    for arguments in (["up"], ["up", "--detach"]):
        said = wecelebrate(*arguments)
        assert said.returncode == 1
        assert said.stdout == "✗ WECELEBRATE_PORT_API=nonsense is not a port: give a number from 1 to 65535\n"


def test_a_second_cloud_is_told_which_ports_the_first_one_has(wecelebrate: Command, tmp_path: Path) -> None:
    assert wecelebrate("up", "--detach").returncode == 0
    home = tmp_path / "second"
    second = Command(home, {**wecelebrate.environment, "WECELEBRATE_HOME": str(home)})
    said = second("up")
    assert said.returncode == 1
    line, *more = said.stdout.splitlines()
    assert more == []
    held, _, variables = line.partition(": stop that, or choose others with ")
    assert held.endswith(f" are in use by the wecelebrate cloud in {wecelebrate.state}")
    assert {"WECELEBRATE_PORT_API", "WECELEBRATE_PORT_REDIS"} < set(variables.split(", "))
    assert len(variables.split(", ")) == held.count(", ") + 1


def test_a_wait_for_a_file_ends_with_the_cloud(wecelebrate: Command, tmp_path: Path) -> None:
    assert wecelebrate("up", "--detach").returncode == 0
    file = tmp_path / "large.csv"
    file.write_text("sku,name,price\n" + "".join(f"S-{number},Product {number},1.00\n" for number in range(200_000)))
    with wecelebrate.started("drop", str(file), "--catalog", "acme-gifts", "--wait") as drop:
        assert drop.stdout is not None
        assert drop.stdout.readline().startswith("✓ dropped ")
        assert wecelebrate("down").returncode == 0
        rest, trace = drop.communicate(timeout=30)
    assert re.fullmatch(r"✗ the local cloud was stopped: run `\S*wecelebrate up` to continue with the job\n", rest)
    assert (drop.returncode, trace) == (1, "")


def test_commands_say_that_a_killed_cloud_is_not_up(wecelebrate: Command) -> None:
    assert wecelebrate("up", "--detach").returncode == 0
    supervisor = Running.read(wecelebrate.state / "supervisor.json")
    assert supervisor
    os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: supervisor.process is None)
    for arguments in (["token", "--as", "admin"], ["migrate"], ["drop", __file__, "--catalog", "acme-gifts"]):
        said = wecelebrate(*arguments)
        assert said.returncode == 1
        assert re.fullmatch(r"✗ the local cloud is not up: run `\S*wecelebrate up`\n", said.stdout)
