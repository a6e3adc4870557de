"""If Redis fails, the usage figures are unavailable. Metrics show when Redis fails and when the replica lags."""

import json
from pathlib import Path

import httpx
import pytest
import valkey

from tests.platform import TLS, Json, Platform, ok, problem

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def platform(own_platform: Platform) -> Platform:
    """Return a local cloud that only this module uses, because the tests of this module break parts of the cloud."""
    return own_platform


def metric_lines(platform: Platform, function: str, metric: str) -> list[Json]:
    """Return the lines of a function's log that contain the metric."""
    log: Path = platform.state / "logs" / "functions" / f"{function}.log"
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith('{"_aws"')]
    return [line for line in lines if metric in line]


def test_usage_figures_are_unavailable_while_redis_does_not_respond(platform: Platform) -> None:
    tenant = platform.tenant()
    usage = f"/v1/clients/{tenant.client_id}/usage"
    ok(tenant.owner.get(usage))
    with valkey.Valkey.from_url(platform.endpoints.redis) as redis:
        redis.client_pause(1500, all=True)
    for api, path in ((tenant.owner, usage), (platform.admin, "/v1/admin/cache")):
        body = problem(api.get(path), 503, "unavailable")
        assert body["detail"] == "Usage is counted in Redis, which does not respond. Try again later."
    assert metric_lines(platform, "api-usage-read", "CacheDown")
    log = (platform.state / "logs" / "functions" / "api-usage-read.log").read_text("utf-8")
    assert log.count("Redis failed") == 1
    platform.eventually(lambda: tenant.owner.get(usage).is_success)


def test_a_metric_counts_reads_from_the_primary_because_of_a_lagging_replica(platform: Platform) -> None:
    with valkey.Valkey.from_url(platform.endpoints.redis) as redis:
        # Redis records recent writes. The primary answers all reads until this record is a minute old. Set the start of
        # the record to a time in the past, so that the replica answers reads at once.
        redis.hset("v1:local:public:recent", "since", "1")
    tenant = platform.tenant()
    ok(tenant.owner.get("/v1/sites"))
    before = len(metric_lines(platform, "api-sites-read", "ReaderHandedOver"))
    # Unlike `tenant.owner`, this client does not wait for the replica before each request.
    with httpx.Client(base_url=platform.endpoints.api, headers=tenant.owner.headers, timeout=30, verify=TLS) as api:
        platform.replica.execute("select pg_wal_replay_pause()")
        try:
            new = {"client_id": tenant.client_id, "name": "Behind"}
            assert api.post("/v1/sites", json=new).status_code == 201
            assert "Behind" in {site["name"] for site in ok(api.get("/v1/sites"))["data"]}
        finally:
            platform.replica.execute("select pg_wal_replay_resume()")
    lines = metric_lines(platform, "api-sites-read", "ReaderHandedOver")[before:]
    assert [line["ReaderHandedOver"] for line in lines] == [[1.0]]
