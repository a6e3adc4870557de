"""The cache: values that live until something they show changes.

A value carries tags, each with a random token that Redis keeps beside it: a value is good while its tokens are. Whoever
changes something ends its tags after the commit, in one call, however many values carry them. Tokens are taken before a
value is loaded, so a load that began before a change is never shown after it; a tag that Redis evicted is a miss.
Which transactions ended a tag is remembered for a minute: a reader that has not replayed them loads nothing.

A broken cache is never a broken answer: every verb here raises CacheDown, and its callers go on without.
"""

import random
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from wecelebrate.core.cache.keys import PUBLIC, Entity, key, prefix
from wecelebrate.core.cache.redis import CacheDown, Script, redis
from wecelebrate.core.metering import ledger

__all__ = [
    "CacheDown",
    "Claim",
    "Value",
    "claim",
    "delete",
    "get",
    "get_or_set",
    "invalidate",
    "look",
    "save",
    "set_value",
]

LOCK_LIFE = 2000
"""Milliseconds: one that loads a value and dies delays nobody by more."""
JITTER = 0.1
"""Part of its life by which a value's may be shorter: what was loaded together does not age together."""
LARGEST = 1_000_000
"""Characters of a value; a larger one is loaded each time. Upstash takes requests of 10 MB at most."""
_TAGS_AT_ONCE = 1000

CLAIM, SAVE, INVALIDATE, LOOK = Script("claim"), Script("save"), Script("invalidate"), Script("look")
TOTALS = Script("totals")


@dataclass(frozen=True)
class Value:
    """A value as it lies in Redis."""

    ages: int
    """Milliseconds of the epoch from which on it is to be loaded anew."""
    meta: str
    """What it says of itself, in a line."""
    tokens: str
    """`<token> <tag>`, a line each."""
    body: str

    @classmethod
    def parse(cls, raw: str) -> "Value":
        head, _, body = raw.partition("\n\n")
        ages, meta, *tokens = head.split("\n", 2)
        return cls(int(ages), meta, tokens[0] if tokens else "", body)

    def __str__(self) -> str:
        head = f"{self.ages}\n{self.meta}"
        return f"{head}\n{self.tokens}\n\n{self.body}" if self.tokens else f"{head}\n\n{self.body}"


@dataclass(frozen=True)
class Claim:
    """What has to be known before a value is loaded."""

    tokens: str
    min_xids: tuple[str, ...]
    """Transactions that a reader must have replayed."""
    forgetful: bool
    """Redis lost its memory of them less than a minute ago: load from the primary."""

    @classmethod
    def of(cls, tokens: str, xids: str) -> "Claim":
        return cls(tokens, tuple(filter(None, xids.split(","))) if xids != "!" else (), xids == "!")


def now() -> int:
    """Milliseconds of the epoch."""
    return time.time_ns() // 1_000_000


def new_token() -> str:
    """A token that no tag has had."""
    return secrets.token_urlsafe(9)


def look(session: str, address: str, *arguments: str, aside: bool = False, tags: Sequence[str] = ()) -> list[str]:
    """One request at the cache: see look.lua, which is given these after the prefix, the time and a new token."""
    rest = ("1" if aside else "", ledger.owed(), *tags)
    answer: list[str] = redis().run(LOOK, [session, address], prefix(), str(now()), new_token(), *arguments, *rest)
    ledger.booked()
    return [*answer, "", "", ""][:6]


def claim(tags: Iterable[str], caller: str = "") -> Claim:
    """The tokens of tags; take them before loading what shall carry them."""
    tokens, xids, commands = redis().run(CLAIM, [], prefix(), str(now()), new_token(), caller or "-", *tags)
    ledger.redis(commands)
    return Claim.of(tokens, xids)


def save(where: str, value: Value, entity: Entity, lock: str = "", owner: str = "") -> None:
    """Keep a value for its entity's life, and give the lock back that was held for it."""
    kept = max(value.ages - now() + entity.stale * 1000, 1)
    raw = str(value)
    fits = len(raw) <= LARGEST
    _save([where if fits else "", lock], owner, str(kept), raw if fits else "")


def release(lock: str, owner: str) -> None:
    """Give a lock back that was held for a value which could not be loaded."""
    _save(["", lock], owner, "1", "")


def _save(where: list[str], *arguments: str) -> None:
    redis().run(SAVE, where, prefix(), str(now()), *arguments, ledger.owed())
    ledger.booked()


def made(body: str, meta: str, tokens: str, seconds: float) -> Value:
    """A value that ages in about so many seconds."""
    life = seconds * (1 - random.random() * JITTER)  # noqa: S311 - no secret
    return Value(now() + int(life * 1000), meta, tokens, body)


def invalidate(tags: Sequence[str], xid: str | None = None, caller: str = "", *, late: bool = False) -> None:
    """End all that carries any of the tags. `xid` is the transaction that changed it, `caller` the field of who did,
    `late` that its own function did not say so."""
    rest = list(tags)
    while rest or caller:
        some, rest = rest[:_TAGS_AT_ONCE], rest[_TAGS_AT_ONCE:]
        told = (prefix(), str(now()), xid or "", caller, "1" if late else "")
        # Others may reach Redis although this instance lately did not, and go on showing what has changed.
        ledger.redis(redis().run(INVALIDATE, [], *told, *some, urgent=True))
        caller = ""


def busiest(most: int) -> list[str]:
    """The domains that were visited most in this hour and the last."""
    hour = now() // 3_600_000
    visits: dict[str, int] = {}
    for one in (hour, hour - 1):
        found = redis().execute("ZREVRANGE", key(PUBLIC, "busy", str(one)), "0", str(most - 1), "WITHSCORES")
        for domain, times in found:
            visits[domain] = visits.get(domain, 0) + int(times)
    return sorted(visits, key=lambda domain: -visits[domain])[:most]


def counted(limit: str) -> int:
    """Requests of a limit in the last hour."""
    minutes: dict[str, str] = redis().execute("HGETALL", limit)
    hour_ago = now() // 60_000 - 60
    return sum(int(requests) for minute, requests in minutes.items() if int(minute) > hour_ago)


def totals(accounts: Sequence[str]) -> dict[str, tuple[int, int]]:
    """What stands in accounts, field by field and summed: see usage/__init__.py."""
    found = redis().run(TOTALS, list(accounts), prefix(), str(now()))
    return {field: (first, second) for field, first, second in zip(found[::3], found[1::3], found[2::3], strict=True)}


def info() -> dict[str, str]:
    """What Redis says of its memory; nothing where it does not say. Raises CacheDown."""
    return redis().info()


# The plan's operations, for values that belong to no request.


def get(where: str) -> Value | None:
    """A value that is good, if there is one."""
    raw = redis().execute("GET", where)
    if raw is None:
        return None
    value = Value.parse(raw)
    held = claim([line.partition(" ")[2] for line in value.tokens.splitlines()])
    return value if held.tokens == value.tokens and now() < value.ages else None


def set_value(where: str, body: str, entity: Entity, claimed: Claim) -> None:
    """Keep a body under a key, with tags whose tokens were claimed before it was loaded."""
    save(where, made(body, "-", claimed.tokens, entity.life), entity)


def delete(where: str) -> None:
    """Forget one value."""
    redis().execute("DEL", where)


def get_or_set(where: str, entity: Entity, tags: Sequence[str], load: Callable[[Claim], str]) -> str:
    """A body from the cache, else loaded and kept. `load` is given what its reader must have replayed."""
    try:
        known = get(where)
        if known is not None:
            return known.body
        claimed = claim(tags)
    except CacheDown:
        return load(Claim("", (), True))
    body = load(claimed)
    with suppress(CacheDown):
        set_value(where, body, entity, claimed)
    return body
