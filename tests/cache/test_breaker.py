"""Tests the calls to Redis. A call has a timeout and is not retried. After a failure, the circuit breaker prevents
calls for some time.
"""

import importlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from infra.local.upstash import Upstash
from tests.cache.doubles import Clock
from wecelebrate.core import cache
from wecelebrate.core.cache import CacheDown
from wecelebrate.core.cache.keys import PRODUCT, prefix
from wecelebrate.core.cache.redis import MAX_OPEN_SECONDS, MIN_OPEN_SECONDS, TIMEOUT_SECONDS, Redis

module = importlib.import_module("wecelebrate.core.cache.redis")


@contextmanager
def server(serve: Callable[[socket.socket], object]) -> Iterator[tuple[str, list[float]]]:
    """Run a server. Yield its URL, and a list with the time of each connection."""
    connection_times: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def accept() -> None:
            try:
                while True:
                    connection, _ = listener.accept()
                    connection_times.append(time.monotonic())
                    threading.Thread(target=serve, args=[connection], daemon=True).start()
            except OSError:
                pass

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", connection_times


def never_respond(connection: socket.socket) -> None:
    """Read all data of a connection, and never send a response."""
    with connection:
        while connection.recv(65536):
            pass


def respond_with(status: str) -> Callable[[socket.socket], None]:
    """Create a function that responds with the given HTTP status. Pass this function to `server`."""

    def respond(connection: socket.socket) -> None:
        with connection:
            connection.recv(65536)
            body = b'{"error":"ERR no"}'
            connection.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body))

    return respond


@pytest.fixture
def breaker_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make the circuit breaker use a clock that advances only if the test advances it."""
    clock = Clock()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.ms / 1000))
    return clock


def test_the_breaker_prevents_calls_after_a_call_to_redis_times_out() -> None:
    with server(never_respond) as (url, connection_times):
        redis = Redis(url, "token")
        durations = []
        for _ in range(20):
            began = time.monotonic()
            with pytest.raises(CacheDown):
                redis.execute("PING")
            durations.append(time.monotonic() - began)
    assert TIMEOUT_SECONDS <= durations[0] < TIMEOUT_SECONDS + 0.15
    assert max(durations[1:]) < 0.01
    assert len(connection_times) == 1, "the failed call was not retried"


@pytest.mark.parametrize(
    "status", ["500 Error", "503 Unavailable", "400 Bad Request", "429 Too Many Requests", "401 Unauthorized"]
)
def test_an_http_error_response_raises_cache_down(status: str) -> None:
    with server(respond_with(status)) as (url, connection_times), pytest.raises(CacheDown):
        Redis(url, "token").execute("PING")
    assert len(connection_times) == 1


@pytest.mark.parametrize(
    "text", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}}", b"\x00\x01", b"HTTP/1.1 200"]
)
def test_an_invalid_response_raises_cache_down(text: bytes) -> None:
    def send_text(connection: socket.socket) -> None:
        with connection:
            connection.recv(65536)
            connection.sendall(text)

    with server(send_text) as (url, _), pytest.raises(CacheDown):
        Redis(url, "token").execute("PING")


def test_each_failure_doubles_the_open_time_of_the_breaker_until_a_call_succeeds(
    breaker_clock: Clock, adapter: Upstash
) -> None:
    redis = Redis(adapter.url, "wrong")
    open_times = []
    for _ in range(7):
        with pytest.raises(CacheDown, match="WRONGPASS"):
            redis.execute("PING")
        began = breaker_clock.ms
        while True:
            breaker_clock.pass_seconds(0.25)
            try:
                redis.execute("PING")
            except CacheDown as error:
                if "breaker" not in str(error):
                    break
        open_times.append((breaker_clock.ms - began) / 1000)
        breaker_clock.pass_seconds(MAX_OPEN_SECONDS + 1)
    # Each round has two failures, and each failure doubles the open time. The test measures the open time after the
    # first failure of a round.
    assert open_times == [
        MIN_OPEN_SECONDS,
        4,
        MAX_OPEN_SECONDS,
        MAX_OPEN_SECONDS,
        MAX_OPEN_SECONDS,
        MAX_OPEN_SECONDS,
        MAX_OPEN_SECONDS,
    ]
    redis._client = Redis(adapter.url, adapter.token)._client
    breaker_clock.pass_seconds(MAX_OPEN_SECONDS)
    assert redis.execute("PING") == "PONG"
    redis._client = Redis(adapter.url, "wrong")._client
    with pytest.raises(CacheDown, match="WRONGPASS"):
        redis.execute("PING")
    breaker_clock.pass_seconds(MIN_OPEN_SECONDS)
    with pytest.raises(CacheDown, match="WRONGPASS"):
        redis.execute("PING")


def test_an_invalidation_is_sent_even_if_the_breaker_is_open(
    key_prefix: str, breaker_clock: Clock, adapter: Upstash
) -> None:
    value_key = prefix() + "a:owner:product:1"
    cache.set_value(value_key, "old", PRODUCT, cache.read_tags(["product:1"]))
    redis = module.redis()
    working_client, redis._client = redis._client, Redis(adapter.url, "wrong")._client
    with pytest.raises(CacheDown, match="WRONGPASS"):
        redis.execute("PING")
    redis._client = working_client
    with pytest.raises(CacheDown, match="breaker"):
        cache.get(value_key)
    cache.invalidate(["product:1"], "1")
    assert cache.get(value_key) is None, "Redis received the invalidation, and the success closed the breaker"


def test_a_script_is_sent_again_if_redis_has_lost_the_script(key_prefix: str, adapter: Upstash) -> None:
    assert cache.read_tags(["a"]).tokens
    module.redis().execute("SCRIPT", "FLUSH")
    assert cache.read_tags(["a"]).tokens


def test_a_function_cannot_use_the_cache_without_a_declaration(
    key_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WC_CACHE_URL", "")
    from wecelebrate.core.settings import settings

    settings.cache_clear()
    module.redis.cache_clear()
    with pytest.raises(CacheDown, match="function"):
        module.redis()
