"""HTTP requests to URLs that users provide: images of products, and webhook endpoints of clients.

`fetch` connects only to public IP addresses, also after a redirect. A host name is resolved once, and all of its IP
addresses are checked. The connection goes to one of the checked addresses, and the server's certificate must match the
host name. Even if the server is hostile, a request never exceeds the given time and number of bytes. A request uses no
proxy, no cookies and no compression.
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

from wecelebrate.core.outbound.addresses import Address, is_exempt, parse, resolve
from wecelebrate.core.outbound.errors import NotAllowed, OutboundError, ResponseTooLarge, Unreachable
from wecelebrate.core.outbound.retry_after import seconds_to_wait

__all__ = [
    "NotAllowed",
    "OutboundError",
    "Response",
    "ResponseTooLarge",
    "Unreachable",
    "check",
    "fetch",
    "seconds_to_wait",
]

USER_AGENT = "wecelebrate/1"

_MAX_OVERHEAD_BYTES = 64 * 1024
"""The maximum size, in bytes, of everything in a response except the body: the status line, the headers, and the
framing of the chunks. The body has a separate limit."""
_READ_BYTES = 64 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_CROSS_ORIGIN_HEADERS = ("accept", "user-agent", "if-none-match", "if-modified-since")
"""The headers that are also sent after a redirect to another origin. All other headers can contain secrets, which only
the first origin may receive."""


@dataclass(frozen=True)
class Response:
    """A response with any status, including errors."""

    status: int
    headers: Mapping[str, str]
    """Maps the name of each header (in lower case) to its value. Commas join the values of a repeated header."""
    body: bytes
    """The unchanged body. It is compressed only if the server ignores the `Accept-Encoding` of the request."""
    url: str
    """The URL of the last request, after redirects."""


def check(url: str, *, https: bool = False) -> None:
    """Check whether requests to a URL are allowed. The check does not use the network.

    If `https` is true, the URL must begin with https://, except for hosts that the settings exempt. Raises NotAllowed
    with a text that says what is wrong with the URL.
    """
    address = parse(url)
    if https and address.scheme != "https" and not is_exempt(address.host):
        raise NotAllowed("the URL must begin with https://")


def fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = 10.0,
    max_bytes: int = 1 << 20,
    max_redirects: int = 0,
) -> Response:
    """Send a request to a public address and return the response.

    `timeout` is the maximum total time of the request and its redirects, in seconds. `max_bytes` is the maximum size of
    the response body. Only GET and HEAD requests follow redirects. With `max_redirects=0`, the redirect itself is
    returned. Raises NotAllowed, ResponseTooLarge or Unreachable. The texts of these errors can be shown to users.
    """
    deadline = time.monotonic() + timeout
    sent_headers = {name.lower(): value for name, value in (headers or {}).items()}
    address = parse(url)
    redirects = max_redirects if method in ("GET", "HEAD") else 0
    for _ in range(redirects + 1):
        response = _exchange(method, address, sent_headers, body, deadline=deadline, max_bytes=max_bytes)
        if not redirects or response.status not in _REDIRECTS or "location" not in response.headers:
            return response
        target = _redirect_target(address, response.headers["location"])
        if target.origin != address.origin:
            sent_headers = {name: value for name, value in sent_headers.items() if name in _CROSS_ORIGIN_HEADERS}
        address = target
    raise NotAllowed(f"the server redirects more than {redirects} times")


def _redirect_target(address: Address, location: str) -> Address:
    """Return the target of a redirect. Raises NotAllowed."""
    try:
        # http.client decodes headers as Latin-1, but servers encode non-ASCII characters as UTF-8.
        target = parse(urljoin(address.url, location.encode("latin-1").decode("utf-8")))
    except ValueError as error:
        raise NotAllowed("the server redirects to an invalid URL") from error
    except NotAllowed as error:
        raise NotAllowed(f"the server redirects to a URL that is not allowed: {error}") from error
    if address.scheme == "https" and target.scheme == "http":
        raise NotAllowed("the server redirects from https to http")
    return target


def _exchange(
    method: str, address: Address, headers: Mapping[str, str], body: bytes | None, *, deadline: float, max_bytes: int
) -> Response:
    """Send one request and read its response. Raises NotAllowed, ResponseTooLarge or Unreachable."""
    try:
        with _connect(address, deadline) as plain, _start_tls(plain, address, deadline) as stream:
            limited = _LimitedSocket(stream, deadline, max_bytes + _MAX_OVERHEAD_BYTES)
            connection = http.client.HTTPConnection(address.host, address.port)
            connection.sock = limited  # _LimitedSocket has all socket methods that http.client calls.
            fixed = {"host": address.authority, "connection": "close", "accept-encoding": "identity"}
            connection.request(method, address.target, body, {"user-agent": USER_AGENT, **headers, **fixed})
            response = connection.getresponse()
            return Response(response.status, _headers(response), _body(response, max_bytes), address.url)
    except TimeoutError as error:
        raise Unreachable("the server did not respond in time") from error
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"the server's certificate is not valid: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise Unreachable("the TLS handshake with the server failed") from error
    except http.client.HTTPException as error:
        raise Unreachable("the response is incomplete or not valid HTTP") from error
    except OSError as error:
        raise Unreachable("the server refused or closed the connection") from error


def _connect(address: Address, deadline: float) -> socket.socket:
    """Connect to the first IP address that accepts a connection.

    Each address gets an equal share of the remaining time.
    """
    candidates = resolve(address.host, address.port, _remaining(deadline))
    for position, candidate in enumerate(candidates):
        timeout = _remaining(deadline) / (len(candidates) - position)
        try:
            return socket.create_connection((candidate, address.port), timeout)
        except OSError:
            if position == len(candidates) - 1:
                raise
    raise Unreachable("the host name has no IP address")


def _start_tls(connection: socket.socket, address: Address, deadline: float) -> socket.socket:
    if address.scheme == "http":
        return connection
    connection.settimeout(_remaining(deadline))
    return _tls_context().wrap_socket(connection, server_hostname=address.host)


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, folded in response.getheaders():
        key, value = name.lower(), "".join(folded.splitlines())
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


def _body(response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    if (response.length or 0) > max_bytes:
        raise ResponseTooLarge(f"the response is larger than {max_bytes:,} bytes")
    body = bytearray()
    while piece := response.read(_READ_BYTES):
        body += piece
        if len(body) > max_bytes:
            raise ResponseTooLarge(f"the response is larger than {max_bytes:,} bytes")
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return bytes(body)


def _remaining(deadline: float) -> float:
    """Return the seconds until the deadline. Raises TimeoutError if the deadline has passed."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


class _LimitedSocket(io.RawIOBase):
    """A socket for http.client. It has a deadline for all its operations, and a maximum number of received bytes.

    The timeout of a normal socket is not sufficient, because the timeout starts again with each received byte. A server
    that sends one byte per second would never time out.
    """

    def __init__(self, connection: socket.socket, deadline: float, max_bytes: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._bytes_left = max_bytes

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._connection.settimeout(_remaining(self._deadline))
            rest = rest[self._connection.send(rest) :]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_remaining(self._deadline))
        count = self._connection.recv_into(buffer)
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise ResponseTooLarge("the response, with its headers, is larger than allowed")
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def close(self) -> None:
        """Do nothing, because http.client calls `close` before the body has been read.

        `_exchange` closes the real socket.
        """
