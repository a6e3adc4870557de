"""Declares the shortest duration of an operation, for responses whose duration must not reveal a secret fact.

An operation declares the duration as a dependency::

    @app.post("/v1/…", dependencies=[lasts_at_least(0.05)])

The duration includes the commit, and the sending of messages after the commit. The declared duration hides the
difference between two cases only if both cases usually take less time. During the declared duration, the instance
serves no other request. Therefore the duration must be short.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import Depends


def lasts_at_least(seconds: float) -> Any:
    """Create the dependency that declares the shortest duration of an operation, in seconds."""
    return Depends(MinimumDuration(seconds))


class MinimumDuration:
    """Declares the shortest duration of an operation. `DirectRoute` waits until the duration is over."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    # FastAPI would run this dependency in a thread if it were not a coroutine.
    async def __call__(self) -> None:
        return None


def min_seconds_of(dependencies: Iterable[Any]) -> float:
    """Return the shortest duration that the dependencies of a route declare, in seconds, or 0."""
    durations = (dependency.dependency for dependency in dependencies)
    return next((duration.seconds for duration in durations if isinstance(duration, MinimumDuration)), 0.0)
