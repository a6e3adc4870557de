"""If Redis is killed, frozen, slow or full, no request fails, because the database answers instead."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import psutil
import pytest
import valkey

from infra.local.pid_files import ProcessIdentity
from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.faults.load import FaultWindow, Load, p95
from tests.platform import TLS, Platform, ok, problem
from wecelebrate.core.requests.limits import MIN_LOCAL_QUOTA

pytestmark = pytest.mark.slow

FAULT_SECONDS = 12.0 if FULL else 4.0
MAX_ADDED_MILLISECONDS = 250
"""The number of milliseconds by which a fault is allowed to increase the 95th percentile of the response times."""
MAX_RECOVERY_SECONDS = 30.0

Fault = Callable[[Load], FaultWindow]


@pytest.fixture(scope="module")
def load(own_platform: Platform, sweeper: None) -> Iterator[Load]:
    with Load.on(own_platform) as load:
        wait_for_cache(load)
        yield load
        load.platform.database.execute("select 1")


def wait_for_cache(load: Load) -> None:
    """Wait until members and visitors get several consecutive cache hits."""
    now = FaultWindow(time.monotonic(), time.monotonic())
    load.platform.eventually(lambda: load.recovery_seconds(now, 6) is not None, within=MAX_RECOVERY_SECONDS, every=0.2)


def process(load: Load, part: str) -> psutil.Process:
    """Return the process that runs a part of the local cloud."""
    identity = ProcessIdentity.read(load.platform.state / "run" / f"{part}.json")
    assert identity is not None and identity.process is not None
    return identity.process


@contextmanager
def frozen(process: psutil.Process) -> Iterator[None]:
    """Freeze a process until the end of the block."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def killed(load: Load) -> FaultWindow:
    """Kill Redis. The supervisor starts Redis again, but Redis has lost all its data."""
    with load.fault() as window:
        before = process(load, "redis")
        os.kill(before.pid, signal.SIGKILL)

        def has_restarted() -> bool:
            identity = ProcessIdentity.read(load.platform.state / "run" / "redis.json")
            if identity is None or identity.pid == before.pid or identity.process is None:
                return False
            with valkey.Valkey.from_url(load.platform.endpoints.redis) as client:
                try:
                    return bool(client.ping())
                except valkey.exceptions.ConnectionError:
                    return False

        load.platform.eventually(has_restarted, within=20)
    return window


def blackholed(load: Load) -> FaultWindow:
    """Freeze Redis, so that it accepts connections but does not respond."""
    with load.fault() as window, frozen(process(load, "redis")):
        time.sleep(FAULT_SECONDS)
    return window


def crawling(load: Load) -> FaultWindow:
    """Freeze the REST server in front of Redis, so that a response takes up to five seconds."""
    with load.fault() as window:
        upstash = process(load, "upstash")
        for _ in range(2 if FULL else 1):
            with frozen(upstash):
                time.sleep(5)
            time.sleep(0.05)
    return window


def full(load: Load) -> FaultWindow:
    """Lower the memory limit of Redis, so that Redis has no free memory. Forbid Redis to evict keys."""
    with valkey.Valkey.from_url(load.platform.endpoints.redis, decode_responses=True) as client:
        before = {name: client.config_get(name)[name] for name in ("maxmemory", "maxmemory-policy")}
        with load.fault() as window:
            try:
                client.config_set("maxmemory-policy", "noeviction")
                client.config_set("maxmemory", "1mb")
                time.sleep(FAULT_SECONDS)
            finally:
                for name, value in before.items():
                    client.config_set(name, value)
    return window


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", [killed, blackholed, crawling, full])
def test_a_redis_failure_causes_no_errors_and_only_short_delays(load: Load, figure: Figure, fault: Fault) -> None:
    name = f"redis {fault.__name__}"
    wait_for_cache(load)
    before = time.monotonic()
    time.sleep(4 if FULL else 2.5)
    window = fault(load)
    answers_before = load.between(before, window.start)
    load.platform.eventually(
        lambda: load.recovery_seconds(window) is not None, within=MAX_RECOVERY_SECONDS + 5, every=0.2
    )
    time.sleep(max(window.end + 3 - time.monotonic(), 0))
    answers = load.between(window.start, window.end + 3)
    wrong = load.wrong_answers()
    recovery = load.recovery_seconds(window)
    assert recovery is not None
    usual = p95(answers_before)
    late = [answer for answer in answers if answer.seconds > usual + MAX_ADDED_MILLISECONDS / 1000]
    figure(f"{name}: responses", len(answers), "responses")
    figure(f"{name}: wrong responses", len(wrong), "responses", 0)
    figure(f"{name}: responses with status 429", sum(answer.status == 429 for answer in answers), "responses")
    figure(f"{name}: added at p95", (p95(answers) - usual) * 1000, "ms", MAX_ADDED_MILLISECONDS)
    figure(f"{name}: share of late responses", 100 * len(late) / len(answers), "%", 5)
    figure(f"{name}: slowest response", max(answer.seconds for answer in answers) * 1000, "ms")
    figure(f"{name}: the cache answers again after", recovery, "s", MAX_RECOVERY_SECONDS)
    assert not wrong, wrong[:5]
    successful_users = {answer.kind.split()[0] for answer in answers if answer.status == 200}
    assert successful_users == {"member", "visitor", "writer"}


def test_the_rate_limit_of_a_client_is_enforced_without_redis(load: Load, figure: Figure) -> None:
    platform = load.platform
    tenant = platform.tenant()
    platform.product(tenant)
    wait_for_cache(load)
    authorization = tenant.owner.headers["Authorization"]
    path = f"/v1/catalogs/{tenant.catalog_id}/products"
    statuses: list[int] = []
    with (
        httpx.Client(
            base_url=platform.endpoints.api, headers={"Authorization": authorization}, timeout=30, verify=TLS
        ) as client,
        load.fault(),
        frozen(process(load, "redis")),
    ):
        minute = time.time() // 60
        while len(statuses) < 400 and time.time() // 60 == minute:
            statuses.append(client.get(path).status_code)
        functions = client.get("/_local/health").json()["functions"]
    # Without Redis, each instance of the function counts only its own requests.
    quota = MIN_LOCAL_QUOTA * functions["api-products-read"]["processes"]
    if len(statuses) > quota:
        assert 429 in statuses
    figure("no redis: accepted requests of a small client", statuses.count(200), "a minute", quota)
    assert set(statuses) <= {200, 429}


def test_a_removed_member_is_refused_while_redis_is_frozen_and_afterwards(load: Load) -> None:
    platform = load.platform
    tenant = platform.tenant()
    subject = platform.member(tenant.client_id, "viewer")
    api, path = platform.api(subject), f"/v1/sites/{tenant.site_id}"
    (member,) = [
        row
        for row in ok(tenant.owner.get(f"/v1/clients/{tenant.client_id}/members"))["data"]
        if row["subject"] == subject
    ]
    platform.eventually(lambda: api.get(path).headers.get("cache-status") == "wecelebrate; hit")
    with frozen(process(load, "redis")):
        assert tenant.owner.delete(f"/v1/clients/{tenant.client_id}/members/{member['id']}").status_code == 204
        for _ in range(3):
            problem(api.get(path), 403, "no_membership")
    # Redis keeps the session of the member until the sweeper sends the invalidation. Send few requests meanwhile: an
    # instance that considers Redis down allows only 20 requests per minute, and counts a failed request six times.
    platform.eventually(lambda: api.get(path).status_code == 403, within=90, every=10)
    assert {api.get(path).status_code for _ in range(5)} <= {403, 429}
