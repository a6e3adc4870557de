"""Rate limits: requests of a client or an address, and orders of a site.

Redis counts them, in the call that also reads the session and the value (`cache/lookup.lua`): requests of a client and
orders of a site over a sliding hour of minute buckets, requests of an address over a sliding minute. While Redis is
down each instance counts for itself, with a low limit.
"""

import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from wecelebrate.core import metrics
from wecelebrate.core.errors import TooManyRequests

ADDRESS_PER_MINUTE = 600
"""Requests of one address without a token. An office shares one address, so the limit is generous."""
WINDOW_SECONDS = {"address": 60, "local": 60, "local-orders": 60}
"""The window of each limit. All others have an hour."""
HOUR_SECONDS = 3600
LOCAL_SHARE = 4
"""While Redis is down an instance allows one minute of a caller's quota, divided by this: there are other instances."""
MIN_LOCAL_QUOTA = 20
"""The lowest limit, in requests per minute, that an instance applies while Redis is down."""
_MAX_REMEMBERED_QUOTAS = 10_000


@dataclass(frozen=True)
class Limit:
    """The state of one limit."""

    name: str
    quota: int
    remaining: int
    seconds: int
    """Seconds until some of the quota is available again."""

    @classmethod
    def parse(cls, line: str) -> "Limit":
        name, *numbers = line.split(" ")
        return cls(name.partition(".")[0], *map(int, numbers))


def headers(limits: Iterable[Limit]) -> dict[str, str]:
    """The limits as `RateLimit` and `RateLimit-Policy` headers (draft-ietf-httpapi-ratelimit-headers-10)."""
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
    """The problem for a limit that is used up."""
    metrics.count("Throttled", dimension="limit", of=limit.name)
    what = "orders of this site" if limit.name in ("orders", "local-orders") else "requests"
    window = "minute" if WINDOW_SECONDS.get(limit.name) == 60 else "hour"
    return TooManyRequests(
        f"The limit of {limit.quota} {what} per {window} is used up. Try again after the time in Retry-After.",
        retry_after=max(limit.seconds, 1),
    )


@dataclass
class LocalLimits:
    """The requests that this instance counts while Redis is down, one minute at a time."""

    _quotas: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _used: dict[str, int] = field(default_factory=dict)
    _minute: int = 0

    def learn(self, caller: str, quota: int) -> None:
        """Remember a caller's hourly quota."""
        self._quotas[caller] = quota
        self._quotas.move_to_end(caller)
        if len(self._quotas) > _MAX_REMEMBERED_QUOTAS:
            self._quotas.popitem(last=False)

    def count(self, caller: str, name: str = "local") -> Limit:
        """Count one request of a caller. Raises TooManyRequests."""
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
