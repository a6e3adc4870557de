"""Kill switches: what an operator can turn off while the platform runs. Every instance follows within LIFE_SECONDS.

reads=primary   all reads go to the primary
cache=off       no response comes from the cache
limits=off      requests are not counted

This module is the state that an instance knows. `admin` lists and changes the switches.
"""

import time
from collections.abc import Mapping

LIFE_SECONDS = 10.0
"""How long the known state is used. After that a request asks the database, even if its value is cached."""

_state: Mapping[str, str] = {}
_learned_at = float("-inf")


def learn(state: Mapping[str, str]) -> None:
    """Take over the state that the database returned when a transaction was entered."""
    global _state, _learned_at
    _state, _learned_at = state, time.monotonic()


def are_known() -> bool:
    """Whether the known state is recent enough."""
    return time.monotonic() - _learned_at < LIFE_SECONDS


def is_set(name: str, value: str) -> bool:
    """Whether a switch has a value."""
    return _state.get(name) == value
