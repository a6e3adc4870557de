"""The API models for the retirement of documents, and for the traffic of the old applications."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Input
from wecelebrate.core.types import Count, Flag, Moment, ShortLine
from wecelebrate.kv.models import Entity

MAX_GIVEN_UP = 50
"""The maximum number of objects that a request can name in `give_up`."""
MAX_GIVEN_UP_BYTES = 1_000_000
"""If the keys of the given-up documents have this size in bytes, a request gives up no further object. The limit is
needed because the response contains these keys. The keys of one object have at most 3 MB, even if each character is
escaped."""

RetirementGateName = Literal["stage", "mirror", "replication", "comparison", "period", "traffic"]
RetirementStatus = Literal["waiting", "archiving", "deleting", "retired", "restoring", "ending", "undone"]


class RetirementGate(BaseModel):
    """A condition of a retirement. An admin cannot override this condition."""

    name: RetirementGateName
    """The name of the condition."""
    state: Literal["passed", "failed"]
    """Whether the condition is true."""
    detail: str
    """What the check found."""
    advice: str
    """The advice for an operator if the gate has not passed."""


class Retirement(BaseModel):
    """The retirement of the documents of an entity."""

    id: UUID
    """The id of the retirement. The keys of all objects in its archive begin with this id."""
    entity: Entity
    """The entity to which the documents were mapped."""
    status: RetirementStatus = Field(
        description=(
            "`waiting`: writes are refused, and requests are counted. `archiving`: documents are copied to the "
            "archive, and each object is verified. `deleting`: the archive is verified, and documents are "
            "deleted. `retired`: all documents are deleted. `restoring`: an undo is running. `ending`: all "
            "documents are restored, and the undo searches for products that have changed in the meantime; writes "
            "are still refused. `undone`: writes are accepted again."
        )
    )
    quiet_seconds: int
    """The waiting period before the deletion, in seconds. In this period, no application may use the documents."""
    requested_by: str
    """The user who started the retirement."""
    started_at: Moment
    """When the retirement was started. The store has refused writes since then."""
    changed_at: Moment
    """When the status last changed."""
    parts: int
    """The number of objects in the archive."""
    documents: int
    """The number of documents in the archive."""
    bytes: int
    """The size of the archive before compression, in bytes."""
    deleted: int
    """The number of documents that are currently deleted from the store."""
    restored: int
    """The number of documents that an undo has restored."""
    given_up: int
    """The number of documents that an undo has given up, because their objects in the archive were lost."""


class GivenUp(BaseModel):
    """A lost object of the archive, and its documents, which an undo has given up."""

    object_key: str
    """The key of the object."""
    reason: str
    """What is wrong with the object."""
    keys: list[str]
    """The keys of the documents. Their rows still exist, unless they were deleted."""


class RetirementPlan(BaseModel):
    """A retirement, its conditions, and the number of documents that it affects."""

    retirement: Retirement | None
    """The retirement. Null if no retirement exists, or if the last retirement was undone."""
    gates: list[RetirementGate]
    """The conditions. The list is empty when the archiving has begun."""
    retirable: int
    """The number of documents in the store that would be archived and deleted."""
    kept: int = Field(
        description=(
            "The number of documents that are not deleted, because the platform does not have their content: "
            "documents in quarantine, documents of other environments, and documents with a hidden secret."
        )
    )
    given_up: list[GivenUp] = Field(
        default=[],
        description=(
            "The lost objects of the archive whose documents the undo no longer restores because of this request."
        ),
    )


class NewRetirement(Input):
    """A request to retire the documents of an entity, or to restore them."""

    target: Literal["retired", "active"] = Field(
        description="`retired`: the store refuses writes, and later the documents are archived and deleted. `active`: "
        "the store accepts writes, and deleted documents are restored."
    )
    delete: Flag = Field(
        default=False,
        description="Whether documents are archived and deleted if all gates have passed. If it is false, a request "
        "only starts the retirement, and returns the gates.",
    )
    dry_run: Flag = Field(default=False, description="Whether the request only shows what would happen.")
    give_up: list[ShortLine] = Field(
        default=[],
        max_length=MAX_GIVEN_UP,
        description=(
            "The keys of lost objects of the archive, as in the error `kv_archive_damaged`. An undo does not "
            "restore the documents of these objects. If an object is intact, its documents are restored. The "
            "response contains the lost objects in `given_up`. Only with the target `active`."
        ),
    )
    quiet_seconds: Annotated[Count, Field(ge=1, le=31_536_000)] | None = Field(
        default=None,
        description="The period in which no application may use the documents. Null: 14 days. It cannot be changed "
        "later.",
    )


class Traffic(BaseModel):
    """The requests of the old applications for documents of an entity, in the last 30 days."""

    entity: Entity
    """The entity to which the documents are mapped."""
    client_id: UUID | None
    """The client that owns the records. Null if the client is unknown, for example because a request reads a whole
    family.
    """
    kind: Literal["read", "write"]
    """Whether the requests read or write. Refused writes are counted too."""
    requests: int
    """The number of requests. A request for several documents is counted once for each document."""
    last_at: Moment
    """The time of the last request, with an error of at most one minute. During a retirement, the error is at most one
    second.
    """
