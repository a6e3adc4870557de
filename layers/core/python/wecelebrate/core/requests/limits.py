"""Rate limits for the requests of a client, the requests of an IP address, and the orders of a site.

Redis counts the requests, in the call that also gets the session and the value (`cache/lookup.lua`). The limits of
clients and sites have a sliding window of one hour, which consists of 60 buckets of one minute. The limit of an IP
address has a sliding window of one minute. While Redis is down, each instance counts only the requests that it handles
itself, and applies lower limits.
"""

import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from wecelebrate.core import metrics
from wecelebrate.core.errors import TooManyRequests

ADDRESS_PER_MINUTE = 600
"""How many requests without a token one IP address is allowed to send per minute. The number is high, because
all people in an office can have the same address."""
WINDOW_SECONDS = {"address": 60, "local": 60, "local-orders": 60}
"""Maps the name of a limit to the length of its window. A limit that is not in this mapping has a window of one
hour."""
HOUR_SECONDS = 3600
LOCAL_SHARE = 4
"""While Redis is down, each instance allows a caller `hourly quota / 60 / LOCAL_SHARE` requests per minute. This is
only a share of the quota, because other instances also handle requests of the same caller."""
MIN_LOCAL_QUOTA = 20
"""The minimum number of requests per minute that an instance allows a caller while Redis is down."""
_MAX_REMEMBERED_QUOTAS = 10_000


@dataclass(frozen=True)
class Limit:
    """The state of one limit after a request was counted."""

    name: str
    quota: int
    remaining: int
    seconds: int
    """The number of seconds until a part of the quota becomes available again."""

    @classmethod
    def parse(cls, line: str) -> "Limit":
        name, *numbers = line.split(" ")
        return cls(name.partition(".")[0], *map(int, numbers))


def headers(limits: Iterable[Limit]) -> dict[str, str]:
    """Return the headers `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10)."""
    counted = list(limits)
    if not counted:
        return {}
    return {
        "RateLimit-Policy": ", ".join(
            f'"{limit.name}";q={limit.quota};w={WINDOW_SECONDS.get(limit.name, HOUR_SECONDS)}' for limit in counted
        ),
        "RateLimit": ", ".join(f'"{limit.name}";r={limit.remaining};t={limit.seconds}' for limit in counted),
    }


def refuse(limit: Limit) -> TooManyRequests:
    """Create the problem for a limit that is used up."""
    metrics.count("Throttled", dimension="limit", of=limit.name)
    unit = "orders of this site" if limit.name in ("orders", "local-orders") else "requests"
    window = "minute" if WINDOW_SECONDS.get(limit.name) == 60 else "hour"
    return TooManyRequests(
        f"The limit of {limit.quota} {unit} per {window} is used up. Try again after the time in Retry-After.",
        retry_after=max(limit.seconds, 1),
    )


@dataclass
class LocalLimits:
    """Counts the requests that this instance handles while Redis is down.

    Each minute, the counters start again at zero.
    """

    _quotas: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _used: dict[str, int] = field(default_factory=dict)
    _minute: int = 0

    def learn(self, caller: str, quota: int) -> None:
        """Remember the hourly quota of a caller."""
        self._quotas[caller] = quota
        self._quotas.move_to_end(caller)
        if len(self._quotas) > _MAX_REMEMBERED_QUOTAS:
            self._quotas.popitem(last=False)

    def count(self, caller: str, name: str = "local") -> Limit:
        """Count one request of a caller and return the state of the limit. Raises TooManyRequests."""
        now = time.time()
        if self._minute != int(now // 60):
            self._minute = int(now // 60)
            self._used.clear()
        quota = max(self._quotas.get(caller, 0) // 60 // LOCAL_SHARE, MIN_LOCAL_QUOTA)
        seconds = 60 - int(now % 60)
        used = self._used.get(caller, 0) + 1
        if used > quota:
            raise refuse(Limit(name, quota, 0, seconds))
        self._used[caller] = used
        return Limit(name, quota, quota - used, seconds)
