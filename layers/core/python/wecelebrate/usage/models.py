"""Usage: the cost of requests, and the savings of the cache."""

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wecelebrate.core.models import Input, Moment


class UsagePeriod(Input):
    """A period of whole hours."""

    place: ClassVar[str] = ""

    from_: AwareDatetime | None = Field(
        default=None,
        alias="from",
        description="A time in the first hour, at most 48 hours ago. The default is 24 hours before `to`.",
    )
    to: AwareDatetime | None = Field(default=None, description="The end of the period. The default is now.")


class UsageTotals(BaseModel):
    """Numbers of requests, and their cost."""

    requests: int = 0
    throttled: int = Field(default=0, description="Requests that were refused because a limit was used up.")
    hits: int = Field(default=0, description="Requests that were answered from the cache.")
    stale: int = Field(
        default=0, description="Requests that got a value that had just expired, while a new one was loaded."
    )
    misses: int = Field(default=0, description="Requests whose value was loaded from the database and cached.")
    passed: int = Field(default=0, description="Writes, and requests that are never cached.")
    hit_rate: float | None = Field(default=None, description="(hits + stale) / (hits + stale + misses).")
    queries: int = Field(
        default=0, description="Statements that the database ran, including the first one of each transaction."
    )
    queries_saved: int = Field(
        default=0, description="Statements that the hits would have needed, estimated from the misses."
    )
    rows: int = Field(default=0, description="Rows that statements returned or changed.")
    database_ms: int = Field(default=0, description="Milliseconds of waiting for the database.")
    redis_commands: int = Field(default=0, description="Commands that Redis ran, including those in scripts.")


class RemainingLimit(BaseModel):
    """A limit in a sliding window of one hour."""

    name: str
    requests_per_hour: int
    remaining: int


class _Report(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    from_: Moment = Field(alias="from")
    to: Moment
    totals: UsageTotals
    by_entity: dict[str, UsageTotals]


class ClientUsage(_Report):
    """The usage of a client's members and of its sites' visitors, without members of several clients."""

    client_id: UUID
    limits: list[RemainingLimit]


class RedisMemory(BaseModel):
    """The memory of Redis, in bytes."""

    used: int
    peak: int
    most: int = Field(description="The limit at which Redis evicts keys. 0 means no limit.")


class HourlyUsage(BaseModel):
    """The usage of the whole platform in one hour."""

    hour: Moment
    figures: UsageTotals


class CacheReport(_Report):
    """The cache of the whole platform in the last 24 hours."""

    by_hour: list[HourlyUsage]
    switches: dict[str, str] = Field(description="The values of the platform's kill switches.")
    memory: RedisMemory | None = Field(description="Null if Redis does not report it.")


def hour_start(hour: int) -> datetime:
    """The start of an hour. `hour` is the number of hours since the Unix epoch."""
    return datetime.fromtimestamp(hour * 3600, UTC)
