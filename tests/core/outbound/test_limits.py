"""Tests the limits for the time and the size of outbound requests."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.http_server import answer, serving
from tests.core.outbound.conftest import Resolver
from wecelebrate.core.outbound import ResponseTooLarge, Unreachable, fetch


def send_slowly(*, head: bool) -> Callable[[socket.socket, bytes], None]:
    """Create a handler that sends one byte every 50 ms.

    If `head` is true, the bytes belong to a header. Otherwise, the bytes belong to the body.
    """

    def converse(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: " if head else b"HTTP/1.1 200 OK\r\n\r\n")
        for _piece in range(200):
            connection.sendall(b"a")
            time.sleep(0.05)

    return converse


@pytest.mark.parametrize("head", [True, False])
def test_a_request_times_out_if_the_server_sends_slowly(head: bool) -> None:
    with serving(send_slowly(head=head)) as served:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            fetch("GET", served.url(), timeout=0.5)
        assert time.monotonic() - began < 1


def test_the_timeout_applies_to_all_redirects_together() -> None:
    def respond_late(connection: socket.socket, request: bytes) -> None:
        time.sleep(0.3)
        answer(302, Location="/")(connection, request)

    with serving(respond_late) as served:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            fetch("GET", served.url(), timeout=0.7, max_redirects=20)
        assert time.monotonic() - began < 1.2


def test_a_request_times_out_if_the_server_does_not_read_the_request() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            fetch("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/", body=bytes(64 << 20), timeout=0.5)
        assert time.monotonic() - began < 1.5


def test_a_request_times_out_if_the_resolver_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        release.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="resolved in time"):
        fetch("GET", "https://example.com/", timeout=0.3)
    release.set()
    assert time.monotonic() - began < 1


def without_length(size: int) -> Callable[[socket.socket, bytes], None]:
    return lambda connection, _: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(size))


def chunked(size: int, chunk: int) -> Callable[[socket.socket, bytes], None]:
    frame = f"{chunk:x}\r\n".encode() + bytes(chunk) + b"\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return lambda connection, _: connection.sendall(head + frame * (size // chunk) + b"0\r\n\r\n")


def with_headers(lines: int, length: int) -> Callable[[socket.socket, bytes], None]:
    head = b"".join(b"X-%d: %s\r\n" % (line, b"a" * length) for line in range(lines))
    return lambda connection, _: connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")


@pytest.mark.parametrize(
    "respond",
    [
        answer(200, bytes(2000)),
        answer(200, b"", length=10**12),
        without_length(2000),
        chunked(2000, 100),
        chunked(100_000, 1),
        with_headers(90, 8000),
    ],
    ids=["content length", "false length", "no length", "chunked", "tiny chunks", "headers"],
)
def test_a_response_that_is_larger_than_the_limit_raises_response_too_large(
    respond: Callable[[socket.socket, bytes], None],
) -> None:
    with serving(respond) as served, pytest.raises(ResponseTooLarge):
        fetch("GET", served.url(), max_bytes=1000)


@pytest.mark.parametrize("respond", [answer(200, bytes(1000)), without_length(1000), chunked(1000, 100)])
def test_a_response_is_accepted_if_its_size_is_exactly_the_limit(
    respond: Callable[[socket.socket, bytes], None],
) -> None:
    with serving(respond) as served:
        assert len(fetch("GET", served.url(), max_bytes=1000).body) == 1000


def test_a_request_times_out_if_the_server_does_not_answer_the_tls_handshake(
    names: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(["127.0.0.1"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr(
            "wecelebrate.core.outbound.addresses._PORTS", {"http": 80, "https": listener.getsockname()[1]}
        )
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            fetch("GET", "https://images.example.com/", timeout=0.5)
        assert time.monotonic() - began < 1
