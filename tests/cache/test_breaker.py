"""The way to Redis: a call has its time and no second try, and a Redis that failed is left alone for a while."""

import importlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from infra.local.upstash import Upstash
from tests.cache.conftest import Clock
from wecelebrate.core import cache
from wecelebrate.core.cache import CacheDown
from wecelebrate.core.cache.keys import PRODUCT, prefix
from wecelebrate.core.cache.redis import MAX_OPEN_SECONDS, MIN_OPEN_SECONDS, TIMEOUT_SECONDS, Redis

module = importlib.import_module("wecelebrate.core.cache.redis")


@contextmanager
def server(serve: Callable[[socket.socket], object]) -> Iterator[tuple[str, list[float]]]:
    """A server of its own: its URL, and when somebody connected."""
    connected: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def accept() -> None:
            try:
                while True:
                    connection, _ = listener.accept()
                    connected.append(time.monotonic())
                    threading.Thread(target=serve, args=[connection], daemon=True).start()
            except OSError:
                pass

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", connected


def silent(connection: socket.socket) -> None:
    """Takes what comes, and says nothing."""
    with connection:
        while connection.recv(65536):
            pass


def failing(status: str) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        with connection:
            connection.recv(65536)
            body = b'{"error":"ERR no"}'
            connection.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body))

    return answer


@pytest.fixture
def rest(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that a rest is measured by; it stands still until it is moved."""
    clock = Clock()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.ms / 1000))
    return clock


def test_a_silent_redis_costs_its_timeout_once_and_is_then_left_alone() -> None:
    with server(silent) as (url, connected):
        redis = Redis(url, "token")
        took = []
        for _ in range(20):
            began = time.monotonic()
            with pytest.raises(CacheDown):
                redis.execute("PING")
            took.append(time.monotonic() - began)
    assert TIMEOUT_SECONDS <= took[0] < TIMEOUT_SECONDS + 0.15
    assert max(took[1:]) < 0.01
    assert len(connected) == 1, "no second try"


@pytest.mark.parametrize("status", ["500 Oops", "503 Gone", "400 Bad", "429 Too Many", "401 Who"])
def test_an_error_of_redis_is_a_redis_that_is_down(status: str) -> None:
    with server(failing(status)) as (url, connected), pytest.raises(CacheDown):
        Redis(url, "token").execute("PING")
    assert len(connected) == 1


@pytest.mark.parametrize(
    "text", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}}", b"\x00\x01", b"HTTP/1.1 200"]
)
def test_nonsense_is_a_redis_that_is_down(text: bytes) -> None:
    def nonsense(connection: socket.socket) -> None:
        with connection:
            connection.recv(65536)
            connection.sendall(text)

    with server(nonsense) as (url, _), pytest.raises(CacheDown):
        Redis(url, "token").execute("PING")


def test_the_rest_doubles_up_to_its_longest_and_ends_with_the_first_answer(rest: Clock, adapter: Upstash) -> None:
    redis = Redis(adapter.url, "wrong")
    rests = []
    for _ in range(7):
        with pytest.raises(CacheDown, match="WRONGPASS"):
            redis.execute("PING")
        began = rest.ms
        while True:
            rest.pass_seconds(0.25)
            try:
                redis.execute("PING")
            except CacheDown as down:
                if "breaker" not in str(down):
                    break
        rests.append((rest.ms - began) / 1000)
        rest.pass_seconds(MAX_OPEN_SECONDS + 1)
    # Two failures a turn: one that begins the rest, and the one that ends the count of it.
    assert rests == [
        MIN_OPEN_SECONDS,
        4,
        MAX_OPEN_SECONDS,
        MAX_OPEN_SECONDS,
        MAX_OPEN_SECONDS,
        MAX_OPEN_SECONDS,
        MAX_OPEN_SECONDS,
    ]
    redis._client = Redis(adapter.url, adapter.token)._client
    rest.pass_seconds(MAX_OPEN_SECONDS)
    assert redis.execute("PING") == "PONG"
    redis._client = Redis(adapter.url, "wrong")._client
    with pytest.raises(CacheDown, match="WRONGPASS"):
        redis.execute("PING")
    rest.pass_seconds(MIN_OPEN_SECONDS)
    with pytest.raises(CacheDown, match="WRONGPASS"):
        redis.execute("PING")


def test_while_redis_rests_an_invalidation_is_tried_all_the_same(function: str, rest: Clock, adapter: Upstash) -> None:
    where = prefix() + "a:owner:product:1"
    cache.set_value(where, "old", PRODUCT, cache.read_tags(["product:1"]))
    redis = module.redis()
    good, redis._client = redis._client, Redis(adapter.url, "wrong")._client
    with pytest.raises(CacheDown, match="WRONGPASS"):
        redis.execute("PING")
    redis._client = good
    with pytest.raises(CacheDown, match="breaker"):
        cache.get(where)
    cache.invalidate(["product:1"], "1")
    assert cache.get(where) is None, "others see the change at once, and Redis is asked again"


def test_a_redis_that_forgot_its_scripts_is_given_them_again(function: str, adapter: Upstash) -> None:
    assert cache.read_tags(["a"]).tokens
    module.redis().execute("SCRIPT", "FLUSH")
    assert cache.read_tags(["a"]).tokens


def test_a_function_that_declares_no_cache_has_none(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WC_CACHE_URL", "")
    from wecelebrate.core.settings import settings

    settings.cache_clear()
    module.redis.cache_clear()
    with pytest.raises(CacheDown, match="declare"):
        module.redis()
