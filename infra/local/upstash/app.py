"""The HTTP side of the adapter, plain ASGI: one command, a pipeline, a transaction.

Where Upstash's documentation leaves a case open (the wording of a parse error, a Redis that is gone), the answer is a
JSON object with `error` and a status that no client takes for success.
"""

import hmac
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote_to_bytes

import orjson

from infra.local.processes import HEALTH
from infra.local.upstash.commands import Prepared, Scripts
from infra.local.upstash.resp import Failure, RedisConnection, Status, Unavailable, Value, encode_value

MAX_REQUEST = 10_000_000
"""Bytes of a request's body."""

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

_JSON = (b"content-type", b"application/json")
_BINARY = (b"content-type", b"application/octet-stream")
# One Redis stands behind all: every read sees every write that was answered, so the token has nothing to say.
_SYNC = (b"upstash-sync-token", b"bG9jYWw=")


class Refused(Exception):
    """The request is answered with an error and a status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Request:
    """What of a request decides its answer."""

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
        """Whether the answer is wanted in Redis's own protocol. Raises Refused for a format there is not."""
        wanted = self.headers.get(b"upstash-response-format", b"json").lower()
        if wanted not in (b"json", b"resp2"):
            raise Refused("ERR response format must be json or resp2")
        if wanted == b"resp2" and self.base64:
            raise Refused("ERR base64 encoding and resp2 format exclude each other")
        return wanted == b"resp2"


class UpstashApp:
    """ASGI application. `token` is the bearer token it asks for, `limit` the longest body in bytes."""

    def __init__(self, redis: RedisConnection, token: str, limit: int = MAX_REQUEST) -> None:
        self._redis = redis
        self._token = token.encode()
        self._limit = limit
        self._scripts = Scripts()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        status, header = 200, _JSON
        try:
            header, payload = await self._answer(scope, receive)
        except Refused as refused:
            status, payload = refused.status, _json({"error": refused.message})
        except Unavailable as gone:
            status, payload = 503, _json({"error": f"ERR {gone}"})
        length = (b"content-length", b"%d" % len(payload))
        await send({"type": "http.response.start", "status": status, "headers": [header, _SYNC, length]})
        await send({"type": "http.response.body", "body": payload})

    async def _answer(self, scope: Message, receive: Receive) -> tuple[tuple[bytes, bytes], bytes]:
        if scope["path"] == HEALTH:
            await self._redis.run([[b"PING"]])
            return _JSON, b'{"status":"ok"}'
        if scope["method"] not in {"HEAD", "GET", "POST", "PUT"}:
            raise Refused("ERR method not allowed", 405)
        request = Request(scope, b"")
        if not hmac.compare_digest(request.token, self._token):
            raise Refused("WRONGPASS invalid or missing auth token", 401)
        request.body = await self._body(receive)
        if request.segments == [b"multi-exec"]:
            return _JSON, _json(await self._transaction(request))
        replies = await (self._pipeline(request) if request.segments == [b"pipeline"] else self._single(request))
        if request.resp2:
            return _BINARY, b"".join(map(encode_value, replies))
        if request.segments == [b"pipeline"]:
            return _JSON, _json([_entry(reply, request) for reply in replies])
        if isinstance(replies[0], Failure):
            raise Refused(replies[0].message)
        return _JSON, _json(_entry(replies[0], request))

    async def _single(self, request: Request) -> list[Value]:
        if request.segments == [b""]:
            words = _words(_parsed(request.body, "command"))
        else:
            # /SET/key with a body and ?EX=100 is SET key <body> EX 100.
            body = [request.body] if request.body and request.method in {"POST", "PUT"} else []
            options = [word for pair in request.query if pair[0] != b"_token" for word in pair if word]
            words = [*request.segments, *body, *options]
        return await self._run([self._scripts.prepare(words)])

    async def _pipeline(self, request: Request) -> list[Value]:
        return await self._run([self._scripts.prepare(words) for words in _rows(request.body, "pipeline")])

    async def _run(self, prepared: Sequence[Prepared]) -> list[Value]:
        sent = [one for one in prepared if one.refusal is None]
        replies = iter(await self._redis.run([one.words for one in sent]) if sent else [])
        return [Failure(one.refusal) if one.refusal else one.result(next(replies)) for one in prepared]

    async def _transaction(self, request: Request) -> list[dict[str, Any]]:
        """All or, when one command cannot be queued, none: then the reason is the answer to all."""
        prepared = [self._scripts.prepare(words) for words in _rows(request.body, "multi-exec")]
        for one in prepared:
            if one.refusal:
                raise Refused(one.refusal)
        replies = await self._redis.run([[b"MULTI"], *(one.words for one in prepared), [b"EXEC"]])
        for reply in replies[:-1]:
            if isinstance(reply, Failure):
                raise Refused(reply.message)
        done = replies[-1]
        if not isinstance(done, list):
            raise Refused(done.message if isinstance(done, Failure) else "EXECABORT Transaction discarded")
        return [_entry(one.result(reply), request) for one, reply in zip(prepared, done, strict=True)]

    async def _body(self, receive: Receive) -> bytes:
        message = await receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body"):
            if len(body) > self._limit:
                break
            message = await receive()
            body += message.get("body", b"")
        if len(body) > self._limit:
            raise Refused(f"ERR max request size exceeded. Limit: {self._limit} bytes, Actual: {len(body)} bytes")
        return body


def _parsed(body: bytes, what: str) -> list[Any]:
    try:
        # Numbers stay as they are written: 1.10 is not 1.1 to Redis.
        parsed = json.loads(body, parse_int=str, parse_float=str)
    except ValueError:
        parsed = None
    if not isinstance(parsed, list):
        raise Refused(f"ERR failed to parse {what} request: a JSON array is expected")
    return parsed


def _rows(body: bytes, what: str) -> list[list[bytes]]:
    rows = _parsed(body, what)
    if not rows:
        raise Refused(f"ERR empty {what} request")
    if not all(isinstance(row, list) for row in rows):
        raise Refused(f"ERR failed to parse {what} request: an array of arrays is expected")
    return [_words(row) for row in rows]


def _words(command: list[Any]) -> list[bytes]:
    if not command:
        raise Refused("ERR empty command")
    words = []
    for word in command:
        match word:
            case str():
                # A lone half of a surrogate pair is not text; it is replaced, as on the way back.
                words.append(word.encode("utf-8", "replace"))
            case bool():
                words.append(b"true" if word else b"false")
            case _:
                raise Refused("ERR a command takes strings, numbers and booleans")
    return words


def _entry(reply: Value, request: Request) -> dict[str, Any]:
    if isinstance(reply, Failure):
        return {"error": reply.message}
    return {"result": _shown(reply, request.base64)}


def _shown(value: Value, base64: bool) -> Any:
    match value:
        case None | int():
            return value
        case Status() if value == b"OK":
            return "OK"
        case bytes():
            return b64encode(value).decode() if base64 else value.decode("utf-8", "replace")
        case list():
            return [_shown(item, base64) for item in value]
        case Failure(message):
            # An error inside an array, as a script can return one.
            return _shown(message.encode(), base64)


def _json(value: Any) -> bytes:
    return orjson.dumps(value)
