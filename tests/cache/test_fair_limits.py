"""Tests that no caller can use up a limit that other callers need, and that failed requests are counted."""

import pytest

from tests.cache.doubles import Clock, DirectRedis, RedisClient
from tests.cache.limited_callers import MEMBER, VISITOR, Attempt, Client
from wecelebrate.core import kill_switches
from wecelebrate.core.database import Caller
from wecelebrate.core.errors import NoMembership, TooManyRequests
from wecelebrate.core.requests import counting, limits, sessions
from wecelebrate.core.requests.limits import (
    ADDRESS_PER_MINUTE,
    FAILURE_COST,
    MAX_TIME_COST,
    ORDER_SHARE,
    STOREFRONT_SHARE,
    LocalLimits,
)
from wecelebrate.core.requests.request_cache import RequestCache


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


# The limits that callers share.


@pytest.mark.parametrize(
    "caller", [VISITOR, Caller(subject="carol", site_domain="shop.test")], ids=["guest", "customer"]
)
def test_one_address_can_use_only_a_fraction_of_the_order_limit(caller: Caller) -> None:
    visitor = Client(caller, 40 * sessions.STOREFRONT_FACTOR, limit="storefront", site="one")
    assert visitor.exhaust("192.0.2.1", is_order=True) == 40 // ORDER_SHARE
    assert visitor.headers["RateLimit"].split(", ")[-1].startswith('"orders-address";r=0;')
    assert visitor.send("192.0.2.2", is_order=True)["orders"][0] == 40 - 40 // ORDER_SHARE - 1


def test_one_address_can_use_only_a_fraction_of_the_storefront_limit(hourly_clock: Clock) -> None:
    visitor = Client(VISITOR, 1000, limit="storefront")
    accepted = 0
    with pytest.raises(TooManyRequests, match=f"The limit of {1000 // STOREFRONT_SHARE} requests from one address"):
        for _ in range(1001):
            visitor.send("192.0.2.1")
            accepted += 1
            hourly_clock.pass_seconds(0.2)
    assert accepted == 1000 // STOREFRONT_SHARE
    assert visitor.send("192.0.2.2")["storefront"][0] == 1000 - accepted - 1


def test_all_addresses_of_an_ipv6_network_share_one_limit() -> None:
    visitor = Client(VISITOR, None)
    assert visitor.send("2001:db8::1")["address"][0] == ADDRESS_PER_MINUTE - 1
    assert visitor.send("2001:db8::ffff:2")["address"][0] == ADDRESS_PER_MINUTE - 2
    assert visitor.send("2001:db8:0:1::1")["address"][0] == ADDRESS_PER_MINUTE - 1


def test_the_requests_of_a_customer_count_against_the_address_and_the_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ADDRESS_PER_MINUTE", 5)
    customer = Client(Caller(subject="carol", site_domain="shop.test"), None)
    other = Client(Caller(subject="dora", site_domain="shop.test"), None)
    assert customer.exhaust("192.0.2.1") == 5
    assert other.exhaust("192.0.2.1") == 0, "the address has used up its limit"
    assert customer.exhaust("192.0.2.2") == 0, "the subject has used up its limit"
    assert other.exhaust("192.0.2.3") == 5


def test_requests_without_a_session_count_against_address_and_subject(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "ADDRESS_PER_MINUTE", 5)

    def refuse(*arguments: object) -> None:
        raise NoMembership

    monkeypatch.setattr("wecelebrate.core.requests.request_cache.load_session", refuse)
    stranger = Client.__new__(Client)
    stranger.caller = Caller(subject="nobody")
    for _ in range(5):
        with pytest.raises(NoMembership):
            stranger.send("192.0.2.1")
    for address in ("192.0.2.1", "192.0.2.2"):
        with pytest.raises(TooManyRequests):
            stranger.send(address)
    member = Client(MEMBER, 10)
    assert set(member.send("192.0.2.1")) == {"requests"}, "the limit of a member does not depend on the address"


# Failed requests.


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 415, 422, 428])
@pytest.mark.parametrize("looked_up", [True, False], ids=["in the handler", "before the handler"])
def test_a_failed_request_of_a_visitor_counts_as_several_requests(status: int, looked_up: bool) -> None:
    visitor = Client(VISITOR, None)
    Attempt(VISITOR).fail(status, looked_up=looked_up)
    assert visitor.send("192.0.2.1")["address"][0] == ADDRESS_PER_MINUTE - (1 + FAILURE_COST) - 1


@pytest.mark.parametrize("status", [429, 500, 503, 504])
def test_a_refused_request_or_an_error_of_the_platform_counts_as_only_one_request(status: int) -> None:
    visitor = Client(VISITOR, None)
    Attempt(VISITOR).fail(status)
    assert visitor.send("192.0.2.1")["address"][0] == ADDRESS_PER_MINUTE - 2


@pytest.mark.parametrize("looked_up", [True, False], ids=["in the handler", "before the handler"])
def test_an_address_is_allowed_100_failed_requests_per_minute(looked_up: bool) -> None:
    visitor = Client(VISITOR, None)
    for _ in range(100):
        Attempt(VISITOR).fail(404, looked_up=looked_up)
    with pytest.raises(TooManyRequests):
        Attempt(VISITOR).fail(404, looked_up=looked_up)
    with pytest.raises(TooManyRequests):
        visitor.send("192.0.2.1")
    assert visitor.send("192.0.2.2")["address"][0] == ADDRESS_PER_MINUTE - 1


def test_the_failed_requests_of_a_customer_count_against_the_subject_at_all_addresses() -> None:
    customer = Client(Caller(subject="carol", site_domain="shop.test"), None)
    for number in range(100):
        Attempt(customer.caller, f"192.0.2.{number}").fail(422)
    assert customer.exhaust("192.0.2.200") == 0


def test_the_failed_requests_of_a_member_count_only_against_the_limit_of_the_client() -> None:
    member, visitor = Client(MEMBER, 10), Client(VISITOR, None)
    Attempt(MEMBER).fail(422, looked_up=True)
    Attempt(MEMBER).fail(400, looked_up=False)
    assert member.send()["requests"][0] == 7
    assert visitor.send("192.0.2.1")["address"][0] == ADDRESS_PER_MINUTE - 1
    member.exhaust()
    with pytest.raises(TooManyRequests):
        Attempt(MEMBER).fail(400, looked_up=False)


# Requests that need much database time.


@pytest.mark.parametrize(
    ("milliseconds", "cost"), [(0.0, 0), (124.9, 0), (125.0, 1), (349.0, 9), (600.0, 20), (60_000.0, 20)]
)
def test_each_25_ms_of_database_time_above_100_ms_counts_as_a_request(milliseconds: float, cost: int) -> None:
    visitor, attempt = Client(VISITOR, None), Attempt(VISITOR)
    attempt.request.lookup()
    attempt.request.count.record_database_time(milliseconds)
    assert visitor.send("192.0.2.1")["address"][0] == ADDRESS_PER_MINUTE - (1 + cost) - 1


def test_database_time_counts_against_a_customer_at_all_addresses() -> None:
    customer = Client(Caller(subject="carol", site_domain="shop.test"), None)
    for number in range(ADDRESS_PER_MINUTE // (1 + MAX_TIME_COST) + 1):
        attempt = Attempt(customer.caller, f"192.0.2.{number}")
        attempt.request.lookup()
        attempt.request.count.record_database_time(60_000)
    assert customer.exhaust("192.0.2.200") == 0


def test_database_time_does_not_count_against_a_member_or_against_the_order_limit() -> None:
    member = Client(MEMBER, 10)
    attempt = Attempt(MEMBER)
    attempt.request.lookup()
    attempt.request.count.record_database_time(60_000)
    assert member.send()["requests"][0] == 8
    visitor = Client(VISITOR, 40 * sessions.STOREFRONT_FACTOR, limit="storefront", site="one")
    attempt = Attempt(VISITOR, is_order=True)
    attempt.request.lookup()
    attempt.request.count.record_database_time(60_000)
    assert visitor.send("192.0.2.2", is_order=True)["orders"][0] == 38


@pytest.mark.parametrize("status", [409, 422, 503])
def test_only_placed_orders_count_against_the_order_limits(
    status: int, key_prefix: str, raw_redis: RedisClient, hourly_clock: Clock
) -> None:
    visitor = Client(VISITOR, 40 * sessions.STOREFRONT_FACTOR, limit="storefront", site="one")
    assert visitor.send("192.0.2.2", is_order=True)["orders"][0] == 39
    for _ in range(60):
        hourly_clock.pass_seconds(7)
        Attempt(VISITOR, is_order=True).fail(status)
    assert visitor.send("192.0.2.3", is_order=True)["orders"][0] == 38
    counted = raw_redis.hvals(f"{key_prefix}{visitor.tenant}:limit:orders-address.192.0.2.1")
    assert all(int(count) == 0 for count in counted)


def test_an_order_above_the_site_limit_does_not_count_against_the_address(
    key_prefix: str, raw_redis: RedisClient
) -> None:
    visitor = Client(VISITOR, sessions.STOREFRONT_FACTOR, limit="storefront", site="one")
    visitor.send("192.0.2.1", is_order=True)
    with pytest.raises(TooManyRequests, match="1 orders of this site"):
        visitor.send("192.0.2.2", is_order=True)
    assert raw_redis.hvals(f"{key_prefix}{visitor.tenant}:limit:orders-address.192.0.2.2") == []


def test_a_replayed_order_response_does_not_count_against_the_order_limits() -> None:
    visitor = Client(VISITOR, 40 * sessions.STOREFRONT_FACTOR, limit="storefront", site="one")
    replay = Attempt(VISITOR, is_order=True)
    replay.request.lookup()
    replay.request.count.take_back_order()
    assert visitor.send("192.0.2.1", is_order=True)["orders"][0] == 39


def test_a_successful_request_makes_one_redis_call_and_a_failed_request_makes_two(
    direct_redis: DirectRedis,
) -> None:
    Client(VISITOR, 800, limit="storefront", site="one")
    calls: list[str] = []
    direct_redis.before_call = calls.append
    RequestCache(VISITOR, "192.0.2.1", lambda headers: None, is_order=True).lookup()
    assert calls == ["lookup"]
    calls.clear()
    Attempt(VISITOR, is_order=True).fail(422)
    assert calls == ["lookup", "charge"]
    calls.clear()
    Attempt(VISITOR).fail(400, looked_up=False)
    assert calls == ["charge"]


# Requests with large bodies.

KIB = 1024


@pytest.mark.parametrize(
    ("body_bytes", "cost"), [(0, 1), (1, 1), (16 * KIB, 1), (16 * KIB + 1, 2), (64 * KIB, 4), (256 * KIB, 16)]
)
@pytest.mark.parametrize(
    "caller", [VISITOR, Caller(subject="carol", site_domain="shop.test")], ids=["guest", "customer"]
)
def test_each_started_16_kib_of_a_body_counts_as_a_request(
    caller: Caller, body_bytes: int, cost: int, key_prefix: str, raw_redis: RedisClient
) -> None:
    visitor = Client(caller, 800, limit="storefront", site="one")
    Attempt(caller, is_order=True, body_bytes=body_bytes).request.lookup()
    names = ["storefront", "storefront-address.192.0.2.1", "orders.one", "orders-address.192.0.2.1"]
    keys = [f"{visitor.tenant}:limit:{name}" for name in names]
    keys += ["public:limit:address:192.0.2.1"] + ["public:limit:subject:carol"] * bool(caller.subject)
    counted = [sum(map(int, raw_redis.hvals(f"{key_prefix}{key}"))) for key in keys]
    assert counted == [cost, cost, 1, 1, *[cost] * len(keys[4:])]


def test_one_address_can_use_only_a_fraction_of_the_event_limit(hourly_clock: Clock) -> None:
    visitor = Client(VISITOR, 1000, limit="storefront")
    accepted = 0
    with pytest.raises(TooManyRequests, match="The limit of 500 requests from one address per hour"):
        for _ in range(1000):
            Attempt(VISITOR, body_bytes=240 * KIB, own_limit="events").request.lookup()
            accepted += 1
            hourly_clock.pass_seconds(2)
    assert accepted == 34, "the 34th request begins when 495 of 500 requests are used"
    assert visitor.send("192.0.2.1")["storefront"][0] == 999, "events do not count against the limit of the storefront"


def test_the_body_size_counts_against_visitors_and_not_against_members() -> None:
    member, visitor = Client(MEMBER, 10), Client(VISITOR, None)
    Attempt(MEMBER, body_bytes=2048 * KIB).request.lookup()
    assert member.send()["requests"][0] == 8
    Attempt(VISITOR, "192.0.2.1", body_bytes=64 * KIB).fail(422)
    Attempt(VISITOR, "192.0.2.2", body_bytes=64 * KIB).fail(400, looked_up=False)
    for address in ("192.0.2.1", "192.0.2.2"):
        assert visitor.send(address)["address"][0] == ADDRESS_PER_MINUTE - (4 + FAILURE_COST) - 1


def test_a_large_request_of_a_member_counts_once_if_no_session_is_cached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*arguments: object) -> None:
        raise NoMembership

    monkeypatch.setattr("wecelebrate.core.requests.request_cache.load_session", refuse)
    visitor = Client(VISITOR, None)
    with pytest.raises(NoMembership):
        RequestCache(
            Caller(subject="new member"), "192.0.2.9", lambda _: None, False, None, body_bytes=2048 * KIB
        ).lookup()
    assert visitor.send("192.0.2.9")["address"][0] == ADDRESS_PER_MINUTE - 1 - 1


def test_a_request_with_a_large_body_makes_one_redis_call(direct_redis: DirectRedis) -> None:
    Client(VISITOR, 800, limit="storefront", site="one")
    calls: list[str] = []
    direct_redis.before_call = calls.append
    Attempt(VISITOR, body_bytes=256 * KIB).request.lookup()
    assert calls == ["lookup"]
