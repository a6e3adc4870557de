"""Kill switches, with which an operator can turn off parts of the platform while it runs.

reads=primary   all reads run on the primary
cache=off       no response comes from the cache
limits=off      requests are not counted
queue=direct    the sweeper starts workers itself, and no message is sent to SQS

Every instance applies a change within LIFE_SECONDS. This module stores the state that the instance read last. The
module `admin` lists and changes the switches.
"""

import time
from collections.abc import Mapping

LIFE_SECONDS = 10.0
"""How long an instance uses the state that it has read. After this time the next request reads the state from the
database, even if the response is in the cache."""

_state: Mapping[str, str] = {}
_learned_at = float("-inf")


def learn(state: Mapping[str, str]) -> None:
    """Store the switches' state, which `app.enter` returned at the beginning of a transaction."""
    global _state, _learned_at
    _state, _learned_at = state, time.monotonic()


def are_known() -> bool:
    """Return whether the stored state is at most LIFE_SECONDS old."""
    return time.monotonic() - _learned_at < LIFE_SECONDS


def is_set(name: str, value: str) -> bool:
    """Return whether a switch is set to the given value."""
    return _state.get(name) == value
