"""Errors, as RFC 9457 problems.

    Problem                      status  code
    ├── Invalid                  422     invalid          the request is well-formed, but not valid
    ├── MalformedBody            400     malformed_body
    ├── BadCursor                400     bad_cursor
    ├── BadIdempotencyKey        400     bad_idempotency_key
    ├── Unauthenticated          401     unauthenticated
    ├── Forbidden                403     forbidden
    │   └── NoMembership         403     no_membership
    ├── NotFound                 404     not_found        also for an object of another client
    ├── UnsupportedMediaType     415     unsupported_media_type
    ├── Conflict                 409     conflict
    │   └── AlreadyExists        409     already_exists
    ├── PreconditionFailed       412     precondition_failed
    ├── PreconditionRequired     428     precondition_required
    ├── TooManyRequests          429     rate_limited
    ├── TooSlow                  504     query_timeout
    └── Unavailable              503     unavailable

The docstring of a class is the title of the problem. The code of a problem is stable, so clients should branch on it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, Field


class FieldError(BaseModel):
    """An invalid field or parameter of the request."""

    pointer: str = Field(
        description="The JSON Pointer (RFC 6901) of the field in the body, or the name of the parameter."
    )
    detail: str


class ProblemDocument(BaseModel):
    """The body of every error: application/problem+json (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    code: str = Field(description="The stable identifier of the problem. Branch on this code.")
    detail: str | None = None
    errors: list[FieldError] = Field(default_factory=list)
    request_id: str | None = None
    error: str | None = Field(
        default=None, description="The same text as `detail`. Only the routes of the legacy API return it."
    )


class Problem(Exception):
    """An internal error occurred."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str | None = None, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail or self.title())
        self.detail = detail
        self.errors = list(errors)

    @classmethod
    def title(cls) -> str:
        """Return the title, a sentence for people. It is the first line of the class's docstring."""
        return (cls.__doc__ or "An internal error occurred.").splitlines()[0]

    def document(self, request_id: str | None) -> dict[str, Any]:
        """Return the problem document, without its empty members."""
        document = ProblemDocument(
            title=self.title(),
            status=self.status,
            code=self.code,
            detail=self.detail,
            errors=self.errors,
            request_id=request_id,
        ).model_dump(exclude_none=True)
        if not self.errors:
            del document["errors"]
        return document

    def headers(self) -> Mapping[str, str]:
        """Return the additional headers of the response."""
        return {}


class Invalid(Problem):
    """The request is not valid."""

    status = 422
    code = "invalid"


class MalformedBody(Problem):
    """The body is not JSON."""

    status = 400
    code = "malformed_body"


class UnsupportedMediaType(Problem):
    """The content type must be application/json."""

    status = 415
    code = "unsupported_media_type"


class BadCursor(Problem):
    """This cursor does not belong to this list. Request the first page without a cursor."""

    status = 400
    code = "bad_cursor"


class BadIdempotencyKey(Problem):
    """The header Idempotency-Key must have 1 to 255 printable characters."""

    status = 400
    code = "bad_idempotency_key"


class Unauthenticated(Problem):
    """The access token is missing or not valid."""

    status = 401
    code = "unauthenticated"

    def headers(self) -> Mapping[str, str]:
        """Return the header that describes how to authenticate (RFC 6750)."""
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class Forbidden(Problem):
    """Your role does not allow this."""

    status = 403
    code = "forbidden"


class NoMembership(Forbidden):
    """This account is not a member of any client."""

    code = "no_membership"


class NotFound(Problem):
    """This object does not exist, or you have no access to it."""

    status = 404
    code = "not_found"


class Conflict(Problem):
    """The request conflicts with the current state."""

    status = 409
    code = "conflict"


class AlreadyExists(Conflict):
    """An object with this name or key already exists."""

    code = "already_exists"


class PreconditionFailed(Problem):
    """The object has changed since you read it. Read it again and send its current ETag."""

    status = 412
    code = "precondition_failed"


class PreconditionRequired(Problem):
    """This request needs an If-Match header with the ETag of the object that you read."""

    status = 428
    code = "precondition_required"


class TooManyRequests(Problem):
    """The rate limit is used up. Try again later."""

    status = 429
    code = "rate_limited"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self._retry_after = retry_after

    def headers(self) -> Mapping[str, str]:
        """Return the header with the number of seconds to wait before the next attempt."""
        return {"Retry-After": str(self._retry_after)}


class TooSlow(Problem):
    """The query took longer than your tier allows. Request less data, or write with POST /v1/products/bulk-import."""

    status = 504
    code = "query_timeout"


class Unavailable(Problem):
    """A part of the platform does not respond. Try again in a moment."""

    status = 503
    code = "unavailable"

    def headers(self) -> Mapping[str, str]:
        """Return the header with the number of seconds to wait before the next attempt."""
        return {"Retry-After": "2"}
