"""Requests to addresses that strangers name: what is never asked, and how every answer ends."""

import datetime
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.core.serving import Served, answer, by_path, serving
from wecelebrate.core import outbound
from wecelebrate.core.outbound import Refused, TooLarge, Unreachable, fetch
from wecelebrate.core.outbound.addresses import parse
from wecelebrate.core.settings import settings

Resolver = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def allowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """127.0.0.1 may be asked, as in the local cloud: the rest of this machine may not."""
    monkeypatch.setenv("WC_OUTBOUND_ALLOW", "127.0.0.1")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """`names(*answers)` lets names resolve to these, one answer a look-up, and tells which were asked for."""

    def resolve_to(*answers: list[str]) -> list[str]:
        asked: list[str] = []

        def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
            if _is_address(host):  # what connecting does with one that was checked
                return [(_family(host), socket.SOCK_STREAM, 6, "", (host, port))]
            found = answers[min(len(asked), len(answers) - 1)]
            asked.append(host)
            return [(_family(address), socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return resolve_to


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


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
    ],
)
def test_what_is_no_public_address_is_refused_before_it_is_stored(url: str) -> None:
    with pytest.raises(Refused):
        outbound.check(url)


NEAR = [
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
"""Every kind of address that is not one of the public internet; 127.0.0.1 itself is allowed here."""


@pytest.mark.parametrize("address", NEAR)
def test_an_address_that_is_not_public_is_refused_where_it_is_written(address: str) -> None:
    with pytest.raises(Refused, match="public internet"):
        outbound.check(f"https://[{address}]/" if ":" in address else f"https://{address}/")


@pytest.mark.parametrize("address", NEAR)
def test_a_name_that_leads_to_one_is_refused_even_if_it_leads_to_a_public_one_as_well(
    address: str, names: Resolver
) -> None:
    names(["8.8.8.8", address])
    with pytest.raises(Refused, match="public internet"):
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
def test_another_spelling_of_a_number_is_no_host(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WC_OUTBOUND_ALLOW", "")
    settings.cache_clear()
    with pytest.raises(Refused):
        outbound.check(f"http://{host}/")


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://EXAMPLE.com:443/A.png?b=c#d", "https://example.com/A.png?b=c"),
        ("http://example.com./a", "http://example.com/a"),
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
def test_a_public_address_is_asked_as_browsers_would(url: str, asked: str) -> None:
    outbound.check(url)
    assert parse(url).url == asked


def test_a_request_says_what_it_must_and_no_more(names: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with serving(answer(201, b"done", X_Thing="a", Set_Cookie="b=c")) as served:
        got = fetch("POST", served.url("/a?b=c"), headers={"X-Own": "yes", "Host": "other"}, body=b"{}")
    assert (got.status, got.body, got.headers["x-thing"], got.url) == (201, b"done", "a", served.url("/a?b=c"))
    head, _, body = served.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert body == b"{}"
    assert served.sent("host") == [f"127.0.0.1:{served.port}"]
    assert served.sent("x-own") == ["yes"]
    assert served.sent("accept-encoding") == ["identity"]
    assert served.sent("cookie") == [""]


def test_a_name_is_looked_up_once_and_the_connection_goes_to_what_was_checked(
    names: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = names(["127.0.0.1"], ["169.254.169.254"])
    with serving(answer(200, b"here")) as served:
        monkeypatch.setattr("wecelebrate.core.outbound.addresses._PORTS", {"http": served.port, "https": 443})
        got = fetch("GET", "http://images.example.com/")
    assert got.body == b"here"
    assert asked == ["images.example.com"]
    assert served.sent("host") == ["images.example.com"]


def test_the_next_address_is_tried_when_one_does_not_answer(names: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_a_redirect_is_checked_as_the_first_address_was(location: str, names: Resolver) -> None:
    names(["10.0.0.1"])
    pages = {"/": answer(302, Location="/next"), "/next": answer(307, Location=location)}
    with serving(by_path(pages)) as served, pytest.raises(Refused):
        fetch("GET", served.url(), redirects=5)
    assert len(served.requests) == 2


def test_redirects_are_followed_as_far_as_allowed() -> None:
    pages = {f"/{step}": answer(301, Location=f"/{step + 1}") for step in range(4)}
    with serving(by_path({**pages, "/4": answer(200, b"end")})) as served:
        assert fetch("GET", served.url("/0"), redirects=4).url == served.url("/4")
        with pytest.raises(Refused, match="more than 3 times"):
            fetch("GET", served.url("/0"), redirects=3)
        assert fetch("GET", served.url("/0")).status == 301
        assert fetch("POST", served.url("/0"), body=b"x", redirects=4).status == 301


def test_what_is_meant_for_one_origin_is_not_told_to_another() -> None:
    with serving(answer(200)) as other, serving(answer(302, Location=other.url("/ä"))) as first:
        own = {"Authorization": "Bearer x", "X-Key": "y", "Accept": "image/*"}
        assert fetch("GET", first.url(), headers=own, redirects=1).url == other.url("/%C3%A4")
    assert first.sent("authorization") == ["Bearer x"]
    assert (other.sent("authorization"), other.sent("x-key"), other.sent("accept")) == ([""], [""], ["image/*"])


def slowly(*, head: bool) -> Callable[[socket.socket, bytes], None]:
    """One byte each 50 ms, of a head or of a body that never ends."""

    def converse(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: " if head else b"HTTP/1.1 200 OK\r\n\r\n")
        for _piece in range(200):
            connection.sendall(b"a")
            time.sleep(0.05)

    return converse


@pytest.mark.parametrize("head", [True, False])
def test_a_server_that_drips_ends_in_time(head: bool) -> None:
    with serving(slowly(head=head)) as served:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            fetch("GET", served.url(), timeout=0.5)
        assert time.monotonic() - began < 1


def test_redirects_share_one_time() -> None:
    def late(connection: socket.socket, request: bytes) -> None:
        time.sleep(0.3)
        answer(302, Location="/")(connection, request)

    with serving(late) as served:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            fetch("GET", served.url(), timeout=0.7, redirects=20)
        assert time.monotonic() - began < 1.2


def test_a_server_that_does_not_read_ends_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            fetch("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/", body=bytes(64 << 20), timeout=0.5)
        assert time.monotonic() - began < 1.5


def test_a_resolver_that_does_not_answer_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def waits(*_: Any, **__: Any) -> list[Any]:
        release.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", waits)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="looked up in time"):
        fetch("GET", "https://example.com/", timeout=0.3)
    release.set()
    assert time.monotonic() - began < 1


def unframed(size: int) -> Callable[[socket.socket, bytes], None]:
    return lambda connection, _: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(size))


def chunked(size: int, chunk: int) -> Callable[[socket.socket, bytes], None]:
    frame = f"{chunk:x}\r\n".encode() + bytes(chunk) + b"\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return lambda connection, _: connection.sendall(head + frame * (size // chunk) + b"0\r\n\r\n")


def headed(lines: int, length: int) -> Callable[[socket.socket, bytes], None]:
    head = b"".join(b"X-%d: %s\r\n" % (line, b"a" * length) for line in range(lines))
    return lambda connection, _: connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")


@pytest.mark.parametrize(
    "too_much",
    [
        answer(200, bytes(2000)),
        answer(200, b"", length=10**12),
        unframed(2000),
        chunked(2000, 100),
        chunked(100_000, 1),
        headed(90, 8000),
    ],
    ids=["counted", "claimed", "unframed", "chunked", "in tiny chunks", "in headers"],
)
def test_an_answer_larger_than_allowed_is_given_up(too_much: Callable[[socket.socket, bytes], None]) -> None:
    with serving(too_much) as served, pytest.raises(TooLarge):
        fetch("GET", served.url(), most=1000)


@pytest.mark.parametrize("just", [answer(200, bytes(1000)), unframed(1000), chunked(1000, 100)])
def test_as_much_as_allowed_is_read(just: Callable[[socket.socket, bytes], None]) -> None:
    with serving(just) as served:
        assert len(fetch("GET", served.url(), most=1000).body) == 1000


def saying(data: bytes) -> Callable[[socket.socket, bytes], None]:
    return lambda connection, _: connection.sendall(data)


@pytest.mark.parametrize(
    "nonsense",
    [
        saying(b""),
        saying(b"SSH-2.0-OpenSSH\r\n"),
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
        saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        saying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
        saying(b"HTTP/1.1 100 Continue\r\n\r\n" * 10),
        saying(b"HTTP/1.1 999999 OK\r\n\r\n"),
    ],
)
def test_what_is_not_http_is_unreachable(nonsense: Callable[[socket.socket, bytes], None]) -> None:
    with serving(nonsense) as served, pytest.raises(Unreachable):
        fetch("GET", served.url())


def test_nobody_listening_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable):
        fetch("GET", f"http://127.0.0.1:{port}/")


def test_a_name_that_does_not_exist_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable, match="name is not known"):
        fetch("GET", "https://example.com/")


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A server's side of TLS with a certificate for images.example.com, of an authority that is trusted here."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("images.example.com")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    outbound._trusted.cache_clear()
    yield context
    outbound._trusted.cache_clear()


def secured(served: Served, monkeypatch: pytest.MonkeyPatch, host: str = "images.example.com") -> str:
    monkeypatch.setattr("wecelebrate.core.outbound.addresses._PORTS", {"http": 80, "https": served.port})
    return f"https://{host}/"


def test_the_certificate_is_that_of_the_name_not_of_the_address(
    authority: ssl.SSLContext, names: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str | None] = []
    authority.sni_callback = lambda _connection, name, _context: told.append(name)
    names(["127.0.0.1"])
    with serving(answer(200, b"secret"), authority) as served:
        assert fetch("GET", secured(served, monkeypatch)).body == b"secret"
        with pytest.raises(Unreachable, match="certificate is not good"):
            fetch("GET", secured(served, monkeypatch, "other.example.com"))
        with pytest.raises(Unreachable, match="certificate is not good"):
            fetch("GET", secured(served, monkeypatch, "127.0.0.1"))
    assert told[:2] == ["images.example.com", "other.example.com"]


def test_a_redirect_out_of_https_is_refused(
    authority: ssl.SSLContext, names: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(["127.0.0.1"])
    away = answer(302, Location="http://images.example.com/")
    with serving(away, authority) as served, pytest.raises(Refused, match="from https to http"):
        fetch("GET", secured(served, monkeypatch), redirects=1)


def test_a_handshake_that_does_not_come_ends_in_time(names: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    names(["127.0.0.1"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr(
            "wecelebrate.core.outbound.addresses._PORTS", {"http": 80, "https": listener.getsockname()[1]}
        )
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            fetch("GET", "https://images.example.com/", timeout=0.5)
        assert time.monotonic() - began < 1


def test_nothing_on_this_machine_may_be_asked_where_the_setting_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WC_OUTBOUND_ALLOW")
    settings.cache_clear()
    with serving(answer(200)) as served:
        with pytest.raises(Refused, match="public internet"):
            fetch("GET", served.url())
        assert served.requests == []
