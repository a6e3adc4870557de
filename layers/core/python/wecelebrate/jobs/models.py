"""The models of jobs. A job is background work for a request, a file or a schedule."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from wecelebrate.core.models import Object
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import Id, Moment, ShortLine, Switch
from wecelebrate.jobs.types import JobStatus, JobType, Priority, WaitingFor


class Counts(BaseModel):
    """The number of rows of a file by outcome. `read` is the sum of `created`, `updated`, `unchanged` and `rejected`.

    `deactivated` is the number of products that were deactivated because a full file does not contain them.
    """

    read: int = 0
    """The rows that were read."""
    created: int = 0
    """The products that were created."""
    updated: int = 0
    """The products that were changed."""
    unchanged: int = 0
    """The products that already had the same values as their rows."""
    rejected: int = 0
    """The rows that were rejected."""
    deactivated: int = 0
    """The products that were deactivated, because a full file did not contain them."""


class RowError(BaseModel):
    """A rejected row of a file."""

    line: int
    """The line of the row in the file, or the number of the row in the request, from 1."""
    sku: str | None = None
    """The SKU of the row. Null if it is missing or not valid."""
    code: str
    """The stable identifier of the error."""
    reason: str
    """Why the row was rejected, as a text for users."""


class Progress(BaseModel):
    """The progress of a job."""

    done: int
    """How much of the work is done. For an import, this is the number of processed rows."""
    total: int | None = Field(description="Null until it is known.")
    percent: float | None
    """The percentage of the work that is done, from 0 to 100. Null until `total` is known."""
    phase: str | None = Field(description="The current phase: stage, merge, deactivate, …")
    eta_seconds: int | None = Field(
        description="The estimated remaining time. It assumes the average speed of the job up to now. Null in the"
        " first 3 seconds, and if the worker does not respond."
    )


class JobChoice(BaseModel):
    """A possible answer to a question."""

    value: str = Field(description="The answer to send.")
    label: str
    """A sentence that explains the answer."""
    examples: list[str] = Field(description="How values of the file are read with this answer.")


class JobQuestion(BaseModel):
    """A question about the file of a job, because the file can be read in several ways."""

    key: str = Field(description="The key of the answer.")
    kind: Literal["question", "change"] = Field(
        description=(
            "`question`: the file can be read in several ways. `change`: the file is not read in the same way as "
            "the previous file of the catalog."
        )
    )
    subject: Literal["money", "identity", "visibility", "other"] = Field(
        description="What a wrong answer would damage: prices, the SKUs of products, what customers see, or other"
        " values."
    )
    text: str
    """A sentence that describes the doubt and asks the question."""
    seen: list[str] = Field(description="Values of the file that cause the question.")
    choices: list[JobChoice] = Field(description="The most probable answer is first.")
    setting: Literal["mapping", "options"] | None = Field(
        description="The part of `sync_settings` that stores the answer under `key`. Null: the answer is remembered,"
        " but no setting changes."
    )
    before: JsonValue = Field(description="How the previous file was read, if `kind` is `change`.")
    now: JsonValue = Field(description="How this file is read, if `kind` is `change`.")


class SourceFile(BaseModel):
    """The file that a job reads."""

    key: str
    """The key of the file in its bucket."""
    version_id: str
    """The version of the file in its bucket."""


class Job(BaseModel):
    """A job."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_alias=True, validate_by_name=True)

    id: UUID
    client_id: UUID | None
    catalog_id: UUID | None
    type: JobType
    """What the job does."""
    status: JobStatus
    """The state of the job. A job in the states `completed`, `failed` and `cancelled` has ended."""
    priority: Priority = Field(alias="lane")
    """Workers start jobs with the priority `high` first."""
    awaiting_approval: bool = Field(description="Whether `waiting_for` is `approval`.")
    waiting_for: WaitingFor | None = Field(
        description="The approval or decision for which a `pending` job waits before its first change. `approval`: read"
        " the planned changes in `result`, then approve or cancel the job. `decision`: answer its `questions`. Null:"
        " the job does not wait for a person."
    )
    blocked_by: UUID | None = Field(
        description="The earlier job of the catalog that waits for a person, and that must end before this job starts."
    )
    questions: list[JobQuestion] = Field(description="The latest questions of the job.")
    answers: dict[str, str] | None = Field(
        description="The answers that were given. Maps the keys of questions to the values of their answers."
    )
    requested_by: str
    """The subject of the user who created the job, or the name of the service of the platform that created it."""
    source: SourceFile | None = Field(description="The version of the uploaded file, if the job is a catalog sync.")
    progress: Progress
    """The progress of the job."""
    counts: Counts
    """The number of rows and products for each outcome."""
    first_errors: list[RowError] = Field(description="At most 20 row errors. The error file contains all row errors.")
    result: Object | None
    """The result, which depends on the type of the job. Null until there is a result."""
    error_code: str | None
    """The stable identifier of the error with which the job failed. Null if it did not fail."""
    error: str | None = Field(description="The reason why the job failed, and what to do.")
    attempts: int = Field(description="The number of times that a worker has started the job.")
    max_attempts: int = Field(
        description="The number of consecutive attempts without progress after which the job fails."
    )
    created_at: Moment
    updated_at: Moment
    due_at: Moment = Field(description="The earliest time of the next attempt.")
    started_at: Moment | None
    """When a worker first started the job. Null if no worker has started it."""
    completed_at: Moment | None
    """When the job ended. Null if the job has not ended."""


class JobFilters(ListParameters):
    """Filters of a list of jobs."""

    client_id: Id | None = None
    catalog_id: Id | None = None
    type: JobType | None = None
    status: JobStatus | None = None
    awaiting_approval: Switch | None = Field(default=None, description="Whether the job waits for an approval.")
    waiting_for: WaitingFor | None = Field(default=None, description="What the job waits for.")


class QueueState(BaseModel):
    """The number of jobs of one type, by state."""

    queue: str
    """The name of the queue."""
    type: JobType
    """The type of the jobs."""
    waiting: int = Field(description="Jobs that are due, but have not started.")
    later: int = Field(description="Jobs that wait for the time of their next attempt.")
    awaiting_approval: int = Field(description="Jobs that wait for an approval.")
    awaiting_decision: int = Field(description="Jobs that wait for answers to their questions.")
    blocked: int = Field(description="Jobs that start after an earlier job of their catalog that waits for a person.")
    at_work: int = Field(description="Jobs that are running.")
    clients_waiting: int = Field(description="Clients that have at least one waiting job.")
    oldest_waiting_seconds: int | None = Field(
        description="The seconds for which the oldest waiting job has been due. Null if no job is waiting."
    )
    completed_24h: int = Field(description="Jobs that completed in the last 24 hours.")
    failed_24h: int = Field(description="Jobs that failed in the last 24 hours.")
    dead_letters: int = Field(description="Dead letters of the queue that have not been redriven.")


class QueueStates(BaseModel):
    """The state of every job queue."""

    data: list[QueueState]


class DeadLetter(BaseModel):
    """A job or message that failed although its input is valid."""

    id: UUID
    queue: str
    """The queue in which the message was."""
    client_id: UUID | None
    job_id: UUID | None
    """The job that failed. Null if the message was not about a job."""
    code: str
    """The stable identifier of the error."""
    reason: str = Field(description="A description of the failure, for an operator.")
    body: JsonValue = Field(description="The body of the message.")
    receives: int = Field(description="The number of failed attempts.")
    job_status: JobStatus | None = Field(description="The current status of the job.")
    created_at: Moment
    redriven_at: Moment | None
    """When the dead letter was redriven. Null if it was not redriven."""
    redriven_by: str | None
    """The subject of the user who redrove the dead letter."""
    dismissed_at: Moment | None
    """When the dead letter was dismissed. Null if it was not dismissed."""
    dismissed_by: str | None
    """The subject of the user who dismissed the dead letter."""


class DeadLetterFilters(ListParameters):
    """Filters of a list of dead letters."""

    queue: ShortLine | None = None
    client_id: Id | None = None
    redriven: Switch | None = Field(
        default=None, description="Whether the dead letter has been sent to its queue again."
    )
    dismissed: Switch | None = Field(
        default=None, description="Whether an operator has decided that the dead letter needs no work."
    )
