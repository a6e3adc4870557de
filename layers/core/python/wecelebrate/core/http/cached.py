"""Cached reads.

A handler names the value and how it is loaded::

    @app.get("/v1/products/{product_id}", response_model=Product)
    def get_product(product_id: UUID, cached: Cached) -> Response:
        return cached.one(products.entry(product_id), lambda tx: products.get(tx, product_id))

The response has a strong ETag, and a `Cache-Status` that says where it came from (RFC 9211). One caller loads a missing
value. The others wait for it, or get the stale one.
"""

import json
from collections.abc import Callable
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from wecelebrate.core import consistency, pages
from wecelebrate.core.cache import Value
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Caller, Transaction
from wecelebrate.core.errors import NotFound
from wecelebrate.core.http.responses import add_headers, link_header
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.requests.loading import object_loader, page_loader, value_of
from wecelebrate.core.requests.request_cache import RequestCache

PRIVATE = "private, no-cache"
"""For signed-in callers: only their browser stores the response, and revalidates it by its ETag each time."""
PUBLIC = "public, max-age=5, s-maxage=30, stale-while-revalidate=30"
"""For visitors: CloudFront may serve the response for half a minute."""


def request_cache_of(request: Request, caller: Caller, *, is_order: bool = False) -> RequestCache:
    """The cache access of a request. The response gets the state of the limits. `is_order`: the request also counts as
    an order of the site."""
    caller = caller.reading_after(consistency.min_xids(request.headers.get(consistency.HEADER)))
    # A caller with a token is only counted by its session.
    address = "" if caller.subject else request.scope["aws.event"]["requestContext"]["http"]["sourceIp"]
    return RequestCache(caller, address, lambda headers: add_headers(request, headers), is_order)


class CachedReads:
    """The cached reads of a request, as `Cached` and `StorefrontRead` give them to a handler."""

    def __init__(self, request: Request, caller: Caller) -> None:
        self._request = request
        self._cache = request_cache_of(request, caller)

    def one(self, entry: Entry, load: Callable[[Transaction], BaseModel]) -> Response:
        """One object. Raises what `load` raises."""
        value, cache_status = value_of(self._cache, entry, object_loader(load))
        return self._response(value, cache_status)

    def page(
        self, entry: Entry | None, parameters: ListParameters, load: Callable[[Transaction], pages.RenderedPage]
    ) -> Response:
        """One page of a list, with a `Link` to the next. Raises what `load` raises, and PageTooLarge."""
        value, cache_status = value_of(self._cache, entry, page_loader(load))
        response = self._response(value, cache_status)
        response.headers.update(link_header(self._request, parameters, json.loads(value.meta)[2]))
        return response

    def _response(self, value: Value, cache_status: str) -> Response:
        status, tag, _ = json.loads(value.meta)
        if status == HTTPStatus.NOT_FOUND:
            raise NotFound
        headers = {
            "ETag": tag,
            "Cache-Control": PRIVATE if self._cache.caller.subject else PUBLIC,
            "Vary": "Authorization, Origin",
            "Cache-Status": f"wecelebrate; {cache_status}",
        }
        return Response(value.body, media_type="application/json", headers=headers)
