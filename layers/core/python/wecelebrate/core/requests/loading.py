"""Gets a value from the cache. A value that is not cached is loaded from the database and then cached.

Requests, the write-through after a write, and the warming of the cache all use this module.
"""

import json
from collections.abc import Callable
from contextlib import suppress

from pydantic import BaseModel

from wecelebrate.core import cache, pages
from wecelebrate.core.cache import Value, keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Transaction, reading, retry_on_primary
from wecelebrate.core.errors import NotFound, Problem
from wecelebrate.core.etags import etag
from wecelebrate.core.requests.request_cache import CachedRequest, RequestCache
from wecelebrate.core.requests.sessions import is_session_of

Load = Callable[[Transaction], tuple[str, str | None]]
"""A function that loads a value. It returns the body and the cursor of the next page (None if there is no cursor)."""


def object_loader(load: Callable[[Transaction], BaseModel]) -> Load:
    """Create a loader for one object."""
    return lambda tx: (load(tx).model_dump_json(), None)


def page_loader(load: Callable[[Transaction], pages.RenderedPage]) -> Load:
    """Create a loader for one page of a list."""
    return lambda tx: pages.body(load(tx))


def value_of(request: RequestCache, entry: Entry | None, load: Load) -> tuple[Value, str]:
    """Return the value of a request, and the parameters of the `Cache-Status` header of its response.

    If `entry` is None, the value is not cached. If `load` raises NotFound, the value has the status 404. All other
    errors of `load` are raised.
    """
    result = request.lookup(entry)
    if result.status == "wait" and entry:
        result = request.wait_for_fill(entry)
    if result.value is None or result.status == "refresh":
        missed = result.status in ("load", "refresh", "first")
        return _load(request, entry, result, load), "fwd=miss" if missed else "fwd=bypass"
    return result.value, "hit" if result.status == "hit" else "hit; detail=stale"


def write_through(request: RequestCache, entry: Entry, load: Callable[[Transaction], BaseModel]) -> None:
    """Load an object into the cache after it was written. Any Problem is ignored.

    The object is loaded from the database, and not taken from the write. The reason is that after two concurrent
    writes, the older write can call this function last, when the object of the older write is already outdated.
    """
    with suppress(Problem):
        value_of(request, entry, object_loader(load))


def _load(request: RequestCache, entry: Entry | None, result: CachedRequest, load: Load) -> Value:
    locked = entry if result.status in ("load", "refresh") else None
    life, negative_life = (entry.entity.life, entry.entity.negative) if entry else (0, 0)
    versions = result.versions
    # If the history of recent writes is unknown, the value is loaded from the primary. There is one exception: if Redis
    # is down, a value for an anonymous caller is loaded from the replica, because an anonymous caller has made no
    # writes that the response must contain.
    primary = versions.history_unknown and (result.status != "down" or request.caller.subject is not None)

    def read() -> tuple[Value, bool]:
        with reading(request.caller.reading_after(versions.min_xids), primary=primary) as tx:
            request.is_staff = tx.context.is_staff
            # The caller's membership can change after the session was cached. Then the caller no longer sees the same
            # rows as other callers with the scope of the cached session. In this case, the value must not be stored.
            shows_persons = locked is not None and locked.entity in (keys.ORDER, keys.ORDERS)
            same_session = is_session_of(result.session, request.caller, tx, shows_persons=shows_persons)
            try:
                body, cursor = load(tx)
            except NotFound:
                return cache.new_value("", json.dumps([404, "", None]), versions.tokens, negative_life), same_session
            return cache.new_value(body, json.dumps([200, etag(body), cursor]), versions.tokens, life), same_session

    stored = False
    try:
        value, same_session = retry_on_primary(read)
        if locked and same_session and result.session:
            request.put(locked, result.session, value)
            stored = True
    finally:
        if locked and not stored and result.session:
            request.release(locked, result.session)
    return value
