"""Payload format 2.0: a request as the event of a function, and what the function returns as a response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import binascii
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from infra.local.function_process import ACCOUNT

API_ID = "local"
STAGE = "$default"

Headers = Sequence[tuple[bytes, bytes]]

_TEXT = ("text/", "application/json", "application/xml", "application/javascript")

_CONNECTION = frozenset(
    {
        "connection",
        "content-length",
        "keep-alive",
        "proxy-authenticate",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that belong to a connection: never taken over from a function."""


class BadResponse(Exception):
    """A function returned what no HTTP response can be made of."""


@dataclass(frozen=True)
class Request:
    """A request as the gateway received it."""

    method: str
    raw_path: str
    """Percent-encoded."""
    query: str
    """Percent-encoded."""
    headers: Headers
    body: bytes
    source: str
    """Address of the client."""
    protocol: str
    id: str
    """The gateway's id of the request."""


@dataclass(frozen=True)
class Response:
    """A response as the gateway sends it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def event(
    request: Request,
    route: str,
    parameters: Mapping[str, str],
    claims: Mapping[str, str] | None,
    trace_id: str,
) -> dict[str, Any]:
    """The event of a request. `claims` are those of a verified token, where the route requires one."""
    headers, cookies = _headers(request, trace_id)
    path = unquote(request.raw_path)
    domain = headers.get("host", "localhost")
    now = time.time()
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": request.protocol,
            "sourceIp": request.source,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request.id,
        "routeKey": route,
        "stage": STAGE,
        "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now * 1000),
    }
    if claims is not None:
        context["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        # HTTP APIs decode the path, and nothing else.
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if cookies:
        made["cookies"] = cookies
    if request.query:
        made["queryStringParameters"] = _joined(parse_qsl(request.query, keep_blank_values=True))
    if parameters:
        made["pathParameters"] = parameters
    if request.body:
        _put_body(made, request.body, headers.get("content-type", ""))
    return made


def response(payload: bytes) -> Response:
    """The response that a function's result stands for. Raises BadResponse."""
    try:
        returned = orjson.loads(payload)
    except ValueError as error:
        raise BadResponse("the function did not return JSON") from error
    if not isinstance(returned, dict) or "statusCode" not in returned:
        # A result that does not speak of a response is the body of one.
        body = returned if isinstance(returned, str) else json.dumps(returned, separators=(",", ":"))
        return Response(200, [(b"content-type", b"application/json")], body.encode())
    sent = [
        (name.lower().encode("latin-1"), text.encode("latin-1", "replace"))
        for name, text in _texts(returned.get("headers"))
        if name.lower() not in _CONNECTION
    ]
    if not any(name == b"content-type" for name, _ in sent):
        sent.append((b"content-type", b"text/plain;charset=UTF-8"))
    cookies = returned.get("cookies") or []
    if not isinstance(cookies, list) or not all(isinstance(cookie, str) for cookie in cookies):
        raise BadResponse("cookies are not a list of strings")
    sent.extend((b"set-cookie", cookie.encode("latin-1", "replace")) for cookie in cookies)
    return Response(_status(returned["statusCode"]), sent, _body(returned))


def _headers(request: Request, trace_id: str) -> tuple[dict[str, str], list[str]]:
    """Headers, lower-cased, those of one name joined by commas; and the cookies, which HTTP APIs keep apart."""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for raw_name, raw_value in request.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name == "cookie":
            cookies += [cookie for part in value.split(";") if (cookie := part.strip())]
        else:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    forwarded = headers.get("x-forwarded-for")
    headers["x-forwarded-for"] = f"{forwarded}, {request.source}" if forwarded else request.source
    headers["x-forwarded-proto"] = "http"
    headers["x-forwarded-port"] = headers.get("host", "").partition(":")[2] or "80"
    headers["x-amzn-trace-id"] = trace_id
    return headers, cookies


def _joined(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _put_body(made: dict[str, Any], body: bytes, content_type: str) -> None:
    kind = content_type.strip().lower()
    if not kind or kind.startswith(_TEXT):
        try:
            made["body"] = body.decode("utf-8")
            return
        except UnicodeDecodeError:
            # Text that is not UTF-8 has no form in JSON but this.
            pass
    made["body"] = base64.b64encode(body).decode("ascii")
    made["isBase64Encoded"] = True


def _status(value: Any) -> int:
    try:
        status = int(value)
    except (TypeError, ValueError) as error:
        raise BadResponse(f"{value!r} is not a status code") from error
    if isinstance(value, bool | float) or not 100 <= status <= 599:
        raise BadResponse(f"{value!r} is not a status code")
    return status


def _texts(headers: Any) -> list[tuple[str, str]]:
    if headers is None:
        return []
    if not isinstance(headers, dict):
        raise BadResponse("headers are not an object")
    texts: list[tuple[str, str]] = []
    for name, value in headers.items():
        if isinstance(value, bool):
            texts.append((name, "true" if value else "false"))
        elif isinstance(value, str | int | float):
            texts.append((name, str(value)))
        else:
            raise BadResponse(f"header {name} is not a string")
    return texts


def _body(returned: Mapping[str, Any]) -> bytes:
    body = returned.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise BadResponse("body is not a string")
    if not returned.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise BadResponse("body is not base64") from error
