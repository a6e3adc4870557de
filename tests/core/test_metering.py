"""Metrics and usage that an invocation records, until they are sent."""

import json
from collections.abc import Iterator

import pytest

from wecelebrate.core import metrics
from wecelebrate.core.metering import Meter


@pytest.fixture(autouse=True)
def no_metrics() -> Iterator[None]:
    metrics._counters.clear()
    yield
    metrics._counters.clear()


def test_metrics_are_flushed_once_with_one_line_per_dimension(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        metrics.count("CacheHit", dimension="entity", of="product")
    metrics.count("CacheDown")
    metrics.flush()
    metrics.flush()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line.get("entity"), line.get("CacheHit"), line.get("CacheDown")) for line in lines] == [
        ("product", [2.0], None),
        (None, None, [1.0]),
    ]


def test_usage_before_the_tenant_is_assigned_is_billed_to_the_tenant() -> None:
    meter = Meter()
    meter.begin_request()
    meter.record_query(0.0004, rows=1)
    assert meter.unsent() == ""
    meter.assign_tenant("acme", "product")
    meter.record_query(0.0016, rows=-1)
    meter.record_commands(3)
    assert meter.unsent() == "acme product 2 2 1 3"


def test_sent_usage_is_not_sent_again() -> None:
    meter = Meter()
    meter.assign_tenant("acme", "product")
    meter.record_query(0.001, rows=5)
    meter.mark_sent()
    assert meter.unsent() == ""


def test_usage_of_a_request_is_not_billed_to_the_next_request() -> None:
    meter = Meter()
    meter.assign_tenant("acme", "product")
    meter.record_query(0.001, rows=5)
    meter.begin_request()
    meter.record_query(0.009)  # of a request whose tenant is never assigned
    meter.begin_request()
    meter.record_query(0.002)
    meter.assign_tenant("other", "site")
    assert meter.unsent().splitlines() == ["acme product 1 1 5 0", "other site 1 2 0 0"]
