"""RESP2, the protocol of Redis: values, the parser of a stream, and a connection that many requests share.

A general client is not used: the adapter must tell a status from a string, which clients make one, and one connection
shared by all requests, which need no state between commands, costs less than taking one from a pool for each.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast
from urllib.parse import unquote, urlsplit

_STATUS, _ERROR, _INTEGER, _STRING, _ARRAY = b"+-:$*"
_CONNECT_SECONDS = 2.0


class Status(bytes):
    """A simple string: `+OK`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """An error reply: `-ERR …`."""

    message: str


Value: TypeAlias = Status | Failure | bytes | int | list["Value"] | None
Command: TypeAlias = Sequence[bytes]


class Unavailable(Exception):
    """Redis cannot be reached, or went away before it answered."""


def encode(commands: Sequence[Command]) -> bytes:
    """The commands as they go over the wire."""
    parts: list[bytes] = []
    for words in commands:
        parts.append(b"*%d\r\n" % len(words))
        for word in words:
            parts += (b"$%d\r\n" % len(word), word, b"\r\n")
    return b"".join(parts)


def encode_value(value: Value) -> bytes:
    """A reply as it came over the wire, but for null arrays, which become null strings: clients read both as null."""
    match value:
        case None:
            return b"$-1\r\n"
        case Status():
            return b"+%b\r\n" % value
        case Failure(message):
            return b"-%b\r\n" % message.encode()
        case int():
            return b":%d\r\n" % value
        case bytes():
            return b"$%d\r\n%b\r\n" % (len(value), value)
        case _:
            return b"*%d\r\n" % len(value) + b"".join(map(encode_value, value))


class Parser:
    """Replies out of a stream of bytes, however it is cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._open: list[tuple[list[Value], int]] = []
        """Arrays that are not complete yet, outermost first, with their final length."""

    def feed(self, data: bytes) -> list[Value]:
        """The replies that `data` completes."""
        buffer = self._buffer
        buffer += data
        replies: list[Value] = []
        at = 0
        while (line_end := buffer.find(b"\r\n", at)) >= 0:
            kind, line, after = buffer[at], bytes(buffer[at + 1 : line_end]), line_end + 2
            value: Value
            if kind == _STRING:
                size = int(line)
                if size < 0:
                    value = None
                elif len(buffer) < after + size + 2:
                    break
                else:
                    value = bytes(buffer[after : after + size])
                    after += size + 2
            elif kind == _ARRAY:
                length = int(line)
                if length > 0:
                    self._open.append(([], length))
                    at = after
                    continue
                value = None if length < 0 else []
            else:
                value = _scalar(kind, line)
            at = after
            self._close(value, replies)
        del buffer[:at]
        return replies

    def _close(self, value: Value, replies: list[Value]) -> None:
        """Put a complete value where it belongs: into the innermost open array, or among the replies."""
        while self._open:
            items, length = self._open[-1]
            items.append(value)
            if len(items) < length:
                return
            self._open.pop()
            value = items
        replies.append(value)


def _scalar(kind: int, line: bytes) -> Value:
    if kind == _STATUS:
        return Status(line)
    if kind == _INTEGER:
        return int(line)
    if kind == _ERROR:
        return Failure(line.decode("utf-8", "replace"))
    raise Unavailable(f"not RESP2: {line[:40]!r}")


class _Stream(asyncio.Protocol):
    """One TCP connection: requests go out as they come, replies come back in their order."""

    def __init__(self) -> None:
        self._parser = Parser()
        self._waiting: deque[tuple[asyncio.Future[list[Value]], int]] = deque()
        self._collected: list[Value] = []
        self._transport: asyncio.Transport | None = None

    @property
    def alive(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def request(self, payload: bytes, replies: int) -> asyncio.Future[list[Value]]:
        """Send; the future gets that many replies. The payload goes out in one piece: nothing comes between."""
        if self._transport is None:
            raise Unavailable("Redis is not connected")
        future: asyncio.Future[list[Value]] = asyncio.get_running_loop().create_future()
        self._waiting.append((future, replies))
        self._transport.write(payload)
        return future

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's, though they do all it says.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for value in self._parser.feed(data):
            self._collected.append(value)
            future, replies = self._waiting[0]
            if len(self._collected) == replies:
                self._waiting.popleft()
                collected, self._collected = self._collected, []
                # A client that hung up has cancelled its request; its replies are dropped.
                if not future.done():
                    future.set_result(collected)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the name is the protocol's
        self._transport = None
        while self._waiting:
            future, _ = self._waiting.popleft()
            if not future.done():
                future.set_exception(Unavailable("Redis closed the connection"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class RedisConnection:
    """The connection to Redis; opened when it is needed, and again after it broke."""

    def __init__(self, url: str) -> None:
        """`url`: redis://[:password@]host:port[/database]."""
        parts = urlsplit(url)
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or 6379
        self._greeting: list[Command] = []
        if parts.password:
            words = [unquote(word).encode() for word in (parts.username, parts.password) if word]
            self._greeting.append([b"AUTH", *words])
        if parts.path.strip("/"):
            self._greeting.append([b"SELECT", parts.path.strip("/").encode()])
        self._stream: _Stream | None = None
        self._opening = asyncio.Lock()

    async def run(self, commands: Sequence[Command]) -> list[Value]:
        """Replies of the commands, in order; they run without another's between them only inside MULTI and EXEC.

        Raises Unavailable; the commands may have run all the same, so they are not sent again.
        """
        stream = self._stream
        if stream is None or not stream.alive:
            stream = await self._open()
        return await stream.request(encode(commands), len(commands))

    async def _open(self) -> _Stream:
        async with self._opening:
            if self._stream and self._stream.alive:
                return self._stream
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    loop = asyncio.get_running_loop()
                    _, stream = await loop.create_connection(_Stream, self._host, self._port)
                    if self._greeting:
                        for reply in await stream.request(encode(self._greeting), len(self._greeting)):
                            if isinstance(reply, Failure):
                                stream.close()
                                raise Unavailable(reply.message)
            except (OSError, TimeoutError) as error:
                raise Unavailable(f"Redis does not answer at {self._host}:{self._port}") from error
            self._stream = stream
            return stream
