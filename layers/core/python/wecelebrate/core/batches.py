"""Batches: work over many rows, some in each transaction, so that nothing is locked for long."""

import time
from collections.abc import Callable

from wecelebrate.core.database import SYSTEM, Transaction, writing

LONGEST = 45.0
"""Seconds for which one run keeps beginning further batches."""


def run(work: Callable[[Transaction, int], int], most: int) -> int:
    """Do `work` with at most so many rows a transaction, again and again, until there are no more or time is short: it
    says how many they were. How many that was in all."""
    until = time.monotonic() + LONGEST
    done = 0
    while True:
        with writing(SYSTEM) as tx:
            last = work(tx, most)
        done += last
        if last < most or time.monotonic() > until:
            return done
