"""Tests what `wecelebrate load` reports about the visitors of a run."""

import os
from dataclasses import replace
from itertools import islice

import pytest

from infra.bench import users
from infra.bench.cpu import CpuTime
from infra.bench.users import Health, Observation, Queue, popular_paths
from infra.bench.visitors import Requests, Shop, Step

CORES = os.cpu_count() or 1
HEALTH = Health(p50=4.0, per_second=400.0)
GOOD = Requests(requests=1_000, hits=900, errors={}, p50=10.0, p95=40.0, p99=60.0, max=80.0)


def observation(requests: Requests = GOOD, *, count: int = 100, cores: float = 0.5, wait: float = 3.0) -> Observation:
    kinds = dict.fromkeys(("product", "list", "order", "all"), requests)
    step = Step(users=count, seconds=10.0, cpu_seconds=0.5, kinds=kinds)
    return Observation(step, CpuTime({"functions": cores * CORES}), [Queue("email_notification", 7, wait)])


@pytest.mark.parametrize(
    ("observed", "broken"),
    [
        (observation(), {}),
        (
            observation(replace(GOOD, errors={"409 out_of_stock": 2, "TimeoutError": 1})),
            {"errors": "3 of 1000 requests failed: 2 × 409 out_of_stock, 1 × TimeoutError"},
        ),
        (observation(replace(GOOD, p95=501.0)), {"p95": "501 ms, at most 500 ms"}),
        (
            observation(wait=31.0),
            {"queue": "7 jobs email_notification wait, the oldest for 31 s, at most 30 s"},
        ),
        (observation(cores=0.99), {"CPU": f"{0.99 + 0.05 / CORES:.0%} of {CORES} cores, at most 95%"}),
    ],
    ids=["nothing", "errors", "p95", "queue", "cpu"],
)
def test_the_report_names_each_figure_that_exceeds_its_limit(observed: Observation, broken: dict[str, str]) -> None:
    assert observed.broken() == broken


def test_the_report_of_a_run_has_a_verdict_for_each_limit() -> None:
    verdicts = dict(users._verdicts(observation(replace(GOOD, p95=620.0, hits=700)), HEALTH))
    assert verdicts["errors"] == "0 errors PASS"
    assert verdicts["p95"] == "620 ms, at most 500 ms FAIL"
    assert verdicts["queue"] == "no job waits for more than 30 s PASS"
    assert verdicts["hit rate"] == "70%, at least 80% FAIL"
    assert verdicts["p95 to /v1/health"] == "155.0 × its p50 at 0.25 × its rate, at most 8 × FAIL"


@pytest.mark.parametrize(
    ("per_second", "p95", "verdict"),
    [
        (280.0, 32.0, "8.0 × its p50 at 0.70 × its rate, at most 8 × PASS"),
        (280.0, 33.0, "8.2 × its p50 at 0.70 × its rate, at most 8 × FAIL"),
        (300.0, 90.0, "22.5 × its p50 at 0.75 × its rate, no limit above 0.7 ×"),
    ],
)
def test_the_p95_is_unlimited_above_70_percent_of_the_health_route_rate(
    per_second: float, p95: float, verdict: str
) -> None:
    requests = replace(GOOD, requests=round(per_second * 10), p95=p95)
    assert dict(users._verdicts(observation(requests), HEALTH))["p95 to /v1/health"] == verdict


def test_a_ramp_reports_the_first_exceeded_limit_and_the_last_successful_step() -> None:
    observed = [observation(replace(GOOD, requests=3_000)), observation(replace(GOOD, p95=900.0), count=125)]
    assert dict(users._ramp_verdicts(observed, HEALTH)) == {
        "broke first": "at 125 users, p95: 900 ms, at most 500 ms",
        "served": "100 users, 300 requests/s, p95 40 ms, 30% cache hits",
        "p95 to /v1/health of 125 users": "225.0 × its p50 at 0.25 × its rate, at most 8 × FAIL",
    }


def test_a_ramp_reports_no_served_visitors_if_the_first_step_exceeds_a_limit() -> None:
    assert "served" not in dict(users._ramp_verdicts([observation(wait=99.0)], HEALTH))


def test_each_step_of_a_ramp_adds_a_quarter_of_the_visitors() -> None:
    assert [count for count, _ in islice(users._ramp(100), 4)] == [100, 125, 156, 195]
    assert [count for count, _ in islice(users._ramp(1), 4)] == [1, 2, 3, 4]


def test_the_report_has_lines_for_request_types_cpu_time_and_queues() -> None:
    lines = list(observation().lines())
    assert lines[0].startswith("100 users for 10 s: 100 requests/s, 1,000 requests, p50 10 ms, p95 40 ms, p99 60 ms")
    assert [line.split()[0] for line in lines[1:]] == ["product", "list", "order", "CPU:", "queues:"]
    assert lines[-1] == "  queues: 7 jobs email_notification for up to 3 s"


def test_popular_paths_contain_more_products_of_the_sites_with_more_visits() -> None:
    shops = [Shop(name, ["art & tea"], [f"{name}-{number}" for number in range(4)]) for name in ("a", "b")]
    paths = [path.removeprefix("/v1/storefront/") for path in popular_paths(shops)]
    lists = "products?limit=50", "products?limit=50&category=art%20%26%20tea"
    of_a, of_b = ([f"{name}/{path}" for path in lists] for name in "ab")
    assert paths == [
        *(*of_a, *(f"a/products/a-{number}" for number in range(4))),
        *(*of_b, *(f"b/products/b-{number}" for number in range(2))),
    ]
