"""The body of an error response, as RFC 9457 defines it."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

MAX_ERRORS = 100
"""The maximum number of errors in a problem document."""
MAX_POINTER_LENGTH = 500
"""The length at which a pointer is cut off, because the caller chooses the keys of a body."""


class FieldError(BaseModel):
    """An invalid field or parameter of the request."""

    pointer: Annotated[str, AfterValidator(lambda text: text[:MAX_POINTER_LENGTH])] = Field(
        description="The JSON Pointer (RFC 6901) of the field in the body, or the name of the parameter."
    )
    detail: str
    """What is wrong with the value, as text for people."""


class ProblemDocument(BaseModel):
    """The body of every error: application/problem+json (RFC 9457)."""

    type: str = Field(
        description="The URL of the page that explains the problem and says what to do.",
        json_schema_extra={"format": "uri"},
    )
    title: str
    """What is wrong, as a sentence for people. It is the same for all problems with this code."""
    status: int
    """The HTTP status of the response."""
    code: str = Field(description="The stable identifier of the problem. Branch on this code.")
    detail: str | None = None
    """What is wrong with this request, as text for people."""
    errors: list[FieldError] = Field(default_factory=list)
    """The fields and parameters that are not valid."""
    request_id: str | None = None
    """The id of the request in the logs. Include it in a support request."""
    error: str | None = Field(
        default=None, description="The same text as `detail`. Only the routes of the legacy API return it."
    )
