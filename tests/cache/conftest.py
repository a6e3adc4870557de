"""Fixtures that start a Redis and the local Upstash adapter for each test worker, and configure this process like a
Lambda function."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import valkey

from infra.local.processes import free_port
from infra.local.redis import Redis
from infra.local.upstash import Upstash
from tests.cache.doubles import Clock, DirectRedis, RedisClient
from tests.faults.figures import figure
from wecelebrate.core import cache, kill_switches
from wecelebrate.core.cache.keys import prefix
from wecelebrate.core.cache.redis import redis as shared_redis
from wecelebrate.core.kept_connection import KeptConnection
from wecelebrate.core.settings import settings

__all__ = ["figure"]


@pytest.fixture(scope="session")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstash]:
    """Start the local Upstash adapter and its Redis."""
    with Redis(tmp_path_factory.mktemp("redis"), free_port()) as redis, Upstash(redis, free_port()) as adapter:
        yield adapter


@pytest.fixture(scope="session")
def raw_redis(adapter: Upstash) -> Iterator[RedisClient]:
    """Create a client that connects directly to the Redis of the adapter. Tests use it to inspect and change keys."""
    with valkey.Valkey.from_url(adapter.process.environment["REDIS_URL"], decode_responses=True) as client:
        yield client


@pytest.fixture(autouse=True)
def clean_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Reset all kill switches before a test. After the test, close the connections that the code under test opened.

    The code under test does not close its connections, because a Lambda function keeps them open.
    """
    kill_switches.learn({})
    connections: list[KeptConnection] = []

    class RecordedConnection(KeptConnection):
        def __init__(self, connect_timeout: float, read_timeout: float) -> None:
            super().__init__(connect_timeout, read_timeout)
            connections.append(self)

    monkeypatch.setattr("wecelebrate.core.cache.upstash.KeptConnection", RecordedConnection)
    yield
    for connection in connections:
        connection.close()


@pytest.fixture
def key_prefix(adapter: Upstash, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Configure this process like a function that uses the cache. Each test gets a separate environment.

    Return the prefix of all keys in this environment.
    """
    monkeypatch.setenv("WC_ENVIRONMENT", uuid4().hex[:8])
    monkeypatch.setenv("WC_CACHE_URL", adapter.url)
    monkeypatch.setenv("WC_CACHE_TOKEN", adapter.token)
    settings.cache_clear()
    shared_redis.cache_clear()
    yield prefix()
    settings.cache_clear()
    shared_redis.cache_clear()


@pytest.fixture
def direct_redis(key_prefix: str, raw_redis: RedisClient, monkeypatch: pytest.MonkeyPatch) -> DirectRedis:
    """Delete all keys in Redis, and connect the cache to Redis without HTTP."""
    raw_redis.flushdb()
    direct_redis = DirectRedis(raw_redis)
    monkeypatch.setattr(cache, "redis", lambda: direct_redis)
    return direct_redis


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make the cache use a clock that advances only if the test advances it."""
    clock = Clock()
    monkeypatch.setattr(cache, "now", lambda: clock.ms)
    return clock


@pytest.fixture
def known_history(key_prefix: str, raw_redis: RedisClient) -> None:
    """Make the history of recent writes appear to be older than a minute, so that the cache considers it complete."""
    raw_redis.hset(f"{key_prefix}public:recent", "since", "1")
