"""Tests the metrics of an invocation, and the usage that an instance stores until it sends the usage to Redis."""

import json
from collections.abc import Iterator

import pytest

from wecelebrate.core import metrics
from wecelebrate.core.metering import Meter


@pytest.fixture(autouse=True)
def no_metrics() -> Iterator[None]:
    metrics._values.clear()
    yield
    metrics._values.clear()


def test_each_metric_is_written_once_in_one_line_per_dimension(
    capsys: pytest.CaptureFixture[str],
) -> None:
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


def test_usage_before_the_tenant_is_known_is_billed_to_the_tenant() -> None:
    meter = Meter()
    meter.begin_request()
    meter.record_query(0.0004, rows=1)
    assert meter.unsent() == ""
    meter.assign_tenant("acme", "product")
    meter.record_query(0.0016, rows=-1)
    meter.record_commands(3)
    assert meter.unsent() == "acme product 2 2 1 3"


def test_usage_is_not_sent_twice() -> None:
    meter = Meter()
    meter.assign_tenant("acme", "product")
    meter.record_query(0.001, rows=5)
    meter.mark_sent()
    assert meter.unsent() == ""


def test_usage_is_not_billed_to_the_tenant_of_the_next_request() -> None:
    meter = Meter()
    meter.assign_tenant("acme", "product")
    meter.record_query(0.001, rows=5)
    meter.begin_request()
    meter.record_query(0.009)  # This request is never assigned to a tenant.
    meter.begin_request()
    meter.record_query(0.002)
    meter.assign_tenant("other", "site")
    assert meter.unsent().splitlines() == ["acme product 1 1 5 0", "other site 1 2 0 0"]


def test_the_database_time_of_a_request_begins_at_zero() -> None:
    meter = Meter()
    meter.begin_request()
    meter.record_query(0.25)
    meter.record_query(0.5)
    assert meter.request_milliseconds == 750
    meter.begin_request()
    assert meter.request_milliseconds == 0
