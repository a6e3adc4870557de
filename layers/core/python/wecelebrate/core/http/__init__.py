"""The framework of an API function: FastAPI behind Mangum.

It turns errors into problem documents, and opens one transaction per request. An example of a handler::

    app = api()

    @app.post(
        "/v1/catalogs/{catalog_id}/products", status_code=201, dependencies=[located_at("/v1/products/{id}")]
    )
    def create_product(catalog_id: UUID, new: NewProduct, tx: Writing) -> Product:
        return products.create(tx, catalog_id, new)

    handler = serve(app)
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from fastapi import Depends, FastAPI, Header, Path, Request
from mangum import Mangum

from wecelebrate.core import consistency, deadline, edge, metrics, queue
from wecelebrate.core.auth import bearer_claims, caller, gateway_claims
from wecelebrate.core.compression import compress_large
from wecelebrate.core.database import Caller, Transaction, reading, visited_site, writing
from wecelebrate.core.errors import Unauthenticated
from wecelebrate.core.etags import Match
from wecelebrate.core.http import failures, problems
from wecelebrate.core.http.bodies import bounded_body
from wecelebrate.core.http.cached import CachedReads, request_cache_of
from wecelebrate.core.http.durations import lasts_at_least
from wecelebrate.core.http.locations import located_at, not_located
from wecelebrate.core.http.responses import add_headers, added_headers, before_response, page_response
from wecelebrate.core.http.routes import Deferred, DirectRoute, idempotent, model_response
from wecelebrate.core.problems import PROBLEM
from wecelebrate.core.problems import response as problem_response
from wecelebrate.core.requests.addresses import limited_address
from wecelebrate.core.requests.loading import write_through
from wecelebrate.core.requests.request_cache import RequestCache
from wecelebrate.core.types import DomainName

__all__ = [
    "AccountWrite",
    "Cached",
    "CustomerRead",
    "CustomerWrite",
    "EventWrite",
    "IfMatch",
    "OrderWrite",
    "PublicWrite",
    "Reading",
    "SourceAddress",
    "StorefrontRead",
    "VisitorRead",
    "VisitorWrite",
    "Writing",
    "api",
    "before_response",
    "bounded_body",
    "lasts_at_least",
    "located_at",
    "model_response",
    "not_located",
    "page_response",
    "serve",
]

logger = Logger()

DISPATCH_HEADER = "Job-Dispatch"
"""This header says whether the messages of new jobs were sent. Its values are defined in `core.queue.Dispatch`."""


def api() -> FastAPI:
    """Create the app of one function. The app does not serve an OpenAPI document, because tools build the document."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.router.route_class = DirectRoute
    problems.add_to(app)
    return app


def serve(app: FastAPI) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Create the Lambda handler of an app."""
    # The adapter is created at the first event, because Mangum needs an event loop. Tools that only read the app have
    # no event loop.
    adapter = functools.cache(
        lambda: Mangum(app, lifespan="off", text_mime_types=["application/json", PROBLEM, "text/"])
    )

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        request_id = event.get("requestContext", {}).get("requestId")
        logger.append_keys(request_id=request_id)
        refusal = edge.admit(event)
        if refusal:
            return problem_response(refusal, event)
        _answer_head_like_get(event)
        with deadline.invocation(context):
            response: dict[str, Any] = adapter()(event, context)
            response = failures.count(event, response)
        metrics.flush()
        response["headers"] = {"cache-control": "no-store"} | response["headers"] | added_headers(event)
        response["headers"]["x-request-id"] = request_id
        return compress_large(event, response)

    return handler


def _answer_head_like_get(event: dict[str, Any]) -> None:
    """Change the method HEAD of an event to GET.

    The function returns the same response as for GET, and the gateway sends only its headers. The gateway computes
    Content-Length from the body, so only a response with a body gives HEAD the right length.
    """
    request = event["requestContext"]["http"]
    if request["method"] == "HEAD":
        request["method"] = "GET"


def _signed_in(request: Request) -> Caller:
    event = request.scope["aws.event"]
    claims = gateway_claims(event)
    if claims is None:
        raise Unauthenticated
    context = event["requestContext"]
    return replace(caller(claims), request_id=context["requestId"], address=context["http"]["sourceIp"])


def _visitor(request: Request, domain: str) -> Caller:
    return caller(bearer_claims(request.headers.get("authorization")), site_domain=visited_site(domain))


@contextmanager
def _read(cache: RequestCache) -> Iterator[Transaction]:
    versions = cache.lookup().versions
    with reading(cache.caller.reading_after(versions.min_xids), primary=versions.history_unknown) as tx:
        cache.is_staff = tx.context.is_staff
        yield tx


@contextmanager
def _write(request: Request, cache: RequestCache) -> Iterator[Transaction]:
    cache.lookup()
    with writing(cache.caller) as tx, idempotent(request, tx):
        yield tx
    if tx.committed.xid is not None:
        add_headers(request, {consistency.HEADER: consistency.token(tx.committed.xid)})
    dispatch = queue.dispatch(tx)
    # A visitor gets no header, because a visitor reads no jobs, and the header would reveal whether an order was found.
    if dispatch is not None and cache.caller.site_domain is None:
        add_headers(request, {DISPATCH_HEADER: dispatch})
    for entry, load in tx.write_through:
        write_through(cache, entry, load)


async def _reading(request: Request) -> Deferred:
    cache = request_cache_of(request, _signed_in(request))
    return Deferred(lambda: _read(cache))


async def _writing(request: Request) -> Deferred:
    cache = request_cache_of(request, _signed_in(request))
    return Deferred(lambda: _write(request, cache))


async def _account_write(request: Request) -> Deferred:
    cache = request_cache_of(request, _signed_in(request), has_session=False)
    return Deferred(lambda: _write(request, cache))


async def _public_write(request: Request) -> Deferred:
    cache = request_cache_of(request, Caller(), has_session=False)
    return Deferred(lambda: _write(request, cache))


async def _cached(request: Request) -> CachedReads:
    return CachedReads(request, _signed_in(request))


Domain = Annotated[DomainName, Path(description="The domain of the site.")]


async def _storefront_read(request: Request, domain: Domain) -> CachedReads:
    return CachedReads(request, _visitor(request, domain))


async def _event_write(request: Request, domain: Domain) -> CachedReads:
    return CachedReads(request, _visitor(request, domain), "events")


async def _customer_read(request: Request, domain: Domain) -> Deferred:
    customer = _visitor(request, domain)
    if customer.subject is None:
        raise Unauthenticated
    cache = request_cache_of(request, customer)
    return Deferred(lambda: _read(cache))


async def _visitor_read(request: Request, domain: Domain) -> Deferred:
    cache = request_cache_of(request, _visitor(request, domain))
    return Deferred(lambda: _read(cache))


async def _customer_write(request: Request, domain: Domain) -> Deferred:
    customer = _visitor(request, domain)
    if customer.subject is None:
        raise Unauthenticated
    cache = request_cache_of(request, customer)
    return Deferred(lambda: _write(request, cache))


async def _visitor_write(request: Request, domain: Domain) -> Deferred:
    cache = request_cache_of(request, _visitor(request, domain))
    return Deferred(lambda: _write(request, cache))


async def _order_write(request: Request, domain: Domain) -> Deferred:
    cache = request_cache_of(request, _visitor(request, domain), is_order=True)
    return Deferred(lambda: _write(request, cache))


async def _source_address(request: Request) -> str:
    return limited_address(failures.source_address(request.scope["aws.event"]))


# A dependency returns a Deferred. The route replaces the Deferred with a transaction.
Reading = Annotated[Transaction, Depends(_reading)]
"""A transaction on the replica, run as the signed-in caller. It is for reads that are not cached."""
Writing = Annotated[Transaction, Depends(_writing)]
"""A transaction on the primary, run as the signed-in caller."""
AccountWrite = Annotated[Transaction, Depends(_account_write)]
"""A transaction on the primary, run as a signed-in account that needs no membership. It sees no rows of any client.

The function must have the login `wc_public`, so that a role of the account has no effect.
"""
PublicWrite = Annotated[Transaction, Depends(_public_write)]
"""A transaction on the primary, for a person who has no account but has received a link from the platform. It sees no
rows of any client. The request counts against the limits of its IP address.

The function must have the login `wc_public`.
"""
Cached = Annotated[CachedReads, Depends(_cached)]
"""The cached reads of the signed-in caller."""
StorefrontRead = Annotated[CachedReads, Depends(_storefront_read)]
"""The cached reads of a visitor. The visited storefront is the path parameter `{domain}`."""
EventWrite = Annotated[CachedReads, Depends(_event_write)]
"""The cached reads of a visitor who sends events. The request counts against the event limit of the client that owns
the site. It does not count against the storefront limit of the client.

The visited storefront is the path parameter `{domain}`.
"""
CustomerRead = Annotated[Transaction, Depends(_customer_read)]
"""A transaction on the replica, run as a signed-in customer who reads their own data.

The visited storefront is the path parameter `{domain}`.
"""
CustomerWrite = Annotated[Transaction, Depends(_customer_write)]
"""A transaction on the primary, run as a signed-in customer who changes their own data.

The visited storefront is the path parameter `{domain}`.
"""
VisitorRead = Annotated[Transaction, Depends(_visitor_read)]
"""A transaction on the replica, run as a visitor. It is for reads that are not cached.

The visited storefront is the path parameter `{domain}`.
"""
VisitorWrite = Annotated[Transaction, Depends(_visitor_write)]
"""A transaction on the primary, run as a visitor who does not place an order.

The visited storefront is the path parameter `{domain}`.
"""
OrderWrite = Annotated[Transaction, Depends(_order_write)]
"""A transaction on the primary, run as a visitor who places an order. The order counts against the limit of the site.

The visited storefront is the path parameter `{domain}`.
"""

SourceAddress = Annotated[str, Depends(_source_address)]
"""The IP address of the caller, in the form in which limits count it. It is personal data: do not store it."""


def _if_match(
    if_match: Annotated[
        str | None,
        Header(max_length=4096, description="The ETag of the object that you read, or * to change any version of it."),
    ] = None,
) -> Match:
    return Match(if_match)


IfMatch = Annotated[Match, Depends(_if_match)]
"""The state of the object that the caller wants to change. The If-Match header prevents lost updates: a caller cannot
overwrite a change that the caller has not read."""
