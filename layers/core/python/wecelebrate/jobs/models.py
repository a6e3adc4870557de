"""A job: background work that a request, a file or a schedule asked for."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from wecelebrate.core.models import Moment, Object
from wecelebrate.core.pages import ListParameters
from wecelebrate.jobs.types import JobStatus, JobType, Priority


class Counts(BaseModel):
    """Rows of a file by outcome: created + updated + unchanged + rejected = read. `deactivated` counts the
    products that a full file does not contain."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    deactivated: int = 0


class RowError(BaseModel):
    """A rejected row."""

    line: int
    sku: str | None = None
    code: str
    reason: str


class Progress(BaseModel):
    """The progress of a job."""

    done: int
    total: int | None = Field(description="Null until it is known.")
    percent: float | None
    phase: str | None = Field(description="The current phase: stage, merge, deactivate, …")
    eta_seconds: int | None = Field(
        description="Estimated time left, at the average speed so far. Null while the worker does not respond."
    )


class SourceFile(BaseModel):
    """The file that a job reads."""

    key: str
    version_id: str


class Job(BaseModel):
    """A job."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_alias=True, validate_by_name=True)

    id: UUID
    client_id: UUID | None
    catalog_id: UUID | None
    type: JobType
    status: JobStatus
    priority: Priority = Field(alias="lane")
    awaiting_approval: bool = Field(
        description="The job stopped before its first change. See `result`, then approve or cancel it."
    )
    requested_by: str
    source: SourceFile | None = Field(description="For a sync: the version of the file that was dropped.")
    progress: Progress
    counts: Counts
    first_errors: list[RowError] = Field(description="At most 20. The error file contains all of them.")
    result: Object | None
    error_code: str | None
    error: str | None = Field(description="Why the job failed, and what to do.")
    attempts: int = Field(description="How often a worker started the job.")
    max_attempts: int = Field(description="Consecutive attempts without progress after which the job fails.")
    created_at: Moment
    updated_at: Moment
    due_at: Moment = Field(description="The earliest time of the next attempt.")
    started_at: Moment | None
    completed_at: Moment | None


class JobFilters(ListParameters):
    """Filters of a list of jobs."""

    client_id: UUID | None = None
    catalog_id: UUID | None = None
    type: JobType | None = None
    status: JobStatus | None = None
    awaiting_approval: bool | None = None


class QueueState(BaseModel):
    """The number of jobs of one type, by state."""

    queue: str
    type: JobType
    waiting: int = Field(description="Due, but not started.")
    later: int = Field(description="Waiting for their next attempt.")
    awaiting_approval: int
    at_work: int = Field(description="Running.")
    clients_waiting: int = Field(description="Clients that have waiting jobs.")
    oldest_waiting_seconds: int | None = Field(description="How long the oldest waiting job has been due.")
    completed_24h: int
    failed_24h: int
    dead_letters: int = Field(description="Dead letters of the queue that were not redriven.")


class QueueStates(BaseModel):
    """The state of every job queue."""

    data: list[QueueState]


class DeadLetter(BaseModel):
    """A job or message that failed although its input is valid."""

    id: UUID
    queue: str
    client_id: UUID | None
    job_id: UUID | None
    code: str
    reason: str = Field(description="What happened, for an operator.")
    body: JsonValue = Field(description="The message.")
    receives: int = Field(description="The number of attempts.")
    job_status: JobStatus | None = Field(description="The current status of the job.")
    created_at: Moment
    redriven_at: Moment | None
    redriven_by: str | None


class DeadLetterFilters(ListParameters):
    """Filters of a list of dead letters."""

    queue: str | None = Field(default=None, max_length=100)
    client_id: UUID | None = None
    redriven: bool | None = None
