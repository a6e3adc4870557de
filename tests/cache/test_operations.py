"""The operations: get, set, delete, invalidate, get or set; and how a value lies in Redis."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cache.conftest import Clock, Raw
from wecelebrate.core import cache
from wecelebrate.core.cache import TagVersions, Value
from wecelebrate.core.cache.keys import PRODUCT, STOREFRONT, key
from wecelebrate.core.cache.redis import redis as shared

LINE = st.text(st.characters(exclude_characters="\n"), min_size=1)


def put(where: str, body: str, *tags: str) -> None:
    cache.set_value(where, body, PRODUCT, cache.read_tags(tags))


def body(where: str) -> str | None:
    found = cache.get(where)
    return found.body if found else None


@pytest.fixture
def where(function: str) -> str:
    return key("a-tenant", "owner", "product", "1")


@given(st.integers(0, 2**53), LINE, st.lists(st.tuples(LINE, LINE), max_size=4), st.text())
def test_a_value_comes_back_as_it_went(ages: int, meta: str, tokens: list[tuple[str, str]], text: str) -> None:
    value = Value(ages, meta, "\n".join(f"{token} {tag}" for token, tag in tokens), text)
    assert Value.parse(str(value)) == value


@pytest.mark.parametrize("tags", [(), ("product:1",), ("product:1", "client:2", "a tag with spaces")])
@pytest.mark.parametrize("text", ["{}", "", "\n\nline\r\n", "Grüße 🎁 \u0000", "x" * 900_000], ids=len)
def test_what_was_set_is_got(where: str, text: str, tags: tuple[str, ...]) -> None:
    assert body(where) is None
    put(where, text, *tags)
    assert body(where) == text
    cache.delete(where)
    assert body(where) is None


def test_an_invalidated_tag_ends_every_value_that_carries_it_and_no_other(function: str) -> None:
    places = [key(tenant, "owner", "product", str(n)) for tenant in ("a", "b") for n in range(3)]
    for place in places:
        put(place, place, "shared", f"own:{place}")
    other = key("c", "owner", "product", "1")
    put(other, "kept", "another")
    cache.invalidate([f"own:{places[0]}"])
    assert [body(place) for place in places] == [None, *places[1:]]
    cache.invalidate(["shared"])
    assert [body(place) for place in places] == [None] * len(places)
    assert body(other) == "kept"


def test_a_value_loaded_before_an_invalidation_and_kept_after_it_is_never_shown(where: str) -> None:
    claimed = cache.read_tags(["product:1"])
    cache.invalidate(["product:1"])
    cache.set_value(where, "old", PRODUCT, claimed)
    assert body(where) is None
    put(where, "new", "product:1")
    cache.set_value(where, "older still", PRODUCT, claimed)
    assert body(where) is None, "the late one is no answer, though it took the place of a good one"


def test_an_evicted_tag_revives_nothing(where: str, function: str, behind: Raw) -> None:
    put(where, "old", "product:1")
    behind.delete(f"{function}public:tag:product:1")
    assert body(where) is None
    cache.read_tags(["product:1"])
    assert body(where) is None


def test_get_or_set_loads_once_until_a_tag_ends(where: str) -> None:
    loads: list[TagVersions] = []

    def load(claimed: TagVersions) -> str:
        loads.append(claimed)
        return f"load {len(loads)}"

    assert [cache.get_or_set(where, PRODUCT, ["product:1"], load) for _ in range(3)] == ["load 1"] * 3
    cache.invalidate(["product:1"], "77")
    assert [cache.get_or_set(where, PRODUCT, ["product:1"], load) for _ in range(3)] == ["load 2"] * 3
    assert len(loads) == 2


def test_get_or_set_without_redis_loads_each_time(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def down() -> object:
        raise cache.CacheDown("gone")

    monkeypatch.setattr(cache, "redis", down)
    claims: list[TagVersions] = []

    def load(claimed: TagVersions) -> str:
        claims.append(claimed)
        return "fresh"

    assert [cache.get_or_set(where, PRODUCT, ["product:1"], load) for _ in range(2)] == ["fresh"] * 2
    assert [claimed.history_unknown for claimed in claims] == [True, True], "nobody remembers what was written"


def test_a_value_ages_at_most_a_tenth_before_its_life_ends_and_never_after(function: str) -> None:
    lives = [cache.new_value("", "-", "", 1000).stale_at - cache.now() for _ in range(2000)]
    assert 895_000 < min(lives) < 910_000
    assert 990_000 < max(lives) <= 1_000_000
    assert len({life // 10_000 for life in lives}) > 8, "what was loaded together does not age together"


def test_an_aged_value_is_not_got_and_redis_forgets_it_in_the_end(where: str, behind: Raw, clock: Clock) -> None:
    put(where, "aged", "product:1")
    assert 0.9 * 1800_000 - 1000 < behind.pttl(where) <= 1800_000
    clock.pass_seconds(1801)
    assert body(where) is None
    cache.put(where, cache.new_value("shown a while longer", "-", "", 300), STOREFRONT)
    assert behind.pttl(where) > 560_000


def test_a_value_that_is_too_large_is_not_kept_and_its_lock_is_given_back(where: str, behind: Raw) -> None:
    behind.set(f"{where}:lock", "me", px=2000)
    large = cache.new_value("x" * (cache.MAX_VALUE_LENGTH + 1), "-", "", 100)
    cache.put(where, large, PRODUCT, f"{where}:lock", "me")
    assert behind.exists(where, f"{where}:lock") == 0


@pytest.mark.parametrize("owner", ["me", "somebody else"])
def test_only_its_owner_gives_a_lock_back(where: str, behind: Raw, owner: str) -> None:
    lock = f"{where}:lock"
    behind.set(lock, "me", px=2000)
    cache.release(lock, owner)
    assert behind.get(lock) == (None if owner == "me" else "me")
    cache.put(where, cache.new_value("x", "-", "", 100), PRODUCT, lock, owner)
    assert behind.get(lock) == (None if owner == "me" else "me")
    assert body(where) == "x", "what was loaded is good all the same: its tokens say so"


def test_five_thousand_tags_end_in_a_few_calls_and_each_is_remembered(
    function: str, behind: Raw, long_memory: None
) -> None:
    tags = [f"product:{n}" for n in range(5000)]
    places = [key("a", "owner", "product", str(n)) for n in (0, 999, 1000, 2500, 4999)]
    for place in places:
        put(place, "x", f"product:{place.rpartition(':')[2]}")
    began = time.monotonic()
    cache.invalidate(tags, "4711", "caller:a")
    took = time.monotonic() - began
    assert [body(place) for place in places] == [None] * len(places)
    assert cache.read_tags(["product:4999"]).min_xids == ("4711",)
    assert cache.read_tags([], "caller:a").min_xids == ("4711",)
    assert behind.hlen(f"{function}public:recent") == 5000 + 3
    assert took < 1, f"{took:.2f} s"


def test_callers_at_once_get_one_token_a_tag(function: str) -> None:
    cache.read_tags([])  # the script is known
    client = shared()
    with ThreadPoolExecutor(1) as pool:  # one client a thread: another one asks at the same time
        there = pool.submit(lambda: cache.read_tags(["a", "b"]).tokens)
        here = there.result()
    assert cache.read_tags(["a", "b"]).tokens == here
    assert shared() is client
