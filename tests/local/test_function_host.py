"""The host process: it serves what its config file says, and ends without leaving anything behind."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from infra.local.issuer import Issuer
from infra.local.processes import free_port
from tests.local.sample_functions import bindings, write
from tests.platform import TLS

WHOAMI = """
import json, os

def handler(event, context):
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    names = sorted(name for name in os.environ if name.startswith(("AWS_ACCESS", "AWS_ENDPOINT", "WC_")))
    return {"pid": os.getpid(), "sub": claims["sub"], "names": names}
"""


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.05)


class Host:
    def __init__(self, root: Path) -> None:
        write(root, "api/me/read", WHOAMI, 'routes = ["GET /me"]\nauth = "required"\n')
        write(root, "deploy/migrate", "raise RuntimeError\n", "timeout = 5\n")
        self.port, issuer_port = free_port(), free_port()
        self.state = root / "state"
        url = f"http://127.0.0.1:{issuer_port}"
        nowhere = f"http://127.0.0.1:{free_port()}"
        config: dict[str, Any] = {
            "api_port": self.port,
            "issuer_port": issuer_port,
            "state": str(self.state),
            "functions": str(root / "functions"),
            "bindings": asdict(bindings(url)),
            "aws": {"endpoint_url": nowhere, "region": "us-east-1", "access_key": "a", "secret_key": "b"},
        }
        file = root / "config.json"
        file.write_text(json.dumps(config))
        self.log = root / "host.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "infra.local.function_host", str(file)], stderr=log)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, verify=TLS)
        until(self.healthy)
        self.token = Issuer(self.state, url).token("someone")

    def healthy(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.client.get("/_local/health").status_code == 200
        except httpx.TransportError:
            return False

    def me(self) -> dict[str, Any]:
        answer = self.client.get("/me", headers={"Authorization": f"Bearer {self.token}"})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    started = Host(tmp_path)
    yield started
    started.client.close()
    if started.process.poll() is None:
        started.process.kill()
        started.process.wait()


def gone(processes: list[psutil.Process]) -> bool:
    return all(not process.is_running() or process.status() == psutil.STATUS_ZOMBIE for process in processes)


def test_it_serves_functions_to_bearers_of_tokens_and_ends_when_told(host: Host) -> None:
    me = host.me()
    assert me["sub"] == "someone"
    assert me["names"] == ["AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "WC_ENVIRONMENT", "WC_SIGNING_KEY"]
    functions = host.client.get("/_local/health").json()["functions"]
    assert list(functions) == ["api-me-read"]
    family = host.family()
    assert me["pid"] in {process.pid for process in family}
    began = time.monotonic()
    host.process.send_signal(signal.SIGTERM)
    assert host.process.wait(10) == 0
    assert time.monotonic() - began < 5
    assert gone(family)
    assert (host.state / "logs" / "functions" / "api-me-read.log").read_text().startswith("START RequestId: ")


def test_nothing_outlives_it_when_it_is_killed(host: Host) -> None:
    host.me()
    family = host.family()
    assert len(family) == 2
    host.process.kill()
    host.process.wait()
    until(lambda: gone(family))
