"""Reports the usage of one client or of the whole platform: the number and the cost of requests.

For each tenant and hour, Redis stores one hash of counters for two days. The fields of a hash have names of the form
`<entity>:<outcome>`. The value of each field consists of two numbers:

    outcome                                    first number                           second number
    hit, stale, load, refresh, pass, limited   requests                               Redis commands of the lookups
    aside                                      loads without a request (see below)    Redis commands
    database                                   statements                             milliseconds
    rows                                       rows                                   all other Redis commands

The outcome `aside` counts values that are loaded without a request: after a write, or for warming. The usage in a
report comes only from the counters. A report uses the database only to check whether the caller is allowed to see the
report.
"""

import math
from collections.abc import Iterable, Mapping
from time import time
from uuid import UUID

from wecelebrate.core import cache
from wecelebrate.core.cache.keys import PUBLIC, key
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Invalid, NotFound, Unavailable
from wecelebrate.core.kill_switches import admin
from wecelebrate.core.problem_document import FieldError
from wecelebrate.core.requests.sessions import STOREFRONT_FACTOR
from wecelebrate.usage.models import (
    CacheReport,
    ClientUsage,
    HourlyUsage,
    RedisMemory,
    RemainingLimit,
    UsagePeriod,
    UsageTotals,
    hour_start,
)

sql = queries(__file__)

DEFAULT_HOURS = 24
"""The length of a period in hours if the request does not specify `from`."""
RETENTION_HOURS = 48
"""The number of hours for which Redis stores the counters of one hour."""
MIN_STATEMENTS_PER_LOAD = 3
"""The number of SQL statements per load if no load was counted. One statement sets the caller, one reads the value, and
one reads the parent object of the value."""
_KEYS_PER_CALL = 500
"""The largest number of keys in one call to Redis. The call adds the counters of all keys, and takes a few
milliseconds."""

_Counters = dict[str, tuple[int, int]]
"""Maps each field of a hash to its first and its second number."""


def of_client(tx: Transaction, client_id: UUID, period: UsagePeriod) -> ClientUsage:
    """Return the usage of a client.

    Raises NotFound or Invalid. Raises Unavailable if Redis does not respond.
    """
    row = sql.get_quota(tx, client_id=client_id)
    if row is None:
        raise NotFound
    first, last = _hours(period)
    tenant = str(client_id)
    quota = row["requests_per_hour"]
    quotas = {"requests": quota, "storefront": quota * STOREFRONT_FACTOR}
    try:
        by_entity = _by_entity(_read_counters([tenant], range(first, last + 1)))
        limits = [_remaining_limit(tenant, name, requests_per_hour) for name, requests_per_hour in quotas.items()]
    except cache.CacheDown as error:
        raise _unavailable() from error
    return ClientUsage(
        client_id=client_id,
        from_=hour_start(first),
        to=hour_start(last + 1),
        totals=_sum_totals(by_entity.values()),
        by_entity=by_entity,
        limits=limits,
    )


def of_platform(tx: Transaction) -> CacheReport:
    """Return the usage of the whole platform in the last 24 hours.

    Raises Forbidden unless the caller is an admin. Raises Unavailable if Redis does not respond.
    """
    switches = {flag.name: flag.value for flag in admin.list_all(tx).data}
    tenants = [PUBLIC, *(str(row["id"]) for row in sql.list_client_ids(tx))]
    first, last = _hours(UsagePeriod())
    by_hour: dict[int, _Counters] = {}
    try:
        for hour in range(first, last + 1):
            by_hour[hour] = _read_counters(tenants, [hour])
        redis_info = cache.info()
    except cache.CacheDown as error:
        raise _unavailable() from error
    by_entity = _by_entity(_sum_counters(by_hour.values()))
    return CacheReport(
        from_=hour_start(first),
        to=hour_start(last + 1),
        totals=_sum_totals(by_entity.values()),
        by_entity=by_entity,
        by_hour=[
            HourlyUsage(hour=hour_start(hour), figures=_sum_totals(_by_entity(counters).values()))
            for hour, counters in by_hour.items()
        ],
        switches=switches,
        memory=_memory(redis_info),
    )


def requests_of_platform(tx: Transaction) -> UsageTotals | None:
    """Return the usage by all requests to the platform in the last 24 hours. If Redis does not respond, return None."""
    tenants = [PUBLIC, *(str(row["id"]) for row in sql.list_client_ids(tx))]
    first, last = _hours(UsagePeriod())
    try:
        return _sum_totals(_by_entity(_read_counters(tenants, range(first, last + 1))).values())
    except cache.CacheDown:
        return None


def _hours(period: UsagePeriod) -> tuple[int, int]:
    """Return the first and the last hour of a period.

    Both are numbers of hours since the Unix epoch. Raises Invalid.
    """
    current = int(time()) // 3600
    last = min(math.ceil(period.to.timestamp() / 3600) - 1, current) if period.to else current
    first = math.floor(period.from_.timestamp() / 3600) if period.from_ else last - DEFAULT_HOURS + 1
    if not current - RETENTION_HOURS <= first <= last:
        detail = f"must be before `to`, and at most {RETENTION_HOURS} hours ago"
        raise Invalid(errors=[FieldError(pointer="from", detail=detail)])
    return first, last


def _read_counters(tenants: list[str], hours: Iterable[int]) -> _Counters:
    """Return the sum of the counters of all given tenants and hours for each field."""
    names = [key(tenant, "stats", str(hour)) for hour in hours for tenant in tenants]
    return _sum_counters(
        cache.totals(names[start : start + _KEYS_PER_CALL]) for start in range(0, len(names), _KEYS_PER_CALL)
    )


def _sum_counters(counters: Iterable[_Counters]) -> _Counters:
    sums: _Counters = {}
    for numbers_by_field in counters:
        for field, (first, second) in numbers_by_field.items():
            sum_before = sums.get(field, (0, 0))
            sums[field] = (sum_before[0] + first, sum_before[1] + second)
    return sums


def _by_entity(counters: _Counters) -> dict[str, UsageTotals]:
    entities: dict[str, _Counters] = {}
    for field, numbers in counters.items():
        entity, _, outcome = field.partition(":")
        entities.setdefault(entity, {})[outcome] = numbers
    return {entity: _totals(by_outcome) for entity, by_outcome in sorted(entities.items())}


def _totals(by_outcome: _Counters) -> UsageTotals:
    first = {outcome: numbers[0] for outcome, numbers in by_outcome.items()}
    second = {outcome: numbers[1] for outcome, numbers in by_outcome.items()}
    hits, stale, misses = first.get("hit", 0), first.get("stale", 0), first.get("load", 0) + first.get("refresh", 0)
    passed, throttled = first.get("pass", 0), first.get("limited", 0)
    loads, statements = misses + first.get("aside", 0), first.get("database", 0)
    statements_per_load = statements / loads if loads and statements else MIN_STATEMENTS_PER_LOAD
    return _with_hit_rate(
        UsageTotals(
            requests=hits + stale + misses + passed + throttled,
            throttled=throttled,
            hits=hits,
            stale=stale,
            misses=misses,
            passed=passed,
            queries=statements,
            queries_saved=round((hits + stale) * statements_per_load),
            rows=first.get("rows", 0),
            database_ms=second.get("database", 0),
            redis_commands=sum(second.values()) - second.get("database", 0),
        )
    )


def _sum_totals(summands: Iterable[UsageTotals]) -> UsageTotals:
    totals = list(summands)
    names = [name for name in UsageTotals.model_fields if name != "hit_rate"]
    return _with_hit_rate(UsageTotals(**{name: sum(getattr(each, name) for each in totals) for name in names}))


def _with_hit_rate(totals: UsageTotals) -> UsageTotals:
    from_cache = totals.hits + totals.stale
    if from_cache + totals.misses:
        totals.hit_rate = round(from_cache / (from_cache + totals.misses), 4)
    return totals


def _remaining_limit(tenant: str, name: str, requests_per_hour: int) -> RemainingLimit:
    used = cache.requests_in_last_hour(key(tenant, "limit", name))
    return RemainingLimit(name=name, requests_per_hour=requests_per_hour, remaining=max(requests_per_hour - used, 0))


def _memory(redis_info: Mapping[str, str]) -> RedisMemory | None:
    if "used_memory" not in redis_info:
        return None
    used, peak, limit = (int(redis_info.get(name, 0)) for name in ("used_memory", "used_memory_peak", "maxmemory"))
    return RedisMemory(used=used, peak=peak, most=limit)


def _unavailable() -> Unavailable:
    return Unavailable("Usage is counted in Redis, which does not respond. Try again later.")
