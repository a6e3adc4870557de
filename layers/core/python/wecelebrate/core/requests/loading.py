"""A value from the cache, otherwise loaded and cached. Requests, write-through and warming use it alike."""

import json
from collections.abc import Callable
from contextlib import suppress

from pydantic import BaseModel

from wecelebrate.core import cache, pages
from wecelebrate.core.cache import Value
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Transaction, reading
from wecelebrate.core.errors import NotFound, Problem
from wecelebrate.core.etags import etag
from wecelebrate.core.requests.request_cache import CachedRequest, RequestCache
from wecelebrate.core.requests.sessions import session_of

Load = Callable[[Transaction], tuple[str, str | None]]
"""Loads a body, and the cursor of the next page."""


def object_loader(load: Callable[[Transaction], BaseModel]) -> Load:
    """Loads one object."""
    return lambda tx: (load(tx).model_dump_json(), None)


def page_loader(load: Callable[[Transaction], pages.RenderedPage]) -> Load:
    """Loads one page of a list."""
    return lambda tx: pages.body(load(tx))


def value_of(request: RequestCache, entry: Entry | None, load: Load) -> tuple[Value, str]:
    """The value, and the parameters of its `Cache-Status`. Without an entry the value is loaded and not cached.

    Raises what `load` raises, except NotFound, which is a value with status 404.
    """
    result = request.lookup(entry)
    if result.status == "wait" and entry:
        result = request.wait_for_fill(entry)
    if result.value is None or result.status == "refresh":
        missed = result.status in ("load", "refresh")
        return _load(request, entry, result, load), "fwd=miss" if missed else "fwd=bypass"
    return result.value, "hit" if result.status == "hit" else "hit; detail=stale"


def write_through(request: RequestCache, entry: Entry, load: Callable[[Transaction], BaseModel]) -> None:
    """Read what was just written, so that it is in the cache. An error here does not fail the write.

    The value is read again instead of taken from the write: of two concurrent writes the first may get here last.
    """
    with suppress(Problem):
        value_of(request, entry, object_loader(load))


def _load(request: RequestCache, entry: Entry | None, result: CachedRequest, load: Load) -> Value:
    locked = entry if result.status in ("load", "refresh") else None
    life, negative_life = (entry.entity.life, entry.entity.negative) if entry else (0, 0)
    versions = result.versions
    # While recent writes are unknown, the primary answers. Without Redis it answers only callers that may have written.
    primary = versions.history_unknown and (result.status != "down" or request.caller.subject is not None)
    stored = False
    try:
        with reading(request.caller.reading_after(versions.min_xids), primary=primary) as tx:
            # A membership may have changed since the session was cached. Then this caller sees other rows than the
            # callers that share the session's scope, and the value must not be stored for them.
            same_session = result.session == session_of(request.caller, tx.context)[0]
            try:
                body, cursor = load(tx)
                value = cache.new_value(body, json.dumps([200, etag(body), cursor]), versions.tokens, life)
            except NotFound:
                value = cache.new_value("", json.dumps([404, "", None]), versions.tokens, negative_life)
        if locked and same_session and result.session:
            request.put(locked, result.session, value)
            stored = True
    finally:
        if locked and not stored and result.session:
            request.release(locked, result.session)
    return value
