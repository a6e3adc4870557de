"""A client for RESP2, the protocol of Redis. It consists of a parser and one connection that all requests share.

There are two reasons not to use a Redis client library. First, the adapter must distinguish simple strings and bulk
strings in replies, but client libraries return both as the same type. Second, no request needs a separate connection,
and one shared connection is cheaper than the connection pool of a library.
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
    """A simple string in a reply, e.g. `+OK`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """An error in a reply, e.g. `-ERR …`."""

    message: str


Value: TypeAlias = Status | ErrorReply | bytes | int | list["Value"] | None
Command: TypeAlias = Sequence[bytes]


class RedisUnavailable(Exception):
    """Redis cannot be reached, or has closed the connection before its reply."""


def encode(commands: Sequence[Command]) -> bytes:
    """Encode commands in RESP2."""
    parts: list[bytes] = []
    for arguments in commands:
        parts.append(b"*%d\r\n" % len(arguments))
        for argument in arguments:
            parts += (b"$%d\r\n" % len(argument), argument, b"\r\n")
    return b"".join(parts)


def encode_value(value: Value) -> bytes:
    """Encode a reply in RESP2.

    A null array has the same encoding as a null string, because clients treat both as null.
    """
    match value:
        case None:
            return b"$-1\r\n"
        case Status():
            return b"+%b\r\n" % value
        case ErrorReply(message):
            return b"-%b\r\n" % message.encode()
        case int():
            return b":%d\r\n" % value
        case bytes():
            return b"$%d\r\n%b\r\n" % (len(value), value)
        case _:
            return b"*%d\r\n" % len(value) + b"".join(map(encode_value, value))


class Parser:
    """Parses replies from a stream of bytes. A chunk of the stream can begin and end anywhere in a reply."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._open: list[tuple[list[Value], int]] = []
        """The arrays that are not complete yet, each with its final length. The outermost array is first."""

    def feed(self, data: bytes) -> list[Value]:
        """Add a chunk of the stream, and return the replies that this chunk completes."""
        buffer = self._buffer
        buffer += data
        replies: list[Value] = []
        position = 0
        while (line_end := buffer.find(b"\r\n", position)) >= 0:
            kind, line, end = buffer[position], bytes(buffer[position + 1 : line_end]), line_end + 2
            value: Value
            if kind == _STRING:
                size = int(line)
                if size < 0:
                    value = None
                elif len(buffer) < end + size + 2:
                    break
                else:
                    value = bytes(buffer[end : end + size])
                    end += size + 2
            elif kind == _ARRAY:
                length = int(line)
                if length > 0:
                    self._open.append(([], length))
                    position = end
                    continue
                value = None if length < 0 else []
            else:
                value = _parse_scalar(kind, line)
            position = end
            self._add(value, replies)
        del buffer[:position]
        return replies

    def _add(self, value: Value, replies: list[Value]) -> None:
        """Add a complete value to the innermost incomplete array. If no array is incomplete, add it to `replies`."""
        while self._open:
            items, length = self._open[-1]
            items.append(value)
            if len(items) < length:
                return
            self._open.pop()
            value = items
        replies.append(value)


def _parse_scalar(kind: int, line: bytes) -> Value:
    if kind == _STATUS:
        return Status(line)
    if kind == _INTEGER:
        return int(line)
    if kind == _ERROR:
        return ErrorReply(line.decode("utf-8", "replace"))
    raise RedisUnavailable(f"the reply of Redis is not valid RESP2: {line[:40]!r}")


class _Stream(asyncio.Protocol):
    """One TCP connection to Redis. Replies arrive in the order of the requests."""

    def __init__(self) -> None:
        self._parser = Parser()
        self._waiting: deque[tuple[asyncio.Future[list[Value]], int]] = deque()
        self._collected: list[Value] = []
        self._transport: asyncio.Transport | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def request(self, payload: bytes, replies: int) -> asyncio.Future[list[Value]]:
        """Send the encoded commands in `payload`, and return a future that will contain the replies.

        replies: the number of replies.

        The whole payload is written in one call, so that Redis gets no command of another request between these
        commands.
        """
        if self._transport is None:
            raise RedisUnavailable("Redis is not connected")
        future: asyncio.Future[list[Value]] = asyncio.get_running_loop().create_future()
        self._waiting.append((future, replies))
        self._transport.write(payload)
        return future

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A transport of uvloop has all methods of asyncio.Transport, but its class is not a subclass of
        # asyncio.Transport.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for value in self._parser.feed(data):
            self._collected.append(value)
            future, replies = self._waiting[0]
            if len(self._collected) == replies:
                self._waiting.popleft()
                collected, self._collected = self._collected, []
                # if the client has disconnected, its request was cancelled, and nothing needs the replies
                if not future.done():
                    future.set_result(collected)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio.Protocol defines the name
        self._transport = None
        while self._waiting:
            future, _ = self._waiting.popleft()
            if not future.done():
                future.set_exception(RedisUnavailable("Redis closed the connection"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class RedisConnection:
    """The connection to Redis.

    The first request opens the connection. If the connection was closed, the next request opens it again.
    """

    def __init__(self, url: str) -> None:
        """url: a URL of the form redis://[:password@]host:port[/database]."""
        parts = urlsplit(url)
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or 6379
        self._setup_commands: list[Command] = []
        if parts.password:
            credentials = [unquote(text).encode() for text in (parts.username, parts.password) if text]
            self._setup_commands.append([b"AUTH", *credentials])
        if parts.path.strip("/"):
            self._setup_commands.append([b"SELECT", parts.path.strip("/").encode()])
        self._stream: _Stream | None = None
        self._open_lock = asyncio.Lock()

    async def run(self, commands: Sequence[Command]) -> list[Value]:
        """Run commands and return their replies, in order.

        Redis can run commands of other clients between these commands, unless the commands are enclosed in MULTI and
        EXEC.

        Raises RedisUnavailable. It is then unknown whether Redis has run the commands, so this method does not send
        them again.
        """
        stream = self._stream
        if stream is None or not stream.is_open:
            stream = await self._open()
        return await stream.request(encode(commands), len(commands))

    async def _open(self) -> _Stream:
        async with self._open_lock:
            if self._stream and self._stream.is_open:
                return self._stream
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    loop = asyncio.get_running_loop()
                    _, stream = await loop.create_connection(_Stream, self._host, self._port)
                    if self._setup_commands:
                        for reply in await stream.request(encode(self._setup_commands), len(self._setup_commands)):
                            if isinstance(reply, ErrorReply):
                                stream.close()
                                raise RedisUnavailable(reply.message)
            except (OSError, TimeoutError) as error:
                raise RedisUnavailable(f"Redis does not answer at {self._host}:{self._port}") from error
            self._stream = stream
            return stream
