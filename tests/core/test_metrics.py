"""Tests the metrics that are not counts: ages and memory."""

import json
import resource
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from wecelebrate.core import metrics


@pytest.fixture(autouse=True)
def no_metrics(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(metrics, "_recorded_memory", 0)
    monkeypatch.setattr(metrics, "_child_memory", {})
    metrics._values.clear()
    yield
    metrics._values.clear()


def flushed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    metrics.flush()
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_metric_of_an_age_is_the_highest_recorded_age_of_an_invocation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for seconds in (3.0, 61.5, 12.0):
        metrics.highest("SyncAgeSeconds", seconds)
    (line,) = flushed(capsys)
    assert line["SyncAgeSeconds"] == [61.5]
    assert '"Unit":"Seconds"' in json.dumps(line, separators=(",", ":"))
    metrics.highest("SyncAgeSeconds", 0.0)
    assert flushed(capsys)[0]["SyncAgeSeconds"] == [0.0]


def test_the_memory_of_a_function_is_recorded_only_if_it_has_increased(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "api-sites-read")
    assert flushed(capsys) == []  # outside of Lambda, the memory of a function is not known
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "4096")
    (line,) = flushed(capsys)
    percent = line["MemoryPercent"]
    assert isinstance(percent, list)
    assert 0 < percent[0] < 100
    assert (line["service"], line["function"]) == ("platform", "api-sites-read")
    assert flushed(capsys) == []
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
    assert flushed(capsys)[0]["MemoryPercent"] > percent  # type: ignore[operator]


def memory_percent(capsys: pytest.CaptureFixture[str]) -> float:
    (line,) = flushed(capsys)
    percent = line["MemoryPercent"]
    assert isinstance(percent, list)
    return float(percent[0])


def usage(own: int, ended: int) -> Callable[[int], SimpleNamespace]:
    """Return a replacement for `getrusage`. It reports the given memory, in MiB, of the process and of its largest
    ended child.
    """
    unit = 1024**2 if sys.platform == "darwin" else 1024
    sizes = {resource.RUSAGE_SELF: own, resource.RUSAGE_CHILDREN: ended}
    return lambda who: SimpleNamespace(ru_maxrss=sizes[who] * unit)


def test_the_recorded_memory_includes_running_child_processes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1000")
    monkeypatch.setattr(resource, "getrusage", usage(100, 50))
    assert memory_percent(capsys) == 15
    metrics.record_child_memory(7, 40 * 1024**2)
    assert flushed(capsys) == []
    metrics.record_child_memory(7, 300 * 1024**2)
    metrics.record_child_memory(7, 200 * 1024**2)
    metrics.record_child_memory(8, 100 * 1024**2)
    assert memory_percent(capsys) == 50
    monkeypatch.setattr(metrics, "_recorded_memory", 0)
    metrics.forget_child(7)
    metrics.forget_child(7)
    monkeypatch.setattr(resource, "getrusage", usage(100, 300))
    assert memory_percent(capsys) == 40, "an ended child and a running child do not have their maxima together"
