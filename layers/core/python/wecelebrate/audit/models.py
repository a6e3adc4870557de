"""The entries of the audit log, and the filters for listing them."""

from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Moment, Object
from wecelebrate.core.pages import ListParameters


class AuditEntry(BaseModel):
    """An action of a user or service."""

    id: UUID
    subject: str = Field(description="The user or service that performed the action: the `sub` of its access token.")
    action: str = Field(description="A noun and a verb, e.g. `job.cancel`.")
    client_id: UUID | None
    object_id: str = Field(description="The id of the object that the action concerns.")
    details: Object
    created_at: Moment


class AuditFilters(ListParameters):
    """The filters of a list of audit log entries."""

    client_id: UUID | None = None
    action: str | None = Field(default=None, max_length=100)
    object_id: str | None = Field(default=None, max_length=300)
