"""A usage report shows the cost of a client's requests, and how much database work the cache has saved. Functions log
metrics."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import valkey

from tests.platform import Json, Platform, Tenant, ok, pointers, problem


@pytest.fixture(scope="module")
def redis(platform: Platform) -> Iterator[valkey.Valkey]:
    """Yield a connection to the Redis server of the local cloud."""
    with valkey.Valkey.from_url(platform.endpoints.redis, decode_responses=True) as redis:
        yield redis


@pytest.fixture
def new_tenant(platform: Platform) -> Tenant:
    """Return a tenant that has not sent any request yet."""
    return platform.tenant()


def usage(api: httpx.Client, tenant: Tenant, **parameters: str) -> Json:
    """Return the usage report of a client."""
    return ok(api.get(f"/v1/clients/{tenant.client_id}/usage", params=parameters))


def test_the_usage_report_of_a_client_shows_the_cost_of_its_requests(platform: Platform, new_tenant: Tenant) -> None:
    for _ in range(4):
        ok(new_tenant.owner.get(f"/v1/catalogs/{new_tenant.catalog_id}"))
    report = usage(new_tenant.owner, new_tenant)
    catalog = report["by_entity"]["catalog"]
    counts = {name: catalog[name] for name in ("requests", "misses", "hits", "stale", "passed", "throttled")}
    assert counts == {"requests": 4, "misses": 1, "hits": 3, "stale": 0, "passed": 0, "throttled": 0}
    assert catalog["hit_rate"] == 0.75
    # One request is a cache miss. It loads the session, calls `app.enter`, and reads the catalog.
    assert 2 <= catalog["queries"] <= 8
    assert catalog["queries_saved"] == 3 * catalog["queries"]
    assert catalog["rows"] >= catalog["queries"]
    assert 0 < catalog["database_ms"] < 5000
    assert catalog["redis_commands"] > 4 * 6
    assert report["totals"]["requests"] == 5
    (requests, storefront) = report["limits"]
    assert requests == {"name": "requests", "requests_per_hour": 1000, "remaining": 995}
    assert storefront == {"name": "storefront", "requests_per_hour": 20_000, "remaining": 20_000}


def test_an_uncached_request_is_billed_when_the_next_request_arrives(new_tenant: Tenant) -> None:
    ok(new_tenant.owner.get("/v1/me"))
    before = usage(new_tenant.owner, new_tenant)["by_entity"]["uncached"]
    after = usage(new_tenant.owner, new_tenant)["by_entity"]["uncached"]
    assert after["passed"] == before["passed"] + 1
    assert after["queries"] > before["queries"]
    assert after["database_ms"] >= before["database_ms"]


def test_requests_of_visitors_are_billed_to_the_client_of_the_site(
    platform: Platform, new_tenant: Tenant, other_tenant: Tenant
) -> None:
    visitor = platform.api()
    for _ in range(3):
        ok(visitor.get(f"/v1/storefront/{new_tenant.domain}"))
    report = usage(new_tenant.owner, new_tenant)
    storefront = report["by_entity"]["storefront"]
    assert (storefront["requests"], storefront["misses"], storefront["hits"]) == (3, 1, 2)
    assert report["limits"][1]["remaining"] == 20_000 - 3
    assert "storefront" not in usage(other_tenant.owner, other_tenant)["by_entity"]


def test_a_write_that_updates_the_cache_counts_as_one_request(platform: Platform, new_tenant: Tenant) -> None:
    product = platform.product(new_tenant)
    ok(new_tenant.owner.get(f"/v1/products/{product['id']}"))
    report = usage(new_tenant.owner, new_tenant)
    assert report["totals"]["requests"] == 3
    assert report["by_entity"]["uncached"]["passed"] == 2
    products = report["by_entity"]["product"]
    assert products["requests"] == products["hits"] + products["misses"] == 1


def test_a_throttled_request_is_counted_in_the_usage_report(
    platform: Platform, new_tenant: Tenant, redis: valkey.Valkey
) -> None:
    ok(new_tenant.owner.get("/v1/me"))
    redis.hincrby(f"v1:local:{new_tenant.client_id}:limit:requests", str(int(time.time()) // 60), 999)
    for _ in range(2):
        problem(new_tenant.owner.get("/v1/me"), 429, "rate_limited")
    report = usage(platform.admin, new_tenant)
    assert (report["totals"]["throttled"], report["totals"]["requests"]) == (2, 3)
    assert report["limits"][0]["remaining"] == 0


def test_a_member_gets_404_for_the_usage_report_of_another_client(new_tenant: Tenant, other_tenant: Tenant) -> None:
    problem(other_tenant.owner.get(f"/v1/clients/{new_tenant.client_id}/usage"), 404, "not_found")


def test_the_support_role_cannot_read_a_usage_report(platform: Platform, new_tenant: Tenant) -> None:
    problem(platform.api("support").get(f"/v1/clients/{new_tenant.client_id}/usage"), 403, "forbidden")


def test_a_usage_report_covers_the_requested_hours_or_24_hours_by_default(new_tenant: Tenant) -> None:
    now = datetime.now(UTC)
    report = usage(new_tenant.owner, new_tenant)
    first, last = (datetime.fromisoformat(report[name]) for name in ("from", "to"))
    assert last - first == timedelta(hours=24)
    assert first < now < last
    assert usage(new_tenant.owner, new_tenant, **{"from": report["from"], "to": report["to"]})["from"] == report["from"]
    earlier = (now - timedelta(hours=3)).isoformat()
    until = usage(new_tenant.owner, new_tenant, to=earlier)
    assert until["totals"]["requests"] == 0
    assert datetime.fromisoformat(until["to"]) <= now - timedelta(hours=2)


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-01-01T00:00:00"}, "from"),
        ({"from": "2026-01-01T00:00:00Z"}, "from"),
        ({"to": "0001-01-01T00:00:00Z"}, "from"),
        ({"from": "9999-12-31T23:59:59Z"}, "from"),
        ({"since": "2026-01-01T00:00:00Z"}, "since"),
    ],
)
def test_a_usage_report_with_an_invalid_time_span_is_refused(
    tenant: Tenant, parameters: dict[str, str], pointer: str
) -> None:
    response = tenant.owner.get(f"/v1/clients/{tenant.client_id}/usage", params=parameters)
    assert pointers(problem(response, 422, "invalid")) == [pointer]


def test_a_usage_report_ends_at_the_current_hour(tenant: Tenant) -> None:
    assert usage(tenant.owner, tenant, to="9999-12-31T23:59:59Z")["to"] == usage(tenant.owner, tenant)["to"]


def test_an_admin_reads_the_usage_figures_of_the_whole_cache(platform: Platform, new_tenant: Tenant) -> None:
    before = ok(platform.admin.get("/v1/admin/cache"))
    for _ in range(3):
        ok(new_tenant.owner.get(f"/v1/catalogs/{new_tenant.catalog_id}"))
    after = ok(platform.admin.get("/v1/admin/cache"))
    assert after["totals"]["hits"] >= before["totals"]["hits"] + 2
    assert after["totals"]["queries_saved"] > before["totals"]["queries_saved"]
    assert 0 < after["totals"]["hit_rate"] < 1
    assert len(after["by_hour"]) == 24
    for name in ("requests", "hits", "queries", "redis_commands"):
        assert sum(hour["figures"][name] for hour in after["by_hour"]) == after["totals"][name]
        assert sum(figures[name] for figures in after["by_entity"].values()) == after["totals"][name]
    assert after["switches"] == {"reads": "replica", "cache": "on", "queue": "sqs", "limits": "on"}
    assert 0 < after["memory"]["used"] <= after["memory"]["peak"]
    assert after["memory"]["most"] == 512 * 1024 * 1024


def test_only_admins_are_allowed_to_read_the_usage_figures_of_the_cache(platform: Platform, tenant: Tenant) -> None:
    for api in (tenant.owner, platform.api("support")):
        problem(api.get("/v1/admin/cache"), 403, "forbidden")


def metrics(state: Path, function: str) -> list[Json]:
    """Return the lines of a function's log that contain metrics in the embedded metric format of CloudWatch."""
    lines = (state / "logs" / "functions" / f"{function}.log").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"_aws"')]


def test_a_function_logs_its_metrics_in_the_format_of_cloudwatch(new_tenant: Tenant, state: Path) -> None:
    for _ in range(2):
        ok(new_tenant.owner.get(f"/v1/catalogs/{new_tenant.catalog_id}"))
    lines = metrics(state, "api-catalogs-read")
    for name in ("CacheMiss", "CacheHit"):
        line = next(line for line in reversed(lines) if name in line)
        assert (line["entity"], line["service"], line[name]) == ("catalog", "api-catalogs-read", [1.0])
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert (directive["Namespace"], directive["Dimensions"]) == ("wecelebrate", [["entity", "service"]])
        assert {"Name": name, "Unit": "Count"} in directive["Metrics"]
    timing = next(line for line in reversed(lines) if "DatabaseMilliseconds" in line)
    assert 0 < timing["DatabaseMilliseconds"][0] < 5000
    assert timing["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    assert new_tenant.client_id not in json.dumps(lines)


def test_the_metric_of_throttled_requests_contains_the_name_of_the_limit(
    new_tenant: Tenant, state: Path, redis: valkey.Valkey
) -> None:
    ok(new_tenant.owner.get("/v1/me"))
    redis.hincrby(f"v1:local:{new_tenant.client_id}:limit:requests", str(int(time.time()) // 60), 999)
    problem(new_tenant.owner.get("/v1/me"), 429, "rate_limited")
    line = next(line for line in reversed(metrics(state, "api-me-read")) if "Throttled" in line)
    assert (line["limit"], line["Throttled"]) == ("requests", [1.0])
