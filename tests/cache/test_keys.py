"""Tests the keys in Redis. `tests/core/test_cache_keys.py` tests how a key is built."""

import re
from uuid import uuid4

from tests.cache.doubles import RedisClient
from wecelebrate.core import cache
from wecelebrate.core.cache import keys
from wecelebrate.core.database import Caller
from wecelebrate.core.requests import sessions


def test_scripts_write_only_keys_that_begin_with_environment_and_tenant(
    key_prefix: str, raw_redis: RedisClient
) -> None:
    versions = cache.read_tags(["things", "user:a"], "caller:a")
    caller = Caller(subject="a")
    client = str(uuid4())
    session = sessions.Session(f"{client}:owner", client, "requests", 1000)
    cache.put(sessions.session_key(caller), cache.new_value("", str(session), versions.tokens, 60), keys.SESSION)
    cache.get_or_set(keys.key(client, "owner", "product", "1"), keys.PRODUCT, ["things"], lambda versions: "{}")
    cache.invalidate(["others"], "1", "caller:a")
    key_names = raw_redis.keys(f"{key_prefix}*")
    assert len(key_names) >= 5
    assert raw_redis.dbsize() >= len(key_names)
    tenant = "public|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    for name in key_names:
        assert re.match(rf"{re.escape(key_prefix)}({tenant}):[a-z]+", name), name


def test_values_of_an_entity_are_deleted_for_all_model_fingerprints(key_prefix: str, raw_redis: RedisClient) -> None:
    client = str(uuid4())
    earlier, current = (f"{key_prefix}{client}:owner:{part}:1" for part in ("order.0123abcd", keys.ORDER.part))
    others = [f"{key_prefix}{client}:owner:{part}:1" for part in (keys.ORDERS.part, keys.PRODUCT.part)]
    locks = [f"{key_prefix}{client}:owner:lock:{keys.ORDER.part}:1"]
    for name in (earlier, current, *others, *locks):
        raw_redis.set(name, "1")
    assert cache.delete_values({client}, (keys.ORDER,)) == 3
    assert {name for name in (earlier, current, *others) if raw_redis.exists(name)} == set(others)
