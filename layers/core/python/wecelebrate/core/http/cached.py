"""Reads that are answered from the cache if possible.

A handler passes the cache entry of the value, and a function that loads the value::

    @app.get("/v1/products/{product_id}", response_model=Product)
    def get_product(product_id: UUID, cached: Cached) -> Response:
        return cached.one(products.entry(product_id), lambda tx: products.get(tx, product_id))

The response has a strong ETag. Its `Cache-Status` header says whether the value came from the cache (RFC 9211). If
several callers need a missing value, one request loads the value. The other requests wait for the new value, or return
the expired value if the cache still contains it.
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
from wecelebrate.core.http import failures
from wecelebrate.core.http.responses import add_headers, link_header
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.requests.loading import object_loader, page_loader, value_of
from wecelebrate.core.requests.request_cache import RequestCache

PRIVATE = "private, no-cache"
"""The Cache-Control header for signed-in callers. Only the browser of the caller is allowed to store the response.
Before each use, the browser must revalidate the response with the ETag."""
PUBLIC = "public, max-age=5, s-maxage=30, stale-while-revalidate=30"
"""The Cache-Control header for anonymous visitors. CloudFront is allowed to serve the response for 30 seconds."""


def request_cache_of(
    request: Request,
    caller: Caller,
    *,
    is_order: bool = False,
    own_limit: str | None = None,
    has_session: bool = True,
) -> RequestCache:
    """Create the RequestCache of a request. The RequestCache adds the headers with the rate limits to the response.

    `is_order` means that the request also counts against the order limit of the site. `own_limit` is described in
    `RequestCount`, and `has_session` in `RequestCache`.
    """
    caller = caller.reading_after(consistency.min_xids(request.headers.get(consistency.HEADER)))
    event = request.scope["aws.event"]
    cache = RequestCache(
        caller,
        failures.source_address(event),
        lambda headers: add_headers(request, headers),
        is_order,
        own_limit,
        has_session=has_session,
        body_bytes=failures.body_bytes(event),
    )
    failures.remember(request, cache)
    return cache


class CachedReads:
    """The cached reads of one request. Handlers get this object as an argument (`Cached` or `StorefrontRead`)."""

    def __init__(self, request: Request, caller: Caller, own_limit: str | None = None) -> None:
        self._request = request
        self._cache = request_cache_of(request, caller, own_limit=own_limit)

    @property
    def caller(self) -> Caller:
        """The caller of the request."""
        return self._cache.caller

    def read(self, entry: Entry, load: Callable[[Transaction], BaseModel]) -> str:
        """Return one object as JSON. Raises the errors that `load` raises."""
        value, _ = value_of(self._cache, entry, object_loader(load))
        if json.loads(value.meta)[0] == HTTPStatus.NOT_FOUND:
            raise NotFound
        return value.body

    def one(self, entry: Entry, load: Callable[[Transaction], BaseModel]) -> Response:
        """Respond with one object. Raises the errors that `load` raises."""
        value, cache_status = value_of(self._cache, entry, object_loader(load))
        return self._response(value, cache_status)

    def page(
        self, entry: Entry | None, parameters: ListParameters, load: Callable[[Transaction], pages.RenderedPage]
    ) -> Response:
        """Respond with one page of a list, and with a `Link` header to the next page.

        Raises the errors that `load` raises.
        """
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
