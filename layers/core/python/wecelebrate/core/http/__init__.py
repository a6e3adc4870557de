"""A function of the API: FastAPI behind Mangum, problems instead of stack traces, one transaction a request.

A handler reads as a sentence::

    app = api()

    @app.post("/v1/catalogs/{catalog_id}/products", status_code=201)
    def create_product(catalog_id: UUID, new: NewProduct, tx: Writing) -> Product:
        return products.create(tx, catalog_id, new)

    handler = serve(app)
"""

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from fastapi import Depends, FastAPI, Header, Path, Request
from mangum import Mangum

from wecelebrate.core import consistency, metrics
from wecelebrate.core.auth import bearer_claims, caller, gateway_claims
from wecelebrate.core.database import Caller, Transaction, reading, writing
from wecelebrate.core.errors import Unauthenticated
from wecelebrate.core.etags import Match
from wecelebrate.core.http import problems
from wecelebrate.core.http.cached import CachedReads, gate_of
from wecelebrate.core.http.responses import page_response, said, say
from wecelebrate.core.http.routes import DirectRoute, model_response, repeatable
from wecelebrate.core.requests.loading import write_through
from wecelebrate.core.requests.request_cache import Gate

__all__ = [
    "Cached",
    "IfMatch",
    "Ordering",
    "OwnOnSite",
    "Reading",
    "Shown",
    "Writing",
    "api",
    "model_response",
    "page_response",
    "serve",
]

logger = Logger()

DISPATCH_HEADER = "Job-Dispatch"
"""Says what became of the word of a new job: queued, done at once, or deferred to the sweeper."""


def api() -> FastAPI:
    """The app of one function. Every error is a problem document; the schema is built by tools, never at run time."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.router.route_class = DirectRoute
    problems.add_to(app)
    return app


def serve(app: FastAPI) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The handler that Lambda calls."""
    # Made at the first event: it wants an event loop, which a tool that only reads the app would be left with.
    adapter = functools.cache(
        lambda: Mangum(app, lifespan="off", text_mime_types=["application/json", problems.PROBLEM])
    )

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        request_id = event.get("requestContext", {}).get("requestId")
        logger.append_keys(request_id=request_id)
        answer: dict[str, Any] = adapter()(event, context)
        metrics.flush()
        answer["headers"] = {"cache-control": "no-store"} | answer["headers"] | said(event)
        answer["headers"]["x-request-id"] = request_id
        return answer

    return handler


def _signed_in(request: Request) -> Caller:
    claims = gateway_claims(request.scope["aws.event"])
    if claims is None:
        raise Unauthenticated
    return caller(claims)


def _visitor(request: Request, domain: str) -> Caller:
    return caller(bearer_claims(request.headers.get("authorization")), site_domain=domain.lower())


@contextmanager
def _read(gate: Gate) -> Iterator[Transaction]:
    remembered = gate.look().claim
    with reading(gate.caller.after(remembered.min_xids), primary=remembered.forgetful) as tx:
        yield tx


@contextmanager
def _written(request: Request, gate: Gate) -> Iterator[Transaction]:
    gate.look()
    with writing(gate.caller) as tx, repeatable(request, tx):
        yield tx
    if tx.left.xid is not None:
        say(request, {consistency.HEADER: consistency.token(tx.left.xid)})
    if tx.dispatch is not None:
        say(request, {DISPATCH_HEADER: tx.dispatch})
    for entry, load in tx.written:
        write_through(gate, entry, load)


async def _reading(request: Request) -> AsyncIterator[Transaction]:
    with _read(gate_of(request, _signed_in(request))) as tx:
        yield tx


async def _writing(request: Request) -> AsyncIterator[Transaction]:
    with _written(request, gate_of(request, _signed_in(request))) as tx:
        yield tx


async def _cached(request: Request) -> CachedReads:
    return CachedReads(request, _signed_in(request))


Visited = Annotated[str, Path(max_length=253, pattern="^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]


async def _shown(request: Request, domain: Visited) -> CachedReads:
    return CachedReads(request, _visitor(request, domain))


async def _own_on_site(request: Request, domain: Visited) -> AsyncIterator[Transaction]:
    customer = _visitor(request, domain)
    if customer.subject is None:
        raise Unauthenticated
    with _read(gate_of(request, customer)) as tx:
        yield tx


async def _ordering(request: Request, domain: Visited) -> AsyncIterator[Transaction]:
    with _written(request, gate_of(request, _visitor(request, domain), orders=True)) as tx:
        yield tx


# "function": the transaction ends before the answer is sent, so a commit that fails is an error, not a lost 201.
Reading = Annotated[Transaction, Depends(_reading, scope="function")]
"""A transaction of the signed-in caller on the reader, for what is never kept."""
Writing = Annotated[Transaction, Depends(_writing, scope="function")]
"""A transaction of the signed-in caller on the primary."""
Cached = Annotated[CachedReads, Depends(_cached)]
"""What the signed-in caller reads, from the cache when it has it."""
Shown = Annotated[CachedReads, Depends(_shown)]
"""What is shown to whoever visits the storefront at `{domain}`."""
OwnOnSite = Annotated[Transaction, Depends(_own_on_site, scope="function")]
"""A transaction of the signed-in customer of the storefront at `{domain}` on the reader, for what is theirs alone."""
Ordering = Annotated[Transaction, Depends(_ordering, scope="function")]
"""A transaction of whoever visits the storefront at `{domain}` on the primary; it counts as an order of the site."""


def _if_match(
    if_match: Annotated[
        str | None, Header(max_length=4096, description="The ETag of the state to change, or * for any.")
    ] = None,
) -> Match:
    return Match(if_match)


IfMatch = Annotated[Match, Depends(_if_match)]
"""What a change has to be asked with: nobody overwrites what somebody else changed since it was read."""
