"""Tests that one address cannot fill the cache with values that nobody else requests."""

import json
from collections.abc import Mapping

import pytest

from tests.cache.doubles import Clock, DirectRedis, RedisClient
from tests.cache.limited_callers import MEMBER, VISITOR, Client
from wecelebrate import storefront
from wecelebrate.core import cache, kill_switches
from wecelebrate.core.cache.keys import PRODUCTS, STOREFRONT_PAGES, Entry, entry
from wecelebrate.core.database import Caller
from wecelebrate.core.requests.request_cache import RequestCache
from wecelebrate.storefront.models import StorefrontFilters

KIB = 1024
PAGE = "x" * (200 * KIB)
META = json.dumps([200, '"etag"', None])


@pytest.fixture(autouse=True)
def known_switches(key_prefix: str, known_history: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set all kill switches to their defaults, so that a load needs no database."""
    monkeypatch.setattr(kill_switches, "are_known", lambda: True)
    monkeypatch.setattr(kill_switches, "is_set", lambda name, value: False)


def ignore_limits(headers: Mapping[str, str]) -> None:
    """Ignore the rate limit headers. A request is counted only if it passes a function for these headers."""


def read(wanted: Entry, address: str = "192.0.2.1", body: str = PAGE, caller: Caller = VISITOR) -> str:
    """Send a request for a value. If the request loads the value, the load returns `body`.

    Return the parameters of the Cache-Status header.
    """
    request = RequestCache(caller, address, ignore_limits)
    result = request.lookup(wanted)
    if result.value is not None and result.status == "hit":
        return "hit"
    if result.status in ("load", "refresh"):
        assert result.session
        request.put(wanted, result.session, cache.new_value(body, META, result.versions.tokens, 1800))
    return result.status


def page(**filters: object) -> Entry:
    return storefront.page_entry(StorefrontFilters.model_validate(filters))


def stored_bytes(raw_redis: RedisClient, key_prefix: str) -> int:
    return sum(raw_redis.memory_usage(name) or 0 for name in raw_redis.scan_iter(f"{key_prefix}*", count=1000))


def visitor() -> Client:
    return Client(VISITOR, 100_000, limit="storefront", site="one")


def test_a_rare_page_is_stored_at_its_second_use() -> None:
    visitor()
    rare = page(price_max="100.01")
    assert [read(rare) for _ in range(4)] == ["first", "load", "hit", "hit"]


def test_a_common_page_is_a_hit_from_its_second_use() -> None:
    visitor()
    for common in (page(), page(category="Bags", brand="Acme"), page(limit=24, in_stock="true", sort="-price")):
        assert [read(common) for _ in range(3)] == ["load", "hit", "hit"]


@pytest.mark.parametrize(
    "filters", [{"q": "mug"}, {"sku": "A-1"}, {"price_min": "0.01"}, {"price_max": "9"}, {"cursor": "a"}, {"limit": 37}]
)
def test_a_page_is_rare_if_a_filter_accepts_arbitrary_values(filters: dict[str, object]) -> None:
    assert page(**filters).is_rare
    assert page(**filters, category="Bags").is_rare


def test_price_bounds_of_equal_amounts_share_one_cache_entry() -> None:
    for name in ("price_min", "price_max"):
        assert len({page(**{name: bound}) for bound in ("100", "100.0", "100.00", "100.000")}) == 1
        assert page(**{name: "100"}) != page(**{name: "100.01"})


def test_a_rare_page_is_stored_only_if_it_is_used_twice_within_five_minutes(
    clock: Clock, key_prefix: str, raw_redis: RedisClient
) -> None:
    shop, rare = visitor(), page(q="mug")
    assert read(rare) == "first"
    (mark,) = raw_redis.keys(f"{key_prefix}{shop.tenant}:*used:*")
    assert 299_000 < raw_redis.pttl(mark) <= 300_000
    raw_redis.delete(mark)  # Redis does not use the clock of the test
    assert read(rare) == "first"


def test_an_invalidated_rare_page_is_stored_again_at_its_next_use(key_prefix: str, raw_redis: RedisClient) -> None:
    shop = visitor()
    rare = entry(STOREFRONT_PAGES, "x", tags=["products:1"], is_rare=True)
    assert [read(rare) for _ in range(3)] == ["first", "load", "hit"]
    raw_redis.delete(*raw_redis.keys(f"{key_prefix}{shop.tenant}:*used:*"))
    cache.invalidate(["products:1"], "1")
    assert [read(rare) for _ in range(2)] == ["load", "hit"]


def test_forty_rare_pages_that_are_requested_once_use_little_redis_memory(
    key_prefix: str, raw_redis: RedisClient
) -> None:
    visitor()
    read(page(price_max="1"))
    before = stored_bytes(raw_redis, key_prefix)
    for cents in range(40):
        assert read(page(limit=10, facets="false", price_max=f"100000.{cents:02}")) == "first"
    assert stored_bytes(raw_redis, key_prefix) - before < 40 * 512


def test_the_size_of_all_values_that_one_address_stores_per_hour_is_limited(
    key_prefix: str, raw_redis: RedisClient
) -> None:
    visitor()
    for number in range(200):
        for _ in range(2):
            read(page(price_max=f"1000{number}"), "192.0.2.1")
    most = cache.ADDRESS_KIB_PER_HOUR * KIB + 256 * KIB
    assert 0.9 * most < stored_bytes(raw_redis, key_prefix) < 1.25 * most, "Redis rounds the size of a value up"
    common = page()
    assert [read(common, "192.0.2.1") for _ in range(2)] == ["first", "first"], "its responses are not stored"
    assert [read(common, "192.0.2.2") for _ in range(2)] == ["load", "hit"], "another address stores the same page"
    assert read(common, "192.0.2.1") == "hit"


def test_pages_above_256_kib_are_stored_only_if_they_are_common() -> None:
    visitor()
    body = "x" * (cache.MAX_RARE_LENGTH + 1)
    assert [read(page(q="mug"), body=body) for _ in range(4)] == ["first", "load", "first", "first"]
    assert [read(page(), body=body) for _ in range(2)] == ["load", "hit"]


def request_of(address: str, caller: Caller = VISITOR) -> RequestCache:
    return RequestCache(caller, address, ignore_limits)


@pytest.mark.parametrize(
    ("caller", "quotas", "addresses"),
    [
        (VISITOR, {"ADDRESS_KIB_PER_HOUR": 200}, 1),
        (VISITOR, {"FREE_KIB_PER_HOUR": 0, "SHARED_KIB_PER_HOUR": 200}, 8),
        (MEMBER, {"CLIENT_KIB_PER_HOUR": 200}, 8),
        (MEMBER, {"SUBJECT_KIB_PER_HOUR": 200}, 8),
    ],
)
def test_concurrent_requests_do_not_wait_if_the_budget_is_used_up(
    caller: Caller, quotas: dict[str, int], addresses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    Client(caller, 100_000)
    for name, quota in quotas.items():
        monkeypatch.setattr(cache, name, quota)
    assert read(entry(PRODUCTS, 1, tags=[]), "192.0.2.0", caller=caller) == "load"
    for wanted in (entry(PRODUCTS, 2, tags=[]), entry(PRODUCTS, 3, tags=[])):
        requests = [request_of(f"192.0.2.{number % addresses}", caller) for number in range(8)]
        assert [request.lookup(wanted).status for request in requests] == ["first"] * 8


def test_a_request_without_budget_waits_for_another_request_that_loads_the_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visitor()
    monkeypatch.setattr(cache, "ADDRESS_KIB_PER_HOUR", 200)
    read(entry(PRODUCTS, 1, tags=[]), "192.0.2.1")
    wanted, loader, follower = entry(PRODUCTS, 2, tags=[]), request_of("192.0.2.2"), request_of("192.0.2.1")
    loading = loader.lookup(wanted)
    assert (loading.status, follower.lookup(wanted).status) == ("load", "wait")
    assert loading.session
    loader.release(wanted, loading.session)
    assert follower.lookup(wanted).status == "first"


def test_a_request_without_budget_gets_an_expired_value_and_takes_no_lock(
    clock: Clock, key_prefix: str, raw_redis: RedisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, common = visitor(), page()
    assert read(common, "192.0.2.2") == "load"
    monkeypatch.setattr(cache, "ADDRESS_KIB_PER_HOUR", 200)
    read(entry(PRODUCTS, 1, tags=[]), "192.0.2.1")
    clock.pass_seconds(1801)
    results = [request_of("192.0.2.1").lookup(common) for _ in range(4)]
    assert [(result.status, result.value and result.value.body) for result in results] == [("stale", PAGE)] * 4
    assert raw_redis.keys(f"{key_prefix}{shop.tenant}:*lock:*") == []
    assert [read(common, address) for address in ("192.0.2.3", "192.0.2.1")] == ["refresh", "hit"]


def test_a_refresh_is_not_repeated_if_the_new_value_is_too_long(
    clock: Clock, key_prefix: str, raw_redis: RedisClient
) -> None:
    visitor()
    common, too_long = page(), "x" * (cache.MAX_VALUE_LENGTH + 1)
    read(common)
    clock.pass_seconds(1801)
    assert [read(common, body=too_long) for _ in range(4)] == ["refresh", "stale", "stale", "stale"]
    raw_redis.delete(*raw_redis.keys(f"{key_prefix}*:too-long"))  # Redis does not use the clock of the test
    assert [read(common) for _ in range(2)] == ["refresh", "hit"]


def test_followers_do_not_wait_if_the_budget_is_used_up_during_the_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Client(MEMBER, 100_000)
    monkeypatch.setattr(cache, "CLIENT_KIB_PER_HOUR", 200)
    wanted = entry(PRODUCTS, 2, tags=[])
    requests = [request_of("", MEMBER) for _ in range(4)]
    first, *others = [request.lookup(wanted) for request in requests]
    assert [first.status, *(other.status for other in others)] == ["load", "wait", "wait", "wait"]
    read(entry(PRODUCTS, 1, tags=[]), caller=MEMBER)
    assert first.session
    requests[0].put(wanted, first.session, cache.new_value(PAGE, META, first.versions.tokens, 1800))
    assert [request.lookup(wanted).status for request in requests] == ["first"] * 4


def test_concurrent_requests_do_not_wait_for_a_value_that_is_too_long(key_prefix: str, raw_redis: RedisClient) -> None:
    Client(MEMBER, 100_000)
    wanted, other = entry(PRODUCTS, "too long", tags=[]), entry(PRODUCTS, "other", tags=[])
    assert read(wanted, caller=MEMBER, body="x" * (cache.MAX_VALUE_LENGTH + 1)) == "load"
    requests = [RequestCache(MEMBER, "192.0.2.1", ignore_limits) for _ in range(3)]
    assert [request.lookup(wanted).status for request in requests] == ["first"] * 3
    assert requests[0].lookup(other).status == "load", "the mark is of one value"
    (mark,) = raw_redis.keys(f"{key_prefix}*:too-long")
    assert 0 < raw_redis.pttl(mark) <= 10_000
    raw_redis.delete(mark)  # Redis does not use the clock of the test
    assert [read(wanted, caller=MEMBER) for _ in range(2)] == ["load", "hit"]


@pytest.mark.parametrize(
    ("address", "free_parts"), [("192.0.2.{}", 10), ("2001:db8:{}::1", 10), ("2001:db8:1:{}::1", 1)]
)
def test_many_addresses_together_store_only_their_free_and_shared_budgets(
    monkeypatch: pytest.MonkeyPatch, key_prefix: str, raw_redis: RedisClient, address: str, free_parts: int
) -> None:
    visitor()
    monkeypatch.setattr(cache, "FREE_KIB_PER_HOUR", 512)
    monkeypatch.setattr(cache, "SHARED_KIB_PER_HOUR", 1024)
    for number in range(10):
        for page_number in range(20):
            read(entry(PRODUCTS, number, page_number, tags=[]), address.format(number))
    free, shared = free_parts * (512 + 200), 1024 + 200
    assert free < stored_bytes(raw_redis, key_prefix) / KIB < 1.25 * (free + shared), "instead of 10 times 4,000"
    common = entry(PRODUCTS, "common", tags=[])
    assert read(common, address.format(1)) == "first"
    assert [read(common, "198.51.100.1") for _ in range(2)] == ["load", "hit"], "an ordinary visitor stores its pages"


def test_the_members_of_each_client_have_a_separate_budget(
    monkeypatch: pytest.MonkeyPatch, key_prefix: str, raw_redis: RedisClient
) -> None:
    monkeypatch.setattr(cache, "CLIENT_KIB_PER_HOUR", 1024)
    other = Caller(subject="bob")
    first, second = Client(MEMBER, 100_000), Client(other, 100_000)
    statuses = [read(entry(PRODUCTS, number, tags=[]), caller=MEMBER) for number in range(20)]
    assert statuses == ["load"] * 6 + ["first"] * 14
    assert [read(entry(PRODUCTS, 1, tags=[]), caller=other) for _ in range(2)] == ["load", "hit"]
    budgets = {f"{key_prefix}{client.tenant}:limit:stored" for client in (first, second)}
    budgets |= {f"{key_prefix}public:limit:stored-subject:{subject}" for subject in ("ann", "bob")}
    assert budgets == set(raw_redis.keys(f"{key_prefix}*:limit:stored*")), "and no budget of an address"


def kib_of(raw_redis: RedisClient, budget: str) -> int:
    return sum(map(int, raw_redis.hvals(budget)))


def test_the_size_of_a_value_is_divided_equally_among_the_clients_of_the_member(
    monkeypatch: pytest.MonkeyPatch, key_prefix: str, raw_redis: RedisClient
) -> None:
    monkeypatch.setattr(cache, "CLIENT_KIB_PER_HOUR", 1024)
    monkeypatch.setattr(cache, "SUBJECT_KIB_PER_HOUR", 10**6)
    first, second = (Client(Caller(subject=subject), 100_000) for subject in ("bob", "eve"))
    member = Client(MEMBER, 100_000, tenant="public", clients=[first.tenant, second.tenant])
    statuses = [read(entry(PRODUCTS, number, tags=[]), caller=MEMBER) for number in range(20)]
    assert statuses == ["load"] * 11 + ["first"] * 9
    for client in (first, second):
        assert kib_of(raw_redis, f"{key_prefix}{client.tenant}:limit:stored") == 11 * 101
        assert read(entry(PRODUCTS, "own", tags=[]), caller=client.caller) == "first"
    assert raw_redis.keys(f"{key_prefix}{member.tenant}:limit:stored") == [], "staff do not depend on members"


@pytest.mark.parametrize("clients", [1, 2, 20])
def test_one_member_cannot_use_up_the_budgets_of_the_clients(
    clients: int, monkeypatch: pytest.MonkeyPatch, key_prefix: str, raw_redis: RedisClient
) -> None:
    scale = 16
    for quota in ("CLIENT_KIB_PER_HOUR", "SUBJECT_KIB_PER_HOUR"):
        monkeypatch.setattr(cache, quota, getattr(cache, quota) // scale)
    others = [Client(Caller(subject=f"other {number}"), 100_000) for number in range(clients)]
    if clients > 1:
        Client(MEMBER, 100_000, tenant="public", clients=[other.tenant for other in others])
    else:
        Client(MEMBER, 100_000, tenant=others[0].tenant)
    statuses = [read(entry(PRODUCTS, number, tags=[]), caller=MEMBER) for number in range(30)]
    assert statuses == ["load"] * 6 + ["first"] * 24, "the member has stored 1 MiB, and its own budget is used up"
    for other in others:
        assert [read(entry(PRODUCTS, "own", tags=[]), caller=other.caller) for _ in range(2)] == ["load", "hit"]
    charged = [kib_of(raw_redis, f"{key_prefix}{other.tenant}:limit:stored") - 201 for other in others]
    part = min(clients, cache.MAX_CHARGED_CLIENTS)
    assert sum(charged) == -(-201 // part) * part * 6, "each value is charged in full"


def test_many_clients_of_a_member_pay_about_equally_for_many_values(
    monkeypatch: pytest.MonkeyPatch, key_prefix: str, raw_redis: RedisClient
) -> None:
    for quota in ("CLIENT_KIB_PER_HOUR", "SUBJECT_KIB_PER_HOUR"):
        monkeypatch.setattr(cache, quota, 10**6)
    clients, values = [str(number) for number in range(20)], 400
    Client(MEMBER, 100_000, tenant="public", clients=clients)
    for number in range(values):
        assert read(entry(PRODUCTS, number, tags=[]), body="x" * 1000, caller=MEMBER) == "load"
    charged = [kib_of(raw_redis, f"{key_prefix}{client}:limit:stored") for client in clients]
    assert sum(charged) == values * cache.MAX_CHARGED_CLIENTS
    mean = sum(charged) / len(clients)
    assert 0.75 * mean < min(charged), "no client is left out"
    assert max(charged) < 1.25 * mean, "no client pays for the others"


def test_a_value_is_charged_to_the_clients_that_the_lookup_has_checked(
    monkeypatch: pytest.MonkeyPatch, key_prefix: str, raw_redis: RedisClient
) -> None:
    monkeypatch.setattr(cache, "CLIENT_KIB_PER_HOUR", 300)
    clients = [str(number) for number in range(20)]
    Client(MEMBER, 100_000, tenant="public", clients=clients)
    wanted = entry(PRODUCTS, "wanted", tags=[])
    assert read(wanted, caller=MEMBER) == "load"
    charged = [client for client in clients if kib_of(raw_redis, f"{key_prefix}{client}:limit:stored")]
    assert len(charged) == cache.MAX_CHARGED_CLIENTS
    others = [client for client in clients if client not in charged]

    def status_if_used_up(client: str) -> str:
        raw_redis.delete(*raw_redis.keys(f"{key_prefix}*products*"), *raw_redis.keys(f"{key_prefix}*:limit:stored*"))
        Client(Caller(subject=f"of {client}"), 100_000, tenant=client)
        assert read(entry(PRODUCTS, "own", tags=[]), body=2 * PAGE, caller=Caller(subject=f"of {client}")) == "load"
        return read(wanted, caller=MEMBER)

    assert {status_if_used_up(client) for client in charged} == {"first"}
    assert {status_if_used_up(client) for client in others} == {"load"}


def test_the_number_of_redis_commands_is_limited_for_members_of_many_clients(
    direct_redis: DirectRedis, raw_redis: RedisClient
) -> None:
    def commands(clients: int) -> int:
        member = Caller(subject=f"member of {clients}")
        Client(member, 100_000, tenant="public", clients=[f"{clients}.{number}" for number in range(clients)])
        before = raw_redis.info("commandstats")["cmdstat_hgetall"]["calls"]
        assert read(entry(PRODUCTS, clients, tags=[]), caller=member) == "load"
        return int(raw_redis.info("commandstats")["cmdstat_hgetall"]["calls"]) - int(before)

    most = cache.MAX_CHARGED_CLIENTS
    assert commands(2) < commands(most) == commands(100)


def test_a_member_who_joins_and_leaves_clients_has_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SUBJECT_KIB_PER_HOUR", 1024)
    statuses = []
    for number in range(10):
        Client(MEMBER, 100_000)
        statuses += [read(entry(PRODUCTS, number, page_number, tags=[]), caller=MEMBER) for page_number in range(3)]
    assert statuses == ["load"] * 6 + ["first"] * 24


def test_a_value_is_not_charged_to_any_budget_if_one_budget_refuses_the_value(
    monkeypatch: pytest.MonkeyPatch, key_prefix: str, raw_redis: RedisClient
) -> None:
    used_up, client = Client(Caller(subject="bob"), 100_000), Client(Caller(subject="eve"), 100_000)
    monkeypatch.setattr(cache, "CLIENT_KIB_PER_HOUR", 200)
    Client(MEMBER, 100_000, tenant="public", clients=[client.tenant, used_up.tenant])
    wanted, request = entry(PRODUCTS, "late", tags=[]), request_of("", MEMBER)
    loading = request.lookup(wanted)
    assert (loading.status, read(entry(PRODUCTS, 1, tags=[]), caller=used_up.caller)) == ("load", "load")
    assert loading.session
    request.put(wanted, loading.session, cache.new_value(PAGE, META, loading.versions.tokens, 1800))
    assert request.lookup(wanted).status == "first", "the value was not stored"
    for name in (f"{client.tenant}:limit:stored", "public:limit:stored-subject:ann"):
        assert kib_of(raw_redis, key_prefix + name) == 0
    monkeypatch.setattr(cache, "FREE_KIB_PER_HOUR", 0)
    monkeypatch.setattr(cache, "SHARED_KIB_PER_HOUR", 0)
    visitor()
    assert read(entry(PRODUCTS, 1, tags=[])) == "first"
    assert raw_redis.keys(f"{key_prefix}public:limit:stored*:192.0.2.1") == []


def test_the_first_use_of_a_rare_page_makes_one_redis_call(direct_redis: DirectRedis) -> None:
    visitor()
    calls: list[str] = []
    direct_redis.before_call = calls.append
    rare = page(q="mug")
    assert (read(rare), calls) == ("first", ["lookup"])
    assert (read(rare), calls) == ("load", ["lookup", "lookup", "put"])
