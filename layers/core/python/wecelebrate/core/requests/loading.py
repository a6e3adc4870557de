"""A value from the cache, else loaded and kept: the same for requests, for what was just written, and for warming."""

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
from wecelebrate.core.requests import sessions
from wecelebrate.core.requests.request_cache import Gate, Look

Load = Callable[[Transaction], tuple[str, str | None]]
"""Loads a body, and the cursor after it."""


def one(load: Callable[[Transaction], BaseModel]) -> Load:
    """Loads one thing."""
    return lambda tx: (load(tx).model_dump_json(), None)


def page(load: Callable[[Transaction], pages.Built]) -> Load:
    """Loads one page of a list."""
    return lambda tx: pages.body(load(tx))


def value_of(gate: Gate, entry: Entry | None, load: Load) -> tuple[Value, str]:
    """The value, and how it came to be here (as `Cache-Status` says it). Without an entry it is loaded and not kept.

    Raises what `load` raises, but NotFound.
    """
    found = gate.look(entry)
    if found.status == "wait" and entry:
        found = gate.wait(entry)
    if found.value is None or found.status == "refresh":
        return _loaded(gate, entry, found, load), "fwd=miss" if found.status in ("load", "refresh") else "fwd=bypass"
    return found.value, "hit" if found.status == "hit" else "hit; detail=stale"


def write_through(gate: Gate, entry: Entry, load: Callable[[Transaction], BaseModel]) -> None:
    """Read what was just written, so that the cache has it. What goes wrong here is no failure of the write.

    It is read again, not taken from the write: of two writers at once, the first may come here last.
    """
    with suppress(Problem):
        value_of(gate, entry, one(load))


def _loaded(gate: Gate, entry: Entry | None, found: Look, load: Load) -> Value:
    locked = entry if found.status in ("load", "refresh") else None
    life, negative = (entry.entity.life, entry.entity.negative) if entry else (0, 0)
    # While nobody remembers what was written, the primary answers; without Redis it does to those who may have written.
    primary = found.claim.forgetful and (found.status != "down" or gate.caller.subject is not None)
    kept = False
    try:
        with reading(gate.caller.after(found.claim.min_xids), primary=primary) as tx:
            # Whom the database let in is not always whom the session speaks of: a membership may just have changed.
            # What this caller sees now is not for those who share the session's place.
            same = found.session == sessions.of(gate.caller, tx.entered)[0]
            try:
                body, cursor = load(tx)
                value = cache.made(body, json.dumps([200, etag(body), cursor]), found.claim.tokens, life)
            except NotFound:
                value = cache.made("", json.dumps([404, "", None]), found.claim.tokens, negative)
        if locked and same and found.session:
            gate.keep(locked, found.session, value)
            kept = True
    finally:
        if locked and not kept and found.session:
            gate.release(locked, found.session)
    return value
