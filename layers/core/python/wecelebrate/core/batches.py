"""Work on many rows in batches, one transaction each, so that no lock is held for long."""

import time
from collections.abc import Callable

from wecelebrate.core.database import SYSTEM, Transaction, writing

MAX_SECONDS = 45.0
"""How long one run keeps starting batches."""


def run(work: Callable[[Transaction, int], int], batch_size: int) -> int:
    """Call `work` with a transaction and the batch size until it processes fewer rows than that, or time is up.

    `work` returns the number of rows that it processed. Returns their total.
    """
    until = time.monotonic() + MAX_SECONDS
    total = 0
    while True:
        with writing(SYSTEM) as tx:
            processed = work(tx, batch_size)
        total += processed
        if processed < batch_size or time.monotonic() > until:
            return total
