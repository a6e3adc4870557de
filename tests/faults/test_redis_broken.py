"""A Redis that dies, hangs, crawls or is full costs no answer: everybody is answered by the database meanwhile."""

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
from tests.faults.conftest import FULL
from tests.faults.figures import Figure
from tests.faults.load import Load, Window, p95
from tests.platform import TLS, Platform
from wecelebrate.core.requests.limits import MIN_LOCAL_QUOTA

BROKEN = 12.0 if FULL else 4.0
"""Seconds that a fault lasts."""
ADDED = 250
"""Milliseconds that it may add."""
RECOVERY = 30.0

Broken = Callable[[Load], Window]


@pytest.fixture(scope="module")
def load(own_platform: Platform, sweeper: None) -> Iterator[Load]:
    with Load.on(own_platform) as load:
        steady(load)
        yield load
        load.platform.database.execute("select 1")


def steady(load: Load) -> None:
    """Wait until the cache answers."""
    since = Window(time.monotonic(), time.monotonic())
    load.platform.eventually(lambda: load.recovery(since, 6) is not None, within=RECOVERY, every=0.2)


def process(load: Load, part: str) -> psutil.Process:
    running = ProcessIdentity.read(load.platform.state / "run" / f"{part}.json")
    assert running is not None and running.process is not None
    return running.process


@contextmanager
def stopped(process: psutil.Process) -> Iterator[None]:
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def killed(load: Load) -> Window:
    """Redis is killed; the supervisor starts it again, empty."""
    with load.broken() as window:
        before = process(load, "redis")
        os.kill(before.pid, signal.SIGKILL)

        def back() -> bool:
            running = ProcessIdentity.read(load.platform.state / "run" / "redis.json")
            if running is None or running.pid == before.pid or running.process is None:
                return False
            with valkey.Valkey.from_url(load.platform.endpoints.redis) as client:
                try:
                    return bool(client.ping())
                except valkey.exceptions.ConnectionError:
                    return False

        load.platform.eventually(back, within=20)
    return window


def blackholed(load: Load) -> Window:
    """Redis takes connections and says nothing."""
    with load.broken() as window, stopped(process(load, "redis")):
        time.sleep(BROKEN)
    return window


def crawling(load: Load) -> Window:
    """The way to Redis takes up to five seconds."""
    with load.broken() as window:
        upstash = process(load, "upstash")
        for _ in range(2 if FULL else 1):
            with stopped(upstash):
                time.sleep(5)
            time.sleep(0.05)
    return window


def full(load: Load) -> Window:
    """Redis has no memory left, and may evict nothing."""
    with valkey.Valkey.from_url(load.platform.endpoints.redis, decode_responses=True) as client:
        before = {name: client.config_get(name)[name] for name in ("maxmemory", "maxmemory-policy")}
        with load.broken() as window:
            try:
                client.config_set("maxmemory-policy", "noeviction")
                client.config_set("maxmemory", "1mb")
                time.sleep(BROKEN)
            finally:
                for name, value in before.items():
                    client.config_set(name, value)
    return window


@pytest.mark.timeout(300)
@pytest.mark.parametrize("broken", [killed, blackholed, crawling, full])
def test_a_redis_that_fails_costs_no_answer_and_little_time(load: Load, figure: Figure, broken: Broken) -> None:
    name = f"redis {broken.__name__}"
    steady(load)
    before = time.monotonic()
    time.sleep(4 if FULL else 2.5)
    window = broken(load)
    quiet = load.between(before, window.began)
    load.platform.eventually(lambda: load.recovery(window) is not None, within=RECOVERY + 5, every=0.2)
    time.sleep(max(window.ended + 3 - time.monotonic(), 0))
    during = load.between(window.began, window.ended + 3)
    wrong = load.wrong()
    recovery = load.recovery(window)
    assert recovery is not None
    served = [answer for answer in during if answer.status == 200]
    usual = p95(quiet)
    late = [answer for answer in during if answer.seconds > usual + ADDED / 1000]
    figure(f"{name}: answers", len(during), "answers")
    figure(f"{name}: wrong answers", len(wrong), "answers", 0)
    figure(f"{name}: answered 429", sum(answer.status == 429 for answer in during), "answers")
    figure(f"{name}: added at p95", (p95(during) - usual) * 1000, "ms", ADDED)
    figure(f"{name}: share of the late", 100 * len(late) / len(during), "%", 5)
    figure(f"{name}: longest", max(answer.seconds for answer in during) * 1000, "ms")
    figure(f"{name}: answered by the cache again after", recovery, "s", RECOVERY)
    assert not wrong, wrong[:5]
    assert {answer.kind.split()[0] for answer in served} == {"member", "visitor", "writer"}, "everybody was served"


def test_without_redis_a_client_is_still_refused(load: Load, figure: Figure) -> None:
    platform = load.platform
    tenant = platform.tenant()
    platform.product(tenant)
    steady(load)
    authorization = tenant.owner.headers["Authorization"]
    path = f"/v1/catalogs/{tenant.catalog_id}/products"
    statuses: list[int] = []
    with (
        httpx.Client(
            base_url=platform.endpoints.api, headers={"Authorization": authorization}, timeout=30, verify=TLS
        ) as client,
        load.broken(),
        stopped(process(load, "redis")),
    ):
        minute = time.time() // 60
        while len(statuses) < 400 and time.time() // 60 == minute:
            statuses.append(client.get(path).status_code)
        health = client.get("/_local/health").json()["functions"]
    instances = health["api-products-read"]["processes"]
    passed = statuses.count(200)
    if len(statuses) > MIN_LOCAL_QUOTA * instances:
        assert 429 in statuses
    figure("no redis: requests of a small client that pass", passed, "a minute", MIN_LOCAL_QUOTA * instances)
    assert set(statuses) <= {200, 429}
