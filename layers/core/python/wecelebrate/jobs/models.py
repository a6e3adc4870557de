"""A job: work that a request, a file or a schedule asked for."""

from uuid import UUID

from pydantic import BaseModel, Field, JsonValue

from wecelebrate.core.models import Listed, Moment, Object
from wecelebrate.jobs.types import JobStatus, JobType, Lane


class Counts(BaseModel):
    """Rows of a file, by what became of them: created + updated + unchanged + rejected = read. Deactivated are products
    that a full file lacks."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    deactivated: int = 0


class RowError(BaseModel):
    """One row that was refused."""

    line: int
    sku: str | None = None
    code: str
    reason: str


class Progress(BaseModel):
    """How far a job is."""

    done: int
    total: int | None = Field(description="Null until it is known.")
    percent: float | None
    phase: str | None = Field(description="What it does now: stage, merge, deactivate, …")
    eta_seconds: int | None = Field(
        description="Until it is done, at the pace it had until now; null while its worker is not heard of."
    )


class Source(BaseModel):
    """The file that a job is about."""

    key: str
    version_id: str


class Job(BaseModel):
    """A job as it is read."""

    id: UUID
    client_id: UUID | None
    catalog_id: UUID | None
    type: JobType
    status: JobStatus
    lane: Lane
    awaiting_approval: bool = Field(
        description="It stopped before its first change: see `result`, then approve or cancel."
    )
    requested_by: str
    source: Source | None = Field(description="Of a sync: the file version that was dropped.")
    progress: Progress
    counts: Counts
    first_errors: list[RowError] = Field(description="At most 20; the error file has all of them.")
    result: Object | None
    error_code: str | None
    error: str | None = Field(description="Why it failed, for a person to act on.")
    attempts: int = Field(description="How often a worker took it.")
    max_attempts: int = Field(description="Tries in a row that may come no further.")
    created_at: Moment
    updated_at: Moment
    due_at: Moment = Field(description="Not before: when it is tried again, while it waits for that.")
    started_at: Moment | None
    completed_at: Moment | None


class JobFilters(Listed):
    """What a list of jobs may be asked."""

    client_id: UUID | None = None
    catalog_id: UUID | None = None
    type: JobType | None = None
    status: JobStatus | None = None
    awaiting_approval: bool | None = None


class QueueState(BaseModel):
    """How the jobs of one type stand."""

    queue: str
    type: JobType
    waiting: int = Field(description="Due, and not begun.")
    later: int = Field(description="Waiting for their next try.")
    awaiting_approval: int
    at_work: int
    clients_waiting: int = Field(description="Clients whose jobs wait.")
    oldest_waiting_seconds: int | None = Field(description="For how long the one that waits longest has been due.")
    completed_24h: int
    failed_24h: int
    dead_letters: int = Field(description="Of the queue, not sent again yet.")


class QueueStates(BaseModel):
    """Every queue of jobs."""

    data: list[QueueState]


class DeadLetter(BaseModel):
    """What could not be done through no fault of its input."""

    id: UUID
    queue: str
    client_id: UUID | None
    job_id: UUID | None
    code: str
    reason: str = Field(description="What happened, for an operator.")
    body: JsonValue = Field(description="The message.")
    receives: int = Field(description="How often it was tried.")
    job_status: JobStatus | None = Field(description="Of its job, now.")
    created_at: Moment
    redriven_at: Moment | None
    redriven_by: str | None


class DeadLetterFilters(Listed):
    """What a list of dead letters may be asked."""

    queue: str | None = Field(default=None, max_length=100)
    client_id: UUID | None = None
    redriven: bool | None = None
