"""Settings of the HTTP API that are the same on AWS and in the local cloud: CORS, the token header, and limits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cors:
    """The CORS settings of the gateway.

    Every origin is allowed. This is safe because a browser adds cookies to a request by itself, but never a token.
    """

    allow_origins: tuple[str, ...] = ("*",)
    allow_methods: tuple[str, ...] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    allow_headers: tuple[str, ...] = (
        "authorization",
        "content-type",
        "consistency-token",
        "idempotency-key",
        "if-match",
        "if-none-match",
    )
    expose_headers: tuple[str, ...] = (
        "allow",
        "cache-status",
        "consistency-token",
        "etag",
        "idempotent-replayed",
        "job-dispatch",
        "link",
        "location",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "x-request-id",
    )
    max_age: int = 3600
    """The number of seconds for which a browser is allowed to cache the response to a preflight request."""


CORS = Cors()

IDENTITY_SOURCE = "$request.header.Authorization"
"""The header from which the JWT authorizer reads the token."""

INTEGRATION_TIMEOUT = 30.0
"""The time within which a function must respond, in seconds. AWS does not allow a longer time."""

REQUEST_LIMIT = 10 * 1024 * 1024
"""The maximum size of a request body, in bytes. This is the limit of API Gateway."""
