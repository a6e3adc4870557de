"""Reads that the cache may answer.

A handler says which value it is and how it is loaded; everything else is here::

    @app.get("/v1/products/{product_id}", response_model=Product)
    def get_product(product_id: UUID, cached: Cached) -> Response:
        return cached.one(products.entry(product_id), lambda tx: products.get(tx, product_id))

The answer carries a strong ETag and says where it came from (`Cache-Status`, RFC 9211). One caller loads what is not
there; the others wait for it, or are shown what has only just aged.
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
from wecelebrate.core.http.responses import link, say
from wecelebrate.core.models import Listed
from wecelebrate.core.requests.loading import one, page, value_of
from wecelebrate.core.requests.request_cache import Gate

PRIVATE = "private, no-cache"
"""For signed-in callers: theirs alone, and asked for again each time, by its ETag."""
PUBLIC = "public, max-age=5, s-maxage=30, stale-while-revalidate=30"
"""For visitors: CloudFront may show it for half a minute."""


def gate_of(request: Request, caller: Caller, *, orders: bool = False) -> Gate:
    """The gate of a request: what it counts, `orders` also as one of the site, is told in the answer's headers."""
    caller = caller.after(consistency.min_xids(request.headers.get(consistency.HEADER)))
    # Who comes with a token is counted by its session alone.
    address = "" if caller.subject else request.scope["aws.event"]["requestContext"]["http"]["sourceIp"]
    return Gate(caller, address, lambda headers: say(request, headers), orders)


class CachedReads:
    """What `Cached` and `Shown` hand to a handler."""

    def __init__(self, request: Request, caller: Caller) -> None:
        self._request = request
        self._gate = gate_of(request, caller)

    def one(self, entry: Entry, load: Callable[[Transaction], BaseModel]) -> Response:
        """One thing. Raises what `load` raises."""
        value, came = value_of(self._gate, entry, one(load))
        return self._response(value, came)

    def page(self, entry: Entry | None, asked: Listed, load: Callable[[Transaction], pages.Built]) -> Response:
        """One page of a list, with a `Link` to the next. Raises what `load` raises, PageTooLarge."""
        value, came = value_of(self._gate, entry, page(load))
        answer = self._response(value, came)
        answer.headers.update(link(self._request, asked, json.loads(value.meta)[2]))
        return answer

    def _response(self, value: Value, came: str) -> Response:
        status, tag, _ = json.loads(value.meta)
        if status == HTTPStatus.NOT_FOUND:
            raise NotFound
        headers = {
            "ETag": tag,
            "Cache-Control": PRIVATE if self._gate.caller.subject else PUBLIC,
            "Vary": "Authorization, Origin",
            "Cache-Status": f"wecelebrate; {came}",
        }
        return Response(value.body, media_type="application/json", headers=headers)
