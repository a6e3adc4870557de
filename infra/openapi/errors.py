"""The errors of operations, as `components/responses`.

API Gateway can return some errors without calling the function. The bodies of these errors have the format of API
Gateway. Some generators of clients read only the first media type of a response. Therefore the schema of the first
media type is `Error`, which includes the format of API Gateway and the format of the functions.
"""

from dataclasses import dataclass
from typing import Any

from infra.openapi.schemas import SCHEMAS
from wecelebrate.core.problems import PROBLEM

Json = dict[str, Any]

GATEWAY_MESSAGE: Json = {
    "type": "object",
    "description": "An error of the API gateway, which did not call a function.",
    "properties": {"message": {"type": "string", "description": "The error, as text for people."}},
    "required": ["message"],
    "examples": [{"message": "Service Unavailable"}],
}

ERROR: Json = {
    "description": "An error: a problem document of the platform, or, as `application/json`, a message of the gateway.",
    "anyOf": [{"$ref": f"{SCHEMAS}Problem"}, {"$ref": f"{SCHEMAS}GatewayMessage"}],
}


@dataclass(frozen=True)
class ErrorResponse:
    """One component: its name, its status, and whether the gateway can also return the status.

    For the response `default`, the status is None. `default` describes errors that the document does not list, e.g. the
    error of a wrong base URL.
    """

    name: str
    status: int | None
    description: str
    by_gateway: bool = False


ERRORS = (
    ErrorResponse("BadRequest", 400, "The cursor, the JSON body or the idempotency key is not valid."),
    ErrorResponse("Unauthorized", 401, "The access token is missing or not valid.", by_gateway=True),
    ErrorResponse("InvalidToken", 401, "The access token is not valid, or the operation needs one."),
    ErrorResponse("Forbidden", 403, "The caller is not allowed to do this."),
    ErrorResponse("NotFound", 404, "The resource does not exist, or the caller has no access to it."),
    ErrorResponse("Conflict", 409, "The request conflicts with the current state."),
    ErrorResponse("PreconditionFailed", 412, "The resource has changed after the caller read it."),
    ErrorResponse("ContentTooLarge", 413, "The request is too large.", by_gateway=True),
    ErrorResponse("UnsupportedMediaType", 415, "The Content-Type is not JSON."),
    ErrorResponse("UnprocessableContent", 422, "A value is not allowed. `errors` names each field."),
    ErrorResponse("PreconditionRequired", 428, "If-Match is missing."),
    ErrorResponse("TooManyRequests", 429, "A limit is exceeded.", by_gateway=True),
    ErrorResponse("InternalServerError", 500, "An internal error.", by_gateway=True),
    ErrorResponse("ServiceUnavailable", 503, "A part of the platform does not respond.", by_gateway=True),
    ErrorResponse("GatewayTimeout", 504, "The query took too long."),
    ErrorResponse("UnexpectedError", None, "Another error, e.g. 404 if the base URL is wrong.", by_gateway=True),
)


def components() -> Json:
    """Return all error responses, for `components/responses`."""
    return {error.name: _response(error) for error in ERRORS}


def reference(status: int | None, *, by_gateway: bool = True) -> Json:
    """Return the reference to an error. by_gateway: whether the gateway checks the token, because the status 401 has
    two components."""
    errors = [error for error in ERRORS if error.status == status]
    name = next((error.name for error in errors if error.by_gateway == by_gateway), errors[0].name)
    return {"$ref": f"#/components/responses/{name}"}


def header(name: str) -> Json:
    """Return the reference to a header of `components/headers`."""
    return {"$ref": f"#/components/headers/{name}"}


def _response(error: ErrorResponse) -> Json:
    content: Json = {PROBLEM: {"schema": {"$ref": f"{SCHEMAS}{'Error' if error.by_gateway else 'Problem'}"}}}
    if error.by_gateway:
        content["application/json"] = {"schema": {"$ref": f"{SCHEMAS}GatewayMessage"}}
    headers = {"x-request-id": header("RequestId")}
    if error.status in (412, 428):
        headers["etag"] = header("ETag")
    if error.status == 401:
        headers["www-authenticate"] = header("WWW-Authenticate")
    if error.status in (429, 503):
        headers["retry-after"] = header("Retry-After")
    return {"description": error.description, "headers": headers, "content": content}
