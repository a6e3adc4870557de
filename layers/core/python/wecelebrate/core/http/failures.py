"""Counts the additional costs of failed and slow requests against the limits.

A request can fail before it is counted: for example, the body is not JSON, the token is not valid, or a field is wrong.
Without this module, such a request would not count against any limit.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request

from wecelebrate.core import problems
from wecelebrate.core.auth import caller, gateway_claims
from wecelebrate.core.database import Caller
from wecelebrate.core.errors import TooManyRequests, Unauthenticated
from wecelebrate.core.http.responses import add_headers_to
from wecelebrate.core.metering import meter
from wecelebrate.core.requests.request_cache import RequestCache

_REQUEST_CACHE = "wecelebrate.request_cache"
REPLAYED_HEADER = "Idempotent-Replayed"
"""The header of a response that was stored for the idempotency key of the request."""


def remember(request: Request, cache: RequestCache) -> None:
    """Remember the RequestCache of a request until `count` is called."""
    request.scope["aws.event"][_REQUEST_CACHE] = cache


def remembered(request: Request) -> RequestCache:
    """Return the RequestCache that `remember` has stored for this request."""
    cache: RequestCache = request.scope["aws.event"][_REQUEST_CACHE]
    return cache


def source_address(event: Mapping[str, Any]) -> str:
    """Return the IP address from which a request came."""
    source: str = event["requestContext"]["http"]["sourceIp"]
    return source


def body_bytes(event: Mapping[str, Any]) -> int:
    """Return the size of the body of a request."""
    body: str = event.get("body") or ""
    if event.get("isBase64Encoded"):
        return len(body) * 3 // 4 - body[-2:].count("=")
    return len(body.encode())


def count(event: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    """Increase the cost of a request that failed or kept the database busy. Return the response to send.

    The result is `response`, or a response with the status 429 if a limit is used up.
    """
    status = response["statusCode"]
    cache: RequestCache | None = event.pop(_REQUEST_CACHE, None)
    if status < HTTPStatus.BAD_REQUEST:
        if cache and REPLAYED_HEADER.lower() in response["headers"]:
            cache.count.take_back_order()
        if cache:
            cache.count.record_database_time(meter.request_milliseconds)
        return response
    try:
        (cache or _request_cache(event)).record_failure(status)
    except TooManyRequests as problem:
        return problems.response(problem, event)
    return response


def _request_cache(event: dict[str, Any]) -> RequestCache:
    try:
        claims = gateway_claims(event)
        sender = caller(claims) if claims else Caller()
    except Unauthenticated:
        sender = Caller()
    return RequestCache(
        sender, source_address(event), lambda headers: add_headers_to(event, headers), body_bytes=body_bytes(event)
    )
