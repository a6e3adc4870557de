"""Limits: counted in Redis over a sliding hour, or a sliding minute of an address; by an instance alone without it."""

import re
from collections.abc import Mapping
from types import SimpleNamespace
from uuid import uuid4

import pytest

from infra.local.processes import free_port
from tests.cache.conftest import Clock, Raw
from wecelebrate.core import cache, kill_switches
from wecelebrate.core.cache.keys import SESSION
from wecelebrate.core.cache.redis import redis as shared
from wecelebrate.core.database import Caller
from wecelebrate.core.errors import TooManyRequests
from wecelebrate.core.requests import limits, request_cache, sessions
from wecelebrate.core.requests.limits import ADDRESS_PER_MINUTE, MIN_LOCAL_QUOTA, LocalLimits
from wecelebrate.core.requests.request_cache import RequestCache
from wecelebrate.core.requests.sessions import Session
from wecelebrate.core.settings import settings

MEMBER = Caller(subject="ann")
VISITOR = Caller(site_domain="shop.test")


class Client:
    """A caller with a session, and what it is told of its limits."""

    def __init__(
        self, caller: Caller, quota: int | None, tenant: str | None = None, limit: str = "requests", site: str = ""
    ) -> None:
        self.caller = caller
        self.tenant = tenant or str(uuid4())
        self.session = Session(f"{self.tenant}:owner", self.tenant, limit, quota, site)
        self.told: dict[str, str] = {}
        self.begin()

    def begin(self) -> None:
        value = cache.new_value("", str(self.session), cache.read_tags(["tiers"]).tokens, 10**6)
        cache.put(sessions.session_key(self.caller), value, SESSION)

    def ask(self, address: str = "", orders: bool = False) -> dict[str, tuple[int, int]]:
        """One request, or an order; limit → what remains, and the seconds until some of it comes back.

        Raises TooManyRequests.
        """
        self.told = {}

        def tell(headers: Mapping[str, str]) -> None:
            self.told = dict(headers)

        try:
            RequestCache(self.caller, address, tell, orders).lookup()
        finally:
            found = re.findall(r'"(\w+)";r=(\d+);t=(\d+)', self.told.get("RateLimit", ""))
        return {name: (int(remaining), int(seconds)) for name, remaining, seconds in found}

    def exhaust(self, address: str = "", orders: bool = False) -> int:
        """How many requests are answered until one is refused."""
        for count in range(10_000):
            try:
                self.ask(address, orders)
            except TooManyRequests:
                return count
        raise AssertionError("it is unlimited")


@pytest.fixture(autouse=True)
def known(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kill_switches, "are_known", lambda: True)
    monkeypatch.setattr(kill_switches, "is_set", lambda name, value: False)
    monkeypatch.setattr(request_cache, "_local_limits", LocalLimits())


@pytest.fixture(autouse=True)
def o_clock(clock: Clock) -> Clock:
    """An hour begins now."""
    clock.ms -= clock.ms % 3_600_000
    return clock


def test_a_clients_requests_count_over_a_sliding_hour_of_minutes(o_clock: Clock) -> None:
    client = Client(MEMBER, 10)
    o_clock.pass_seconds(90)
    assert [client.ask()["requests"] for _ in range(4)] == [(left, 3570) for left in (9, 8, 7, 6)]
    o_clock.pass_seconds(30 * 60)
    assert [client.ask()["requests"] for _ in range(6)] == [(left, 1770) for left in (5, 4, 3, 2, 1, 0)]
    with pytest.raises(TooManyRequests) as refused:
        client.ask()
    assert refused.value.headers()["Retry-After"] == "1770"
    o_clock.pass_seconds(1769)
    with pytest.raises(TooManyRequests):
        client.ask()
    o_clock.pass_seconds(1)
    # The four of the first minute came back, those of the second half have not.
    assert [client.ask()["requests"] for _ in range(4)] == [(left, 1800) for left in (3, 2, 1, 0)]
    with pytest.raises(TooManyRequests):
        client.ask()


def test_what_is_refused_is_not_counted(o_clock: Clock, function: str, behind: Raw) -> None:
    client = Client(MEMBER, 3)
    assert client.exhaust() == 3
    for _ in range(50):
        with pytest.raises(TooManyRequests):
            client.ask()
    assert behind.hvals(f"{function}{client.tenant}:limit:requests") == ["3"]
    assert client.told["RateLimit"] == '"requests";r=0;t=3600'
    assert client.told["RateLimit-Policy"] == '"requests";q=3;w=3600'
    o_clock.pass_seconds(3600)
    assert client.exhaust() == 3


def test_members_of_a_client_share_its_quota_and_clients_do_not() -> None:
    ann, bob = Client(MEMBER, 5), Client(Caller(subject="bob"), 5)
    abe = Client(Caller(subject="abe"), 5, tenant=ann.tenant)
    assert ann.ask() and abe.ask()
    assert ann.exhaust() == 3
    assert abe.exhaust() == 0
    assert bob.exhaust() == 5


def test_whoever_has_no_quota_is_not_counted() -> None:
    admin = Client(MEMBER, None)
    assert [admin.ask() for _ in range(3)] == [{}, {}, {}]


def test_an_address_counts_over_a_sliding_minute_of_ten_seconds(
    o_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ADDRESS_PER_MINUTE", 5)
    visitor = Client(VISITOR, None)
    assert [visitor.ask("192.0.2.1")["address"] for _ in range(2)] == [(4, 60), (3, 60)]
    o_clock.pass_seconds(35)
    assert [visitor.ask("192.0.2.1")["address"] for _ in range(3)] == [(2, 25), (1, 25), (0, 25)]
    with pytest.raises(TooManyRequests) as refused:
        visitor.ask("192.0.2.1")
    assert refused.value.headers()["Retry-After"] == "25"
    assert visitor.ask("192.0.2.2")["address"] == (4, 60 - 5), "another address is another's"
    o_clock.pass_seconds(25)
    assert [visitor.ask("192.0.2.1")["address"] for _ in range(2)] == [(1, 30), (0, 30)]


def test_an_office_may_send_600_requests_a_minute(o_clock: Clock) -> None:
    assert ADDRESS_PER_MINUTE == 600
    assert Client(VISITOR, None).exhaust("192.0.2.9") == 600


def test_a_visitor_counts_for_its_address_and_for_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Client(VISITOR, 4, limit="storefront")
    assert set(visitor.ask("192.0.2.1")) == {"address", "storefront"}
    assert visitor.exhaust("192.0.2.2") == 3
    assert visitor.told["RateLimit-Policy"] == '"address";q=600;w=60, "storefront";q=4;w=3600'


def test_a_request_that_looks_again_is_counted_once() -> None:
    client = Client(MEMBER, 100)
    seen: list[str] = []
    one = RequestCache(client.caller, "", lambda headers: seen.append(headers["RateLimit"]))
    for _ in range(5):
        one.lookup()
    assert {text.partition(";t=")[0] for text in seen} == {'"requests";r=99'}
    assert client.ask()["requests"][0] == 98


def test_a_site_takes_a_part_of_its_visitors_requests_as_orders() -> None:
    visitor = Client(VISITOR, 5 * sessions.STOREFRONT_FACTOR, limit="storefront", site="one")
    assert visitor.exhaust("192.0.2.1", orders=True) == 5
    assert visitor.told["RateLimit-Policy"].endswith('"storefront";q=100;w=3600, "orders";q=5;w=3600')
    with pytest.raises(TooManyRequests, match="All of 5 orders of this site an hour are used up"):
        visitor.ask("192.0.2.2", orders=True)
    assert "orders" not in visitor.ask("192.0.2.2")
    other = Client(
        Caller(site_domain="other.test"), 5 * sessions.STOREFRONT_FACTOR, visitor.tenant, "storefront", "two"
    )
    assert other.exhaust("192.0.2.1", orders=True) == 5


def test_an_order_that_looks_again_is_counted_once() -> None:
    visitor = Client(VISITOR, 5 * sessions.STOREFRONT_FACTOR, limit="storefront", site="one")
    one = RequestCache(visitor.caller, "192.0.2.1", lambda headers: None, is_order=True)
    for _ in range(5):
        one.lookup()
    assert visitor.ask("192.0.2.1", orders=True)["orders"][0] == 3


# Without Redis.


@pytest.fixture
def down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis is gone from here on."""
    monkeypatch.setenv("WC_CACHE_URL", f"http://127.0.0.1:{free_port()}")
    settings.cache_clear()
    shared.cache_clear()


class Wall:
    """The clock on the wall, for what an instance counts by itself."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_790_000_040.0 // 60 * 60
        monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: self.now))


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    return Wall(monkeypatch)


def test_without_redis_an_instance_allows_a_stranger_little(down: None, wall: Wall) -> None:
    stranger = Client.__new__(Client)
    stranger.caller = Caller(subject="nobody it knows")
    wall.now += 15
    assert [stranger.ask()["local"] for _ in range(MIN_LOCAL_QUOTA)] == [
        (left, 45) for left in reversed(range(MIN_LOCAL_QUOTA))
    ]
    with pytest.raises(TooManyRequests) as refused:
        stranger.ask()
    assert refused.value.headers()["Retry-After"] == "45"
    wall.now += 45
    assert stranger.exhaust() == MIN_LOCAL_QUOTA


def test_without_redis_an_instance_takes_few_orders_of_a_site_from_however_many(down: None, wall: Wall) -> None:
    stranger = Client.__new__(Client)
    stranger.caller = VISITOR
    taken = 0
    for number in range(2 * MIN_LOCAL_QUOTA):
        try:
            assert "local" in stranger.ask(f"192.0.2.{number}", orders=True)
            taken += 1
        except TooManyRequests as refused:
            assert refused.detail == f"All of {MIN_LOCAL_QUOTA} orders of this site a minute are used up."
    assert taken == MIN_LOCAL_QUOTA
    assert "local" in stranger.ask("192.0.2.200")


@pytest.mark.parametrize(
    ("quota", "allowed"), [(60, MIN_LOCAL_QUOTA), (1000, MIN_LOCAL_QUOTA), (10_000, 41), (100_000, 416)]
)
def test_without_redis_an_instance_allows_a_caller_whom_it_knows_a_part_of_its_quota(
    wall: Wall, request: pytest.FixtureRequest, quota: int, allowed: int
) -> None:
    client = Client(MEMBER, quota)
    client.ask()
    request.getfixturevalue("down")
    assert client.exhaust() == allowed


def test_without_redis_visitors_are_counted_by_their_address(wall: Wall, request: pytest.FixtureRequest) -> None:
    visitor = Client(VISITOR, 20_000, limit="storefront")
    visitor.ask("192.0.2.1")
    request.getfixturevalue("down")
    assert visitor.exhaust("192.0.2.1") == 83
    assert visitor.exhaust("192.0.2.2") == MIN_LOCAL_QUOTA, "one that it never saw"


def test_with_limits_off_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(MEMBER, 2)
    monkeypatch.setattr(kill_switches, "is_set", lambda name, value: (name, value) == ("limits", "off"))
    assert [client.ask() for _ in range(5)] == [{}] * 5
