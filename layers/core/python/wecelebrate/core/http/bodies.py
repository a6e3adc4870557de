"""The largest body of an operation. The route refuses a larger body before it parses the body.

An operation declares the size as a dependency::

    @app.post("/v1/…", dependencies=[bounded_body(64 * 1024)])

Anonymous callers can call an operation of a storefront. Without this bound, such a caller could make a function parse
6 MB of JSON with each request.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import Depends


def bounded_body(max_bytes: int) -> Any:
    """Create the dependency that declares the largest body of an operation, in bytes."""
    return Depends(BodyBound(max_bytes))


class BodyBound:
    """Declares the largest body of an operation. `DirectRoute` enforces the bound."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes

    # FastAPI runs dependencies that are not coroutines in a thread.
    async def __call__(self) -> None:
        return None


def max_bytes_of(dependencies: Iterable[Any]) -> int | None:
    """Return the largest body that the dependencies of a route declare, or None if they declare no bound."""
    bounds = (dependency.dependency for dependency in dependencies)
    return next((bound.max_bytes for bound in bounds if isinstance(bound, BodyBound)), None)
