"""Limits: how many requests a client, or an address, may send, and how many orders a site takes.

They are counted in Redis, in the call that reads the session and the value (`cache/look.lua`): a client's requests and
a site's orders over a sliding hour of minutes, an address' over a sliding minute. With Redis down each instance counts
for itself, and allows little.
"""

import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from wecelebrate.core import metrics
from wecelebrate.core.errors import TooManyRequests

ADDRESS_PER_MINUTE = 600
"""Requests of one address without a token: an office behind one address shops as well."""
WINDOWS = {"address": 60, "local": 60, "local-orders": 60}
"""Seconds that a limit is over; an hour where nothing is said."""
HOUR = 3600
LOCAL_SHARE = 4
"""With Redis down an instance allows a caller a minute's part of its quota, divided by this: there are others."""
LOCAL_LEAST = 20
"""Requests a minute that an instance allows with Redis down, at least."""
_REMEMBERED = 10_000


@dataclass(frozen=True)
class Limit:
    """What is left of one limit."""

    name: str
    quota: int
    remaining: int
    seconds: int
    """Until some of it comes back."""

    @classmethod
    def parse(cls, line: str) -> "Limit":
        name, *numbers = line.split(" ")
        return cls(name.partition(".")[0], *map(int, numbers))


def headers(limits: Iterable[Limit]) -> dict[str, str]:
    """The limits as `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10)."""
    told = list(limits)
    if not told:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{one.name}";q={one.quota};w={WINDOWS.get(one.name, HOUR)}' for one in told),
        "RateLimit": ", ".join(f'"{one.name}";r={one.remaining};t={one.seconds}' for one in told),
    }


def refuse(limit: Limit) -> TooManyRequests:
    """The problem of a limit that is used up."""
    metrics.count("Throttled", dimension="limit", of=limit.name)
    what = "orders of this site" if limit.name in ("orders", "local-orders") else "requests"
    per = "a minute" if WINDOWS.get(limit.name) == 60 else "an hour"
    return TooManyRequests(f"All of {limit.quota} {what} {per} are used up.", retry_after=max(limit.seconds, 1))


@dataclass
class LocalLimits:
    """What one instance counts by itself while Redis is down: a minute at a time."""

    _quotas: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _used: dict[str, int] = field(default_factory=dict)
    _minute: int = 0

    def learn(self, caller: str, quota: int) -> None:
        """Remember a caller's quota an hour, for when Redis is down."""
        self._quotas[caller] = quota
        self._quotas.move_to_end(caller)
        if len(self._quotas) > _REMEMBERED:
            self._quotas.popitem(last=False)

    def count(self, caller: str, name: str = "local") -> Limit:
        """One more request of a caller. Raises TooManyRequests."""
        now = time.time()
        if self._minute != int(now // 60):
            self._minute = int(now // 60)
            self._used.clear()
        quota = max(self._quotas.get(caller, 0) // 60 // LOCAL_SHARE, LOCAL_LEAST)
        seconds = 60 - int(now % 60)
        used = self._used.get(caller, 0) + 1
        if used > quota:
            raise refuse(Limit(name, quota, 0, seconds))
        self._used[caller] = used
        return Limit(name, quota, quota - used, seconds)
