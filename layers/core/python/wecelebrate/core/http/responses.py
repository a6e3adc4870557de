"""What answers have in common: pages of lists, and headers that go on whatever becomes of a request."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from wecelebrate.core import pages
from wecelebrate.core.etags import etag, matches

_SAID = "wecelebrate.headers"


def say(request: Request, headers: Mapping[str, str]) -> None:
    """Have headers on the answer of this request, be it a problem: `serve()` puts them on."""
    request.scope["aws.event"].setdefault(_SAID, {}).update(headers)


def said(event: Mapping[str, Any]) -> dict[str, str]:
    """What was said for an event, by header in lower case."""
    return {name.lower(): value for name, value in event.get(_SAID, {}).items()}


def page_response(request: Request, asked: BaseModel, page: pages.Built) -> Response:
    """One page of a list that is never kept. Raises PageTooLarge."""
    body, cursor = pages.body(page)
    return Response(body, media_type="application/json", headers={"ETag": etag(body)} | link(request, asked, cursor))


def unless_seen(request: Request, answer: Response) -> Response:
    """The answer of a read; 304 to whoever has it as it is (RFC 9110)."""
    tag = answer.headers.get("etag")
    if request.method != "GET" or answer.status_code != HTTPStatus.OK or tag is None:
        return answer
    if not matches(request.headers.get("if-none-match"), tag):
        return answer
    headers = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)


def link(request: Request, asked: BaseModel, cursor: str | None) -> dict[str, str]:
    """The `Link` header to the next page, when there is one."""
    if not cursor:
        return {}
    query = asked.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    return {"Link": pages.next_link(request.url.path, query, cursor)}
