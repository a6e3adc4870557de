"""Upstash's commands over one kept connection, by the standard library's client: 0.2 ms of CPU a call, 0.75 ms through
httpx, whose client takes 20 ms to make besides.

A call gets one try: one that failed half-way may have run its script.
"""

import ssl
from functools import cached_property
from http.client import HTTPConnection, HTTPSConnection
from select import POLLIN, poll
from typing import Any
from urllib.parse import urlsplit

import orjson
from upstash_redis.commands import Commands
from upstash_redis.format import cast_response
from upstash_redis.http import format_response, make_headers


class Upstash(Commands):
    """Redis by Upstash's REST API: the commands, headers and answers of `upstash-redis`. Not shared between threads."""

    def __init__(self, url: str, token: str, timeout: float) -> None:
        """`timeout` in seconds, of each connecting and each reading."""
        self._url = url
        # Text as it is: JSON is valid UTF-8, and base64 would cost a third more bytes. No token to read our own
        # writes: whoever has to see one is told by its tag.
        self._headers = make_headers(token, encoding=None, allow_telemetry=False)
        self._transport = Transport(timeout)

    def execute(self, command: list[Any]) -> Any:
        """What a command answers. Raises UpstashError for what is refused, OSError, HTTPException or ValueError when
        there is no answer or none of Redis."""
        answer = self._transport.post(self._url, headers=self._headers, json=command)
        return cast_response(command, format_response(answer, encoding=None), self)


class Transport:
    """JSON to and fro over one kept connection."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._connection: HTTPConnection | None = None

    def post(self, url: str, *, headers: dict[str, str], json: Any) -> Any:
        """The answer's body. Raises OSError or HTTPException when there is none, ValueError when it is no JSON."""
        asked = urlsplit(url)
        connection = self._connected(asked.scheme, asked.netloc)
        try:
            body = orjson.dumps(json)
            connection.request("POST", asked.path or "/", body, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse().read()
        except BaseException:
            self.close()
            raise
        return orjson.loads(answer)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self, scheme: str, host: str) -> HTTPConnection:
        if self._connection is not None and _was_closed(self._connection):
            self.close()
        if self._connection is None:
            if scheme == "https":
                self._connection = HTTPSConnection(host, timeout=self._timeout, context=self._trusted)
            else:
                self._connection = HTTPConnection(host, timeout=self._timeout)
        return self._connection

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context()


def _was_closed(connection: HTTPConnection) -> bool:
    """Whether the server has closed a connection that nobody reads from: an instance may have slept for minutes."""
    if connection.sock is None:
        return False
    readable = poll()
    readable.register(connection.sock, POLLIN)
    return bool(readable.poll(0))
