"""Tests the program that sends the requests of many visitors."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.bench import visitors
from infra.bench.visitors import Shop, visiting
from infra.functions import ROOT
from infra.local.processes import LocalCloudError, free_port
from tests.local.processes import have_ended, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # the first test installs locust

SHOPS = [Shop(f"{name}.test", ["art & tea", "mugs"], [f"{name}-{number}" for number in range(5)]) for name in "ab"]
PROGRAM = """
import sys
from pathlib import Path
from infra.bench.visitors import Shop, visiting
with visiting(sys.argv[1], [Shop("a.test", ["mugs"], ["a-1", "a-2"])], Path(sys.argv[2])) as visitors:
    visitors.run(3, settle=0, seconds=0.1)
    print("running", flush=True)
    visitors.run(3, settle=0, seconds=60)
"""


class Server(ThreadingHTTPServer):
    """An HTTP server that counts its requests. It answers with `status`. Every second response is a cache hit."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.paths: Counter[str] = Counter()
        self.orders: list[dict[str, Any]] = []
        self.sites: dict[str, set[str]] = {}
        """Maps the address of each visitor to the sites that the visitor visits."""
        self.status: int | None = None
        self.body = b"{}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Ignore errors of connections, because the test kills the program that sends the requests."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._answer(200)

    def do_POST(self) -> None:
        self.server.orders.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(201)

    def _answer(self, status: int) -> None:
        self.server.paths[self.path] += 1
        self.server.sites.setdefault(self.client_address[0], set()).add(self.path.split("/")[3])
        self.send_response(self.server.status or status)
        if self.server.paths[self.path] % 2:
            self.send_header("Cache-Status", "wecelebrate; hit")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(visitors, "THINK_SECONDS", (0.01, 0.02))
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_visitors_read_products_and_lists_and_place_orders(server: Server, tmp_path: Path) -> None:
    with visiting(server.url, SHOPS, tmp_path / "log") as running:
        step = running.run(10, settle=0, seconds=2)
        while not step.kinds["order"].requests:
            step = running.run(10, settle=0, seconds=4)
    kinds = step.kinds
    assert kinds["product"].requests > kinds["list"].requests > kinds["order"].requests
    assert step.all.requests == sum(kinds[kind].requests for kind in ("product", "list", "order"))
    assert step.all.failed == 0
    assert 0 < step.all.hit_rate < 1
    assert 0 < step.all.p50 <= step.all.p95 <= step.all.p99 <= step.all.max
    path = (
        r"/v1/storefront/[ab]\.test/(orders|products/[ab]-[0-4]|products\?limit=50(&category=(mugs|art%20%26%20tea))?)"
    )
    assert [other for other in server.paths if not re.fullmatch(path, other)] == []
    order = server.orders[0]
    assert {line["quantity"] for line in order["lines"]} == {1}
    assert order["customer_email"].endswith("@example.com")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux accepts each address of 127.0.0.0/8")
def test_each_visitor_visits_one_site_from_a_separate_address(server: Server, tmp_path: Path) -> None:
    with visiting(server.url, SHOPS, tmp_path / "log") as running:
        step = running.run(20, settle=0, seconds=1)
    assert step.users == len(server.sites) == 20
    assert {len(sites) for sites in server.sites.values()} == {1}


def test_the_number_of_visitors_can_increase_and_decrease_between_steps(server: Server, tmp_path: Path) -> None:
    with visiting(server.url, SHOPS, tmp_path / "log") as running:
        assert [running.run(users, settle=0, seconds=0.1).users for users in (3, 8, 2)] == [3, 8, 2]


def test_failed_requests_are_counted_by_status_and_problem_code(server: Server, tmp_path: Path) -> None:
    server.status, server.body = 409, b'{"code": "out_of_stock"}'
    with visiting(server.url, SHOPS, tmp_path / "log") as running:
        step = running.run(5, settle=0, seconds=1)
    assert step.all.errors == {"HTTPException: 409 out_of_stock": step.all.requests}
    assert step.all.failed == step.all.requests > 0


def test_requests_without_a_response_count_as_errors_and_are_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitors, "THINK_SECONDS", (0.01, 0.02))
    with visiting(f"http://127.0.0.1:{free_port()}", SHOPS, tmp_path / "log") as running:
        step = running.run(2, settle=0, seconds=1)
    assert step.all.failed == step.all.requests > 2
    assert all(error.startswith("ConnectionRefusedError: ") for error in step.all.errors)


@pytest.mark.parametrize("is_gone", [False, True], ids=["ending", "gone"])
def test_a_step_fails_if_the_program_has_ended(server: Server, tmp_path: Path, is_gone: bool) -> None:
    with visiting(server.url, SHOPS, tmp_path / "log") as running:
        running._process.kill()
        if is_gone:
            running._process.wait(30)
        with pytest.raises(LocalCloudError, match=f"has ended: see {tmp_path / 'log'}"):
            running.run(1, settle=0, seconds=1)


def test_the_visitor_process_ends_if_its_parent_process_is_killed(server: Server, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, server.url, str(tmp_path / "log")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"running\n"
        children = set(psutil.Process(owner.pid).children(recursive=True))
        assert children
        os.kill(owner.pid, signal.SIGKILL)
    wait_until(lambda: have_ended(children), 30)
