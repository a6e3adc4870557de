"""A function of the API: FastAPI behind Mangum, problems instead of stack traces, one transaction a request.

A handler reads as a sentence::

    app = api()

    @app.get("/v1/products/{product_id}")
    def get_product(product_id: UUID, tx: Reading) -> Product:
        return products.get(tx, product_id)

    handler = serve(app)
"""

import functools
import inspect
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from fastapi import Depends, FastAPI, Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from mangum import Mangum
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from wecelebrate import pages
from wecelebrate.auth import bearer_claims, caller, gateway_claims
from wecelebrate.database import Caller, Transaction, reading, writing
from wecelebrate.errors import (
    FieldError,
    Invalid,
    MalformedBody,
    NotFound,
    PageTooLarge,
    Problem,
    Unauthenticated,
    UnsupportedMediaType,
)
from wecelebrate.models import pointer

logger = Logger()

PROBLEM = "application/problem+json"
LARGEST_ANSWER = 5_900_000
"""Bytes of a body as a JSON string: Lambda takes 6 MB from a function, with all that is around the body."""


class _DirectRoute(APIRoute):
    """Runs `def` endpoints in place. FastAPI would hand them to a thread (850 µs against 290): a Lambda instance has
    one event at a time, so there is nobody to make room for."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **rest: Any) -> None:
        super().__init__(path, endpoint if inspect.iscoroutinefunction(endpoint) else _direct(endpoint), **rest)


def _direct(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(endpoint)
    async def run(*args: Any, **kwargs: Any) -> Any:
        return endpoint(*args, **kwargs)

    return run


def api() -> FastAPI:
    """The app of one function. Every error is a problem document; the schema is built by tools, never at run time."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.router.route_class = _DirectRoute
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _bug)
    return app


def serve(app: FastAPI) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The handler that Lambda calls."""
    # Made at the first event: it wants an event loop, which a tool that only reads the app would be left with.
    adapter = functools.cache(lambda: Mangum(app, lifespan="off", text_mime_types=["application/json", PROBLEM]))

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        request_id = event.get("requestContext", {}).get("requestId")
        logger.append_keys(request_id=request_id)
        answer: dict[str, Any] = adapter()(event, context)
        answer["headers"]["x-request-id"] = request_id
        return answer

    return handler


def _signed_in(request: Request) -> Caller:
    claims = gateway_claims(request.scope["aws.event"])
    if claims is None:
        raise Unauthenticated
    return caller(claims)


async def _reading(request: Request) -> AsyncIterator[Transaction]:
    with reading(_signed_in(request)) as tx:
        yield tx


async def _writing(request: Request) -> AsyncIterator[Transaction]:
    with writing(_signed_in(request)) as tx:
        yield tx


Visited = Annotated[str, Path(max_length=253, pattern="^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]


async def _visiting(request: Request, domain: Visited) -> AsyncIterator[Transaction]:
    with reading(caller(bearer_claims(request.headers.get("authorization")), site_domain=domain.lower())) as tx:
        yield tx


# "function": the transaction ends before the answer is sent, so a commit that fails is an error, not a lost 201.
Reading = Annotated[Transaction, Depends(_reading, scope="function")]
"""A transaction of the signed-in caller on the reader."""
Writing = Annotated[Transaction, Depends(_writing, scope="function")]
"""A transaction of the signed-in caller on the primary."""
Visiting = Annotated[Transaction, Depends(_visiting, scope="function")]
"""A transaction on the reader of whoever visits the storefront at `{domain}`."""


def page_response(request: Request, asked: BaseModel, page: pages.Built, **more: str) -> Response:
    """One page of a list: `{data, next_cursor, has_more}`, and `more` members (JSON), with a `Link` to the next.

    Raises PageTooLarge.
    """
    cursor = page.next_cursor
    members = {
        "data": page.data,
        "next_cursor": f'"{cursor}"' if cursor else "null",
        "has_more": "true" if cursor else "false",
        **more,
    }
    body = "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"
    if len(body) > LARGEST_ANSWER // 8 and len(body.encode()) + body.count('"') + body.count("\\") > LARGEST_ANSWER:
        raise PageTooLarge(errors=[FieldError(pointer="limit", detail="is too high for rows of this size")])
    query = asked.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    headers = {"Link": pages.next_link(request.url.path, query, cursor)} if cursor else {}
    return Response(body, media_type="application/json", headers=headers)


def _answer(request: Request, problem: Problem) -> Response:
    event = request.scope.get("aws.event", {})
    request_id = event.get("requestContext", {}).get("requestId")
    return JSONResponse(
        problem.document(request_id), problem.status, headers=dict(problem.headers()), media_type=PROBLEM
    )


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.exception(error.code)
    return _answer(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return _answer(request, MalformedBody())
    if isinstance(error.body, bytes):
        return _answer(request, UnsupportedMediaType())
    return _answer(
        request, Invalid(errors=[FieldError(pointer=_pointer(one["loc"]), detail=one["msg"]) for one in found])
    )


def _pointer(location: tuple[Any, ...]) -> str:
    """`("body", "images", 0)` is `/images/0`; a parameter goes by its name."""
    place, *steps = location
    named = [step for step in steps if step != "[key]"]  # pydantic's mark of a key that is wrong itself
    return pointer(named, "/" if place == "body" else "")


async def _http_error(request: Request, error: Exception) -> Response:
    """What the framework itself refuses: JSON beyond what Python parses, or a path that no route has."""
    assert isinstance(error, HTTPException)
    return _answer(request, MalformedBody() if error.status_code == HTTPStatus.BAD_REQUEST else NotFound())


async def _bug(request: Request, error: Exception) -> Response:
    logger.exception("unhandled", exc_info=error)
    return _answer(request, Problem())
