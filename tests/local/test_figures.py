"""Tests the figures that `wecelebrate status --watch` reads from logs and from a running local cloud."""

import io
import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.command import output
from infra.command.errors import CommandError
from infra.command.figures import Figures, LogReader, watch_figures
from infra.local.endpoints import HOME_VARIABLE, Endpoints, state_directory
from infra.local.pid_files import ProcessIdentity
from infra.local.processes import free_port
from infra.local.route_figures import RouteFigures, difference, percentiles
from tests.command import Command
from tests.platform import Platform, ok

REPORT = (
    "REPORT RequestId: 7\tDuration: {} ms\tBilled Duration: 9 ms\tMemory Size: 512 MB\tMax Memory Used: {} MB"
    "\tInit Duration: 3.00 ms\n"
)


def metric_line(values: Mapping[str, float], namespace: str = "wecelebrate") -> str:
    directive = {"Namespace": namespace, "Dimensions": [["service"]], "Metrics": [{"Name": name} for name in values]}
    document = {"_aws": {"CloudWatchMetrics": [directive]}, **{name: [value] for name, value in values.items()}}
    return json.dumps(document) + "\n"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], {}),
        ([7.04], {"p50": 7.0, "p95": 7.0, "p99": 7.0}),
        ([float(value) for value in range(1, 101)], {"p50": 50.0, "p95": 95.0, "p99": 99.0}),
        ([1.0, 100.0], {"p50": 1.0, "p95": 100.0, "p99": 100.0}),
    ],
)
def test_a_percentile_is_one_of_the_measured_values(values: list[float], expected: dict[str, float]) -> None:
    assert percentiles(values) == expected


def test_the_figures_of_a_route_count_its_errors() -> None:
    figures = RouteFigures()
    for status in (200, 404, 429, 503):
        figures.record("GET /v1/sites", status, time.perf_counter())
    (route,) = figures.document().values()
    assert (route["requests"], route["4xx"], route["5xx"]) == (4, 2, 1)
    assert len(route["milliseconds"]) == 4 and min(route["milliseconds"]) >= 0


def test_the_figures_of_a_route_count_the_requests_since_the_last_read() -> None:
    def totals(requests: int, errors: int, *milliseconds: float) -> dict[str, Any]:
        return {"requests": requests, "4xx": errors, "5xx": 0, "milliseconds": [*milliseconds]}

    before = {"GET /a": totals(3, 1, 900, 900, 900), "GET /b": totals(1, 0, 5), "GET /c": totals(9, 0, 5)}
    now = {"GET /a": totals(5, 2, 900, 900, 900, 1, 2), "GET /b": totals(1, 0, 5), "GET /c": totals(1, 0, 7)}
    assert difference(now, before) == {
        "GET /a": {"requests": 2, "4xx": 1, "5xx": 0, "p50": 1, "p95": 2, "p99": 2},
        "GET /c": {"requests": 1, "4xx": 0, "5xx": 0, "p50": 7, "p95": 7, "p99": 7},
    }


def test_only_new_and_complete_lines_of_a_log_are_read(tmp_path: Path) -> None:
    log = tmp_path / "api-sites-read.log"
    log.write_text(metric_line({"CacheHit": 1}))
    reader = LogReader(tmp_path)
    with log.open("a") as file:
        file.write(metric_line({"CacheHit": 2, "DatabaseMilliseconds": 4}) + REPORT.format("8.50", 90))
        file.write(metric_line({"CacheHit": 64}, namespace="other") + 'not JSON\n{"_aws": 1}\n')
        file.write(REPORT.format("2.50", 80)[:20])
    figures = reader.read()
    assert (figures.sums, figures.database) == ({"CacheHit": 2, "DatabaseMilliseconds": 4}, [4])
    assert (figures.runs, figures.memory) == ({"api-sites-read": [8.5]}, {"api-sites-read": 90})
    with log.open("a") as file:
        file.write(REPORT.format("2.50", 80)[20:])
    (tmp_path / "new.log").write_text(REPORT.format("1.00", 10))
    assert reader.read().runs == {"api-sites-read": [2.5], "new": [1.0]}
    log.write_text(REPORT.format("3.00", 70))  # the log is now rotated
    assert reader.read().runs == {"api-sites-read": [3.0]}


def test_the_figures_contain_requests_and_errors_and_the_work_of_the_platform(platform: Platform) -> None:
    tenant = platform.tenant()
    watched = Figures(platform.state, platform.endpoints)
    watched.collect()
    platform.product(tenant)
    for _ in range(3):
        ok(tenant.owner.get("/v1/sites"))
    assert tenant.owner.get(f"/v1/sites/{uuid4()}").status_code == 404
    figures: dict[str, Any] = {}
    requests: Counter[str] = Counter()

    def complete() -> bool:
        collected = watched.collect()
        requests.update({route: int(values["requests"]) for route, values in collected["routes"].items()})
        figures.update({**collected, "functions": figures.get("functions", {}) | collected["functions"]})
        return "api-sites-read" in figures["functions"]

    platform.eventually(complete)  # a function writes the REPORT line after its response
    assert requests["GET /v1/sites"] >= 3
    assert requests["GET /v1/sites/{site_id}"] >= 1
    assert figures["functions"]["api-sites-read"]["runs"] >= 1
    assert figures["functions"]["api-sites-read"]["memory_mb"] > 0
    assert figures["connections"] > 0
    assert figures["replica_lag_seconds"] >= 0
    assert all(value >= 0 for value in figures["cpu_percent"].values())
    assert any(value > 0 for value in figures["memory_mb"].values())


def test_the_command_prints_the_figures_as_tables_and_as_json(platform: Platform, wecelebrate: Command) -> None:
    ok(platform.admin.get("/v1/me"))

    def with_requests(*arguments: str) -> str:
        with wecelebrate.started("status", "--watch", *arguments) as running:
            while running.poll() is None:
                ok(platform.admin.get("/v1/me"))
                time.sleep(0.1)
            return str(running.communicate()[0])

    text = with_requests("--interval", "1", "--count", "1")
    for title in ("route", "hit rate of the cache", "replica lag", "oldest sync", "dead letters", "CPU"):
        assert title in text
    result = with_requests("--json", "--interval", "1", "--count", "2")
    first, second = (json.loads(line) for line in result.splitlines())
    assert first["routes"]["GET /v1/me"]["requests"] >= 1
    assert second["routes"]["GET /v1/me"]["p50"] > 0
    assert second["seconds"] >= 1
    assert wecelebrate("--env", "dev", "status", "--watch").returncode == 2


def test_the_command_fails_if_a_part_of_the_cloud_does_not_respond(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    state = state_directory()
    state.mkdir()
    supervisor = asdict(ProcessIdentity.of(os.getpid()))
    (state / "supervisor.json").write_text(json.dumps({**supervisor, "stage": "up", "parts": {}}))
    refused = f"http://127.0.0.1:{free_port()}"
    names = ("api", "s3", "sqs", "database", "replica", "redis", "upstash", "issuer")
    Endpoints(**dict.fromkeys(names, refused)).save(state)
    with pytest.raises(CommandError, match="2 of 2 readings failed") as failure:
        watch_figures(as_json=True, interval=0, count=2)
    assert failure.value.exit_code == 1
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.count("does not answer") == 2


def watch(wecelebrate: Command, *options: str) -> subprocess.Popen[str]:
    """Start the command, and wait until it has printed the first figures."""
    process = wecelebrate.started("status", "--watch", "--json", "--interval", "1", *options)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["seconds"] >= 1
    return process


@pytest.mark.parametrize(("options", "exit_code"), [((), 0), (("--count", "600"), 130)])
def test_ctrl_c_ends_the_command_without_a_message(
    options: tuple[str, ...], exit_code: int, platform: Platform, wecelebrate: Command
) -> None:
    with watch(wecelebrate, *options) as process:
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (exit_code, "")
    assert all(json.loads(line) for line in rest.splitlines())


def test_the_command_ends_without_a_message_when_the_reader_of_its_output_ends(
    platform: Platform, wecelebrate: Command
) -> None:
    with watch(wecelebrate) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.wait(timeout=30) == 1
        assert process.stderr.read() == ""


def test_the_command_ends_when_the_local_cloud_is_killed(tmp_path: Path) -> None:
    state = tmp_path / ".local"
    state.mkdir()
    refused = f"http://127.0.0.1:{free_port()}"
    names = ("api", "s3", "sqs", "database", "replica", "redis", "upstash", "issuer")
    Endpoints(**dict.fromkeys(names, refused)).save(state)
    command = Command(tmp_path, {**os.environ, HOME_VARIABLE: str(tmp_path)})
    with subprocess.Popen(["sleep", "600"]) as supervisor:
        record = {**asdict(ProcessIdentity.of(supervisor.pid)), "stage": "up", "parts": {}}
        (state / "supervisor.json").write_text(json.dumps(record))
        with command.started("status", "--watch", "--interval", "1") as process:
            assert process.stderr is not None
            assert "does not answer" in process.stderr.readline()
            supervisor.kill()
            supervisor.wait()
            stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (3, "")
    assert re.sub("`.*wecelebrate", "`wecelebrate", stderr.splitlines()[-1]) == (
        "✗ the local cloud is not up: run `wecelebrate up`"
    )


class Terminal(io.StringIO):
    """An output stream that behaves like a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_command_clears_its_output_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    terminal, file = Terminal(), io.StringIO()
    for stdout in (terminal, file):
        monkeypatch.setattr("sys.stdout", stdout)
        output.clear_screen()
    assert (terminal.getvalue(), file.getvalue()) == ("\x1b[H\x1b[2J\n", "")
