"""The models of erasures: a person whose data a client erases."""

from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from wecelebrate.core.errors import Invalid
from wecelebrate.core.models import Input
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.problem_document import FieldError
from wecelebrate.core.types import EmailAddress, Moment, ShortLine
from wecelebrate.jobs.types import JobStatus

ErasureCause = Literal["request", "retention", "restore"]


class NewErasure(Input):
    """A person whose data are erased. At least one of the fields is required."""

    email: EmailAddress | None = Field(default=None, description="The e-mail address of the person. Case is ignored.")
    customer_subject: ShortLine | None = Field(
        default=None,
        description="The `sub` claim of the person's tokens, as `customer_subject` of the orders shows it.",
    )

    @model_validator(mode="after")
    def _names_a_person(self) -> Self:
        if self.email is None and self.customer_subject is None:
            detail = "is required, unless the body names `customer_subject`"
            raise Invalid(errors=[FieldError(pointer="/email", detail=detail)])
        return self


class ErasureCounts(BaseModel):
    """The number of rows, responses and files that an erasure has erased."""

    orders: int = 0
    """The number of orders."""
    mails: int = Field(default=0, description="The number of mails that belong to no order.")
    events: int = 0
    """The number of events of visitors."""
    responses: int = Field(default=0, description="The number of stored responses (idempotency keys).")
    exports: int = Field(default=0, description="The number of exports that were deleted.")
    files: int = Field(default=0, description="The number of versions of order files that were deleted or replaced.")


class Erasure(BaseModel):
    """The erasure of a person's data at a client. It does not contain the erased data, not even the address."""

    id: UUID
    client_id: UUID
    job_id: UUID | None = Field(description="The job that erases the data. Null if the job was deleted.")
    cause: ErasureCause = Field(
        description=(
            "`request`: an owner has requested the erasure. `retention`: the orders are older than the retention "
            "period of the client. `restore`: the erasure was repeated, because the database was restored to a "
            "time before the erasure."
        )
    )
    status: JobStatus
    """`completed` when all data of the person are erased."""
    error_code: str | None
    """The stable identifier of the error that stopped the erasure. Null if the erasure has not failed."""
    error: str | None = Field(description="The reason why the erasure failed, and what to do.")
    requested_by: str
    """The subject of the user who requested the erasure."""
    counts: ErasureCounts
    """What was erased. All numbers are 0 until the erasure is complete."""
    created_at: Moment
    completed_at: Moment | None
    """When the erasure was completed. Null if the erasure is not complete."""


class ErasureListFilters(ListParameters):
    """The filters of a list of erasures."""

    cause: ErasureCause | None = None
