"""Tests the history of recent writes. It lists the transactions that a replica must replay before a value is loaded
from the replica.
"""

import time

import pytest

from tests.cache.doubles import Clock, RedisClient
from wecelebrate.core import cache
from wecelebrate.core.cache.redis import TIMEOUT_SECONDS

pytestmark = pytest.mark.usefixtures("known_history")


def xids(*tags: str, caller: str = "") -> set[str]:
    """Return the transactions that a replica must replay before a value is loaded from the replica.

    `tags` are the tags of the value. `caller` is the write key of the caller.
    """
    versions = cache.read_tags(tags, caller)
    assert not versions.history_unknown
    return set(versions.min_xids)


def test_tag_versions_contain_only_the_transactions_of_their_tags_and_of_the_caller() -> None:
    cache.invalidate(["a"], "1", "caller:ann")
    cache.invalidate(["b", "c"], "2", "caller:bob")
    assert xids("a") == {"1"}
    assert xids("a", "c") == {"1", "2"}
    assert xids("d") == set()
    assert xids(caller="caller:bob") == {"2"}
    assert xids("a", caller="caller:bob") == {"1", "2"}
    assert xids("d", caller="caller:cat") == set()


def test_the_history_forgets_a_transaction_after_a_minute(clock: Clock) -> None:
    cache.invalidate(["a"], "1")
    clock.pass_seconds(40)
    cache.invalidate(["a"], "2")
    clock.pass_seconds(19.9)
    assert xids("a") == {"1", "2"}
    clock.pass_seconds(0.1)
    assert xids("a") == {"2"}
    clock.pass_seconds(40)
    assert xids("a") == set()


def test_the_history_contains_the_newest_64_transactions_of_a_tag(clock: Clock) -> None:
    for n in range(100, 200):
        cache.invalidate(["a"], str(n))
    assert xids("a") == {str(n) for n in range(136, 200)}


def test_a_transaction_that_is_sent_several_times_is_recorded_only_once(
    key_prefix: str, raw_redis: RedisClient
) -> None:
    for xid in ("1", "2", "1", "1"):
        cache.invalidate(["a"], xid)
    assert xids("a") == {"1", "2"}
    assert raw_redis.hget(f"{key_prefix}public:recent", "a").count(":") == 2


def test_the_history_is_unknown_if_late_invalidations_push_out_recent_transactions(clock: Clock) -> None:
    # Redis was down for an hour, and the outbox contains 100 changes of a catalog. Now a user makes another change.
    # Then the sweeper sends the 100 late invalidations.
    cache.invalidate(["products:c"], "1000", "caller:ann")
    for n in range(100):
        cache.invalidate(["products:c"], str(n + 1), late=True)
    versions = cache.read_tags(["products:c"])
    assert "1000" in versions.min_xids or versions.history_unknown, (
        "no value may be loaded from a replica that has not replayed the change"
    )
    assert xids(caller="caller:ann") == {"1000"}
    assert xids("another") == set()
    clock.pass_seconds(59)
    for n in range(70):
        cache.invalidate(["products:c"], str(2000 + n))
    assert cache.read_tags(["products:c"]).history_unknown, "the history must stay unknown after further writes"
    clock.pass_seconds(1)
    assert xids("products:c") == {str(n) for n in range(2006, 2070)}


def test_the_history_is_unknown_for_a_minute_after_redis_has_lost_the_history(
    key_prefix: str, raw_redis: RedisClient, clock: Clock
) -> None:
    assert not cache.read_tags(["a"]).history_unknown
    raw_redis.delete(f"{key_prefix}public:recent")
    assert cache.read_tags(["a"]) == cache.TagVersions(cache.read_tags(["a"]).tokens, (), True)
    clock.pass_seconds(59)
    assert cache.read_tags(["a"]).history_unknown
    clock.pass_seconds(1)
    assert not cache.read_tags(["a"]).history_unknown


def test_a_write_to_an_empty_redis_starts_a_new_history(key_prefix: str, raw_redis: RedisClient, clock: Clock) -> None:
    raw_redis.delete(f"{key_prefix}public:recent")
    cache.invalidate(["a"], "1")
    assert cache.read_tags(["a"]).history_unknown, "Redis may have lost earlier writes"
    clock.pass_seconds(30)
    cache.invalidate(["a"], "2")
    clock.pass_seconds(30)
    assert xids("a") == {"2"}


def test_an_invalidation_without_a_transaction_is_not_recorded(key_prefix: str, raw_redis: RedisClient) -> None:
    cache.invalidate([], None, "")
    cache.invalidate(["a"], None)
    assert raw_redis.hkeys(f"{key_prefix}public:recent") == ["since"]
    cache.invalidate([], "5", "caller:ann")
    assert xids(caller="caller:ann") == {"5"}


def test_the_expired_transactions_of_a_large_sync_are_removed_in_batches(
    key_prefix: str, raw_redis: RedisClient, clock: Clock
) -> None:
    recent = f"{key_prefix}public:recent"
    for begin in range(0, 50_000, 5000):
        raw_redis.hset(recent, mapping={f"product:{n}": f"{clock.ms}:{n + 1}" for n in range(begin, begin + 5000)})
    clock.pass_seconds(61)
    slowest = 0.0
    for n in range(60):
        began = time.monotonic()
        cache.invalidate([f"product:new:{n}:{m}" for m in range(1000)], "99")
        slowest = max(slowest, time.monotonic() - began)
    assert raw_redis.hlen(recent) < 70_000, "each invalidation removes about as many fields as it adds"
    for _ in range(400):
        cache.invalidate(["a"], "100")
    assert not [field for field in raw_redis.hkeys(recent) if field.startswith("product:") and "new" not in field]
    assert slowest < TIMEOUT_SECONDS
