"""The Lambda Runtime API: what a function's process asks of Lambda, over HTTP.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. Each process has an address of its own, so a
connection needs no further proof of which process it belongs to.
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
    """What answers the request that is being handled."""

    def answer(self, status: int, body: bytes = b"", headers: bytes = b"") -> None:
        """Answer it; `headers` are whole lines, each ended by CRLF."""


class Process(Protocol):
    """What a process's requests mean to Lambda."""

    def asks_for_next(self, connection: Connection) -> None:
        """The process is free: `connection.answer` is called once there is an event for it."""

    def responds(self, request_id: str, payload: bytes) -> int:
        """The function returned. Gives the status to answer with."""

    def fails(self, request_id: str, payload: bytes) -> int:
        """The function raised. Gives the status to answer with."""

    def fails_to_start(self, payload: bytes) -> int:
        """The function could not be imported. Gives the status to answer with."""

    connections: "set[RuntimeApi]"
    """Its open connections."""


class RuntimeApi(asyncio.Protocol):
    """One connection of a process to its Runtime API."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._body: list[bytes] = []
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._process.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (why it was lost changes nothing)
        self._process.connections.discard(self)
        self.lost.set_result(None)

    def close(self) -> None:
        """Drop the connection; `lost` is done when it is gone."""
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
            self._process.asks_for_next(self)
        elif url == _INIT_ERROR:
            self.answer(self._process.fails_to_start(body))
        elif url.startswith(_INVOCATION):
            request_id, _, outcome = url[len(_INVOCATION) :].decode("ascii", "replace").partition("/")
            if outcome == "response":
                self.answer(self._process.responds(request_id, body))
            elif outcome == "error":
                self.answer(self._process.fails(request_id, body))
            else:
                self.answer(404)
        else:
            self.answer(404)

    def answer(self, status: int, body: bytes = b"", headers: bytes = b"") -> None:
        self._transport.write(
            b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%b\r\n%b"
            % (status, _REASONS[status], len(body), headers, body)
        )
