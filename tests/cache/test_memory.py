"""The memory of recent writes: what a reader must have replayed before it may load what was just ended."""

import time

import pytest

from tests.cache.conftest import Clock, Raw
from wecelebrate.core import cache
from wecelebrate.core.cache.redis import TIMEOUT_SECONDS

pytestmark = pytest.mark.usefixtures("long_memory")


def xids(*tags: str, caller: str = "") -> set[str]:
    claimed = cache.read_tags(tags, caller)
    assert not claimed.history_unknown
    return set(claimed.min_xids)


def test_a_claim_names_the_transactions_of_its_tags_and_of_its_caller_and_no_others() -> None:
    cache.invalidate(["a"], "1", "caller:ann")
    cache.invalidate(["b", "c"], "2", "caller:bob")
    assert xids("a") == {"1"}
    assert xids("a", "c") == {"1", "2"}
    assert xids("d") == set()
    assert xids(caller="caller:bob") == {"2"}
    assert xids("a", caller="caller:bob") == {"1", "2"}
    assert xids("d", caller="caller:cat") == set()


def test_transactions_are_forgotten_after_a_minute(clock: Clock) -> None:
    cache.invalidate(["a"], "1")
    clock.pass_seconds(40)
    cache.invalidate(["a"], "2")
    clock.pass_seconds(19.9)
    assert xids("a") == {"1", "2"}
    clock.pass_seconds(0.1)
    assert xids("a") == {"2"}
    clock.pass_seconds(40)
    assert xids("a") == set()


def test_of_one_tag_the_last_64_are_remembered(clock: Clock) -> None:
    for n in range(100, 200):
        cache.invalidate(["a"], str(n))
    assert xids("a") == {str(n) for n in range(136, 200)}


def test_one_transaction_told_twice_is_remembered_once(function: str, behind: Raw) -> None:
    for xid in ("1", "2", "1", "1"):
        cache.invalidate(["a"], xid)
    assert xids("a") == {"1", "2"}
    assert behind.hget(f"{function}public:recent", "a").count(":") == 2


def test_what_the_sweeper_tells_late_may_push_out_the_newest_and_then_the_primary_loads(clock: Clock) -> None:
    # After an hour without Redis the outbox holds a hundred changes of one catalog, and somebody makes one more.
    cache.invalidate(["products:c"], "1000", "caller:ann")
    for n in range(100):
        cache.invalidate(["products:c"], str(n + 1), late=True)
    claimed = cache.read_tags(["products:c"])
    assert "1000" in claimed.min_xids or claimed.history_unknown, "a reader without it might fill the cache"
    assert xids(caller="caller:ann") == {"1000"}
    assert xids("another") == set()
    clock.pass_seconds(59)
    for n in range(70):
        cache.invalidate(["products:c"], str(2000 + n))
    assert cache.read_tags(["products:c"]).history_unknown, "writes of others do not make it forget that it forgot"
    clock.pass_seconds(1)
    assert xids("products:c") == {str(n) for n in range(2006, 2070)}


def test_a_redis_that_lost_its_memory_says_so_for_a_minute(function: str, behind: Raw, clock: Clock) -> None:
    assert not cache.read_tags(["a"]).history_unknown
    behind.delete(f"{function}public:recent")
    assert cache.read_tags(["a"]) == cache.TagVersions(cache.read_tags(["a"]).tokens, (), True)
    clock.pass_seconds(59)
    assert cache.read_tags(["a"]).history_unknown
    clock.pass_seconds(1)
    assert not cache.read_tags(["a"]).history_unknown


def test_a_write_is_the_first_thing_that_an_empty_redis_remembers(function: str, behind: Raw, clock: Clock) -> None:
    behind.delete(f"{function}public:recent")
    cache.invalidate(["a"], "1")
    assert cache.read_tags(["a"]).history_unknown, "others may have been forgotten"
    clock.pass_seconds(30)
    cache.invalidate(["a"], "2")
    clock.pass_seconds(30)
    assert xids("a") == {"2"}


def test_what_changed_nothing_is_remembered_for_nobody(function: str, behind: Raw) -> None:
    cache.invalidate([], None, "")
    cache.invalidate(["a"], None)
    assert behind.hkeys(f"{function}public:recent") == ["since"]
    cache.invalidate([], "5", "caller:ann")
    assert xids(caller="caller:ann") == {"5"}


def test_a_sync_of_a_million_products_is_forgotten_piece_by_piece(function: str, behind: Raw, clock: Clock) -> None:
    recent = f"{function}public:recent"
    for begin in range(0, 50_000, 5000):
        behind.hset(recent, mapping={f"product:{n}": f"{clock.ms}:{n + 1}" for n in range(begin, begin + 5000)})
    clock.pass_seconds(61)
    slowest = 0.0
    for n in range(60):
        began = time.monotonic()
        cache.invalidate([f"product:new:{n}:{m}" for m in range(1000)], "99")
        slowest = max(slowest, time.monotonic() - began)
    assert behind.hlen(recent) < 70_000, "as much goes as comes"
    for _ in range(400):
        cache.invalidate(["a"], "100")
    assert not [field for field in behind.hkeys(recent) if field.startswith("product:") and "new" not in field]
    assert slowest < TIMEOUT_SECONDS
