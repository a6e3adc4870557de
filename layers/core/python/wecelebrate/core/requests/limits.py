"""Rate limits for the requests of a client, of an IP address and of a token, and for the orders of a site.

Redis counts each request in the call that also gets the session and the value (`cache/lookup.lua`). The limits of
clients and sites have a sliding window of one hour, which consists of 60 buckets of one minute. The limits of an IP
address and of a token have a sliding window of one minute. While Redis is down, each instance counts only the requests
that it handles itself, and applies lower limits.

No caller can use up a limit that other callers need:

- One address can use at most a part of the limits that all visitors of a client share.
- Only placed orders count against the order limit of a site. An order is counted when it arrives, so that concurrent
  orders cannot exceed the limit. If the order fails, it no longer counts.
- A failed request costs FAILURE_COST additional requests, which count against the address and the token of the caller.
  The failed requests of a member count only against the limit of the member's client, like all requests of a member.
  Otherwise a faulty program of a client could block the visitors who have the same address as the program.
- A visitor's request that keeps the database busy also costs additional requests. Therefore a stranger cannot make the
  platform compute many of the most expensive pages.
- A visitor's request with a large body counts as several requests. Otherwise one address could fill the tables of a
  client with a small number of requests.
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
SUBJECT_PER_MINUTE = ADDRESS_PER_MINUTE
"""How many requests one customer is allowed to send per minute, from all addresses together."""
FAILURE_COST = 5
"""How many additional requests a failed request costs. An address is therefore allowed 100 failures per minute."""
FREE_MILLISECONDS, MILLISECONDS_PER_REQUEST = 100, 25
"""A visitor's request costs one additional request for each full 25 ms of database time after the first 100 ms.

An ordinary request needs less than 10 milliseconds, and a cached response needs no database time. Facets of 100,000
products need about 350 milliseconds, so an address can request them 54 times a minute.
"""
BYTES_PER_REQUEST = 16 * 1024
"""A visitor's request counts as one request for every 16 KiB of its body, rounded up.

An ordinary request of a storefront has a smaller body. Because of this rule, the limit on requests also limits the
bytes that strangers can store on the platform.
"""
MAX_TIME_COST = 20
"""The maximum number of additional requests that database time costs. Even while the database is slow for all callers,
an address can send 28 requests per minute."""
STOREFRONT_SHARE = 2
"""The request limit of a client's storefronts is divided by this number. The result is the limit for one address."""
ORDER_SHARE = 4
"""The order limit of a site is divided by this number. The result is the order limit for one address.

The limit for an address counts the orders from this address at all sites of a client.
"""
WINDOW_SECONDS = {"address": 60, "subject": 60, "local": 60, "local-orders": 60, "local-orders-address": 60}
"""Maps the name of a limit to the length of its window. All other limits have a window of one hour."""
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
    if limit.name.endswith("-address"):
        unit = f"{'orders' if 'orders' in limit.name else 'requests'} from one address"
    window = "minute" if WINDOW_SECONDS.get(limit.name) == 60 else "hour"
    return TooManyRequests(
        f"The limit of {limit.quota} {unit} per {window} is used up. Try again after the time in Retry-After.",
        retry_after=max(limit.seconds, 1),
    )


def time_cost(milliseconds: float) -> int:
    """Return the number of additional requests that a visitor's request costs for its database time."""
    return max(0, min(int((milliseconds - FREE_MILLISECONDS) / MILLISECONDS_PER_REQUEST), MAX_TIME_COST))


def size_cost(body_bytes: int) -> int:
    """Return the number of requests that a visitor's request with a body of this size counts as."""
    return max(1, -(-body_bytes // BYTES_PER_REQUEST))


@dataclass
class LocalLimits:
    """Counts the requests that this instance handles while Redis is down.

    The counters are reset to zero every minute.
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

    def quota(self, caller: str) -> int:
        """Return the remembered hourly quota of a caller, or 0."""
        return self._quotas.get(caller, 0)

    def count(self, caller: str, name: str = "local", share: int = 1, cost: int = 1) -> Limit:
        """Count a request of a caller and return the state of the limit. Raises TooManyRequests.

        The quota is divided by `share`. If the limit is not used up, the request is allowed, and counts as `cost`
        requests.
        """
        seconds = self._start_minute()
        quota = max(self._quotas.get(caller, 0) // 60 // LOCAL_SHARE, MIN_LOCAL_QUOTA) // share
        used = self._used.get(caller, 0)
        if used >= quota:
            raise refuse(Limit(name, quota, 0, seconds))
        self._used[caller] = used + cost
        return Limit(name, quota, max(quota - used - cost, 0), seconds)

    def add(self, caller: str, requests: int) -> None:
        """Add requests to a limit, even if the limit is used up. A negative number subtracts requests."""
        self._start_minute()
        self._used[caller] = max(self._used.get(caller, 0) + requests, 0)

    def _start_minute(self) -> int:
        """Reset all counters if a new minute has begun. It returns the number of seconds until the next minute."""
        now = time.time()
        if self._minute != int(now // 60):
            self._minute = int(now // 60)
            self._used.clear()
        return 60 - int(now % 60)
