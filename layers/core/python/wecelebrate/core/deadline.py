"""The time at which the current invocation of a function ends.

A statement of the database must not run longer than the function that waits for its result. The first statement of
every transaction passes the remaining time to the database.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ANSWER_SECONDS = 0.5
"""The time that a function needs to respond after the database has cancelled a statement."""

_ends_at: list[float] = []
"""While an event is handled, this list contains the time, on the monotonic clock, by which every statement must end.
The list never has two elements, because an instance handles one event at a time."""


@contextmanager
def invocation(context: Any) -> Iterator[None]:
    """Run a `with` block that handles one event. `context` is the Lambda context of the event."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    _ends_at[:] = [time.monotonic() + remaining() / 1000 - ANSWER_SECONDS] if remaining else []
    try:
        yield
    finally:
        _ends_at.clear()


def milliseconds_left() -> int | None:
    """Return how many milliseconds a statement may run if it begins now. The minimum is 1.

    It returns None if no event is handled.
    """
    return max(1, int((_ends_at[0] - time.monotonic()) * 1000)) if _ends_at else None
