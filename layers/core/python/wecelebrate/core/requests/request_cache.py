"""The gate of a request: who calls, what is left of its limits, and the value when the cache has it.

All of it is one call of Redis (`cache/look.lua`). Without Redis an instance counts for itself, and every answer comes
from the database.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import repeat

from wecelebrate.core import cache, kill_switches, metrics
from wecelebrate.core.cache import Claim, Value
from wecelebrate.core.cache.keys import PUBLIC, Entry, key, prefix
from wecelebrate.core.database import Caller, reading
from wecelebrate.core.errors import Problem
from wecelebrate.core.metering import ledger
from wecelebrate.core.requests import limits, sessions
from wecelebrate.core.requests.limits import Limit, LocalLimits
from wecelebrate.core.requests.sessions import Session

_TRIES = 3
"""How often a session is loaded that is gone again at the next look."""
_PATIENCE = cache.LOCK_LIFE / 1000 + 0.1
"""Seconds that the value is waited for: of those who waited for somebody who died, one loads it for all."""
_WAITS = (0.01, 0.02, 0.04, 0.08)
"""Seconds between two looks for a value that somebody else is loading; the last for all that follow."""

METRICS: Mapping[str, metrics.Name] = {
    "hit": "CacheHit",
    "stale": "CacheStale",
    "load": "CacheMiss",
    "refresh": "CacheMiss",
}
UNCACHED = "uncached"
"""In a tenant's account, what no value of the cache could answer: writes, and what is never kept."""

_local = LocalLimits()
_owner = secrets.token_urlsafe(9)
"""This instance, as the owner of locks."""


@dataclass
class Look:
    """What one look at the cache found."""

    status: str = "down"
    """As look.lua says it; `down` without Redis."""
    session: Session | None = None
    value: Value | None = None
    claim: Claim = field(default_factory=lambda: Claim("", (), True))


class Gate:
    """One request at the cache."""

    def __init__(
        self,
        caller: Caller,
        address: str = "",
        tell: Callable[[Mapping[str, str]], object] | None = None,
        orders: bool = False,
    ) -> None:
        """`tell` is given the headers that say what is left of the limits; without it nothing is counted. `orders`:
        the request also counts among the orders of the site that is visited."""
        self.caller = caller
        self._orders = orders
        self._address = address
        self._tell = tell
        self._limits: dict[str, Limit] = {}
        self._accounted = tell is None
        """Whether the tenant's account has the request, or there is none."""
        ledger.begin()

    def look(self, entry: Entry | None = None) -> Look:
        """Who calls and the value, if there is one. The request is counted, once.

        Raises TooManyRequests, and what entering the database raises for a caller that it does not let in.
        """
        if not kill_switches.are_known():
            with suppress(Problem), reading(self.caller):
                pass  # entering says how they stand; who is not let in is told so below
        entity = entry.entity.name if entry else UNCACHED
        if kill_switches.is_set("cache", "off"):
            entry = None
        try:
            for _ in range(_TRIES):
                found = self._look(entry, entity)
                if found.status != "session":
                    return found
                sessions.begin(self.caller, found.claim)
            return Look("session")
        except cache.CacheDown:
            self._count_here()
        return Look()

    def wait(self, entry: Entry) -> Look:
        """Look again until whoever loads the value has it, or the lock ran out."""
        deadline = time.monotonic() + _PATIENCE
        found = Look("wait")
        for pause in (*_WAITS, *repeat(_WAITS[-1], 100)):
            if found.status != "wait" or time.monotonic() > deadline:
                break
            time.sleep(pause)
            found = self.look(entry)
        return found

    def keep(self, entry: Entry, session: Session, value: Value) -> None:
        """Keep what was loaded, and give the lock back."""
        with suppress(cache.CacheDown):
            cache.save(f"{prefix()}{session.scope}:{entry.suffix}", value, entry.entity, _lock(session, entry), _owner)

    def release(self, entry: Entry, session: Session) -> None:
        """Give the lock back of what could not be loaded."""
        with suppress(cache.CacheDown):
            cache.release(_lock(session, entry), _owner)

    def _look(self, entry: Entry | None, entity: str) -> Look:
        counts = self._tell is not None and not kill_switches.is_set("limits", "off")
        status, session, counted, raw, tokens, xids = cache.look(
            sessions.where(self.caller),
            key(PUBLIC, "limit", "address", self._address) if self._address else "",
            _owner,
            str(cache.LOCK_LIFE),
            self.caller.memory or "-",
            sessions.tag(self.caller),
            str(limits.ADDRESS_PER_MINUTE) if counts and self._address and "address" not in self._limits else "",
            "1" if counts and not self._limits.keys() - {"address"} else "",
            str(sessions.STOREFRONT_SHARE) if counts and self._orders and "orders" not in self._limits else "",
            entry.suffix if entry else "",
            entity,
            aside=self._accounted,
            tags=entry.tags if entry else (),
        )
        self._count([Limit.parse(line) for line in counted.splitlines()], refused=status == "limited")
        known = Session.parse(Value.parse(session).meta) if session else None
        if status in METRICS and not self._accounted:
            metrics.count(METRICS[status], dimension="entity", of=entity)
        if known:
            ledger.belongs(known.tenant, entity)
            self._accounted = self._accounted or status != "wait"
        if known and known.quota:
            _local.learn(self._counted_as, known.quota)
            if self._orders:
                _local.learn(self._ordered_as, known.quota // sessions.STOREFRONT_SHARE)
        return Look(status, known, Value.parse(raw) if raw else None, Claim.of(tokens, xids))

    def _count_here(self) -> None:
        """Count the request in this instance alone."""
        if self._tell and not self._limits and not kill_switches.is_set("limits", "off"):
            self._count([_local.count(self._counted_as)])
            if self._orders:
                self._count([_local.count(self._ordered_as, "local-orders")])

    @property
    def _counted_as(self) -> str:
        """Whom an instance counts a request for."""
        return f"{sessions.where(self.caller)} {self._address}"

    @property
    def _ordered_as(self) -> str:
        """The site that an instance counts an order for."""
        return f"orders {self.caller.site_domain}"

    def _count(self, counted: list[Limit], refused: bool = False) -> None:
        self._limits |= {limit.name: limit for limit in counted}
        if self._tell:
            self._tell(limits.headers(self._limits.values()))
        if refused:
            raise limits.refuse(counted[-1])


def _lock(session: Session, entry: Entry) -> str:
    return f"{prefix()}{session.scope}:lock:{entry.suffix}"
