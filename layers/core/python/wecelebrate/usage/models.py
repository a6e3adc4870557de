"""What requests cost, and what the cache saved of it."""

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wecelebrate.core.models import Input, Moment


class Span(Input):
    """Which hours are asked for, each as a whole."""

    place: ClassVar[str] = ""

    from_: AwareDatetime | None = Field(
        default=None, alias="from", description="In the first hour, 48 hours ago at most; 24 before `to` without it."
    )
    to: AwareDatetime | None = Field(default=None, description="Up to here; now without it.")


class Figures(BaseModel):
    """Requests, and what they cost."""

    requests: int = 0
    throttled: int = Field(default=0, description="Refused, for a limit was used up.")
    hits: int = Field(default=0, description="Answered from the cache.")
    stale: int = Field(default=0, description="Answered from the cache with what had just aged, while it was loaded.")
    misses: int = Field(default=0, description="Loaded from the database, and kept.")
    passed: int = Field(default=0, description="Writes, and what is never kept.")
    hit_rate: float | None = Field(default=None, description="Of hits, stale and misses those that loaded nothing.")
    queries: int = Field(default=0, description="Statements that the database ran, entering included.")
    queries_saved: int = Field(default=0, description="Those that hits would have been, going by what misses were.")
    rows: int = Field(default=0, description="Rows that statements returned or changed.")
    database_ms: int = Field(default=0, description="Milliseconds that the database was waited for.")
    redis_commands: int = Field(default=0, description="Commands that Redis ran, those in scripts one by one.")


class LimitLeft(BaseModel):
    """A limit over a sliding hour."""

    name: str
    requests_per_hour: int
    remaining: int


class _Told(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    from_: Moment = Field(alias="from")
    to: Moment
    totals: Figures
    by_entity: dict[str, Figures]


class ClientUsage(_Told):
    """What a client's members and the visitors of its sites cost. Members of several clients are not in it."""

    client_id: UUID
    limits: list[LimitLeft]


class Memory(BaseModel):
    """What Redis holds, in bytes."""

    used: int
    peak: int
    most: int = Field(description="From here on it forgets what was not asked for; 0 for no bound of its own.")


class Hour(BaseModel):
    """One hour of the whole platform."""

    hour: Moment
    figures: Figures


class CacheReport(_Told):
    """The cache of the whole platform in the last 24 hours."""

    by_hour: list[Hour]
    switches: dict[str, str] = Field(description="How the platform's flags stand.")
    memory: Memory | None = Field(description="Null where Redis does not say.")


def moment(hour: int) -> datetime:
    """The beginning of an hour, counted from the epoch."""
    return datetime.fromtimestamp(hour * 3600, UTC)
