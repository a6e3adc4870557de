"""Problems as answers: nothing that goes wrong leaves a function in any other shape (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from wecelebrate.core.errors import FieldError, Invalid, MalformedBody, NotFound, Problem, UnsupportedMediaType
from wecelebrate.core.models import pointer
from wecelebrate.core.validation_messages import clause

logger = Logger()

PROBLEM = "application/problem+json"


def add_to(app: FastAPI) -> None:
    """Have an app answer all that goes wrong with a problem document."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _bug)


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
        request, Invalid(errors=[FieldError(pointer=_pointer(one["loc"]), detail=clause(one)) for one in found])
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
