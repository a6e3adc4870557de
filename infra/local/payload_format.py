"""Converts HTTP requests to events, and results of functions to HTTP responses (API Gateway's payload format 2.0).

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

_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/javascript")

_CONNECTION_HEADERS = frozenset(
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
"""The headers that describe the connection to the client. A function cannot set these headers."""


class BadResponse(Exception):
    """A function returned a result that is not a valid HTTP response."""


@dataclass(frozen=True)
class Request:
    """An HTTP request that the gateway has received."""

    method: str
    raw_path: str
    """The path, still percent-encoded."""
    query: str
    """The query string, still percent-encoded."""
    headers: Headers
    body: bytes
    source: str
    """The IP address of the client."""
    protocol: str
    id: str
    """The request id, which the gateway has created."""


@dataclass(frozen=True)
class Response:
    """An HTTP response that the gateway sends."""

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
    """Convert a request to an event.

    claims: the claims of the verified token, or None if the route requires no token.
    """
    headers, cookies = _headers(request, trace_id)
    path = unquote(request.raw_path)
    domain = headers.get("host", "localhost")
    now = time.time()
    request_context: dict[str, Any] = {
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
        request_context["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
    payload: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        # An HTTP API decodes the path, but not the query string.
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": request_context,
        "isBase64Encoded": False,
    }
    if cookies:
        payload["cookies"] = cookies
    if request.query:
        payload["queryStringParameters"] = _join_values(parse_qsl(request.query, keep_blank_values=True))
    if parameters:
        payload["pathParameters"] = parameters
    if request.body:
        _add_body(payload, request.body, headers.get("content-type", ""))
    return payload


def response(payload: bytes) -> Response:
    """Convert the result of a function to an HTTP response. Raises BadResponse."""
    try:
        result = orjson.loads(payload)
    except ValueError as error:
        raise BadResponse("the result of the function is not JSON") from error
    if not isinstance(result, dict) or "statusCode" not in result:
        # If the result has no `statusCode`, the status is 200, and the whole result is the body.
        body = result if isinstance(result, str) else json.dumps(result, separators=(",", ":"))
        return Response(200, [(b"content-type", b"application/json")], body.encode())
    headers = [
        (name.lower().encode("latin-1"), text.encode("latin-1", "replace"))
        for name, text in _header_texts(result.get("headers"))
        if name.lower() not in _CONNECTION_HEADERS
    ]
    if not any(name == b"content-type" for name, _ in headers):
        headers.append((b"content-type", b"text/plain;charset=UTF-8"))
    cookies = result.get("cookies") or []
    if not isinstance(cookies, list) or not all(isinstance(cookie, str) for cookie in cookies):
        raise BadResponse("`cookies` must be a list of strings")
    headers.extend((b"set-cookie", cookie.encode("latin-1", "replace")) for cookie in cookies)
    return Response(_status(result["statusCode"]), headers, _body(result))


def _headers(request: Request, trace_id: str) -> tuple[dict[str, str], list[str]]:
    """Return the headers, and the cookies in a separate list.

    Header names are in lower case. The values of a repeated header are joined by commas.
    """
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


def _join_values(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Map each name to its value. If a name is repeated, its values are joined by commas."""
    values: dict[str, str] = {}
    for name, value in pairs:
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def _add_body(payload: dict[str, Any], body: bytes, content_type: str) -> None:
    media_type = content_type.strip().lower()
    if not media_type or media_type.startswith(_TEXT_TYPES):
        try:
            payload["body"] = body.decode("utf-8")
            return
        except UnicodeDecodeError:
            # The body is sent as base64, because JSON cannot contain text that is not valid UTF-8.
            pass
    payload["body"] = base64.b64encode(body).decode("ascii")
    payload["isBase64Encoded"] = True


def _status(value: Any) -> int:
    try:
        status = int(value)
    except (TypeError, ValueError) as error:
        raise BadResponse(f"`statusCode` must be an integer from 100 to 599, not {value!r}") from error
    if isinstance(value, bool | float) or not 100 <= status <= 599:
        raise BadResponse(f"`statusCode` must be an integer from 100 to 599, not {value!r}")
    return status


def _header_texts(headers: Any) -> list[tuple[str, str]]:
    if headers is None:
        return []
    if not isinstance(headers, dict):
        raise BadResponse("`headers` must be an object")
    texts: list[tuple[str, str]] = []
    for name, value in headers.items():
        if isinstance(value, bool):
            texts.append((name, "true" if value else "false"))
        elif isinstance(value, str | int | float):
            texts.append((name, str(value)))
        else:
            raise BadResponse(f"the header `{name}` must be a string, a number or a boolean")
    return texts


def _body(result: Mapping[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise BadResponse("`body` must be a string")
    if not result.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise BadResponse("`body` must be base64 because `isBase64Encoded` is true") from error
