"""Limits the number of jobs that all workers of a queue together start per second.

The rate is divided equally between the largest possible number of workers: each worker waits `workers / rate` seconds
between the starts of two jobs. The workers do not communicate. Therefore the rate is not exceeded even if another part
of the platform fails. The disadvantage is that one worker alone cannot use the whole rate.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from wecelebrate.core.settings import settings


@dataclass
class RateLimiter:
    """Limits the rate at which one worker starts jobs. All workers together start at most `rate` jobs per second."""

    rate: float
    workers: int
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = field(default=float("-inf"), init=False)

    def wait(self) -> None:
        """Sleep until the worker is allowed to start the next job."""
        if (seconds := self._next - self.clock()) > 0:
            self.sleep(seconds)
        self._next = self.clock() + self.workers / self.rate


@lru_cache(maxsize=1)
def rate_limiter() -> RateLimiter:
    """Return the rate limiter for the queue of this function."""
    return RateLimiter(settings().rate, settings().workers)
