"""What an operator can turn off while the platform runs: a row of `switches`, known everywhere within LIFE seconds.

reads=primary   all reads go to the primary
cache=off       nothing is answered from the cache
limits=off      requests are not counted
"""

import time
from collections.abc import Mapping

LIFE = 10.0
"""Seconds for which an instance goes by what it knows: then a request asks the database, cached or not."""

_known: Mapping[str, str] = {}
_known_at = float("-inf")


def learn(told: Mapping[str, str]) -> None:
    """What the database said when a transaction was entered."""
    global _known, _known_at
    _known, _known_at = told, time.monotonic()


def are_known() -> bool:
    """Whether they need not be asked for."""
    return time.monotonic() - _known_at < LIFE


def is_set(name: str, value: str) -> bool:
    """Whether a switch stands at a value."""
    return _known.get(name) == value
