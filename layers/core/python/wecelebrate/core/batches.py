"""Processes many rows in batches. Each batch has its own transaction, so that no lock is held for long."""

import time
from collections.abc import Callable

from wecelebrate.core.database import SYSTEM, Transaction, writing

MAX_SECONDS = 45.0
"""After this number of seconds, a run starts no new batch."""


def run(work: Callable[[Transaction, int], int], batch_size: int, max_seconds: float | None = None) -> int:
    """Call `work(tx, batch_size)` until it processes fewer than `batch_size` rows, or `max_seconds` have passed.

    `work` returns the number of rows that it processed. This function returns the total of these numbers. `max_seconds`
    is MAX_SECONDS by default.
    """
    until = time.monotonic() + (MAX_SECONDS if max_seconds is None else max_seconds)
    total = 0
    while True:
        with writing(SYSTEM) as tx:
            processed = work(tx, batch_size)
        total += processed
        if processed < batch_size or time.monotonic() > until:
            return total
