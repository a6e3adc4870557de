"""The audit log: its entries and filters."""

from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Moment, Object
from wecelebrate.core.pages import ListParameters


class AuditEntry(BaseModel):
    """An action of a user or service."""

    id: UUID
    subject: str = Field(description="The `sub` of the caller.")
    action: str = Field(description="A noun and a verb, e.g. `job.cancel`.")
    client_id: UUID | None
    object_id: str = Field(description="The object of the action.")
    details: Object
    created_at: Moment


class AuditFilters(ListParameters):
    """The filters of the audit log."""

    client_id: UUID | None = None
    action: str | None = Field(default=None, max_length=100)
    object_id: str | None = Field(default=None, max_length=300)
