"""Tests how the benchmarks start and end a peer. A peer is a product that the benchmarks compare with wecelebrate, e.g.
Directus.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from infra.bench.peers.directus import running
from infra.bench.peers.orders import directus
from infra.bench.platform import BenchPlatform
from infra.clients import npm
from infra.clients.tools import ToolError
from infra.functions import ROOT
from infra.local.endpoints import Endpoints
from tests.local.processes import have_ended, is_running, wait_until

COMMAND = ["sh", "-c", 'sh -c "echo \\$\\$; exec sleep 60"; true']
"""Prints the pid of a grandchild of the program that runs this command."""
PROGRAM = f"""
import os
from infra.bench.peers.directus import running
with running({COMMAND!r}, os.environ, 1) as process:
    process.wait()
"""


def test_the_rows_of_a_peer_contain_the_reason_if_its_installation_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> None:
        raise ToolError("npm ci: no such host")

    monkeypatch.setattr(npm, "install", fail)
    urls = dict.fromkeys(("api", "s3", "sqs", "database", "replica", "redis", "upstash", "issuer"), "")
    # The database connection is None, because no statement is executed.
    platform = BenchPlatform(Endpoints(**urls), tmp_path / ".local", None)  # type: ignore[arg-type]
    assert [str(row) for row in directus.rows(platform)] == [
        f"orders-{connections}-to-directus: could not be measured: ToolError: npm ci: no such host FAIL"
        for connections in (1, 8)
    ]


def test_the_process_of_a_peer_ends_at_the_end_of_the_with_block() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as output:
        with running(COMMAND, os.environ, writer) as process:
            os.close(writer)
            pid = int(output.readline())
            assert is_running(pid)
        assert process.returncode is not None
    wait_until(lambda: not is_running(pid))


def test_the_process_of_a_peer_ends_if_the_benchmark_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=subprocess.PIPE) as bench:
        assert bench.stdout
        peer = psutil.Process(int(bench.stdout.readline()))
        os.kill(bench.pid, signal.SIGKILL)
    wait_until(lambda: have_ended([peer]), 30)
