"""The HTTP server of the adapter, an ASGI application. It runs single commands, pipelines and transactions.

The documentation of Upstash does not define some responses, for example the text of a parse error, and the response if
Redis cannot be reached. Such a response has an error status, and its body is a JSON object with `error`.
"""

import hmac
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote_to_bytes

import orjson

from infra.local.processes import HEALTH
from infra.local.upstash.commands import PreparedCommand, Scripts
from infra.local.upstash.resp import ErrorReply, RedisConnection, RedisUnavailable, Status, Value, encode_value

MAX_REQUEST_BYTES = 10_000_000
"""The maximum size of a request body, in bytes."""

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

_JSON = (b"content-type", b"application/json")
_BINARY = (b"content-type", b"application/octet-stream")
# In Upstash, a sync token identifies the writes that a read must see. The adapter uses a constant token, because a read
# on a single Redis server always sees all earlier writes.
_SYNC = (b"upstash-sync-token", b"bG9jYWw=")


class RequestError(Exception):
    """A request that gets an error response with this status and message."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Request:
    """The parts of an HTTP request that the adapter needs."""

    def __init__(self, scope: Message, body: bytes) -> None:
        self.method: str = scope["method"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.segments = [unquote_to_bytes(part) for part in scope["raw_path"].split(b"/")[1:]]
        self.query: list[tuple[bytes, bytes]] = (
            parse_qsl(scope["query_string"], keep_blank_values=True) if scope["query_string"] else []
        )
        self.body = body

    @property
    def token(self) -> bytes:
        scheme, _, token = self.headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"bearer":
            return token.strip()
        return dict(self.query).get(b"_token", b"")

    @property
    def base64(self) -> bool:
        return self.headers.get(b"upstash-encoding", b"").lower() == b"base64"

    @property
    def resp2(self) -> bool:
        """Whether the client requests a response in RESP2, the protocol of Redis. Raises RequestError."""
        response_format = self.headers.get(b"upstash-response-format", b"json").lower()
        if response_format not in (b"json", b"resp2"):
            raise RequestError("ERR response format must be json or resp2")
        if response_format == b"resp2" and self.base64:
            raise RequestError("ERR base64 encoding cannot be combined with the resp2 format")
        return response_format == b"resp2"


class UpstashApp:
    """The ASGI application.

    token: the bearer token that a request must have. limit: the maximum size of a request body, in bytes.
    """

    def __init__(self, redis: RedisConnection, token: str, limit: int = MAX_REQUEST_BYTES) -> None:
        self._redis = redis
        self._token = token.encode()
        self._limit = limit
        self._scripts = Scripts()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        status, header = 200, _JSON
        try:
            header, payload = await self._answer(scope, receive)
        except RequestError as error:
            status, payload = error.status, _json({"error": error.message})
        except RedisUnavailable as error:
            status, payload = 503, _json({"error": f"ERR {error}"})
        length = (b"content-length", b"%d" % len(payload))
        await send({"type": "http.response.start", "status": status, "headers": [header, _SYNC, length]})
        await send({"type": "http.response.body", "body": payload})

    async def _answer(self, scope: Message, receive: Receive) -> tuple[tuple[bytes, bytes], bytes]:
        if scope["path"] == HEALTH:
            await self._redis.run([[b"PING"]])
            return _JSON, b'{"status":"ok"}'
        if scope["method"] not in {"HEAD", "GET", "POST", "PUT"}:
            raise RequestError("ERR method not allowed", 405)
        request = Request(scope, b"")
        if not hmac.compare_digest(request.token, self._token):
            raise RequestError("WRONGPASS invalid or missing auth token", 401)
        request.body = await self._read_body(receive)
        if request.segments == [b"multi-exec"]:
            return _JSON, _json(await self._transaction(request))
        replies = await (self._pipeline(request) if request.segments == [b"pipeline"] else self._single(request))
        if request.resp2:
            return _BINARY, b"".join(map(encode_value, replies))
        if request.segments == [b"pipeline"]:
            return _JSON, _json([_to_json(reply, request) for reply in replies])
        if isinstance(replies[0], ErrorReply):
            raise RequestError(replies[0].message)
        return _JSON, _json(_to_json(replies[0], request))

    async def _single(self, request: Request) -> list[Value]:
        """Run one command. The command is either a JSON array in the body, or a path such as `/SET/key/value`."""
        if request.segments == [b""]:
            arguments = _encode_arguments(_parse_array(request.body, "command"))
        else:
            # For example, `/SET/key?EX=100` with a body is the command `SET key <body> EX 100`.
            body = [request.body] if request.body and request.method in {"POST", "PUT"} else []
            options = [text for pair in request.query if pair[0] != b"_token" for text in pair if text]
            arguments = [*request.segments, *body, *options]
        return await self._run([self._scripts.prepare(arguments)])

    async def _pipeline(self, request: Request) -> list[Value]:
        return await self._run(
            [self._scripts.prepare(arguments) for arguments in _parse_commands(request.body, "pipeline")]
        )

    async def _run(self, commands: Sequence[PreparedCommand]) -> list[Value]:
        allowed = [command for command in commands if command.refusal is None]
        replies = iter(await self._redis.run([command.arguments for command in allowed]) if allowed else [])
        return [
            ErrorReply(command.refusal) if command.refusal else command.result(next(replies)) for command in commands
        ]

    async def _transaction(self, request: Request) -> list[dict[str, Any]]:
        """Run all commands in a transaction.

        If Redis rejects at least one command, this method raises RequestError, and Redis runs none of the commands.
        """
        commands = [self._scripts.prepare(arguments) for arguments in _parse_commands(request.body, "multi-exec")]
        for command in commands:
            if command.refusal:
                raise RequestError(command.refusal)
        replies = await self._redis.run([[b"MULTI"], *(command.arguments for command in commands), [b"EXEC"]])
        for reply in replies[:-1]:
            if isinstance(reply, ErrorReply):
                raise RequestError(reply.message)
        results = replies[-1]
        if not isinstance(results, list):
            raise RequestError(
                results.message if isinstance(results, ErrorReply) else "EXECABORT Transaction discarded"
            )
        return [_to_json(command.result(reply), request) for command, reply in zip(commands, results, strict=True)]

    async def _read_body(self, receive: Receive) -> bytes:
        message = await receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body"):
            if len(body) > self._limit:
                break
            message = await receive()
            body += message.get("body", b"")
        if len(body) > self._limit:
            raise RequestError(f"ERR max request size exceeded. Limit: {self._limit} bytes, Actual: {len(body)} bytes")
        return body


def _parse_array(body: bytes, endpoint: str) -> list[Any]:
    try:
        # Keep numbers as text, because 1.10 and 1.1 are different strings in Redis.
        parsed = json.loads(body, parse_int=str, parse_float=str)
    except ValueError:
        parsed = None
    if not isinstance(parsed, list):
        raise RequestError(f"ERR failed to parse {endpoint} request: a JSON array is expected")
    return parsed


def _parse_commands(body: bytes, endpoint: str) -> list[list[bytes]]:
    commands = _parse_array(body, endpoint)
    if not commands:
        raise RequestError(f"ERR empty {endpoint} request")
    if not all(isinstance(command, list) for command in commands):
        raise RequestError(f"ERR failed to parse {endpoint} request: an array of arrays is expected")
    return [_encode_arguments(command) for command in commands]


def _encode_arguments(command: list[Any]) -> list[bytes]:
    if not command:
        raise RequestError("ERR empty command")
    arguments = []
    for argument in command:
        match argument:
            case str():
                # An unpaired surrogate is not a valid character. It is replaced in requests and in responses.
                arguments.append(argument.encode("utf-8", "replace"))
            case bool():
                arguments.append(b"true" if argument else b"false")
            case _:
                raise RequestError("ERR the arguments of a command must be strings, numbers or booleans")
    return arguments


def _to_json(reply: Value, request: Request) -> dict[str, Any]:
    if isinstance(reply, ErrorReply):
        return {"error": reply.message}
    return {"result": _json_value(reply, request.base64)}


def _json_value(value: Value, base64: bool) -> Any:
    match value:
        case None | int():
            return value
        case Status() if value == b"OK":
            return "OK"
        case bytes():
            return b64encode(value).decode() if base64 else value.decode("utf-8", "replace")
        case list():
            return [_json_value(item, base64) for item in value]
        case ErrorReply(message):
            # the error is an element of an array that a script returned
            return _json_value(message.encode(), base64)


def _json(value: Any) -> bytes:
    return orjson.dumps(value)
