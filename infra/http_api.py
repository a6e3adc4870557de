"""Settings of the HTTP API that are the same in both clouds: CORS, the source of tokens, and limits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cors:
    """The CORS settings of the gateway. Any origin may call, because tokens are sent in a header, not in a cookie."""

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
"""Seconds within which a function must respond. This is the maximum that AWS allows."""

REQUEST_LIMIT = 10 * 1024 * 1024
"""Maximum size of a request body, in bytes. This is the limit of AWS."""
