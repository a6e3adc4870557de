"""What the HTTP API is like in both clouds, beside its routes: CORS, the JWT authorizer's audience, and its limits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cors:
    """CORS as the gateway answers it. Tokens travel in a header, never in a cookie, so any origin may call."""

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
    """Seconds that a browser may keep the answer to a preflight request."""


CORS = Cors()

IDENTITY_SOURCE = "$request.header.Authorization"
"""Where the JWT authorizer finds the token."""

INTEGRATION_TIMEOUT = 30.0
"""Seconds that a function has to answer; AWS allows no more."""

REQUEST_LIMIT = 10 * 1024 * 1024
"""Bytes of a request, headers not counted; AWS allows no more."""
