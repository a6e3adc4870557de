"""The single Redis call of a request. It returns the session, the state of the limits, and the cached value
(`cache/lookup.lua`).

If Redis does not answer, this instance counts the requests itself, and loads every value from the database.
"""

import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import repeat

from wecelebrate.core import cache, kill_switches, metrics
from wecelebrate.core.cache import CacheLookup, TagVersions, Value
from wecelebrate.core.cache.keys import Entry, prefix
from wecelebrate.core.database import Caller, check_session, reading
from wecelebrate.core.errors import Problem, SessionRevoked
from wecelebrate.core.metering import meter
from wecelebrate.core.requests.counting import OnLimits, RequestCount
from wecelebrate.core.requests.sessions import Session, load_session, session_key, session_tag

_SESSION_ATTEMPTS = 3
"""The maximum number of attempts to load a session. Another attempt is needed if the session has become invalid before
the next lookup."""
_MAX_WAIT_SECONDS = cache.LOCK_MS / 1000 + 0.1
"""How long a request waits for a value that another request is loading.

This time is slightly longer than the lifetime of the lock. Therefore, if the loader dies, one of the waiting requests
loads the value.
"""
_WAIT_PAUSES = (0.01, 0.02, 0.04, 0.08)
"""The pauses (seconds) between the lookups of a value that another request is loading. The last pause is repeated."""

METRICS: Mapping[str, metrics.Name] = {
    "hit": "CacheHit",
    "stale": "CacheStale",
    "load": "CacheMiss",
    "first": "CacheMiss",
    "refresh": "CacheMiss",
}
UNCACHED = "uncached"
"""The entity that is billed for requests without a cached value: writes, and reads that are never cached."""

_lock_owner = secrets.token_urlsafe(9)
"""The name under which this instance owns locks."""


@dataclass
class CachedRequest:
    """The result of a lookup."""

    status: str = "down"
    """One of the statuses in the comment of `lookup.lua`, or `down` if Redis does not answer."""
    session: Session | None = None
    value: Value | None = None
    versions: TagVersions = cache.UNKNOWN_HISTORY


class RequestCache:
    """The cache operations of one request."""

    def __init__(
        self,
        caller: Caller,
        address: str = "",
        on_limits: OnLimits | None = None,
        is_order: bool = False,
        own_limit: str | None = None,
        *,
        has_session: bool = True,
        body_bytes: int = 0,
    ) -> None:
        """`on_limits` receives the headers with the state of the limits. If it is None, the request is not counted.

        `is_order` means that the request also counts against the order limit of the visited site. `own_limit` and
        `body_bytes` are described in `RequestCount`. If `has_session` is false, no session is loaded for the caller,
        because the caller may have no membership. The request then counts against the limits of its address and
        subject.
        """
        self.caller = caller
        self._has_session = has_session
        self.is_staff: bool | None = None
        """Whether the caller is an admin or support. None until Redis or the database has answered."""
        self.count = RequestCount(caller, address, on_limits, is_order, own_limit, body_bytes=body_bytes)
        self._in_background = on_limits is None
        """Whether the next lookups are billed as background work. This is the case if the request was already billed,
        or if there is no request."""
        meter.begin_request()

    def lookup(self, entry: Entry | None = None) -> CachedRequest:
        """Resolve the session, count the request (only in the first lookup), and get the value.

        Raises TooManyRequests. If the database does not accept the caller, the method raises the problem that
        `app.enter` returns.
        """
        if not kill_switches.are_known():
            # Open a transaction, because every transaction reads the state of the kill switches when it begins. If the
            # database does not accept the caller, the problem is ignored here, because load_session raises the problem
            # again.
            with suppress(Problem), reading(self.caller):
                pass
        entity = entry.entity.name if entry else UNCACHED
        if kill_switches.is_set("cache", "off"):
            entry = None
        try:
            for _ in range(_SESSION_ATTEMPTS):
                result = self._lookup(entry, entity)
                if result.status != "no_session" or not self._has_session:
                    return result
                load_session(self.caller, result.versions)
            return CachedRequest("no_session")
        except cache.CacheDown:
            self.count.count_locally()
        return CachedRequest()

    def record_failure(self, status: int) -> None:
        """Count a request that failed with this status.

        Raises TooManyRequests if no lookup has counted the request, and a limit is used up.
        """
        if self.count.needs_session(status):
            # The failed requests of a member count against the limit of the client, which the session names.
            with suppress(cache.CacheDown):
                self._lookup(None, UNCACHED)
        self.count.record_failure(status)

    def wait_for_fill(self, entry: Entry) -> CachedRequest:
        """Look up the value repeatedly until its loader has stored it, or until the lock of the loader has expired."""
        deadline = time.monotonic() + _MAX_WAIT_SECONDS
        result = CachedRequest("wait")
        for pause in (*_WAIT_PAUSES, *repeat(_WAIT_PAUSES[-1], 100)):
            if result.status != "wait" or time.monotonic() > deadline:
                break
            time.sleep(pause)
            result = self.lookup(entry)
        return result

    def put(self, entry: Entry, session: Session, value: Value) -> None:
        """Store a value that was loaded, and release its lock."""
        with suppress(cache.CacheDown):
            value_key = f"{prefix()}{session.scope}:{entry.suffix}"
            cache.put(
                value_key,
                value,
                entry.entity,
                _lock_key(session, entry),
                _lock_owner,
                max_length=cache.MAX_RARE_LENGTH if entry.is_rare else cache.MAX_VALUE_LENGTH,
                budgets=self.count.budgets(session, entry.suffix),
            )

    def release(self, entry: Entry, session: Session) -> None:
        """Release the lock of a value whose load failed."""
        with suppress(cache.CacheDown):
            cache.release(_lock_key(session, entry), _lock_owner)

    def _lookup(self, entry: Entry | None, entity: str) -> CachedRequest:
        result = cache.lookup(self._request(entry, entity))
        session = Session.parse(result.session.meta) if result.session else None
        tags = result.session.tags if result.session else ()
        self.count.record_lookup(result.limits, session, tags, refused=result.status == "limited")
        self._record_outcome(result.status, session, entity)
        if session:
            try:
                check_session(self.caller, session.not_before)
            except SessionRevoked:
                if entry and result.status in ("load", "refresh"):
                    # This caller will not load the value, so other requests must not continue to wait for the value.
                    self.release(entry, session)
                raise
            self.is_staff = session.is_staff
        return CachedRequest(result.status, session, result.value, result.versions)

    def _request(self, entry: Entry | None, entity: str) -> CacheLookup:
        return CacheLookup(
            session_key=session_key(self.caller),
            session_tag=session_tag(self.caller),
            write_key=self.caller.write_key,
            lock_owner=_lock_owner,
            lock_ms=cache.LOCK_MS,
            entity=entity,
            suffix=entry.suffix if entry else "",
            tags=entry.tags if entry else (),
            second_use_ms=cache.SECOND_USE_MS if entry and entry.is_rare else 0,
            background=self._in_background,
            **self.count.lookup_fields(),
        )

    def _record_outcome(self, status: str, session: Session | None, entity: str) -> None:
        """Count the outcome in the metrics, and bill further usage of the request to its tenant.

        The script `lookup.lua` has already billed the outcome.
        """
        if status in METRICS and not self._in_background:
            metrics.count(METRICS[status], dimension="entity", of=entity)
        if session:
            meter.assign_tenant(session.tenant, entity)
            self._in_background = self._in_background or status != "wait"


def _lock_key(session: Session, entry: Entry) -> str:
    return f"{prefix()}{session.scope}:lock:{entry.suffix}"
