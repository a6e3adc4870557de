"""Declares the largest body of an operation. The route refuses a larger body before it parses the body.

Without a bound, each request could make a function parse 6 MB of JSON. The largest valid bodies are much smaller, so
each route has a bound: 64 KB on a storefront, where callers are anonymous, and 2 MB elsewhere. An operation that needs
another bound declares it as a dependency::

    @app.post("/v1/…", dependencies=[bounded_body(256 * 1024)])
"""

from collections.abc import Iterable
from typing import Any

from fastapi import Depends

STOREFRONT = "/v1/storefront/"
STOREFRONT_MAX_BYTES = 64 * 1024
"""The largest order has about 20 KB."""
MAX_BYTES = 2 * 1024 * 1024
"""The largest product has about 1.2 MB, if its texts are escaped."""


def bounded_body(max_bytes: int) -> Any:
    """Create the dependency that declares the largest body of an operation, in bytes."""
    return Depends(BodyBound(max_bytes))


class BodyBound:
    """Declares the largest body of an operation. `DirectRoute` enforces the bound."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes

    # FastAPI would run this dependency in a thread if it were not a coroutine.
    async def __call__(self) -> None:
        return None


def max_bytes_of(path: str, dependencies: Iterable[Any]) -> int:
    """Return the size of the largest body of a route: the bound that its dependencies declare, or the bound for its
    path.
    """
    bounds = (dependency.dependency for dependency in dependencies)
    declared = next((bound.max_bytes for bound in bounds if isinstance(bound, BodyBound)), None)
    return declared or (STOREFRONT_MAX_BYTES if path.startswith(STOREFRONT) else MAX_BYTES)
