"""Tests the headers, connections, redirects and errors of outbound requests."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.http_server import answer, by_path, serving
from tests.core.outbound.conftest import Resolver
from wecelebrate.core.outbound import NotAllowed, Unreachable, fetch
from wecelebrate.core.settings import settings


def test_a_request_has_only_the_necessary_headers(names: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with serving(answer(201, b"done", X_Thing="a", Set_Cookie="b=c")) as served:
        response = fetch("POST", served.url("/a?b=c"), headers={"X-Own": "yes", "Host": "other"}, body=b"{}")
    assert (response.status, response.body, response.headers["x-thing"], response.url) == (
        201,
        b"done",
        "a",
        served.url("/a?b=c"),
    )
    head, _, body = served.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert body == b"{}"
    assert served.sent("host") == [f"127.0.0.1:{served.port}"]
    assert served.sent("x-own") == ["yes"]
    assert served.sent("accept-encoding") == ["identity"]
    assert served.sent("cookie") == [""]


def test_a_request_uses_the_checked_address_without_another_look_up(
    names: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = names(["127.0.0.1"], ["169.254.169.254"])
    with serving(answer(200, b"here")) as served:
        monkeypatch.setattr("wecelebrate.core.outbound.addresses._PORTS", {"http": served.port, "https": 443})
        response = fetch("GET", "http://images.example.com/")
    assert response.body == b"here"
    assert looked_up == ["images.example.com"]
    assert served.sent("host") == ["images.example.com"]


def test_the_next_address_is_tried_if_the_first_address_refuses_the_connection(
    names: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WC_OUTBOUND_ALLOW", "127.0.0.1,127.0.0.9")
    settings.cache_clear()
    names(["127.0.0.9", "127.0.0.1"])
    with serving(answer(200, b"here")) as served:
        monkeypatch.setattr("wecelebrate.core.outbound.addresses._PORTS", {"http": served.port, "https": 443})
        assert fetch("GET", "http://images.example.com/").body == b"here"


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/",
        "http://2130706433/",
        "//192.168.1.1/",
        "file:///etc/passwd",
        "http://a:b@example.com/",
        "http://[",
        "http://rebound.example.com/",
        "\\\\127.0.0.1\\x",
    ],
)
def test_a_redirect_to_a_forbidden_url_is_not_followed(location: str, names: Resolver) -> None:
    names(["10.0.0.1"])
    pages = {"/": answer(302, Location="/next"), "/next": answer(307, Location=location)}
    with serving(by_path(pages)) as served, pytest.raises(NotAllowed):
        fetch("GET", served.url(), max_redirects=5)
    assert len(served.requests) == 2


def test_redirects_of_get_requests_are_followed_up_to_the_limit() -> None:
    pages = {f"/{step}": answer(301, Location=f"/{step + 1}") for step in range(4)}
    with serving(by_path({**pages, "/4": answer(200, b"end")})) as served:
        assert fetch("GET", served.url("/0"), max_redirects=4).url == served.url("/4")
        with pytest.raises(NotAllowed, match="more than 3 times"):
            fetch("GET", served.url("/0"), max_redirects=3)
        assert fetch("GET", served.url("/0")).status == 301
        assert fetch("POST", served.url("/0"), body=b"x", max_redirects=4).status == 301


def test_credentials_are_not_sent_to_another_origin_after_a_redirect() -> None:
    with serving(answer(200)) as other, serving(answer(302, Location=other.url("/ä"))) as first:
        own = {"Authorization": "Bearer x", "X-Key": "y", "Accept": "image/*"}
        assert fetch("GET", first.url(), headers=own, max_redirects=1).url == other.url("/%C3%A4")
    assert first.sent("authorization") == ["Bearer x"]
    assert (other.sent("authorization"), other.sent("x-key"), other.sent("accept")) == ([""], [""], ["image/*"])


def send(data: bytes) -> Callable[[socket.socket, bytes], None]:
    return lambda connection, _: connection.sendall(data)


@pytest.mark.parametrize(
    "respond",
    [
        send(b""),
        send(b"SSH-2.0-OpenSSH\r\n"),
        send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
        send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        send(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
        send(b"HTTP/1.1 100 Continue\r\n\r\n" * 10),
        send(b"HTTP/1.1 999999 OK\r\n\r\n"),
    ],
)
def test_an_invalid_http_response_raises_unreachable(respond: Callable[[socket.socket, bytes], None]) -> None:
    with serving(respond) as served, pytest.raises(Unreachable):
        fetch("GET", served.url())


def test_a_refused_connection_raises_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable):
        fetch("GET", f"http://127.0.0.1:{port}/")


def test_an_unknown_host_name_raises_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(Unreachable, match="name cannot be resolved"):
        fetch("GET", "https://example.com/")
