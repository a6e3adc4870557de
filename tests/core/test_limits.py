"""Tests the parts of rate limits that do not need Redis: headers, error messages, and the limits of one instance."""

import time

import pytest

from wecelebrate.core.errors import TooManyRequests
from wecelebrate.core.requests import limits
from wecelebrate.core.requests.limits import Limit, LocalLimits, headers, refuse, size_cost, time_cost

MINUTE = 30_000_000 * 60.0


class Clock:
    """A replacement for `time.time`."""

    def __init__(self) -> None:
        self.now = MINUTE

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


def count(local: LocalLimits, caller: str, requests: int, share: int = 1) -> Limit:
    """Count requests, and return the state of the limit after the last request."""
    for _ in range(requests - 1):
        local.count(caller, share=share)
    return local.count(caller, share=share)


def refused(local: LocalLimits, caller: str, share: int = 1) -> TooManyRequests:
    with pytest.raises(TooManyRequests) as error:
        local.count(caller, share=share)
    return error.value


def test_addresses_and_customers_are_allowed_600_requests_or_100_failures_per_minute() -> None:
    assert limits.ADDRESS_PER_MINUTE == 600
    assert limits.SUBJECT_PER_MINUTE == 600
    assert limits.ADDRESS_PER_MINUTE / (1 + limits.FAILURE_COST) == 100


def test_one_address_can_use_half_of_the_requests_and_a_quarter_of_the_orders() -> None:
    assert (limits.STOREFRONT_SHARE, limits.ORDER_SHARE) == (2, 4)


@pytest.mark.parametrize(
    ("milliseconds", "cost"), [(0, 0), (100, 0), (124.9, 0), (125, 1), (149, 1), (350, 10), (600, 20), (60_000, 20)]
)
def test_each_25_ms_of_database_time_above_100_ms_costs_a_request(milliseconds: float, cost: int) -> None:
    assert time_cost(milliseconds) == cost


@pytest.mark.parametrize(
    ("body_bytes", "cost"),
    [(0, 1), (1, 1), (16_384, 1), (16_385, 2), (32_768, 2), (32_769, 3), (241_948, 15), (262_144, 16)],
)
def test_each_started_16_kib_of_a_body_costs_a_request(body_bytes: int, cost: int) -> None:
    assert size_cost(body_bytes) == cost


def test_a_limit_is_parsed_from_its_text() -> None:
    assert Limit.parse("requests 1000 993 42") == Limit("requests", quota=1000, remaining=993, seconds=42)
    assert Limit.parse("orders.5f0c 50 0 7") == Limit("orders", quota=50, remaining=0, seconds=7)


def test_the_rate_limit_headers_describe_every_limit() -> None:
    counted = [Limit("address", 600, 598, 9), Limit("requests", 1000, 3, 60)]
    assert headers(counted) == {
        "RateLimit-Policy": '"address";q=600;w=60, "requests";q=1000;w=3600',
        "RateLimit": '"address";r=598;t=9, "requests";r=3;t=60',
    }
    assert headers([]) == {}


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("address", 60), ("subject", 60), ("local", 60), ("local-orders", 60), ("local-orders-address", 60)]
    + [(name, 3600) for name in ("requests", "storefront", "orders", "orders-address", "storefront-address")],
)
def test_the_window_is_a_minute_for_callers_and_an_hour_for_clients(name: str, seconds: int) -> None:
    assert headers([Limit(name, 1, 1, 1)])["RateLimit-Policy"] == f'"{name}";q=1;w={seconds}'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requests", "10 requests per hour"),
        ("storefront", "10 requests per hour"),
        ("storefront-address", "10 requests from one address per hour"),
        ("address", "10 requests per minute"),
        ("subject", "10 requests per minute"),
        ("local", "10 requests per minute"),
        ("orders", "10 orders of this site per hour"),
        ("orders-address", "10 orders from one address per hour"),
        ("local-orders", "10 orders of this site per minute"),
        ("local-orders-address", "10 orders from one address per minute"),
    ],
)
def test_the_error_response_names_the_exceeded_limit(name: str, text: str) -> None:
    assert f"The limit of {text} is used up" in str(refuse(Limit(name, 10, 0, 5)).detail)


@pytest.mark.parametrize(("seconds", "retry_after"), [(0, 1), (1, 1), (2, 2), (3600, 3600)])
def test_retry_after_is_at_least_one_second(seconds: int, retry_after: int) -> None:
    assert refuse(Limit("requests", 10, 0, seconds)).headers()["Retry-After"] == str(retry_after)


def test_an_unknown_caller_is_allowed_twenty_requests_per_minute(clock: Clock) -> None:
    local = LocalLimits()
    assert local.count("ann") == Limit("local", quota=20, remaining=19, seconds=60)
    assert count(local, "ann", 19) == Limit("local", quota=20, remaining=0, seconds=60)
    assert "limit of 20 requests per minute" in str(refused(local, "ann").detail)
    assert local.count("bob").remaining == 19


def test_a_known_caller_is_allowed_a_quarter_of_its_quota_per_minute(clock: Clock) -> None:
    local = LocalLimits()
    local.learn("ann", 100_000)
    assert count(local, "ann", 416) == Limit("local", quota=416, remaining=0, seconds=60)
    refused(local, "ann")


def test_a_small_quota_is_raised_to_twenty_requests_per_minute(clock: Clock) -> None:
    local = LocalLimits()
    local.learn("ann", 60)
    assert local.count("ann").quota == 20


def test_the_share_of_one_caller_in_a_quota_is_rounded_down(clock: Clock) -> None:
    local = LocalLimits()
    local.learn("ann", 12_000)
    assert count(local, "ann", 12, share=4) == Limit("local", quota=12, remaining=0, seconds=60)
    refused(local, "ann", share=4)


def test_a_local_limit_adds_the_cost_of_a_request(clock: Clock) -> None:
    local = LocalLimits()
    assert local.count("ann", cost=16).remaining == 4
    assert local.count("ann", cost=16).remaining == 0
    refused(local, "ann")
    local.add("ann", -12)
    refused(local, "ann")
    local.add("ann", -1)
    assert local.count("ann").remaining == 0


def test_the_counters_are_reset_each_minute(clock: Clock) -> None:
    local = LocalLimits()
    count(local, "ann", 20)
    clock.now = MINUTE + 59.9
    assert refused(local, "ann").headers()["Retry-After"] == "1"
    clock.now = MINUTE + 60
    assert local.count("ann") == Limit("local", quota=20, remaining=19, seconds=60)
    clock.now = MINUTE + 75
    assert local.count("ann") == Limit("local", quota=20, remaining=18, seconds=45)


def test_a_refused_request_is_not_counted(clock: Clock) -> None:
    local = LocalLimits()
    count(local, "ann", 20)
    for _ in range(3):
        refused(local, "ann")
    local.add("ann", -1)
    assert local.count("ann").remaining == 0


def test_the_counter_of_a_caller_can_exceed_the_limit_but_is_never_negative(clock: Clock) -> None:
    local = LocalLimits()
    local.add("ann", 25)
    refused(local, "ann")
    local.add("ann", -5)
    refused(local, "ann")
    local.add("ann", -1)
    assert local.count("ann").remaining == 0
    local.add("ann", -100)
    assert local.count("ann").remaining == 19
    clock.now = MINUTE + 60
    local.add("bob", 3)
    assert local.count("ann").remaining == 19
    assert local.count("bob").remaining == 16


def test_an_instance_remembers_the_quotas_of_the_last_ten_thousand_callers() -> None:
    local = LocalLimits()
    for number in range(10_000):
        local.learn(f"caller {number}", 6_000)
    local.learn("caller 0", 7_000)
    assert (local.quota("caller 0"), local.quota("caller 1"), local.quota("unknown")) == (7_000, 6_000, 0)
    local.learn("one more", 8_000)
    assert (local.quota("caller 0"), local.quota("caller 1"), local.quota("caller 2")) == (7_000, 0, 6_000)
