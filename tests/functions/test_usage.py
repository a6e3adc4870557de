"""Usage: what requests cost whom, and what the cache saves; counted where the answers are made."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import valkey

from tests.platform import Json, Platform, Tenant, ok, pointers, problem


@pytest.fixture(scope="module")
def redis(platform: Platform) -> Iterator[valkey.Valkey]:
    """The Redis behind all, to arrange and to look."""
    with valkey.Valkey.from_url(platform.endpoints.redis, decode_responses=True) as redis:
        yield redis


@pytest.fixture
def fresh(platform: Platform) -> Tenant:
    """A tenant that nobody asked anything yet."""
    return platform.tenant()


def usage(api: object, tenant: Tenant, **span: str) -> Json:
    return ok(api.get(f"/v1/clients/{tenant.client_id}/usage", params=span))  # type: ignore[attr-defined]


def test_a_client_is_told_what_its_requests_cost(platform: Platform, fresh: Tenant) -> None:
    for _ in range(4):
        ok(fresh.owner.get(f"/v1/catalogs/{fresh.catalog_id}"))
    told = usage(fresh.owner, fresh)
    catalog = told["by_entity"]["catalog"]
    assert [catalog[name] for name in ("requests", "misses", "hits", "stale", "passed", "throttled")] == [
        4,
        1,
        3,
        0,
        0,
        0,
    ]
    assert catalog["hit_rate"] == 0.75
    # Entering the database and the catalog, and the session before it.
    assert 2 <= catalog["queries"] <= 8
    assert catalog["queries_saved"] == 3 * catalog["queries"]
    assert catalog["rows"] >= catalog["queries"]
    assert 0 < catalog["database_ms"] < 5000
    assert catalog["redis_commands"] > 4 * 6
    assert told["totals"]["requests"] == 5
    (requests, storefront) = told["limits"]
    assert requests == {"name": "requests", "requests_per_hour": 1000, "remaining": 995}
    assert storefront == {"name": "storefront", "requests_per_hour": 20_000, "remaining": 20_000}


def test_what_is_never_kept_is_booked_at_the_next_look(fresh: Tenant) -> None:
    ok(fresh.owner.get("/v1/me"))
    before = usage(fresh.owner, fresh)["by_entity"]["uncached"]
    after = usage(fresh.owner, fresh)["by_entity"]["uncached"]
    assert after["passed"] == before["passed"] + 1
    assert after["queries"] > before["queries"]
    assert after["database_ms"] >= before["database_ms"]


def test_visitors_are_on_the_account_of_the_sites_client(platform: Platform, fresh: Tenant, stranger: Tenant) -> None:
    visitor = platform.api()
    for _ in range(3):
        ok(visitor.get(f"/v1/storefront/{fresh.domain}"))
    told = usage(fresh.owner, fresh)
    shop = told["by_entity"]["storefront"]
    assert (shop["requests"], shop["misses"], shop["hits"]) == (3, 1, 2)
    assert told["limits"][1]["remaining"] == 20_000 - 3
    assert "storefront" not in usage(stranger.owner, stranger)["by_entity"]


def test_a_write_is_a_request_and_what_it_fills_is_none(platform: Platform, fresh: Tenant) -> None:
    product = platform.product(fresh)
    ok(fresh.owner.get(f"/v1/products/{product['id']}"))
    told = usage(fresh.owner, fresh)
    assert told["totals"]["requests"] == 3
    assert told["by_entity"]["uncached"]["passed"] == 2
    of_products = told["by_entity"]["product"]
    assert of_products["requests"] == of_products["hits"] + of_products["misses"] == 1


def test_a_request_that_is_refused_is_counted(platform: Platform, fresh: Tenant, redis: valkey.Valkey) -> None:
    ok(fresh.owner.get("/v1/me"))
    redis.hincrby(f"v1:local:{fresh.client_id}:limit:requests", str(int(time.time()) // 60), 999)
    for _ in range(2):
        problem(fresh.owner.get("/v1/me"), 429, "rate_limited")
    told = usage(platform.admin, fresh)
    assert (told["totals"]["throttled"], told["totals"]["requests"]) == (2, 3)
    assert told["limits"][0]["remaining"] == 0


def test_another_clients_is_not_found(fresh: Tenant, stranger: Tenant) -> None:
    problem(stranger.owner.get(f"/v1/clients/{fresh.client_id}/usage"), 404, "not_found")


def test_support_sees_no_clients(platform: Platform, fresh: Tenant) -> None:
    problem(platform.api("support").get(f"/v1/clients/{fresh.client_id}/usage"), 403, "forbidden")


def test_the_hours_are_those_that_were_asked_for(fresh: Tenant) -> None:
    now = datetime.now(UTC)
    told = usage(fresh.owner, fresh)
    first, last = (datetime.fromisoformat(told[name]) for name in ("from", "to"))
    assert last - first == timedelta(hours=24)
    assert first < now < last
    assert usage(fresh.owner, fresh, **{"from": told["from"], "to": told["to"]})["from"] == told["from"]
    earlier = (now - timedelta(hours=3)).isoformat()
    until = usage(fresh.owner, fresh, to=earlier)
    assert until["totals"]["requests"] == 0
    assert datetime.fromisoformat(until["to"]) <= now - timedelta(hours=2)


@pytest.mark.parametrize(
    ("span", "pointer"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-01-01T00:00:00"}, "from"),
        ({"from": "2026-01-01T00:00:00Z"}, "from"),
        ({"to": "0001-01-01T00:00:00Z"}, "from"),
        ({"from": "9999-12-31T23:59:59Z"}, "from"),
        ({"since": "2026-01-01T00:00:00Z"}, "since"),
    ],
)
def test_hours_that_no_account_has_are_refused(tenant: Tenant, span: dict[str, str], pointer: str) -> None:
    answer = tenant.owner.get(f"/v1/clients/{tenant.client_id}/usage", params=span)
    assert pointers(problem(answer, 422, "invalid")) == [pointer]


def test_the_end_of_time_is_now(tenant: Tenant) -> None:
    assert usage(tenant.owner, tenant, to="9999-12-31T23:59:59Z")["to"] == usage(tenant.owner, tenant)["to"]


def test_an_admin_sees_the_cache_of_all(platform: Platform, fresh: Tenant) -> None:
    before = ok(platform.admin.get("/v1/admin/cache"))
    for _ in range(3):
        ok(fresh.owner.get(f"/v1/catalogs/{fresh.catalog_id}"))
    after = ok(platform.admin.get("/v1/admin/cache"))
    assert after["totals"]["hits"] >= before["totals"]["hits"] + 2
    assert after["totals"]["queries_saved"] > before["totals"]["queries_saved"]
    assert 0 < after["totals"]["hit_rate"] < 1
    assert len(after["by_hour"]) == 24
    for name in ("requests", "hits", "queries", "redis_commands"):
        assert sum(hour["figures"][name] for hour in after["by_hour"]) == after["totals"][name]
        assert sum(figures[name] for figures in after["by_entity"].values()) == after["totals"][name]
    assert after["switches"] == {"reads": "replica", "cache": "on", "limits": "on"}
    assert 0 < after["memory"]["used"] <= after["memory"]["peak"]
    assert after["memory"]["most"] == 512 * 1024 * 1024


def test_nobody_but_admins_sees_it(platform: Platform, tenant: Tenant) -> None:
    for api in (tenant.owner, platform.api("support")):
        problem(api.get("/v1/admin/cache"), 403, "forbidden")


def metrics(state: Path, function: str) -> list[Json]:
    """What a function told CloudWatch: the lines of its log in the embedded metric format."""
    lines = (state / "logs" / "functions" / f"{function}.log").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"_aws"')]


def test_a_function_tells_cloudwatch_by_its_log(fresh: Tenant, state: Path) -> None:
    for _ in range(2):
        ok(fresh.owner.get(f"/v1/catalogs/{fresh.catalog_id}"))
    told = metrics(state, "api-catalogs-read")
    for name in ("CacheMiss", "CacheHit"):
        line = next(line for line in reversed(told) if name in line)
        assert (line["entity"], line["service"], line[name]) == ("catalog", "api-catalogs-read", [1.0])
        (about,) = line["_aws"]["CloudWatchMetrics"]
        assert (about["Namespace"], about["Dimensions"]) == ("wecelebrate", [["entity", "service"]])
        assert {"Name": name, "Unit": "Count"} in about["Metrics"]
    waited = next(line for line in reversed(told) if "DatabaseMilliseconds" in line)
    assert 0 < waited["DatabaseMilliseconds"][0] < 5000
    assert waited["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    assert fresh.client_id not in json.dumps(told)


def test_throttling_is_told_by_the_limit(fresh: Tenant, state: Path, redis: valkey.Valkey) -> None:
    ok(fresh.owner.get("/v1/me"))
    redis.hincrby(f"v1:local:{fresh.client_id}:limit:requests", str(int(time.time()) // 60), 999)
    problem(fresh.owner.get("/v1/me"), 429, "rate_limited")
    line = next(line for line in reversed(metrics(state, "api-me-read")) if "Throttled" in line)
    assert (line["limit"], line["Throttled"]) == ("requests", [1.0])
