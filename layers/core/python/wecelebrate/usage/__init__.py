"""Usage: what requests cost a client, and the platform.

Redis keeps an account of each tenant and hour for two days. A field of it is `<entity>:<outcome>` and has two numbers:

    hit, stale, load, refresh, pass, limited   requests, and commands of the look
    aside                                      loads that no request asked for: after a write, warming; and commands
    database                                   statements, and milliseconds
    rows                                       rows, and commands other than looks

The accounts are read, never the database: what is asked of it here is only whether the caller may see them.
"""

import math
from collections.abc import Iterable, Mapping
from time import time
from uuid import UUID

from wecelebrate.core import cache
from wecelebrate.core.cache.keys import PUBLIC, key
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import FieldError, Invalid, NotFound, Unavailable
from wecelebrate.core.kill_switches import admin
from wecelebrate.core.requests.sessions import STOREFRONT_FACTOR
from wecelebrate.usage.models import CacheReport, ClientUsage, Figures, Hour, LimitLeft, Memory, Span, moment

sql = queries(__file__)

DAY = 24
KEPT = 48
"""Hours."""
LEAST = 3
"""Statements of a load at least (entering, the query, and what it is of), where none was counted."""
_AT_ONCE = 500
"""Accounts that one call adds up: some milliseconds of Redis."""

_Sums = dict[str, tuple[int, int]]


def of_client(tx: Transaction, client_id: UUID, span: Span) -> ClientUsage:
    """What a client's requests cost. Raises NotFound, Invalid, and Unavailable without Redis."""
    row = sql.get_quota(tx, client_id=client_id)
    if row is None:
        raise NotFound
    first, last = _hours(span)
    tenant = str(client_id)
    quota = row["requests_per_hour"]
    try:
        by_entity = _by_entity(_sums([tenant], range(first, last + 1)))
        limits = [
            _limit(tenant, name, most)
            for name, most in (("requests", quota), ("storefront", quota * STOREFRONT_FACTOR))
        ]
    except cache.CacheDown as error:
        raise _unavailable() from error
    return ClientUsage(
        client_id=client_id,
        from_=moment(first),
        to=moment(last + 1),
        totals=_total(by_entity.values()),
        by_entity=by_entity,
        limits=limits,
    )


def of_platform(tx: Transaction) -> CacheReport:
    """The cache in the last 24 hours. Raises Forbidden for anyone but an admin, Unavailable without Redis."""
    switches = {flag.name: flag.value for flag in admin.list_all(tx).data}
    tenants = [PUBLIC, *(str(row["id"]) for row in sql.list_client_ids(tx))]
    first, last = _hours(Span())
    hours: dict[int, _Sums] = {}
    try:
        for hour in range(first, last + 1):
            hours[hour] = _sums(tenants, [hour])
        said = cache.info()
    except cache.CacheDown as error:
        raise _unavailable() from error
    by_entity = _by_entity(_added(hours.values()))
    return CacheReport(
        from_=moment(first),
        to=moment(last + 1),
        totals=_total(by_entity.values()),
        by_entity=by_entity,
        by_hour=[Hour(hour=moment(hour), figures=_total(_by_entity(sums).values())) for hour, sums in hours.items()],
        switches=switches,
        memory=_memory(said),
    )


def _hours(span: Span) -> tuple[int, int]:
    """The first and the last hour of a span, from the epoch. Raises Invalid."""
    this = int(time()) // 3600
    last = min(math.ceil(span.to.timestamp() / 3600) - 1, this) if span.to else this
    first = math.floor(span.from_.timestamp() / 3600) if span.from_ else last - DAY + 1
    if not this - KEPT <= first <= last:
        why = f"is to be before `to`, and {KEPT} hours ago at most: so long are accounts kept"
        raise Invalid(errors=[FieldError(pointer="from", detail=why)])
    return first, last


def _sums(tenants: list[str], hours: Iterable[int]) -> _Sums:
    accounts = [key(tenant, "stats", str(hour)) for hour in hours for tenant in tenants]
    return _added(cache.totals(accounts[n : n + _AT_ONCE]) for n in range(0, len(accounts), _AT_ONCE))


def _added(parts: Iterable[_Sums]) -> _Sums:
    sums: _Sums = {}
    for part in parts:
        for field, (first, second) in part.items():
            before = sums.get(field, (0, 0))
            sums[field] = (before[0] + first, before[1] + second)
    return sums


def _by_entity(sums: _Sums) -> dict[str, Figures]:
    accounts: dict[str, _Sums] = {}
    for field, both in sums.items():
        entity, _, outcome = field.partition(":")
        accounts.setdefault(entity, {})[outcome] = both
    return {entity: _figures(account) for entity, account in sorted(accounts.items())}


def _figures(account: _Sums) -> Figures:
    first = {outcome: both[0] for outcome, both in account.items()}
    second = {outcome: both[1] for outcome, both in account.items()}
    hits, stale, misses = first.get("hit", 0), first.get("stale", 0), first.get("load", 0) + first.get("refresh", 0)
    passed, throttled = first.get("pass", 0), first.get("limited", 0)
    loads, statements = misses + first.get("aside", 0), first.get("database", 0)
    return _rated(
        Figures(
            requests=hits + stale + misses + passed + throttled,
            throttled=throttled,
            hits=hits,
            stale=stale,
            misses=misses,
            passed=passed,
            queries=statements,
            queries_saved=round((hits + stale) * (statements / loads if loads and statements else LEAST)),
            rows=first.get("rows", 0),
            database_ms=second.get("database", 0),
            redis_commands=sum(second.values()) - second.get("database", 0),
        )
    )


def _total(parts: Iterable[Figures]) -> Figures:
    told = list(parts)
    added = {name: sum(getattr(one, name) for one in told) for name in Figures.model_fields if name != "hit_rate"}
    return _rated(Figures(**added))


def _rated(figures: Figures) -> Figures:
    answered = figures.hits + figures.stale
    if answered + figures.misses:
        figures.hit_rate = round(answered / (answered + figures.misses), 4)
    return figures


def _limit(tenant: str, name: str, quota: int) -> LimitLeft:
    return LimitLeft(
        name=name,
        requests_per_hour=quota,
        remaining=max(quota - cache.requests_in_last_hour(key(tenant, "limit", name)), 0),
    )


def _memory(said: Mapping[str, str]) -> Memory | None:
    if "used_memory" not in said:
        return None
    used, peak, most = (int(said.get(name, 0)) for name in ("used_memory", "used_memory_peak", "maxmemory"))
    return Memory(used=used, peak=peak, most=most)


def _unavailable() -> Unavailable:
    return Unavailable("Redis keeps the accounts, and does not answer.")
