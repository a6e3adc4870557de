"""Usage while parts are broken: figures that cannot be had are said to be missing, and what happens is told."""

import json
from pathlib import Path

import httpx
import pytest
import valkey

from tests.platform import TLS, Json, Platform, ok, problem


@pytest.fixture(scope="module")
def platform(own_platform: Platform) -> Platform:
    """A cloud of the module's own: its parts are broken."""
    return own_platform


def told(platform: Platform, function: str, metric: str) -> list[Json]:
    """The lines of a function's log that tell CloudWatch of a metric."""
    log: Path = platform.state / "logs" / "functions" / f"{function}.log"
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith('{"_aws"')]
    return [line for line in lines if metric in line]


def test_without_redis_the_figures_are_unavailable_and_the_answer_says_so(platform: Platform) -> None:
    tenant = platform.tenant()
    usage = f"/v1/clients/{tenant.client_id}/usage"
    ok(tenant.owner.get(usage))
    with valkey.Valkey.from_url(platform.endpoints.redis) as redis:
        redis.client_pause(1500, all=True)
    for api, path in ((tenant.owner, usage), (platform.admin, "/v1/admin/cache")):
        missing = problem(api.get(path), 503, "unavailable")
        assert missing["detail"] == "Usage is counted in Redis, which does not respond. Try again later."
    assert told(platform, "api-usage-read", "CacheDown")
    platform.eventually(lambda: tenant.owner.get(usage).is_success)


def test_a_read_that_the_reader_could_not_answer_is_told(platform: Platform) -> None:
    with valkey.Valkey.from_url(platform.endpoints.redis) as redis:
        # A memory that is younger than a minute is not relied on: all reads would be the primary's from the start.
        redis.hset("v1:local:public:recent", "since", "1")
    tenant = platform.tenant()
    ok(tenant.owner.get("/v1/sites"))
    before = len(told(platform, "api-sites-read", "ReaderHandedOver"))
    raw = httpx.Client(base_url=platform.endpoints.api, headers=tenant.owner.headers, timeout=30, verify=TLS)
    with raw:
        platform.replica.execute("select pg_wal_replay_pause()")
        try:
            new = {"client_id": tenant.client_id, "name": "Behind"}
            assert raw.post("/v1/sites", json=new).status_code == 201
            assert "Behind" in {site["name"] for site in ok(raw.get("/v1/sites"))["data"]}
        finally:
            platform.replica.execute("select pg_wal_replay_resume()")
    lines = told(platform, "api-sites-read", "ReaderHandedOver")[before:]
    assert [line["ReaderHandedOver"] for line in lines] == [[1.0]]
