"""Answers the requests that match no route: 404 for an unknown path, 405 for another method, and OPTIONS.

This module does not use the database, the cache or FastAPI, so that a flood of these requests is cheap.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from wecelebrate.core import edge, problems, route_table
from wecelebrate.core.errors import MethodNotAllowed, UnknownPath
from wecelebrate.core.settings import settings


@lru_cache(maxsize=1)
def _routes() -> route_table.Table:
    return route_table.decode(settings().routes)


def respond(event: dict[str, Any]) -> dict[str, Any]:
    """Return the response to a request that matches no route."""
    refusal = edge.admit(event)
    if refusal:
        return problems.response(refusal, event)
    request = event["requestContext"]
    method = request["http"]["method"]
    allowed = route_table.allowed_methods(_routes(), event["rawPath"])
    response: dict[str, Any]
    if method == "OPTIONS" and (allowed or _is_preflight(event["headers"])):
        response = {"statusCode": 204, "headers": {"allow": ", ".join(allowed)} if allowed else {}}
    elif not allowed or method in allowed:
        # The gateway matches the encoded path, but the event contains the decoded path. If only the decoded path
        # matches a route, the path of the request does not exist in the API.
        response = problems.response(UnknownPath(), event)
    else:
        response = problems.response(MethodNotAllowed(allowed), event)
    response["headers"] |= {"cache-control": "no-store", "x-request-id": request["requestId"]}
    return response


def _is_preflight(headers: Mapping[str, str]) -> bool:
    """Return whether an OPTIONS request is the preflight request of a browser. The gateway adds the CORS headers."""
    return "origin" in headers and "access-control-request-method" in headers
