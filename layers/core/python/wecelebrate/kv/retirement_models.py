"""The models of the API for the retirement of documents, and for the requests of the old applications."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Input
from wecelebrate.core.types import Count, Flag, Moment
from wecelebrate.kv.models import Entity

RetirementGateName = Literal["stage", "mirror", "replication", "comparison", "period", "traffic"]
RetirementStatus = Literal["waiting", "archiving", "deleting", "retired", "restoring", "undone"]


class RetirementGate(BaseModel):
    """A condition of a retirement. None can be overridden."""

    name: RetirementGateName
    """The name of the condition."""
    state: Literal["passed", "failed"]
    """Whether the condition is true."""
    detail: str
    """What was noticed."""
    advice: str
    """What to do if the gate has not passed."""


class Retirement(BaseModel):
    """The retirement of the documents of an entity."""

    id: UUID
    """The id of the retirement. The keys of the objects of its archive begin with it."""
    entity: Entity
    """What the documents have become."""
    status: RetirementStatus = Field(
        description="`waiting`: writes are refused, and requests are counted. `archiving`: documents are copied to the "
        "archive, and each object is read back. `deleting`: the archive is proven, and documents are deleted. "
        "`retired`: all are deleted. `restoring`: an undo is running. `undone`: all are back."
    )
    quiet_seconds: int
    """How long no application may have used the documents before they are deleted."""
    requested_by: str
    """Who has started the retirement."""
    started_at: Moment
    """When the retirement was started. Writes are refused since then."""
    changed_at: Moment
    """When the status changed."""
    parts: int
    """The number of objects of the archive."""
    documents: int
    """The number of documents in the archive."""
    bytes: int
    """The size of the archive before it was compressed."""
    deleted: int
    """The number of documents that are deleted from the store now."""
    restored: int
    """The number of documents that an undo has restored."""


class RetirementPlan(BaseModel):
    """A retirement, and what it would do."""

    retirement: Retirement | None
    """The retirement. Null: there is none, or it was undone."""
    gates: list[RetirementGate]
    """The conditions. Empty after documents were deleted."""
    retirable: int
    """The number of documents in the store that would be archived and deleted."""
    kept: int = Field(
        description="The number of documents in the store that stay, because the platform does not have them: "
        "documents in quarantine, of other environments, or with a hidden secret."
    )


class NewRetirement(Input):
    """What becomes of the documents of an entity."""

    target: Literal["retired", "active"] = Field(
        description="`retired`: writes are refused, and later the documents are archived and deleted. `active`: writes "
        "are accepted, and deleted documents are restored."
    )
    delete: Flag = Field(
        default=False,
        description="Whether documents are archived and deleted if all gates have passed. Without it, a request only "
        "starts the retirement, and shows the gates.",
    )
    dry_run: Flag = Field(default=False, description="Whether the request only shows what would happen.")
    quiet_seconds: Annotated[Count, Field(ge=1, le=31_536_000)] | None = Field(
        default=None,
        description="How long no application may have used the documents. Null: 14 days. It cannot be changed later.",
    )


class Traffic(BaseModel):
    """The requests of the old applications for documents of an entity, in the last 30 days."""

    entity: Entity
    """What the documents become."""
    client_id: UUID | None
    """The client that owns the records. Null: nobody can say it, e.g. because a request reads a whole family."""
    kind: Literal["read", "write"]
    """Whether the requests read or write. A refused write counts, too."""
    requests: int
    """The number of requests. A request for several documents counts once for each of them."""
    last_at: Moment
    """When the last request was. It is exact to a minute, and to a second while the entity is being retired."""
