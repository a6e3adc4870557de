"""Requests to addresses that strangers name: images of products, webhooks of clients.

`fetch` asks public addresses alone, at every redirect: a name is looked up once, all of its addresses are checked, and
the connection goes to one of those, under the name's certificate. It ends in the time and with the bytes it was given,
however the other side behaves. It knows no proxy, sends no cookie, and asks for no compression.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin

from wecelebrate.core.outbound.addresses import Address, Refused, Unreachable, exempt, parse, resolve

__all__ = ["Answer", "Refused", "TooLarge", "Unreachable", "check", "fetch"]

USER_AGENT = "wecelebrate/1"

_HEAD = 64 * 1024
"""Bytes that status, headers and the frames of chunks may take, beyond those of the body."""
_PIECE = 64 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_FOR_ANYONE = ("accept", "user-agent", "if-none-match", "if-modified-since")
"""Headers that go along when a redirect leads to another origin: what is meant for one is not told to the other."""


class TooLarge(Refused):
    """The answer is larger than it may be."""


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case; one sent twice is joined by a comma."""
    body: bytes
    """As it was sent: what is compressed without being asked to stays so."""
    url: str
    """Where it came from, after redirects."""


def check(url: str, *, https: bool = False) -> None:
    """Raise Refused, with what is wrong for a person to read, for an address that is never asked; for one without
    `https`, too, where that is wanted of those of the public internet. Asks nobody."""
    address = parse(url)
    if https and address.scheme != "https" and not exempt(address.host):
        raise Refused("the address begins with http://: it has to be https://")


def fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = 10.0,
    most: int = 1 << 20,
    redirects: int = 0,
) -> Answer:
    """Ask a public address, for `timeout` seconds in all and `most` bytes of body.

    Up to `redirects` are followed, of GET and HEAD; one more is refused, and with `redirects=0` it is the answer.
    Raises Refused (TooLarge) and Unreachable, whose texts say to a person why.
    """
    deadline = time.monotonic() + timeout
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    address = parse(url)
    follows = redirects if method in ("GET", "HEAD") else 0
    for _ in range(follows + 1):
        answer = _exchange(method, address, sent, body, deadline=deadline, most=most)
        if not follows or answer.status not in _REDIRECTS or "location" not in answer.headers:
            return answer
        to = _redirected(address, answer.headers["location"])
        if to.origin != address.origin:
            sent = {name: value for name, value in sent.items() if name in _FOR_ANYONE}
        address = to
    raise Refused(f"it redirects more than {follows} times")


def _redirected(address: Address, location: str) -> Address:
    """Where a redirect leads. Raises Refused."""
    try:
        # http.client reads headers as Latin-1; whoever sends other characters than ASCII there sends UTF-8.
        to = parse(urljoin(address.url, location.encode("latin-1").decode("utf-8")))
    except ValueError as error:
        raise Refused("it redirects to what is no address") from error
    except Refused as error:
        raise Refused(f"it redirects, and {error}") from error
    if address.scheme == "https" and to.scheme == "http":
        raise Refused("it redirects from https to http")
    return to


def _exchange(
    method: str, address: Address, headers: Mapping[str, str], body: bytes | None, *, deadline: float, most: int
) -> Answer:
    """One request and its answer. Raises Refused, Unreachable."""
    try:
        with _connected(address, deadline) as plain, _secured(plain, address, deadline) as secured:
            wire = _Wire(secured, deadline, most + _HEAD)
            connection = http.client.HTTPConnection(address.host, address.port)
            connection.sock = wire  # as much of a socket as it uses
            own = {"host": address.authority, "connection": "close", "accept-encoding": "identity"}
            connection.request(method, address.target, body, {"user-agent": USER_AGENT, **headers, **own})
            response = connection.getresponse()
            return Answer(response.status, _headers(response), _body(response, most), address.url)
    except TimeoutError as error:
        raise Unreachable("it did not answer in time") from error
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"its certificate is not good: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise Unreachable("it does not speak TLS as it should") from error
    except http.client.HTTPException as error:
        raise Unreachable("it does not answer with HTTP, or ended before all was sent") from error
    except OSError as error:
        raise Unreachable("it cannot be connected to, or hung up") from error


def _connected(address: Address, deadline: float) -> socket.socket:
    """A connection to one of the addresses that were checked. Each gets its share of the time."""
    candidates = resolve(address.host, address.port, _left(deadline))
    for position, candidate in enumerate(candidates):
        left = _left(deadline)
        try:
            return socket.create_connection((candidate, address.port), left / (len(candidates) - position))
        except OSError:
            if position == len(candidates) - 1:
                raise
    raise Unreachable("its name has no address")


def _secured(connection: socket.socket, address: Address, deadline: float) -> socket.socket:
    if address.scheme == "http":
        return connection
    connection.settimeout(_left(deadline))
    return _trusted().wrap_socket(connection, server_hostname=address.host)


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in response.getheaders():
        key, value = name.lower(), "".join(value.splitlines())  # noqa: PLW2901 - a value may be folded
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


def _body(response: http.client.HTTPResponse, most: int) -> bytes:
    if (response.length or 0) > most:
        raise TooLarge(f"it is larger than {most:,} bytes")
    body = bytearray()
    while piece := response.read(_PIECE):
        body += piece
        if len(body) > most:
            raise TooLarge(f"it is larger than {most:,} bytes")
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return bytes(body)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Wire(io.RawIOBase):
    """A socket for http.client whose every read and write has what is left of one deadline, and of one count of bytes.

    A timeout of the socket alone begins again with each byte: who sends one a second is never done.
    """

    def __init__(self, connection: socket.socket, deadline: float, most: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._left = most

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._connection.settimeout(_left(self._deadline))
            rest = rest[self._connection.send(rest) :]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._deadline))
        count = self._connection.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise TooLarge("it sends more than it may")
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def close(self) -> None:
        """Nothing: http.client closes before the body is read, and the socket is closed by who opened it."""
