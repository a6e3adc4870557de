"""Reports about the cost of requests, and about the queries that the cache has avoided."""

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from wecelebrate.core.models import Input
from wecelebrate.core.types import Moment, Timestamp


class UsagePeriod(Input):
    """A period of whole hours. It includes the hours that contain `from` and `to`."""

    place: ClassVar[str] = ""

    from_: Timestamp | None = Field(
        default=None,
        alias="from",
        description="The start of the period, at most 48 hours ago. The default is 24 hours before `to`.",
    )
    to: Timestamp | None = Field(default=None, description="The end of the period. The default is now.")


class UsageTotals(BaseModel):
    """The number of requests by outcome, and their cost."""

    requests: int = 0
    """All requests."""
    throttled: int = Field(default=0, description="Requests that were refused because a rate limit was used up.")
    hits: int = Field(default=0, description="Requests whose response came from the cache.")
    stale: int = Field(
        default=0, description="Requests whose response was a recently expired value, while a new value was loaded."
    )
    misses: int = Field(default=0, description="Requests whose value was loaded from the database and then cached.")
    passed: int = Field(default=0, description="Writes, and reads whose response is never cached.")
    hit_rate: float | None = Field(default=None, description="(hits + stale) / (hits + stale + misses).")
    queries: int = Field(
        default=0, description="Statements that the database ran, including the statement that starts each transaction."
    )
    queries_saved: int = Field(
        default=0,
        description="Statements that were not needed because of the cache. Estimated from the statements per miss.",
    )
    rows: int = Field(default=0, description="Rows that statements returned or changed.")
    database_ms: int = Field(default=0, description="Milliseconds for which requests waited for the database.")
    redis_commands: int = Field(default=0, description="Commands that Redis ran, including the commands in scripts.")


class RemainingLimit(BaseModel):
    """A rate limit with a sliding window of one hour, and the number of remaining requests."""

    name: str
    """The name of the limit in the header `RateLimit`."""
    requests_per_hour: int
    """The number of requests that the limit allows in one hour."""
    remaining: int
    """The number of requests that the limit still allows."""


class _Report(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    from_: Moment = Field(alias="from")
    """The start of the period, in UTC."""
    to: Moment
    """The end of the period, in UTC."""
    totals: UsageTotals
    """The totals of the whole period."""
    by_entity: dict[str, UsageTotals]
    """The totals for each type of requested object, e.g. `product`."""


class ClientUsage(_Report):
    """The usage by the members of a client and by the visitors of its sites. Users who are members of several clients
    are not included.
    """

    client_id: UUID
    limits: list[RemainingLimit]
    """The rate limits of the client."""


class RedisMemory(BaseModel):
    """The memory of Redis, in bytes."""

    used: int
    """The memory that Redis uses now."""
    peak: int
    """The largest memory that Redis has used."""
    most: int = Field(description="The memory limit. When it is reached, Redis evicts keys. 0 means no limit.")


class HourlyUsage(BaseModel):
    """The usage of the whole platform in one hour."""

    hour: Moment
    """The start of the hour, in UTC."""
    figures: UsageTotals
    """The totals of the hour."""


class CacheReport(_Report):
    """The usage of the whole platform in the last 24 hours."""

    by_hour: list[HourlyUsage]
    """The totals of each hour of the period."""
    switches: dict[str, str] = Field(description="The values of the platform's kill switches.")
    memory: RedisMemory | None = Field(description="The memory of Redis. Null if Redis does not report it.")


def hour_start(hour: int) -> datetime:
    """Return the start of an hour. `hour` is the number of hours since the Unix epoch."""
    return datetime.fromtimestamp(hour * 3600, UTC)
