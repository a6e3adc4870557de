"""Limits how many jobs of a queue start per second, in all of its workers together.

All workers that can run at the same time have an equal share of the rate: each waits `workers / rate` seconds between
the starts of two jobs. The workers do not communicate, so the limit also holds if a part of the platform fails. The
disadvantage is that a worker only uses its own share, even if no other worker is active.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from wecelebrate.core.settings import settings


@dataclass
class RateLimiter:
    """Limits the job starts of one worker. `rate` is the number of starts per second of all `workers` together."""

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
    """Return the rate limiter for the queue of this function."""
    return RateLimiter(settings().rate, settings().workers)
