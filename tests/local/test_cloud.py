"""The whole local cloud, by its command."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from infra.local.endpoints import Endpoints, Ports, load_endpoints
from infra.local.processes import free_port

pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True)
class Command:
    """`wecelebrate` with a home and ports of its own."""

    home: Path
    environment: dict[str, str]

    @property
    def state(self) -> Path:
        return self.home / ".local"

    @property
    def endpoints(self) -> Endpoints:
        return load_endpoints(self.state)

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "infra.command", *arguments],
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def pids(self) -> dict[str, int]:
        return {part["name"]: part["pid"] for part in json.loads(self("status", "--json").stdout)["parts"]}


@pytest.fixture
def wecelebrate(tmp_path: Path) -> Iterator[Command]:
    ports = {f"WECELEBRATE_PORT_{part.name.upper()}": str(free_port()) for part in fields(Ports)}
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
        return httpx.get(f"{api}/v1/health", timeout=5).status_code == 200
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
    down = wecelebrate("down")
    assert down.returncode == 0
    assert "stopped in" in down.stdout
    assert not any(map(psutil.pid_exists, pids.values()))
    assert wecelebrate("status").returncode == 1
    assert not (wecelebrate.state / "endpoints.json").exists()


def test_parts_that_are_killed_come_back_and_the_api_answers(wecelebrate: Command) -> None:
    assert wecelebrate("up", "--detach").returncode == 0
    api = wecelebrate.endpoints.api
    before = wecelebrate.pids()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    until(lambda: all(pid and pid != before[name] for name, pid in wecelebrate.pids().items()))
    until(lambda: healthy(api))
    assert wecelebrate("status").returncode == 0
    log = (wecelebrate.state / "logs" / "up.log").read_text()
    for name in before:
        assert f"restarting {name} signal 9 (SIGKILL)" in log


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
