"""The cache: values that are served until something they contain changes.

A value carries tags. Redis stores a random token, the version, for each tag, and a value is valid while it carries the
current token of each of its tags. A change removes the tokens of its tags after the commit, in one call, however many
values carry them. Tokens are read before a value is loaded, so a load that began before a change is never served after
it. A token that Redis evicted makes a cache miss. For a minute Redis also remembers the transactions that invalidated a
tag: a replica that has not replayed them must not load the value.

A failing cache never fails a request: every function here raises CacheDown, and its callers continue without the cache.
"""

import random
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from wecelebrate.core.cache.keys import PUBLIC, Entity, key, prefix
from wecelebrate.core.cache.redis import CacheDown, Script, redis
from wecelebrate.core.cache.values import UNKNOWN_HISTORY, CacheLookup, CacheResult, TagVersions, Value
from wecelebrate.core.metering import meter

__all__ = [
    "UNKNOWN_HISTORY",
    "CacheDown",
    "CacheLookup",
    "CacheResult",
    "TagVersions",
    "Value",
    "busiest_domains",
    "delete",
    "get",
    "get_or_set",
    "invalidate",
    "lookup",
    "new_value",
    "put",
    "read_tags",
    "release",
    "set_value",
]

LOCK_MS = 2000
"""How long a lock lasts, in milliseconds: a loader that dies delays nobody by more."""
JITTER = 0.1
"""The share by which a lifetime may be shortened, so that values loaded together do not expire together."""
MAX_VALUE_LENGTH = 1_000_000
"""Characters. A longer value is not cached. Upstash accepts requests of up to 10 MB."""
_TAGS_PER_CALL = 1000

READ_TAGS, PUT, INVALIDATE, LOOKUP = Script("read_tags"), Script("put"), Script("invalidate"), Script("lookup")
TOTALS = Script("totals")


def now() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000


def new_token() -> str:
    """A new version of a tag."""
    return secrets.token_urlsafe(9)


def lookup(request: CacheLookup) -> CacheResult:
    """Resolve the session of a request, count it against its limits, and get its value, in one call."""
    fields = request.to_json(new_token(), meter.unsent())
    response = redis().run(LOOKUP, [request.session_key, request.address_key], prefix(), str(now()), fields)
    meter.mark_sent()
    return CacheResult.parse(response)


def read_tags(tags: Iterable[str], write_key: str = "") -> TagVersions:
    """The versions of tags, to be read before a value that carries them is loaded."""
    tokens, xids, commands = redis().run(READ_TAGS, [], prefix(), str(now()), new_token(), write_key or "-", *tags)
    meter.record_commands(commands)
    return TagVersions.parse(tokens, xids)


def put(value_key: str, value: Value, entity: Entity, lock: str = "", owner: str = "") -> None:
    """Store a value for its entity's lifetime, and release the lock that was held for it."""
    life = max(value.stale_at - now() + entity.stale * 1000, 1)
    raw = str(value)
    fits = len(raw) <= MAX_VALUE_LENGTH
    _put([value_key if fits else "", lock], owner, str(life), raw if fits else "")


def release(lock: str, owner: str) -> None:
    """Release the lock of a value that could not be loaded."""
    _put(["", lock], owner, "1", "")


def _put(keys: list[str], *arguments: str) -> None:
    redis().run(PUT, keys, prefix(), str(now()), *arguments, meter.unsent())
    meter.mark_sent()


def new_value(body: str, meta: str, tokens: str, seconds: float) -> Value:
    """A value that expires in about `seconds`."""
    life = seconds * (1 - random.random() * JITTER)  # noqa: S311 - no secret
    return Value(now() + int(life * 1000), meta, tokens, body)


def invalidate(tags: Sequence[str], xid: str | None = None, write_key: str = "", *, late: bool = False) -> None:
    """Invalidate all values that carry any of the tags.

    `xid` is the transaction that made the change, and `write_key` the caller who did. `late` means that the sweeper
    repeats an invalidation that the writing function did not send.
    """
    rest = list(tags)
    while rest or write_key:
        batch, rest = rest[:_TAGS_PER_CALL], rest[_TAGS_PER_CALL:]
        arguments = (prefix(), str(now()), xid or "", write_key, "1" if late else "")
        # Urgent: other instances may still reach Redis, and would serve outdated values.
        meter.record_commands(redis().run(INVALIDATE, [], *arguments, *batch, urgent=True))
        write_key = ""


def busiest_domains(limit: int) -> list[str]:
    """The most visited domains of this hour and the one before."""
    hour = now() // 3_600_000
    visits: dict[str, int] = {}
    for each in (hour, hour - 1):
        rows = redis().execute("ZREVRANGE", key(PUBLIC, "busy", str(each)), "0", str(limit - 1), "WITHSCORES")
        for domain, count in rows:
            visits[domain] = visits.get(domain, 0) + int(count)
    return sorted(visits, key=lambda domain: -visits[domain])[:limit]


def requests_in_last_hour(limit_key: str) -> int:
    """The requests that a limit counted in the last hour."""
    minutes: dict[str, str] = redis().execute("HGETALL", limit_key)
    hour_ago = now() // 60_000 - 60
    return sum(int(requests) for minute, requests in minutes.items() if int(minute) > hour_ago)


def totals(accounts: Sequence[str]) -> dict[str, tuple[int, int]]:
    """The sums of accounts, by field. `wecelebrate.usage` describes the fields."""
    sums = redis().run(TOTALS, list(accounts), prefix(), str(now()))
    return {field: (high, low) for field, high, low in zip(sums[::3], sums[1::3], sums[2::3], strict=True)}


def info() -> dict[str, str]:
    """The memory section of Redis' INFO; empty if the server refuses it. Raises CacheDown."""
    return redis().info()


# Operations on values that belong to no request.


def get(value_key: str) -> Value | None:
    """The value, if it is valid."""
    raw = redis().execute("GET", value_key)
    if raw is None:
        return None
    value = Value.parse(raw)
    current = read_tags([line.partition(" ")[2] for line in value.tokens.splitlines()])
    return value if current.tokens == value.tokens and now() < value.stale_at else None


def set_value(value_key: str, body: str, entity: Entity, versions: TagVersions) -> None:
    """Store a body. `versions` were read before the body was loaded."""
    put(value_key, new_value(body, "-", versions.tokens, entity.life), entity)


def delete(value_key: str) -> None:
    """Delete one value."""
    redis().execute("DEL", value_key)


def get_or_set(value_key: str, entity: Entity, tags: Sequence[str], load: Callable[[TagVersions], str]) -> str:
    """The cached body; if there is none, load and store it. `load` gets the versions with the transactions that its
    reader must have replayed."""
    try:
        cached = get(value_key)
        if cached is not None:
            return cached.body
        versions = read_tags(tags)
    except CacheDown:
        return load(UNKNOWN_HISTORY)
    body = load(versions)
    with suppress(CacheDown):
        set_value(value_key, body, entity, versions)
    return body
