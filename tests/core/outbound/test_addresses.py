"""Tests that requests to certain URLs and IP addresses are not allowed."""

import queue
import socket
import threading
import time
from typing import Any

import pytest

from tests.core.http_server import answer, serving
from tests.core.outbound.conftest import Resolver
from wecelebrate.core import outbound
from wecelebrate.core.outbound import NotAllowed, Unreachable, fetch
from wecelebrate.core.outbound.addresses import is_exempt, parse, resolve
from wecelebrate.core.settings import settings


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "gopher://example.com/",
        "//example.com/a.png",
        "example.com/a.png",
        "",
        "http://",
        "https:///a.png",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://example.com:secret@example.com/",
        "https://example.com:8443/",
        "https://example.com:80/",
        "http://example.com:443/",
        "http://example.com:22/",
        "http://example.com:99999/",
        "http://example.com:x/",
        "https://exa mple.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/\r\nHost: x",
        "https://exam\tple.com/",
        "https://example.com/\x00",
        "https://intranet/",
        "https://localhost/",
        "https://localhost./",
        "https://a.localhost/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://-example.com/",
        "https://example..com/",
        "https://" + "a" * 64 + ".com/",
        "https://" + "a." * 130 + "com/",
        "https://example.com/" + "a" * 2048,
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.x]/",
        "http://example.com:79/",
        "http://example.com:81/",
        "https://example.com:442/",
        "https://example.com:444/",
        "https://8.8.8.8:8443/",
    ],
)
def test_an_invalid_or_local_url_is_not_allowed(url: str) -> None:
    with pytest.raises(NotAllowed):
        outbound.check(url)


NOT_PUBLIC = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.2",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
"""At least one address from every range that is not on the public internet. The address 127.0.0.1 is omitted, because
the fixture `allowed` allows requests to it.
"""


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_url_with_a_private_address_is_not_allowed(address: str) -> None:
    with pytest.raises(NotAllowed, match="public internet"):
        outbound.check(f"https://[{address}]/" if ":" in address else f"https://{address}/")


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_host_name_is_not_allowed_if_one_of_its_addresses_is_private(address: str, names: Resolver) -> None:
    names(["8.8.8.8", address])
    with pytest.raises(NotAllowed, match="public internet"):
        fetch("GET", "https://example.com/")


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "0",
        "127.0.0.1.",
        "127.000.000.001",
        "1.2.3.4.5",
        "256.256.256.256",
        "example.0x",
        "\uff11\uff12\uff17.0.0.2",
        "①②⑦.0.0.2",
        "127。0。0。2",
    ],
)
def test_unusual_spellings_of_an_ip_address_are_not_allowed(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WC_OUTBOUND_ALLOW", "")
    settings.cache_clear()
    with pytest.raises(NotAllowed):
        outbound.check(f"http://{host}/")


@pytest.mark.parametrize(
    ("url", "normalized"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://EXAMPLE.com:443/A.png?b=c#d", "https://example.com/A.png?b=c"),
        ("http://example.com./a", "http://example.com/a"),
        ("http://example.com:80/a", "http://example.com/a"),
        ("https://\uff45\uff58ample\u3002com/", "https://example.com/"),
        ("https://example.com/a b/ü.png?q=ä b", "https://example.com/a%20b/%C3%BC.png?q=%C3%A4%20b"),
        ("https://example.com/a%20b.png?x=%2F", "https://example.com/a%20b.png?x=%2F"),
        ("https://straße.de/", "https://xn--strae-oqa.de/"),
        ("https://BÜCHER.example.com/", "https://xn--bcher-kva.example.com/"),
        ("https://a_b.example.com/", "https://a_b.example.com/"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
        ("https://[64:ff9b::8.8.8.8]/", "https://[64:ff9b::808:808]/"),
    ],
)
def test_a_url_is_normalized_in_the_same_way_as_in_browsers(url: str, normalized: str) -> None:
    outbound.check(url)
    assert parse(url).url == normalized


def test_a_url_has_at_most_2048_characters() -> None:
    longest = "https://example.com/".ljust(2048, "a")
    assert parse(longest).url == longest
    with pytest.raises(NotAllowed, match="2048"):
        parse(longest + "a")


def test_a_host_name_has_at_most_253_characters() -> None:
    longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
    assert len(longest) == 253
    assert parse(f"https://{longest}/").host == longest
    with pytest.raises(NotAllowed, match="not a name"):
        parse(f"https://{longest}d/")


def test_the_last_bit_of_an_ipv4_address_in_an_ipv6_address_is_checked() -> None:
    # Azure serves its instance metadata at 168.63.129.16. The address 168.63.129.17 is on the public internet.
    assert parse("https://[64:ff9b::168.63.129.17]/").host == "64:ff9b::a83f:8111"
    with pytest.raises(NotAllowed, match="public internet"):
        parse("https://[64:ff9b::168.63.129.16]/")


def test_only_an_address_in_the_settings_is_exempt_from_the_rules_for_public_servers() -> None:
    assert is_exempt("127.0.0.1")
    assert not is_exempt("127.0.0.2")
    assert not is_exempt("8.8.8.8")
    assert not is_exempt("localhost")
    assert parse("http://127.0.0.1:8080/").port == 8080


def test_a_host_that_has_no_address_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: Any, **__: Any) -> Any:
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(Unreachable, match="cannot be resolved"):
        resolve("example.com", 443, seconds=5)


def test_a_host_whose_look_up_takes_too_long_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(20) and [])
    started = time.monotonic()
    for seconds in (0.01, -1.0):
        with pytest.raises(Unreachable, match="in time"):
            resolve("example.com", 443, seconds)
    answered.set()
    assert time.monotonic() - started < 15


def test_a_look_up_waits_for_at_most_the_given_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []

    class NoAnswer:
        def get(self, timeout: float) -> None:
            waits.append(timeout)
            raise queue.Empty

        def put(self, _: Any) -> None: ...

    monkeypatch.setattr(queue, "SimpleQueue", NoAnswer)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    for seconds in (2.5, 0.25, -1.0):
        with pytest.raises(Unreachable, match="in time"):
            resolve("example.com", 443, seconds)
    assert waits == [2.5, 0.25, 0]


def test_requests_to_this_machine_are_allowed_only_if_the_setting_allows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WC_OUTBOUND_ALLOW")
    settings.cache_clear()
    with serving(answer(200)) as served:
        with pytest.raises(NotAllowed, match="public internet"):
            fetch("GET", served.url())
        assert served.requests == []
