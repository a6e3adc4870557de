"""The API models for the cutover from the documents of the store to the tables."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Input
from wecelebrate.core.types import Count, Id, Line, Moment
from wecelebrate.kv.models import Entity

GateName = Literal["mirror", "triggers", "backfill", "quarantine", "comparison", "shadow", "transactions", "canary"]
Share = Annotated[Count, Field(le=100)]
"""A percentage, as a whole number."""


class Stage(BaseModel):
    """The stage of the cutover for the documents of an entity."""

    entity: Entity
    """The entity to which the documents are mapped."""
    client_id: UUID | None
    """The client to whose records the stage applies. Null if the stage is the default for all clients."""
    leads: Literal["kv", "tables"] = Field(
        description=(
            "The leading side. `kv`: a bad document is accepted, and put into quarantine. `tables`: a bad "
            "document is refused."
        )
    )
    reads: int
    """The percentage of records whose reads are answered from the tables. Reads of one record always use the same
    side."""
    shadow: int
    """The percentage of reads that compare a document with its row."""
    changed_by: str
    """The user who changed the stage."""
    changed_at: Moment
    """When the stage was changed."""
    shadow_reads: int
    """The number of documents that reads have compared with their rows since `shadow` was set."""
    mismatches: int
    """The number of these documents that differed from their rows in a first and in a second read."""


class Stages(BaseModel):
    """All stages. If an entity has no stage, the store leads and answers all reads."""

    data: list[Stage]
    """The stages, sorted by entity. The default for all clients comes before the stages of single clients."""


class Gate(BaseModel):
    """A condition of a cutover."""

    name: GateName
    """The name of the condition."""
    state: Literal["passed", "failed", "overridden", "untried"] = Field(
        description=(
            "`overridden`: the gate has failed, but an admin has overridden it. `untried`: the gate was not "
            "checked, because only a cutover checks it."
        )
    )
    detail: str
    """What the check found."""
    advice: str
    """The advice for an operator if the gate has not passed."""


class Gates(BaseModel):
    """The conditions of a cutover."""

    data: list[Gate]
    """The gates, in the order in which an operator should work on them."""


class ChangedStage(BaseModel):
    """A stage after it was changed."""

    stage: Stage
    """The stage."""
    gates: list[Gate]
    """The gates that the cutover has passed. The list is empty if the change has no gates."""


class GateParameters(Input):
    """The parameters of the list of gates."""

    place = ""

    client_id: Id | None = Field(default=None, description="The client that would be cut over. Null: all clients.")


class NewStage(Input):
    """A change of a stage: a cutover, a rollback, or a new percentage of reads that compare documents with rows."""

    client_id: Id | None = Field(
        default=None,
        description="The client whose records the change affects. Null: all clients that have no separate stage.",
    )
    leads: Literal["kv", "tables"] | None = Field(
        default=None,
        description=(
            "`tables` cuts over if all gates pass. `kv` rolls back immediately: `reads` becomes 0. If `client_id` "
            "is null, clients with a separate stage are also rolled back. Null: the leading side does not change."
        ),
    )
    reads: Share | None = Field(
        default=None, description="The percentage of records that the store answers from the tables. Only for `tables`."
    )
    shadow: Share | None = Field(
        default=None,
        description="The percentage of reads that compare the document with its row. A change restarts the count at 0.",
    )
    overrides: list[GateName] = Field(
        default=[], max_length=8, description="The gates that may fail. If there are any, `reason` is required."
    )
    reason: Annotated[str, Line(500)] | None = Field(
        default=None, description="The reason for the overrides. The audit log keeps it."
    )
