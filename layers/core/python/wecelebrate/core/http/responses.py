"""Helpers for responses: pages of lists, conditional responses (304), and additional headers."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from wecelebrate.core import pages
from wecelebrate.core.etags import etag, matches

_ADDED_HEADERS = "wecelebrate.headers"
_BEFORE_RESPONSE = "wecelebrate.before_response"


def add_headers(request: Request, headers: Mapping[str, str]) -> None:
    """Add headers to the response of this request, even if the response is an error. `serve()` reads these headers."""
    add_headers_to(request.scope["aws.event"], headers)


def add_headers_to(event: dict[str, Any], headers: Mapping[str, str]) -> None:
    """Add headers to the response of an event."""
    event.setdefault(_ADDED_HEADERS, {}).update(headers)


def added_headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that `add_headers` added for an event. Their names are in lower case."""
    return {name.lower(): value for name, value in event.get(_ADDED_HEADERS, {}).items()}


def before_response(request: Request, callback: Callable[[Response], None]) -> None:
    """Register a callback for the response of this request. It runs after the transaction, before the response is sent.

    If the callback raises a problem, the caller gets the problem instead of the response.
    """
    request.scope.setdefault(_BEFORE_RESPONSE, []).append(callback)


def call_before_response(request: Request, response: Response) -> None:
    """Call the callbacks of `before_response`."""
    for callback in request.scope.get(_BEFORE_RESPONSE, ()):
        callback(response)


def page_response(request: Request, parameters: BaseModel, page: pages.RenderedPage) -> Response:
    """Respond with one page of a list that is not cached."""
    body, cursor = pages.body(page)
    headers = {"ETag": etag(body)} | link_header(request, parameters, cursor)
    return Response(body, media_type="application/json", headers=headers)


def or_not_modified(request: Request, response: Response) -> Response:
    """Return the response. If the caller already has its content, return a response with the status 304 (RFC 9110)."""
    tag = response.headers.get("etag")
    if request.method != "GET" or response.status_code != HTTPStatus.OK or tag is None:
        return response
    if not matches(request.headers.get("if-none-match"), tag):
        return response
    headers = {name: value for name, value in response.headers.items() if not name.startswith("content-")}
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)


def link_header(request: Request, parameters: BaseModel, cursor: str | None) -> dict[str, str]:
    """Return the `Link` header to the next page. The result is empty if there is no next page."""
    if not cursor:
        return {}
    query = parameters.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    return {"Link": pages.next_link(request.url.path, query, cursor)}
