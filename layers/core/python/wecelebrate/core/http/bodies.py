"""Declares the largest body of an operation. The route refuses a larger body before it parses the body.

Without a bound, each request could make a function parse 6 MB of JSON. The largest valid bodies are much smaller.
Therefore each route has a bound: 64 KB on a storefront, where callers are anonymous, and 2 MB elsewhere. The number of
keys in a body has a bound too, because each invalid key becomes an error of about a thousand bytes. An operation that
needs other bounds declares them as a dependency::

    @app.post("/v1/…", dependencies=[bounded_body(6 * 1024 * 1024, 600_000)])
"""

from collections.abc import Iterable
from typing import Any

from fastapi import Depends

from wecelebrate.core.models import MAX_OBJECT_KEYS

STOREFRONT = "/v1/storefront/"
STOREFRONT_MAX_BYTES = 64 * 1024
"""The largest order has about 20 KB."""
MAX_BYTES = 2 * 1024 * 1024
"""The largest product has about 1.2 MB, if its texts are escaped."""
MAX_KEYS = 50_000
"""The largest catalog has about 31,000 keys, in three objects of which each can have MAX_OBJECT_KEYS."""


def bounded_body(max_bytes: int, max_keys: int = MAX_KEYS) -> Any:
    """Create the dependency that declares the maximum size of a body in bytes, and the maximum number of its keys."""
    return Depends(BodyBound(max_bytes, max_keys))


class BodyBound:
    """Declares the largest body of an operation. `DirectRoute` enforces the bound."""

    def __init__(self, max_bytes: int, max_keys: int = MAX_KEYS) -> None:
        self.max_bytes = max_bytes
        self.max_keys = max_keys

    @property
    def description(self) -> str:
        """The bound as a text for the OpenAPI document."""
        keys = (
            f"An object has at most {MAX_OBJECT_KEYS:,} keys, and all objects together have at most {self.max_keys:,}"
        )
        return f"At most {self.max_bytes:,} bytes. {keys} keys."

    # FastAPI would run this dependency in a thread if it were not a coroutine.
    async def __call__(self) -> None:
        return None


def bound_of(path: str, dependencies: Iterable[Any]) -> BodyBound:
    """Return the bound of the bodies of a route: the bound that its dependencies declare, or the bound for its path."""
    bounds = (dependency.dependency for dependency in dependencies)
    declared = next((bound for bound in bounds if isinstance(bound, BodyBound)), None)
    return declared or BodyBound(STOREFRONT_MAX_BYTES if path.startswith(STOREFRONT) else MAX_BYTES)
