"""What an invocation counts and spends, before it is told."""

import json
from collections.abc import Iterator

import pytest

from wecelebrate.core import metrics
from wecelebrate.core.metering import Meter


@pytest.fixture(autouse=True)
def nothing_counters() -> Iterator[None]:
    metrics._counters.clear()
    yield
    metrics._counters.clear()


def test_what_was_counters_is_a_line_for_each_dimension(capsys: pytest.CaptureFixture[str]) -> None:
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


def test_what_was_spent_before_the_tenant_was_known_is_the_tenants() -> None:
    meter = Meter()
    meter.begin_request()
    meter.record_query(0.0004, rows=1)
    assert meter.unsent() == ""
    meter.assign_tenant("acme", "product")
    meter.record_query(0.0016, rows=-1)
    meter.record_commands(3)
    assert meter.unsent() == "acme product 2 2 1 3"


def test_what_is_booked_is_owed_no_more() -> None:
    meter = Meter()
    meter.assign_tenant("acme", "product")
    meter.record_query(0.001, rows=5)
    meter.mark_sent()
    assert meter.unsent() == ""


def test_what_one_request_spent_is_not_the_next_ones() -> None:
    meter = Meter()
    meter.assign_tenant("acme", "product")
    meter.record_query(0.001, rows=5)
    meter.begin_request()
    meter.record_query(0.009)  # of a caller whom nobody knows
    meter.begin_request()
    meter.record_query(0.002)
    meter.assign_tenant("other", "site")
    assert meter.unsent().splitlines() == ["acme product 1 1 5 0", "other site 1 2 0 0"]
