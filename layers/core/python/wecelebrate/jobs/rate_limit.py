"""Limits how many jobs of a queue start per second, across all of its workers.

The workers that a queue runs at once share its rate evenly: each leaves `workers / rate` seconds between two jobs.
Workers need not know about each other, so the limit holds whatever fails. A single active worker therefore uses only
its own share of the rate.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from wecelebrate.core.settings import settings


@dataclass
class RateLimiter:
    """Allows this worker's share of `rate` starts per second, which `workers` share."""

    rate: float
    workers: int
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = field(default=float("-inf"), init=False)

    def wait(self) -> None:
        """Sleep until the next job may start."""
        if (seconds := self._next - self.clock()) > 0:
            self.sleep(seconds)
        self._next = self.clock() + self.workers / self.rate


@lru_cache(maxsize=1)
def rate_limiter() -> RateLimiter:
    """The limiter of this function's queue."""
    return RateLimiter(settings().rate, settings().workers)
