"""Tests the operations of the cache (get, set, delete, invalidate, get_or_set), and the format of a value in Redis."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cache.doubles import Clock, RedisClient
from wecelebrate.core import cache
from wecelebrate.core.cache import TagVersions, Value
from wecelebrate.core.cache.keys import PRODUCT, STOREFRONT, key
from wecelebrate.core.cache.redis import redis as shared_redis

LINE = st.text(st.characters(exclude_characters="\n"), min_size=1)


def put(value_key: str, body: str, *tags: str) -> None:
    cache.set_value(value_key, body, PRODUCT, cache.read_tags(tags))


def body(value_key: str) -> str | None:
    value = cache.get(value_key)
    return value.body if value else None


@pytest.fixture
def value_key(key_prefix: str) -> str:
    return key("a-tenant", "owner", "product", "1")


@given(st.integers(0, 2**53), LINE, st.lists(st.tuples(LINE, LINE), max_size=4), st.text())
def test_serialization_and_parsing_do_not_change_a_value(
    stale_at: int, meta: str, tokens: list[tuple[str, str]], text: str
) -> None:
    value = Value(stale_at, meta, "\n".join(f"{token} {tag}" for token, tag in tokens), text)
    assert Value.parse(str(value)) == value


@pytest.mark.parametrize("tags", [(), ("product:1",), ("product:1", "client:2", "a tag with spaces")])
@pytest.mark.parametrize("text", ["{}", "", "\n\nline\r\n", "Grüße 🎁 \u0000", "x" * 900_000], ids=len)
def test_a_value_is_returned_until_it_is_deleted(value_key: str, text: str, tags: tuple[str, ...]) -> None:
    assert body(value_key) is None
    put(value_key, text, *tags)
    assert body(value_key) == text
    cache.delete(value_key)
    assert body(value_key) is None


def test_the_invalidation_of_a_tag_affects_only_values_with_the_tag(key_prefix: str) -> None:
    value_keys = [key(tenant, "owner", "product", str(n)) for tenant in ("a", "b") for n in range(3)]
    for value_key in value_keys:
        put(value_key, value_key, "shared", f"own:{value_key}")
    other = key("c", "owner", "product", "1")
    put(other, "kept", "another")
    cache.invalidate([f"own:{value_keys[0]}"])
    assert [body(value_key) for value_key in value_keys] == [None, *value_keys[1:]]
    cache.invalidate(["shared"])
    assert [body(value_key) for value_key in value_keys] == [None] * len(value_keys)
    assert body(other) == "kept"


def test_a_value_that_was_loaded_before_an_invalidation_is_never_returned(value_key: str) -> None:
    versions = cache.read_tags(["product:1"])
    cache.invalidate(["product:1"])
    cache.set_value(value_key, "old", PRODUCT, versions)
    assert body(value_key) is None
    put(value_key, "new", "product:1")
    cache.set_value(value_key, "old again", PRODUCT, versions)
    assert body(value_key) is None, "the outdated value is invalid, although it has overwritten a valid value"


def test_values_become_invalid_if_redis_evicts_the_token_of_their_tag(
    value_key: str, key_prefix: str, raw_redis: RedisClient
) -> None:
    put(value_key, "old", "product:1")
    raw_redis.delete(f"{key_prefix}public:tag:product:1")
    assert body(value_key) is None
    cache.read_tags(["product:1"])
    assert body(value_key) is None


def test_get_or_set_loads_a_value_once_until_a_tag_is_invalidated(value_key: str) -> None:
    loads: list[TagVersions] = []

    def load(versions: TagVersions) -> str:
        loads.append(versions)
        return f"load {len(loads)}"

    assert [cache.get_or_set(value_key, PRODUCT, ["product:1"], load) for _ in range(3)] == ["load 1"] * 3
    cache.invalidate(["product:1"], "77")
    assert [cache.get_or_set(value_key, PRODUCT, ["product:1"], load) for _ in range(3)] == ["load 2"] * 3
    assert len(loads) == 2


def test_get_or_set_loads_the_value_in_every_call_if_redis_is_down(
    value_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> object:
        raise cache.CacheDown("raised on purpose by this test")

    monkeypatch.setattr(cache, "redis", down)
    loads: list[TagVersions] = []

    def load(versions: TagVersions) -> str:
        loads.append(versions)
        return "fresh"

    assert [cache.get_or_set(value_key, PRODUCT, ["product:1"], load) for _ in range(2)] == ["fresh"] * 2
    assert [versions.history_unknown for versions in loads] == [True, True], "the history is unknown without Redis"


def test_the_lifetime_of_a_value_is_randomly_reduced_by_at_most_ten_percent(key_prefix: str) -> None:
    lifetimes = [cache.new_value("", "-", "", 1000).stale_at - cache.now() for _ in range(2000)]
    assert 895_000 < min(lifetimes) < 910_000
    assert 990_000 < max(lifetimes) <= 1_000_000
    assert len({life // 10_000 for life in lifetimes}) > 8, "values that are loaded together expire at different times"


def test_an_expired_value_is_not_returned_and_redis_deletes_it(
    value_key: str, raw_redis: RedisClient, clock: Clock
) -> None:
    put(value_key, "expired", "product:1")
    assert 0.9 * 1800_000 - 1000 < raw_redis.pttl(value_key) <= 1800_000
    clock.pass_seconds(1801)
    assert body(value_key) is None
    cache.put(value_key, cache.new_value("may be served stale", "-", "", 300), STOREFRONT)
    assert raw_redis.pttl(value_key) > 560_000


def test_a_value_that_is_too_large_is_not_stored_and_its_lock_is_released(
    value_key: str, raw_redis: RedisClient
) -> None:
    raw_redis.set(f"{value_key}:lock", "me", px=2000)
    large = cache.new_value("x" * (cache.MAX_VALUE_LENGTH + 1), "-", "", 100)
    cache.put(value_key, large, PRODUCT, f"{value_key}:lock", "me")
    assert raw_redis.exists(value_key, f"{value_key}:lock") == 0


@pytest.mark.parametrize("owner", ["me", "another owner"])
def test_only_the_owner_can_release_a_lock(value_key: str, raw_redis: RedisClient, owner: str) -> None:
    lock = f"{value_key}:lock"
    raw_redis.set(lock, "me", px=2000)
    cache.release(lock, owner)
    assert raw_redis.get(lock) == (None if owner == "me" else "me")
    cache.put(value_key, cache.new_value("x", "-", "", 100), PRODUCT, lock, owner)
    assert raw_redis.get(lock) == (None if owner == "me" else "me")
    assert body(value_key) == "x", (
        "the value is stored even without the lock, because its tokens show whether the value is valid"
    )


def test_five_thousand_tags_are_invalidated_and_recorded_within_a_second(
    key_prefix: str, raw_redis: RedisClient, known_history: None
) -> None:
    tags = [f"product:{n}" for n in range(5000)]
    value_keys = [key("a", "owner", "product", str(n)) for n in (0, 999, 1000, 2500, 4999)]
    for value_key in value_keys:
        put(value_key, "x", f"product:{value_key.rpartition(':')[2]}")
    began = time.monotonic()
    cache.invalidate(tags, "4711", "caller:a")
    seconds = time.monotonic() - began
    assert [body(value_key) for value_key in value_keys] == [None] * len(value_keys)
    assert cache.read_tags(["product:4999"]).min_xids == ("4711",)
    assert cache.read_tags([], "caller:a").min_xids == ("4711",)
    assert raw_redis.hlen(f"{key_prefix}public:recent") == 5000 + 3
    assert seconds < 1, f"{seconds:.2f} s"


def test_all_threads_read_identical_tokens_for_a_tag(key_prefix: str) -> None:
    cache.read_tags([])  # After this call, Redis has stored the script.
    client = shared_redis()
    with ThreadPoolExecutor(1) as pool:
        other_thread = pool.submit(lambda: cache.read_tags(["a", "b"]).tokens)
        tokens = other_thread.result()
    assert cache.read_tags(["a", "b"]).tokens == tokens
    assert shared_redis() is client
