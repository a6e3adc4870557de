"""Tests the rows of the benchmark report: ratio, verdict, text and JSON."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra import bench
from infra.bench.platform import BenchPlatform
from infra.bench.rows import Limit, Measure, Row, measures


def _row(ratio: float, limit: Limit, name: str = "page") -> Row:
    return Row.of_pairs(name, [(ratio * 10, 10.0)], "ms", floor_name="/v1/health", limit=limit)


def test_a_row_contains_the_medians_of_figure_floor_and_ratio() -> None:
    pairs = [(10.0, 10.0), (30.0, 10.0), (40.0, 20.0)]
    row = Row.of_pairs("page", pairs, "ms", floor_name="/v1/health", limit=Limit.at_most(2))
    assert (row.figure, row.floor, row.ratio) == (30, 10, 2)


@pytest.mark.parametrize(
    ("ratio", "limit", "passed"),
    [
        (2.0, Limit.at_most(2), True),
        (2.1, Limit.at_most(2), False),
        (2.0, Limit.at_least(2), True),
        (1.9, Limit.at_least(2), False),
        (float("nan"), Limit.at_most(2), False),
        (float("nan"), Limit.at_least(2), False),
    ],
)
def test_a_row_passes_when_its_ratio_is_within_the_limit(ratio: float, limit: Limit, passed: bool) -> None:
    assert _row(ratio, limit).passed is passed


def test_the_text_of_a_row_contains_all_its_values_and_its_verdict() -> None:
    assert str(_row(1.5, Limit.at_most(2))) == "page: 15 ms (floor, /v1/health: 10 ms; ratio 1.5, at most 2) PASS"
    assert str(_row(1.5, Limit.at_least(2))).endswith("(floor, /v1/health: 10 ms; ratio 1.5, at least 2) FAIL")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home directory for the benchmark. This fixture prevents the benchmark from starting a local cloud."""

    @contextmanager
    def started(home: Path) -> Iterator[None]:
        yield None

    monkeypatch.setattr(BenchPlatform, "started", started)
    return tmp_path


@measures("page", "list")
def _passing(platform: BenchPlatform) -> Iterator[Row]:
    yield _row(1, Limit.at_most(2))
    yield _row(1, Limit.at_most(2), "list")


@measures("page", "list")
def _failing(platform: BenchPlatform) -> Iterator[Row]:
    yield _row(3, Limit.at_most(2))
    yield _row(1, Limit.at_most(2), "list")


@measures("page", "list")
def _broken(platform: BenchPlatform) -> Iterator[Row]:
    yield _row(1, Limit.at_most(2))
    raise ValueError("raised on purpose by this test")


@measures("page", "list")
def _incomplete(platform: BenchPlatform) -> Iterator[Row]:
    yield _row(1, Limit.at_most(2))


@pytest.mark.parametrize(("measure", "passed"), [(_passing, True), (_failing, False), (_broken, False)])
def test_a_benchmark_run_passes_only_if_all_rows_pass(home: Path, measure: Measure, passed: bool) -> None:
    assert bench.measure({"pages": measure}, home, lambda line: None) is passed


def test_a_row_without_a_measurement_fails_and_states_the_reason(home: Path) -> None:
    lines: list[str] = []
    bench.measure({"pages": _broken}, home, lines.append)
    assert lines[1:] == ["list: could not be measured: ValueError: raised on purpose by this test FAIL"]


def test_a_row_fails_if_the_benchmark_does_not_yield_the_row(home: Path) -> None:
    lines: list[str] = []
    assert not bench.measure({"pages": _incomplete}, home, lines.append)
    assert lines[1:] == ["list: could not be measured: the measure did not yield this row FAIL"]


def test_the_benchmark_continues_after_a_failed_measurement(home: Path) -> None:
    lines: list[str] = []
    bench.measure({"broken": _broken, "pages": _passing}, home, lines.append)
    assert len(lines) == 4


def test_the_benchmark_writes_its_rows_to_a_json_file(home: Path) -> None:
    bench.measure({"pages": _broken}, home, lambda line: None)
    page, unmeasured = json.loads((home / "bench.json").read_text("utf-8"))
    assert page["floor_name"] == "/v1/health"
    assert page["limit"] == {"kind": "at most", "ratio": 2}
    assert page["passed"] is True
    assert unmeasured == {"name": "list", "reason": "ValueError: raised on purpose by this test", "passed": False}
