"""A job: work that a request, a file or a schedule asked for."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.models import Listed, Moment, Object

JobType = Literal[
    "product_import",
    "catalog_sync",
    "report_generation",
    "email_notification",
    "image_processing",
    "data_export",
]
JobStatus = Literal["pending", "processing", "completed", "failed", "cancelled"]


class Counts(BaseModel):
    """Rows of a file, by what became of them: created + updated + unchanged + rejected = read."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0


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
    requested_by: str
    source: Source | None = Field(description="Of a sync: the file version that was dropped.")
    progress: Progress
    counts: Counts
    first_errors: list[RowError] = Field(description="At most 20; the error file has all of them.")
    result: Object | None
    error_code: str | None
    error: str | None = Field(description="Why it failed, for a person to act on.")
    attempts: int
    max_attempts: int
    created_at: Moment
    updated_at: Moment
    started_at: Moment | None
    completed_at: Moment | None


class JobFilters(Listed):
    """What a list of jobs may be asked."""

    client_id: UUID | None = None
    catalog_id: UUID | None = None
    type: JobType | None = None
    status: JobStatus | None = None
