"""A note of the audit log."""

from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Moment, Object
from wecelebrate.core.pages import ListParameters


class Note(BaseModel):
    """Who did what, and when."""

    id: UUID
    subject: str = Field(description="The `sub` of whoever did it.")
    action: str = Field(description="A noun and a verb: `job.cancel`.")
    client_id: UUID | None
    object_id: str = Field(description="What it was done to.")
    details: Object
    created_at: Moment


class AuditFilters(ListParameters):
    """What the audit log may be asked."""

    client_id: UUID | None = None
    action: str | None = Field(default=None, max_length=100)
    object_id: str | None = Field(default=None, max_length=300)
