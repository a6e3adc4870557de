"""What can go wrong, as RFC 9457 problems.

    Problem                      status  code
    ├── Invalid                  422     invalid          the request says something that cannot be
    │   └── PageTooLarge         422     page_too_large
    ├── MalformedBody            400     malformed_body
    ├── BadCursor                400     bad_cursor
    ├── Unauthenticated          401     unauthenticated
    ├── Forbidden                403     forbidden
    │   └── NoMembership         403     no_membership
    ├── NotFound                 404     not_found        also what belongs to another client
    ├── UnsupportedMediaType     415     unsupported_media_type
    ├── Conflict                 409     conflict
    │   └── AlreadyExists        409     already_exists
    ├── PreconditionFailed       412     precondition_failed
    ├── PreconditionRequired     428     precondition_required
    ├── TooManyRequests          429     rate_limited
    ├── TooSlow                  504     query_timeout
    └── Unavailable              503     unavailable

The docstring of a class is its title; the code is stable, and what clients should branch on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, Field


class FieldError(BaseModel):
    """One offending field."""

    pointer: str = Field(description="JSON Pointer (RFC 6901) into the body, or the name of the parameter.")
    detail: str


class ProblemDocument(BaseModel):
    """The body of every error: application/problem+json (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    code: str = Field(description="Stable; branch on this.")
    detail: str | None = None
    errors: list[FieldError] = Field(default_factory=list)
    request_id: str | None = None
    error: str | None = Field(
        default=None, description="On the routes of the first API: `detail`, as it was called there."
    )


class Problem(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str | None = None, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail or self.title())
        self.detail = detail
        self.errors = list(errors)

    @classmethod
    def title(cls) -> str:
        """One sentence for people: the first line of the docstring."""
        return (cls.__doc__ or "Something went wrong.").splitlines()[0]

    def document(self, request_id: str | None) -> dict[str, Any]:
        """The problem as RFC 9457 says it, without what is empty."""
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
        """Headers that go with the answer."""
        return {}


class Invalid(Problem):
    """The request cannot be carried out as it stands."""

    status = 422
    code = "invalid"


class PageTooLarge(Invalid):
    """This page is larger than an answer may be: ask for fewer rows with `limit`."""

    code = "page_too_large"


class MalformedBody(Problem):
    """The body is not JSON."""

    status = 400
    code = "malformed_body"


class UnsupportedMediaType(Problem):
    """Send the body as application/json."""

    status = 415
    code = "unsupported_media_type"


class BadCursor(Problem):
    """This cursor was not made for this list: begin again without it."""

    status = 400
    code = "bad_cursor"


class Unauthenticated(Problem):
    """The access token is missing or not valid."""

    status = 401
    code = "unauthenticated"

    def headers(self) -> Mapping[str, str]:
        """RFC 6750: how to authenticate."""
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class Forbidden(Problem):
    """Your role does not allow this."""

    status = 403
    code = "forbidden"


class NoMembership(Forbidden):
    """This account belongs to no client."""

    code = "no_membership"


class NotFound(Problem):
    """There is no such thing, or it is not yours."""

    status = 404
    code = "not_found"


class Conflict(Problem):
    """The request does not fit what is there."""

    status = 409
    code = "conflict"


class AlreadyExists(Conflict):
    """There is one of that name already."""

    code = "already_exists"


class PreconditionFailed(Problem):
    """It changed since you read it: read it again, and send the ETag that it has now."""

    status = 412
    code = "precondition_failed"


class PreconditionRequired(Problem):
    """Say which state you mean to change: send the ETag that you read it with as If-Match."""

    status = 428
    code = "precondition_required"


class TooManyRequests(Problem):
    """More requests came than the limit allows; try again later."""

    status = 429
    code = "rate_limited"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self._retry_after = retry_after

    def headers(self) -> Mapping[str, str]:
        """When to try again, in seconds."""
        return {"Retry-After": str(self._retry_after)}


class TooSlow(Problem):
    """The query took longer than your plan allows: ask for less, or write by POST /v1/products/bulk-import, a job."""

    status = 504
    code = "query_timeout"


class Unavailable(Problem):
    """A part of the platform does not answer; try again in a moment."""

    status = 503
    code = "unavailable"

    def headers(self) -> Mapping[str, str]:
        """When to try again, in seconds."""
        return {"Retry-After": "2"}
