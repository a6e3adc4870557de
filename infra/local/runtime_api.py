"""The Lambda Runtime API: an HTTP server from which a function process gets its events.

Each process calls its own port. The port of a request therefore identifies the process.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import asyncio
from typing import Protocol, cast

import httptools

_VERSION = b"/2018-06-01/runtime/"
_NEXT = _VERSION + b"invocation/next"
_INVOCATION = _VERSION + b"invocation/"
_INIT_ERROR = _VERSION + b"init/error"

_REASONS = {200: b"OK", 202: b"Accepted", 403: b"Forbidden", 404: b"Not Found", 413: b"Payload Too Large"}


class Connection(Protocol):
    """A connection with a request that is waiting for its response."""

    def respond(self, status: int, body: bytes = b"", headers: bytes = b"") -> None:
        """Send the response. Each line in `headers` must end with CRLF."""


class RequestHandler(Protocol):
    """Handles the requests that one process sends to its Runtime API."""

    def next_requested(self, connection: Connection) -> None:
        """Handle a request for the next event. The process sends this request when it is idle.

        The handler calls `connection.respond` when it has an event for the process.
        """

    def invocation_succeeded(self, request_id: str, payload: bytes) -> int:
        """Handle the request with the result of an invocation. `payload` is the result.

        Returns the HTTP status of the response to this request.
        """

    def invocation_failed(self, request_id: str, payload: bytes) -> int:
        """Handle the request that reports an exception of the function. `payload` describes the exception.

        Returns the HTTP status of the response to this request.
        """

    def init_failed(self, payload: bytes) -> int:
        """Handle the request that reports an error during the import of the function. `payload` describes the error.

        Returns the HTTP status of the response to this request.
        """

    connections: "set[RuntimeApi]"
    """The open connections of the process."""


class RuntimeApi(asyncio.Protocol):
    """The server side of one connection from a process to its Runtime API."""

    def __init__(self, handler: RequestHandler) -> None:
        self._handler = handler
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._body: list[bytes] = []
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._handler.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the reason is not needed)
        self._handler.connections.discard(self)
        self.lost.set_result(None)

    def close(self) -> None:
        """Abort the connection. When the connection is closed, the future `lost` is done."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        url, self._url = self._url, b""
        body, self._body = b"".join(self._body), []
        if url == _NEXT:
            self._handler.next_requested(self)
        elif url == _INIT_ERROR:
            self.respond(self._handler.init_failed(body))
        elif url.startswith(_INVOCATION):
            request_id, _, outcome = url[len(_INVOCATION) :].decode("ascii", "replace").partition("/")
            if outcome == "response":
                self.respond(self._handler.invocation_succeeded(request_id, body))
            elif outcome == "error":
                self.respond(self._handler.invocation_failed(request_id, body))
            else:
                self.respond(404)
        else:
            self.respond(404)

    def respond(self, status: int, body: bytes = b"", headers: bytes = b"") -> None:
        self._transport.write(
            b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%b\r\n%b"
            % (status, _REASONS[status], len(body), headers, body)
        )
