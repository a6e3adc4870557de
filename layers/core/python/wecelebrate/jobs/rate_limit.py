"""How fast the jobs of a queue begin: a rate that holds over all of its workers.

As many workers as the queue runs at once share its rate evenly: each leaves `workers / rate` seconds between two jobs.
No worker has to know of another, so the rate holds whatever else fails; the price is that a worker that is alone begins
no more than its share.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from wecelebrate.core.settings import settings


@dataclass
class Pace:
    """At most `rate` a second, shared by `workers`."""

    rate: float
    workers: int
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = field(default=float("-inf"), init=False)

    def wait(self) -> None:
        """Until the next may begin."""
        if (left := self._next - self.clock()) > 0:
            self.sleep(left)
        self._next = self.clock() + self.workers / self.rate


@lru_cache(maxsize=1)
def pace() -> Pace:
    """That of this function's queue."""
    return Pace(settings().rate, settings().workers)
