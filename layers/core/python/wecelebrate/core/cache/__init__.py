"""The cache. It serves a value until the data in the value changes.

Each value has tags. Redis stores a random token for each tag: the version of the tag. A value contains the tokens that
its tags had before the value was loaded. A value is valid as long as all its tokens are the current tokens of its tags.

After a change commits, one call removes the current tokens of all tags of the change. This call invalidates every value
that has at least one of these tags. Its cost does not depend on the number of values. If a function began to load a
value before the change, the value contains the old tokens, and is never served after the change. If Redis evicts the
token of a tag, the values with this tag become invalid.

For a minute, Redis also remembers which transactions invalidated a tag. During this minute, a value with the tag is
loaded from the primary, or from a replica that has replayed these transactions.

No request fails if Redis fails. The functions of this module raise CacheDown, and the code that calls them continues
without the cache.
"""

import random
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress

import orjson

from wecelebrate.core.cache.keys import PUBLIC, Entity, key, prefix
from wecelebrate.core.cache.redis import CacheDown, Script, redis
from wecelebrate.core.cache.values import (
    UNKNOWN_HISTORY,
    Budget,
    Budgets,
    CacheLookup,
    CacheResult,
    Charge,
    TagVersions,
    Value,
    first_charged_client,
)
from wecelebrate.core.metering import meter

__all__ = [
    "UNKNOWN_HISTORY",
    "Budget",
    "Budgets",
    "CacheDown",
    "CacheLookup",
    "CacheResult",
    "Charge",
    "TagVersions",
    "Value",
    "apply_charge",
    "busiest_domains",
    "delete",
    "delete_values",
    "first_charged_client",
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
"""The lifetime of a lock, in milliseconds. If a loader dies, other requests for its value wait at most this long."""
JITTER = 0.1
"""Each lifetime is shortened by a random fraction from 0 to this number. Values that were loaded at the same time
therefore do not expire at the same time."""
MAX_VALUE_LENGTH = 1_000_000
"""The maximum length of a cached value, in characters. Upstash accepts requests of up to 10 MB."""
MAX_RARE_LENGTH = 256 * 1024
"""The maximum length, in characters, of a cached value whose key a caller can choose freely. A page of 50 ordinary
products has about 21,000 characters."""
SECOND_USE_MS = 300_000
"""A rare value is stored if a second request for it arrives within this number of milliseconds."""


ADDRESS_KIB_PER_HOUR = 8 * 1024
"""How many KiB of values the requests of one IP address may store in an hour. This is enough for about 400 pages of 50
products. Above the limit, the address cannot store a value, but requests of other addresses can store the same value.
"""
FREE_KIB_PER_HOUR = 1024
"""How many KiB of values one IPv4 address, or one /48 of IPv6, may store in an hour. This budget is available even if
the shared budget is used up."""
SHARED_KIB_PER_HOUR = 128 * 1024
"""How many KiB of values all IP addresses together may store in an hour, in addition to FREE_KIB_PER_HOUR for each
address.

Because of this budget, a small number of addresses cannot fill Redis. Each address can always use its
FREE_KIB_PER_HOUR, whatever other addresses request.
"""
CLIENT_KIB_PER_HOUR = 64 * 1024
"""How many KiB of values the requests of one client's members may store in an hour. This is enough for about 3,200
pages of 50 products. If a member has several clients, the member's values contain rows of all these clients. Such a
value is charged to the clients in equal parts."""
SUBJECT_KIB_PER_HOUR = CLIENT_KIB_PER_HOUR // 4
"""How many KiB of values the requests of one member may store in an hour, whichever clients the member belongs to.

Because of this limit, one member cannot use up the budget that all members of a client share.
"""
MAX_CHARGED_CLIENTS = 8
"""The maximum number of clients that are charged for a value. Each client costs a Redis command per load. If a member
has more clients, the key of the value determines which clients are charged."""
MARK_MS = 10_000
"""How long Redis remembers that a value was too long, in milliseconds."""
_TAGS_PER_CALL = 1000

READ_TAGS, PUT, INVALIDATE, LOOKUP = Script("read_tags"), Script("put"), Script("invalidate"), Script("lookup")
TOTALS, CHARGE = Script("totals"), Script("charge")


def now() -> int:
    """Return the current time in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def new_token() -> str:
    """Create a token: a new version of a tag."""
    return secrets.token_urlsafe(9)


def lookup(request: CacheLookup) -> CacheResult:
    """Resolve the session of a request, count the request, and get the requested value, all in one Redis call."""
    fields = request.to_json(new_token(), meter.unsent())
    keys = [request.session_key, request.address_key, request.subject_key]
    response = redis().run(LOOKUP, keys, prefix(), str(now()), fields)
    meter.mark_sent()
    return CacheResult.parse(response)


def apply_charge(charge: Charge) -> tuple[bool, tuple[str, ...]]:
    """Increase the cost of a request.

    It returns whether the limits allow this cost, and the state of the limits in the format of `CacheResult.limits`.
    """
    status, lines = redis().run(CHARGE, [], prefix(), str(now()), charge.to_json())
    return status != "limited", tuple(lines.splitlines())


def read_tags(tags: Iterable[str], write_key: str = "") -> TagVersions:
    """Return the versions of tags. Call this before a value with these tags is loaded."""
    tokens, xids, commands = redis().run(READ_TAGS, [], prefix(), str(now()), new_token(), write_key or "-", *tags)
    meter.record_commands(commands)
    return TagVersions.parse(tokens, xids)


def put(
    value_key: str,
    value: Value,
    entity: Entity,
    lock: str = "",
    owner: str = "",
    *,
    max_length: int = MAX_VALUE_LENGTH,
    budgets: Budgets = (),
) -> None:
    """Store a value for the lifetime of its entity, and release the lock of the value.

    The value is not stored if it is longer than `max_length`, or if the `budgets` have no room for it.
    """
    life = max(value.stale_at - now() + entity.stale * 1000, 1)
    raw = str(value)
    _put([value_key, lock], owner, str(life), raw if len(raw) <= max_length else "", budgets=budgets)


def release(lock: str, owner: str) -> None:
    """Release the lock of a value whose load failed."""
    _put(["", lock], owner, "1", "")


def _put(keys: list[str], *arguments: str, budgets: Budgets = ()) -> None:
    rest = meter.unsent(), orjson.dumps(budgets).decode(), str(MARK_MS)
    redis().run(PUT, keys, prefix(), str(now()), *arguments, *rest)
    meter.mark_sent()


def new_value(body: str, meta: str, tokens: str, seconds: float) -> Value:
    """Create a value that expires after `seconds`, minus a random part of at most `JITTER * seconds`."""
    life = seconds * (1 - random.random() * JITTER)  # noqa: S311 - no secret
    return Value(now() + int(life * 1000), meta, tokens, body)


def invalidate(tags: Sequence[str], xid: str | None = None, write_key: str = "", *, late: bool = False) -> None:
    """Invalidate all values that have at least one of the tags.

    `xid` is the id of the transaction that made the change. `write_key` identifies the caller of that transaction.
    `late` means that the sweeper calls this function, because the function that made the change could not send the
    invalidation.
    """
    rest = list(tags)
    while rest or write_key:
        batch, rest = rest[:_TAGS_PER_CALL], rest[_TAGS_PER_CALL:]
        arguments = (prefix(), str(now()), xid or "", write_key, "1" if late else "")
        # This call is urgent: it is sent even while the circuit breaker of this instance is open. Other instances may
        # still reach Redis, and would serve outdated values without the invalidation.
        meter.record_commands(redis().run(INVALIDATE, [], *arguments, *batch, urgent=True))
        write_key = ""


def busiest_domains(limit: int) -> list[str]:
    """Return the most visited domains of the current and the previous hour, busiest first."""
    hour = now() // 3_600_000
    visits: dict[str, int] = {}
    for each in (hour, hour - 1):
        rows = redis().execute("ZREVRANGE", key(PUBLIC, "busy", str(each)), "0", str(limit - 1), "WITHSCORES")
        for domain, count in rows:
            visits[domain] = visits.get(domain, 0) + int(count)
    return sorted(visits, key=lambda domain: -visits[domain])[:limit]


def requests_in_last_hour(limit_key: str) -> int:
    """Return the number of requests that were counted against a limit in the last hour."""
    minutes: dict[str, str] = redis().execute("HGETALL", limit_key)
    hour_ago = now() // 60_000 - 60
    return sum(int(requests) for minute, requests in minutes.items() if int(minute) > hour_ago)


def totals(accounts: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Add up hourly accounts of usage. Return two sums for each field of the accounts.

    `wecelebrate.usage` describes the fields.
    """
    sums = redis().run(TOTALS, list(accounts), prefix(), str(now()))
    return {field: (high, low) for field, high, low in zip(sums[::3], sums[1::3], sums[2::3], strict=True)}


def info() -> dict[str, str]:
    """Return the memory section of Redis' INFO command.

    The result is empty if the server refuses the command. Raises CacheDown.
    """
    return redis().info()


# The functions below access values outside of API requests.


def get(value_key: str) -> Value | None:
    """Return the value, or None if there is no valid value."""
    raw = redis().execute("GET", value_key)
    if raw is None:
        return None
    value = Value.parse(raw)
    current = read_tags(value.tags)
    return value if current.tokens == value.tokens and now() < value.stale_at else None


def set_value(value_key: str, body: str, entity: Entity, versions: TagVersions) -> None:
    """Store a body as a value. `versions` are the tag versions that were read before the body was loaded."""
    put(value_key, new_value(body, "-", versions.tokens, entity.life), entity)


def delete(value_key: str) -> None:
    """Delete one value."""
    redis().execute("DEL", value_key)


def forget_writes(write_key: str) -> None:
    """Forget the recent writes of a caller. Later reads of the caller can then return old data."""
    redis().execute("HDEL", f"{prefix()}public:recent", write_key)


def delete_values(tenants: Collection[str], entities: Collection[Entity]) -> int:
    """Delete all values of the given entities and tenants. Return the number of deleted values.

    Values of the entities for callers with several clients are also deleted. This function is only for rare jobs,
    because it reads all keys. Other code invalidates the tags of values.
    """
    names, cursor, deleted = {entity.name for entity in entities}, "0", 0
    while True:
        cursor, scanned = redis().execute("SCAN", cursor, "MATCH", f"{prefix()}*", "COUNT", "1000")
        values = []
        for each in scanned:
            tenant, _, rest = each.removeprefix(prefix()).partition(":")
            # The keys of other releases have other fingerprints of the same entity. These values are deleted as well.
            parts = (part.partition(".")[0] for part in rest.split(":")[1:3])
            if (tenant in tenants or tenant.startswith("several.")) and names.intersection(parts):
                values.append(each)
        if values:
            deleted += int(redis().execute("DEL", *values))
        if str(cursor) == "0":
            return deleted


def get_or_set(value_key: str, entity: Entity, tags: Sequence[str], load: Callable[[TagVersions], str]) -> str:
    """Return the cached body. If the cache has no valid body, load the body and store it.

    The argument of `load` contains the transactions that a replica must have replayed before the body is loaded from
    the replica.
    """
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
