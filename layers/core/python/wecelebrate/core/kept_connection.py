"""One HTTP connection that stays open between the invocations of a function."""

import ssl
from functools import lru_cache
from http.client import HTTPConnection, HTTPMessage, HTTPSConnection
from select import POLLIN, poll
from typing import NamedTuple
from urllib.parse import urlsplit

_NO_TLS = ("WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL", "HTTP_REQUEST", "TLSV1_ALERT_PROTOCOL_VERSION")
"""OpenSSL's error reasons if the server does not support TLS, or supports only versions that the client does not
accept.

The alert `handshake_failure` is not one of these reasons, because servers also send it for temporary problems.
"""


class NotConnected(ConnectionError):
    """The server could not be reached. Therefore it has not received the request."""


class ConnectionDropped(ConnectionError):
    """The connection was reused, and ended before the server sent a response.

    The server may have processed the request. The next request opens a new connection.
    """


class Response(NamedTuple):
    """The response to a request."""

    status: int
    content: bytes
    headers: HTTPMessage


class KeptConnection:
    """Sends requests over one persistent connection. It is not thread-safe."""

    def __init__(self, connect_timeout: float, read_timeout: float) -> None:
        """The timeouts are in seconds. `read_timeout` applies to each read and write."""
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._connection: HTTPConnection | None = None
        self._origin = ("", "")

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Response:
        """Send a POST request. It follows no redirect.

        Raises NotConnected if the server cannot be reached, or ends the handshake, e.g. because it restarts. Raises
        SSLError if the server does not support TLS, or has no valid certificate.

        Raises OSError or HTTPException if no response arrives. The server may have processed the request in this case.
        If the connection was reused, the error is ConnectionDropped.
        """
        target = urlsplit(url)
        kept = self._connection
        connection = self._connected(target.scheme, target.netloc)
        try:
            try:
                connection.request("POST", target.path or "/", body, headers)
                response = connection.getresponse()
            except ConnectionError as error:
                if connection is kept:
                    raise ConnectionDropped("the connection ended before the response") from error
                raise
            content = response.read()
        except BaseException:
            self.close()
            raise
        return Response(response.status, content, response.headers)

    def close(self) -> None:
        """Close the connection. The next request opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self, scheme: str, host: str) -> HTTPConnection:
        if self._connection is not None and (self._origin != (scheme, host) or _is_closed_by_server(self._connection)):
            self.close()
        if self._connection is None:
            if scheme == "https":
                connection: HTTPConnection = HTTPSConnection(
                    host, timeout=self._connect_timeout, context=_ssl_context()
                )
            else:
                connection = HTTPConnection(host, timeout=self._connect_timeout)
            try:
                connection.connect()
            except OSError as error:
                connection.close()
                if isinstance(error, ssl.SSLError) and _is_permanent(error):
                    raise
                raise NotConnected(f"{host} cannot be reached: {error!r}") from error
            connection.sock.settimeout(self._read_timeout)
            # Otherwise, http.client would open a new connection without the timeout for reads.
            connection.auto_open = 0
            self._connection, self._origin = connection, (scheme, host)
        return self._connection


def _is_permanent(error: ssl.SSLError) -> bool:
    """Return whether the error is permanent: the certificate is invalid, or the server does not support TLS."""
    return isinstance(error, ssl.SSLCertVerificationError) or error.reason in _NO_TLS


def _is_closed_by_server(connection: HTTPConnection) -> bool:
    """Return whether the server closed the connection while it was idle. Lambda can freeze an instance for minutes."""
    if connection.sock is None:
        return connection.auto_open == 0
    readable = poll()
    readable.register(connection.sock, POLLIN)
    return bool(readable.poll(0))


@lru_cache(maxsize=1)
def _ssl_context() -> ssl.SSLContext:
    return ssl.create_default_context()
