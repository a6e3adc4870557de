"""Tests the rate limits. Redis counts the requests in a sliding window of one hour, or of one minute for an IP address.

If Redis is down, each instance counts the requests that it handles.
"""

from types import SimpleNamespace

import pytest

from infra.local.processes import free_port
from tests.cache.doubles import Clock, RedisClient
from tests.cache.limited_callers import MEMBER, VISITOR, Attempt, Client
from wecelebrate.core import kill_switches
from wecelebrate.core.cache.redis import redis as shared_redis
from wecelebrate.core.database import Caller
from wecelebrate.core.errors import TooManyRequests
from wecelebrate.core.requests import counting, limits, sessions
from wecelebrate.core.requests.limits import (
    ADDRESS_PER_MINUTE,
    FAILURE_COST,
    MIN_LOCAL_QUOTA,
    ORDER_SHARE,
    LocalLimits,
)
from wecelebrate.core.requests.request_cache import RequestCache
from wecelebrate.core.settings import settings


@pytest.fixture(autouse=True)
def fresh_instance(key_prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a new instance that has not counted a request. All kill switches have their defaults."""
    monkeypatch.setattr(kill_switches, "are_known", lambda: True)
    monkeypatch.setattr(kill_switches, "is_set", lambda name, value: False)
    monkeypatch.setattr(counting, "_local_limits", LocalLimits())


@pytest.fixture(autouse=True)
def hourly_clock(clock: Clock) -> Clock:
    """Set the clock to the beginning of an hour."""
    clock.ms -= clock.ms % 3_600_000
    return clock


def test_the_window_of_a_client_is_a_sliding_hour_with_one_minute_buckets(hourly_clock: Clock) -> None:
    client = Client(MEMBER, 10)
    hourly_clock.pass_seconds(90)
    assert [client.send()["requests"] for _ in range(4)] == [(remaining, 3570) for remaining in (9, 8, 7, 6)]
    hourly_clock.pass_seconds(30 * 60)
    assert [client.send()["requests"] for _ in range(6)] == [(remaining, 1770) for remaining in (5, 4, 3, 2, 1, 0)]
    with pytest.raises(TooManyRequests) as error:
        client.send()
    assert error.value.headers()["Retry-After"] == "1770"
    hourly_clock.pass_seconds(1769)
    with pytest.raises(TooManyRequests):
        client.send()
    hourly_clock.pass_seconds(1)
    # The first four requests are now outside the window. The six later requests are still inside the window.
    assert [client.send()["requests"] for _ in range(4)] == [(remaining, 1800) for remaining in (3, 2, 1, 0)]
    with pytest.raises(TooManyRequests):
        client.send()


def test_refused_requests_are_not_counted(hourly_clock: Clock, key_prefix: str, raw_redis: RedisClient) -> None:
    client = Client(MEMBER, 3)
    assert client.exhaust() == 3
    for _ in range(50):
        with pytest.raises(TooManyRequests):
            client.send()
    assert raw_redis.hvals(f"{key_prefix}{client.tenant}:limit:requests") == ["3"]
    assert client.headers["RateLimit"] == '"requests";r=0;t=3600'
    assert client.headers["RateLimit-Policy"] == '"requests";q=3;w=3600'
    hourly_clock.pass_seconds(3600)
    assert client.exhaust() == 3


def test_all_members_of_a_client_share_one_quota() -> None:
    ann, bob = Client(MEMBER, 5), Client(Caller(subject="bob"), 5)
    abe = Client(Caller(subject="abe"), 5, tenant=ann.tenant)
    assert ann.send() and abe.send()
    assert ann.exhaust() == 3
    assert abe.exhaust() == 0
    assert bob.exhaust() == 5


def test_requests_of_a_caller_without_a_quota_are_not_counted() -> None:
    admin = Client(MEMBER, None)
    assert [admin.send() for _ in range(3)] == [{}, {}, {}]


def test_the_window_of_an_address_is_a_sliding_minute_with_ten_second_buckets(
    hourly_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ADDRESS_PER_MINUTE", 5)
    visitor = Client(VISITOR, None)
    assert [visitor.send("192.0.2.1")["address"] for _ in range(2)] == [(4, 60), (3, 60)]
    hourly_clock.pass_seconds(35)
    assert [visitor.send("192.0.2.1")["address"] for _ in range(3)] == [(2, 25), (1, 25), (0, 25)]
    with pytest.raises(TooManyRequests) as error:
        visitor.send("192.0.2.1")
    assert error.value.headers()["Retry-After"] == "25"
    assert visitor.send("192.0.2.2")["address"] == (4, 60 - 5), "each address has a separate limit"
    hourly_clock.pass_seconds(25)
    assert [visitor.send("192.0.2.1")["address"] for _ in range(2)] == [(1, 30), (0, 30)]


def test_an_address_is_allowed_to_send_600_requests_per_minute(hourly_clock: Clock) -> None:
    assert ADDRESS_PER_MINUTE == 600
    assert Client(VISITOR, None).exhaust("192.0.2.9") == 600


def test_a_request_of_a_visitor_counts_against_address_and_storefront_limits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visitor = Client(VISITOR, 4, limit="storefront")
    assert set(visitor.send("192.0.2.1")) == {"address", "storefront"}
    assert visitor.exhaust("192.0.2.2") == 2, "one address has only its share of the limit"
    visitor.send("192.0.2.3")
    with pytest.raises(TooManyRequests):
        visitor.send("192.0.2.4")
    assert visitor.headers["RateLimit-Policy"] == '"address";q=600;w=60, "storefront";q=4;w=3600'


def test_a_request_that_makes_several_lookups_is_counted_only_once() -> None:
    client = Client(MEMBER, 100)
    ratelimit_headers: list[str] = []
    request = RequestCache(client.caller, "", lambda headers: ratelimit_headers.append(headers["RateLimit"]))
    for _ in range(5):
        request.lookup()
    assert {text.partition(";t=")[0] for text in ratelimit_headers} == {'"requests";r=99'}
    assert client.send()["requests"][0] == 98


def test_the_order_quota_of_a_site_is_a_fraction_of_its_request_quota() -> None:
    visitor = Client(VISITOR, 5 * sessions.STOREFRONT_FACTOR, limit="storefront", site="one")
    for number in range(5):
        assert visitor.send(f"192.0.2.{number}", is_order=True)["orders"][0] == 4 - number
    assert visitor.headers["RateLimit-Policy"].endswith('"storefront";q=100;w=3600, "orders";q=5;w=3600')
    with pytest.raises(TooManyRequests, match="The limit of 5 orders of this site per hour is used up"):
        visitor.send("192.0.2.9", is_order=True)
    assert "orders" not in visitor.send("192.0.2.9")
    other = Client(
        Caller(site_domain="other.test"), 5 * sessions.STOREFRONT_FACTOR, visitor.tenant, "storefront", "two"
    )
    assert other.send("192.0.2.9", is_order=True)["orders"][0] == 4


def test_an_order_that_makes_several_lookups_is_counted_only_once() -> None:
    visitor = Client(VISITOR, 5 * sessions.STOREFRONT_FACTOR, limit="storefront", site="one")
    request = RequestCache(visitor.caller, "192.0.2.1", lambda headers: None, is_order=True)
    for _ in range(5):
        request.lookup()
    assert visitor.send("192.0.2.1", is_order=True)["orders"][0] == 3


# Limits while Redis is down.


@pytest.fixture
def redis_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make Redis unreachable."""
    monkeypatch.setenv("WC_CACHE_URL", f"http://127.0.0.1:{free_port()}")
    settings.cache_clear()
    shared_redis.cache_clear()


class WallClock:
    """The clock of the limits that an instance applies while Redis is down. `now` is in epoch seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_790_000_040.0 // 60 * 60
        monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: self.now))


@pytest.fixture
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    return WallClock(monkeypatch)


def test_without_redis_an_unknown_caller_has_the_minimum_quota(redis_down: None, wall_clock: WallClock) -> None:
    client = Client.__new__(Client)
    client.caller = Caller(subject="unknown")
    wall_clock.now += 15
    assert [client.send()["local"] for _ in range(MIN_LOCAL_QUOTA)] == [
        (remaining, 45) for remaining in reversed(range(MIN_LOCAL_QUOTA))
    ]
    with pytest.raises(TooManyRequests) as error:
        client.send()
    assert error.value.headers()["Retry-After"] == "45"
    wall_clock.now += 45
    assert client.exhaust() == MIN_LOCAL_QUOTA


def test_without_redis_all_addresses_share_the_order_limit_of_a_site(redis_down: None, wall_clock: WallClock) -> None:
    client = Client.__new__(Client)
    client.caller = VISITOR
    accepted = 0
    for number in range(2 * MIN_LOCAL_QUOTA):
        try:
            assert "local" in client.send(f"192.0.2.{number}", is_order=True)
            accepted += 1
        except TooManyRequests as error:
            assert f"The limit of {MIN_LOCAL_QUOTA} orders of this site per minute is used up." in str(error.detail)
    assert accepted == MIN_LOCAL_QUOTA
    assert "local" in client.send("192.0.2.200")


@pytest.mark.parametrize(
    ("quota", "allowed"), [(60, MIN_LOCAL_QUOTA), (1000, MIN_LOCAL_QUOTA), (10_000, 41), (100_000, 416)]
)
def test_without_redis_a_known_caller_has_a_fraction_of_its_quota(
    wall_clock: WallClock, request: pytest.FixtureRequest, quota: int, allowed: int
) -> None:
    client = Client(MEMBER, quota)
    client.send()
    request.getfixturevalue("redis_down")
    assert client.exhaust() == allowed


def test_without_redis_the_requests_of_each_address_are_counted_separately(
    wall_clock: WallClock, request: pytest.FixtureRequest
) -> None:
    visitor = Client(VISITOR, 20_000, limit="storefront")
    visitor.send("192.0.2.1")
    request.getfixturevalue("redis_down")
    assert visitor.exhaust("192.0.2.1") == 83
    assert visitor.exhaust("192.0.2.2") == MIN_LOCAL_QUOTA, "an unknown address gets the minimum quota"


def test_without_redis_one_address_cannot_use_up_the_order_limit(redis_down: None, wall_clock: WallClock) -> None:
    client = Client.__new__(Client)
    client.caller = VISITOR
    assert client.exhaust("192.0.2.1", is_order=True) == MIN_LOCAL_QUOTA // ORDER_SHARE
    client.send("192.0.2.2", is_order=True)


def test_without_redis_failed_requests_count_and_refused_orders_do_not(redis_down: None, wall_clock: WallClock) -> None:
    for number in range(2 * MIN_LOCAL_QUOTA):
        Attempt(VISITOR, f"192.0.2.{number}", is_order=True).fail(422)
    client = Client.__new__(Client)
    client.caller = VISITOR
    client.send("192.0.2.200", is_order=True)
    allowed = 0
    with pytest.raises(TooManyRequests):
        for _ in range(MIN_LOCAL_QUOTA):
            Attempt(VISITOR, "192.0.2.201").fail(400, looked_up=False)
            allowed += 1
    assert allowed == -(-MIN_LOCAL_QUOTA // (1 + FAILURE_COST))


def test_without_redis_the_requests_of_a_customer_count_at_all_addresses(
    redis_down: None, wall_clock: WallClock
) -> None:
    client = Client.__new__(Client)
    client.caller = Caller(subject="carol", site_domain="shop.test")
    for number in range(MIN_LOCAL_QUOTA):
        client.send(f"192.0.2.{number}")
    with pytest.raises(TooManyRequests):
        client.send("192.0.2.200")


def test_requests_are_not_counted_if_a_kill_switch_disables_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(MEMBER, 2)
    monkeypatch.setattr(kill_switches, "is_set", lambda name, value: (name, value) == ("limits", "off"))
    assert [client.send() for _ in range(5)] == [{}] * 5
