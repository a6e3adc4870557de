"""Error responses. Every error of an API function becomes a problem document (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from wecelebrate.core.errors import (
    Invalid,
    MalformedBody,
    NotFound,
    Problem,
    UnsupportedMediaType,
)
from wecelebrate.core.models import pointer
from wecelebrate.core.problem_document import MAX_ERRORS, FieldError
from wecelebrate.core.problems import PROBLEM, document
from wecelebrate.core.types.transformations import TAGS
from wecelebrate.core.validation_messages import message_for

logger = Logger()


def add_to(app: FastAPI) -> None:
    """Make an app respond to every error with a problem document."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unhandled)


def _response(request: Request, problem: Problem) -> Response:
    return JSONResponse(
        document(problem, request.scope["aws.event"]),
        problem.status,
        headers=dict(problem.headers()),
        media_type=PROBLEM,
    )


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.exception(error.code)
    return _response(request, error)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    details = error.errors()
    if any(detail["type"] == "json_invalid" for detail in details):
        return _response(request, MalformedBody())
    if isinstance(error.body, bytes):
        return _response(request, UnsupportedMediaType())
    if any(detail["loc"] == ("body",) and detail["type"] == "missing" for detail in details):
        return _response(request, Invalid(errors=[FieldError(pointer="", detail=_NO_BODY)]))
    errors = [FieldError(pointer=_pointer(item["loc"]), detail=message_for(item)) for item in details[:MAX_ERRORS]]
    return _response(request, Invalid(errors=errors))


_NO_BODY = "The request needs a JSON body. If all its fields are optional, send {}."
_NO_FIELDS = ("[key]", *TAGS)
"""Elements of a location that are not fields. pydantic adds "[key]" for an invalid key of a dict, and the tag of an
alternative."""


def _pointer(location: tuple[Any, ...]) -> str:
    """Return the pointer of an invalid field or parameter.

    The location `("body", "images", 0)` becomes `/images/0`. The name of a parameter gets no slash.
    """
    place, *steps = location
    named = [step for step in steps if step not in _NO_FIELDS]
    return pointer(named, "/" if place == "body" else "")


async def _http_error(request: Request, error: Exception) -> Response:
    """Convert an error of the framework to a problem. The framework raises errors for invalid JSON and for unknown
    paths.

    If `JsonRequest.json` raises a problem, FastAPI also wraps the problem in an error. The original problem is the
    `__cause__` of this error.
    """
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, Problem):
        return _response(request, error.__cause__)
    return _response(request, MalformedBody() if error.status_code == HTTPStatus.BAD_REQUEST else NotFound())


async def _unhandled(request: Request, error: Exception) -> Response:
    logger.exception("the request failed with an unexpected error", exc_info=error)
    return _response(request, Problem())
