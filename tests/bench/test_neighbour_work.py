"""Tests the process that repeats the work of a client during a benchmark."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest

from infra.bench.neighbour_work import Prepared, neighbour
from infra.functions import ROOT
from infra.local.processes import LocalCloudError
from tests.local.processes import have_ended, wait_until

PROGRAM = """
import sys
from infra.bench.neighbour_work import Prepared, neighbour
if __name__ == "__main__":
    with neighbour(Prepared(sys.argv[1], {}, "", "", "", ""), "flood") as repeater, repeater.running():
        print("running", flush=True)
        sys.stdin.read()
"""


class Server(ThreadingHTTPServer):
    """An HTTP server that counts its requests, and answers each request with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = 0
        self.status = 200

    @property
    def prepared(self) -> Prepared:
        return Prepared(f"http://127.0.0.1:{self.server_port}", {}, "searched", "large", "imported", "patched")


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests += 1
        self.send_response(self.server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_work_runs_and_is_counted_only_inside_the_with_block(server: Server) -> None:
    with neighbour(server.prepared, "flood") as repeater:
        assert server.requests == 1
        with repeater.running():
            wait_until(lambda: server.requests > 3, 30)
        assert repeater.repetitions == server.requests - 1
        with repeater.running():
            pass
        assert repeater.repetitions == server.requests - 1
    assert not multiprocessing.active_children()


def test_the_benchmark_gets_the_errors_of_responses(server: Server) -> None:
    with neighbour(server.prepared, "search") as repeater:
        server.status = 500
        with pytest.raises(LocalCloudError, match=r"/v1/catalogs/searched/products.*: 500"), repeater.running():
            pass
    assert not multiprocessing.active_children()


def test_the_work_process_ends_if_the_benchmark_is_killed(server: Server) -> None:
    command = [sys.executable, "-c", PROGRAM, server.prepared.api]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bench:
        assert bench.stdout
        assert bench.stdout.readline() == b"running\n"
        wait_until(lambda: server.requests > 3, 30)
        children = set(psutil.Process(bench.pid).children(recursive=True))
        assert children
        os.kill(bench.pid, signal.SIGKILL)
    wait_until(lambda: have_ended(children), 30)
