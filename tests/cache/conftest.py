"""A real Redis behind the real adapter for each worker, and this process as a function that uses them."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from uuid import uuid4

import pytest
import valkey

from infra.local.processes import free_port
from infra.local.redis import Redis
from infra.local.upstash import Upstash
from tests.faults.figures import figure
from wecelebrate.core import cache, kill_switches
from wecelebrate.core.cache.keys import prefix
from wecelebrate.core.cache.redis import Script
from wecelebrate.core.cache.redis import redis as shared
from wecelebrate.core.cache.upstash import Transport
from wecelebrate.core.settings import settings

__all__ = ["figure"]

Raw: TypeAlias = Any
"""A client of Redis itself; its types say of every answer that it may have to be awaited."""


@pytest.fixture(scope="session")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstash]:
    """The adapter, with its Redis behind it."""
    with Redis(tmp_path_factory.mktemp("redis"), free_port()) as redis, Upstash(redis, free_port()) as running:
        yield running


@pytest.fixture(scope="session")
def behind(adapter: Upstash) -> Iterator[Raw]:
    """The Redis behind the adapter, to look at and to break."""
    with valkey.Valkey.from_url(adapter.process.environment["REDIS_URL"], decode_responses=True) as client:
        yield client


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What connections a test made are closed after it: a function leaves that to its end. No switch stands otherwise
    than by default, whatever a test before it learned in this process."""
    kill_switches.learn({})
    made: list[Transport] = []

    class Closing(Transport):
        def __init__(self, timeout: float) -> None:
            super().__init__(timeout)
            made.append(self)

    monkeypatch.setattr("wecelebrate.core.cache.upstash.Transport", Closing)
    yield
    for transport in made:
        transport.close()


@pytest.fixture
def function(adapter: Upstash, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """This process as a function with the cache, in an environment of its own: the prefix of its keys."""
    monkeypatch.setenv("WC_ENVIRONMENT", uuid4().hex[:8])
    monkeypatch.setenv("WC_CACHE_URL", adapter.url)
    monkeypatch.setenv("WC_CACHE_TOKEN", adapter.token)
    settings.cache_clear()
    shared.cache_clear()
    yield prefix()
    settings.cache_clear()
    shared.cache_clear()


class Direct:
    """The scripts on the same Redis without HTTP between, for tests that make very many calls."""

    def __init__(self, client: Raw) -> None:
        self.client = client
        self.before: Callable[[str], object] = lambda name: None
        """Called with the name of each script before it runs."""

    def run(self, script: Script, keys: list[str], *arguments: str, urgent: bool = False) -> Any:
        self.before(script.name)
        try:
            return self.client.evalsha(script.sha1, len(keys), *keys, *arguments)
        except valkey.exceptions.NoScriptError:
            return self.client.eval(script.text, len(keys), *keys, *arguments)

    def execute(self, *command: str) -> Any:
        self.before(command[0].lower())
        return self.client.execute_command(*command)


@pytest.fixture
def direct(function: str, behind: Raw, monkeypatch: pytest.MonkeyPatch) -> Direct:
    """The cache without HTTP between, on an empty Redis."""
    behind.flushdb()
    made = Direct(behind)
    monkeypatch.setattr(cache, "redis", lambda: made)
    return made


class Clock:
    """The time in milliseconds, which stands still until it is moved."""

    def __init__(self) -> None:
        self.ms = 1_790_000_000_000

    def pass_seconds(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that scripts are given."""
    made = Clock()
    monkeypatch.setattr(cache, "now", lambda: made.ms)
    return made


@pytest.fixture
def long_memory(function: str, behind: Raw) -> None:
    """Redis has remembered for long what was written."""
    behind.hset(f"{function}public:recent", "since", "1")
