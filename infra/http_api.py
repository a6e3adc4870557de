"""Settings of the HTTP API that are the same on AWS and in the local cloud: CORS, the token header, and limits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cors:
    """The CORS settings of the gateway.

    Every origin is allowed. That is safe because a browser never adds the token by itself, as it would add a cookie.
    """

    allow_origins: tuple[str, ...] = ("*",)
    allow_methods: tuple[str, ...] = ("GET", "POST", "PUT", "PATCH", "DELETE")
    allow_headers: tuple[str, ...] = (
        "authorization",
        "content-type",
        "consistency-token",
        "idempotency-key",
        "if-match",
        "if-none-match",
    )
    expose_headers: tuple[str, ...] = (
        "cache-status",
        "consistency-token",
        "etag",
        "idempotent-replayed",
        "link",
        "location",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "x-request-id",
    )
    max_age: int = 3600
    """Seconds for which a browser may cache the response to a preflight request."""


CORS = Cors()

IDENTITY_SOURCE = "$request.header.Authorization"
"""The header from which the JWT authorizer reads the token."""

INTEGRATION_TIMEOUT = 30.0
"""Seconds within which a function must respond. AWS allows no longer time."""

REQUEST_LIMIT = 10 * 1024 * 1024
"""Maximum size of a request body, in bytes. It is the limit of API Gateway."""
