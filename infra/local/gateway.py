"""Emulates the HTTP API of API Gateway, with routes, JWT authorizer, CORS, limits and payload format 2.0.

Error responses of the gateway have the same body as on AWS. There are three differences from AWS:

- The gateway uses HTTP without TLS.
- It has only one stage.
- It has a health check at `/_local/health`, figures of its routes at `/_local/figures`, and an API explorer at `/docs`.
"""

import asyncio
import base64
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from logging import getLogger
from typing import Any

import orjson

from infra.functions import DEFAULT_ROUTE, FunctionSpec
from infra.http_api import CORS, INTEGRATION_TIMEOUT, REQUEST_LIMIT, Cors
from infra.local.authorizer import Authorizer, Unauthorized
from infra.local.compression import compressed
from infra.local.explorer import Explorer
from infra.local.invocations import INVOCATIONS, Invocations
from infra.local.lambda_service import Lambda, RequestTooLarge, TooManyRequests, new_trace_id
from infra.local.payload_format import BadResponse, Request, Response, event, response
from infra.local.processes import HEALTH
from infra.local.route_figures import PATH as FIGURES
from infra.local.route_figures import RouteFigures
from infra.local.routes import Routes

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = getLogger(__name__)

_STATUSES_WITHOUT_BODY = (204, 304)
"""The statuses of responses that have no body and no header `content-length`."""


@dataclass(frozen=True)
class _Target:
    route: str
    function: str
    requires_token: bool


class _GatewayError(Exception):
    """An error response of the gateway itself, not of a function."""

    def __init__(self, status: int, message: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        super().__init__(message)
        body = json.dumps({"message": message}, separators=(",", ":")).encode()
        self.response = Response(status, [(b"content-type", b"application/json"), *headers], body)


class Gateway:
    """An ASGI application that serves the routes of `specs`. For each request, it invokes the function of the route.

    invocation_key: the key with which functions invoke other functions.
    timeout: maximum seconds until a function must respond.
    """

    def __init__(
        self,
        specs: Iterable[FunctionSpec],
        functions: Lambda,
        authorizer: Authorizer,
        *,
        invocation_key: str,
        cors: Cors = CORS,
        timeout: float = INTEGRATION_TIMEOUT,
    ) -> None:
        self._functions = functions
        self._authorizer = authorizer
        self._timeout = timeout
        self._explorer = Explorer()
        self._figures = RouteFigures()
        self._invocations = Invocations(functions, invocation_key)
        self._routes: Routes[_Target] = Routes()
        self._default_target: _Target | None = None
        for spec in specs:
            for route in spec.served_routes:
                target = _Target(route, spec.name, spec.auth == "required")
                if route == DEFAULT_ROUTE:
                    self._default_target = target
                else:
                    self._routes.add(route, target)
        self._any_origin = "*" in cors.allow_origins
        self._origins = frozenset(cors.allow_origins)
        self._exposed = [(b"access-control-expose-headers", ",".join(cors.expose_headers).encode())]
        self._preflight = [
            (b"access-control-allow-methods", ",".join(cors.allow_methods).encode()),
            (b"access-control-allow-headers", ",".join(cors.allow_headers).encode()),
            (b"access-control-max-age", str(cors.max_age).encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the gateway does not support the protocol {scope['type']}")
        raw_path = scope["raw_path"].decode("latin-1")
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        origin = next((value for name, value in headers if name == b"origin"), None)
        is_preflight = (
            scope["method"] == "OPTIONS"
            and origin is not None
            and any(name == b"access-control-request-method" for name, _ in headers)
        )
        request_id = base64.b64encode(os.urandom(11)).decode("ascii")
        if raw_path == HEALTH:
            answer = _json({"status": "ok", "functions": self._functions.processes})
        elif raw_path == FIGURES:
            answer = _json(self._figures.document())
        elif raw_path.startswith(INVOCATIONS):
            await self._invocations(scope, receive, send)
            return
        elif is_preflight:
            answer = Response(204, list(self._preflight) if self._allows(origin) else [], b"")
        else:
            try:
                answer = await self._explore(scope, raw_path) or await self._serve(scope, receive, raw_path, request_id)
            except _GatewayError as error:
                answer = error.response
            answer = await compressed(answer, headers)
        sent_headers = answer.headers
        if origin is not None:
            sent_headers = self._with_cors(sent_headers, origin)
        has_body = answer.status not in _STATUSES_WITHOUT_BODY
        sends_body = has_body and scope["method"] != "HEAD"
        if has_body:
            sent_headers = [*sent_headers, (b"content-length", b"%d" % len(answer.body))]
        sent_headers = [*sent_headers, (b"apigw-requestid", request_id.encode())]
        await send({"type": "http.response.start", "status": answer.status, "headers": sent_headers})
        await send({"type": "http.response.body", "body": answer.body if sends_body else b""})

    async def _explore(self, scope: Scope, raw_path: str) -> Response | None:
        if scope["method"] != "GET" or not scope["server"]:
            return None
        host, port = scope["server"]
        return await self._explorer.get(raw_path, f"http://{host}:{port}")

    async def _serve(self, scope: Scope, receive: Receive, raw_path: str, request_id: str) -> Response:
        target, parameters = self._find(scope["method"], raw_path)
        begun = time.perf_counter()
        try:
            answer = await self._answer(scope, receive, target, parameters, request_id)
        except _GatewayError as error:
            self._figures.record(target.route, error.response.status, begun)
            raise
        self._figures.record(target.route, answer.status, begun)
        return answer

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        target: _Target,
        parameters: Mapping[str, str],
        request_id: str,
    ) -> Response:
        headers = scope["headers"]
        claims = await self._authorize(headers) if target.requires_token else None
        request = Request(
            method=scope["method"],
            raw_path=scope["raw_path"].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=await _read_body(headers, receive),
            source=scope["client"][0] if scope["client"] else "127.0.0.1",
            protocol=f"HTTP/{scope['http_version']}",
            id=request_id,
        )
        trace_id = new_trace_id()
        # All clients share this process, so a large body delays their requests. With json.dumps, the delay would be
        # four times as long as with orjson.
        payload = orjson.dumps(event(request, target.route, parameters, claims, trace_id))
        return await self._invoke(target, payload, trace_id)

    def _find(self, method: str, raw_path: str) -> tuple[_Target, Mapping[str, str]]:
        """Return the target of a request and the path parameters of the request. Raises _GatewayError."""
        match = self._routes.find(method, raw_path)
        if match is not None:
            return match
        if self._default_target is None:
            raise _GatewayError(404, "Not Found")
        return self._default_target, {}

    async def _authorize(self, headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
        authorization = next((value for name, value in headers if name == b"authorization"), None)
        try:
            return await self._authorizer.claims(authorization.decode("latin-1") if authorization else None)
        except Unauthorized as error:
            challenge = [(b"www-authenticate", str(error).encode())]
            raise _GatewayError(401, "Unauthorized", challenge) from error

    async def _invoke(self, target: _Target, payload: bytes, trace_id: str) -> Response:
        try:
            async with asyncio.timeout(self._timeout):
                result = await self._functions.invoke(target.function, payload, trace_id=trace_id)
        except RequestTooLarge as error:
            raise _GatewayError(413, "Request Entity Too Large") from error
        except (TooManyRequests, TimeoutError) as error:
            log.warning("%s: %s", target.route, str(error) or f"no response within {self._timeout:g} s")
            raise _GatewayError(503, "Service Unavailable") from error
        if result.error:
            log.warning(
                "%s: %s failed: %s", target.route, target.function, result.payload[:500].decode("utf-8", "replace")
            )
            raise _GatewayError(500, "Internal Server Error")
        try:
            return response(result.payload)
        except BadResponse as error:
            log.warning("%s: %s", target.route, error)
            raise _GatewayError(500, "Internal Server Error") from error

    def _allows(self, origin: bytes | None) -> bool:
        return origin is not None and (self._any_origin or origin.decode("latin-1") in self._origins)

    def _with_cors(self, headers: list[tuple[bytes, bytes]], origin: bytes | None) -> list[tuple[bytes, bytes]]:
        """Replace the CORS headers of the function with the CORS headers of the gateway."""
        preflight = {name for name, _ in self._preflight}
        other_headers = [
            (name, value) for name, value in headers if not name.startswith(b"access-control-") or name in preflight
        ]
        if not self._allows(origin):
            return other_headers
        allowed_origin = b"*" if self._any_origin else origin or b""
        return [*other_headers, (b"access-control-allow-origin", allowed_origin), *self._exposed]


def _json(document: Any) -> Response:
    return Response(200, [(b"content-type", b"application/json")], json.dumps(document).encode())


async def _read_body(headers: Iterable[tuple[bytes, bytes]], receive: Receive) -> bytes:
    content_length = next((value for name, value in headers if name == b"content-length"), b"0")
    if content_length.isdigit() and int(content_length) > REQUEST_LIMIT:
        raise _GatewayError(413, "Request Entity Too Large")
    parts: list[bytes] = []
    size = 0
    more_body = True
    while more_body:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _GatewayError(400, "Bad Request")
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > REQUEST_LIMIT:
            raise _GatewayError(413, "Request Entity Too Large")
        more_body = message.get("more_body", False)
    return b"".join(parts)
