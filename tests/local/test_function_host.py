"""Tests that the function host serves the functions in its config file, and that all processes end with the host."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.host_process import HostProcess
from tests.local.processes import have_ended, wait_until


@pytest.fixture
def host(tmp_path: Path) -> Iterator[HostProcess]:
    host = HostProcess(tmp_path)
    yield host
    host.close()


def test_the_function_host_accepts_a_token_and_ends_after_sigterm(host: HostProcess) -> None:
    me = host.me()
    assert me["sub"] == "someone"
    assert me["names"] == ["AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "WC_ENVIRONMENT"]
    functions = host.client.get("/_local/health").json()["functions"]
    assert list(functions) == ["api-me-read"]
    descendants = host.descendants()
    assert me["pid"] in {process.pid for process in descendants}
    began = time.monotonic()
    host.process.send_signal(signal.SIGTERM)
    assert host.process.wait(10) == 0
    assert time.monotonic() - began < 5
    assert have_ended(descendants)
    assert (host.state / "logs" / "functions" / "api-me-read.log").read_text().startswith("START RequestId: ")


def test_all_processes_end_when_the_function_host_is_killed(host: HostProcess) -> None:
    host.me()
    descendants = host.descendants()
    assert len(descendants) == 2
    host.process.kill()
    host.process.wait()
    wait_until(lambda: have_ended(descendants))
