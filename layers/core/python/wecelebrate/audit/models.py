"""The entries of the audit log, and the filters for listing them."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Object
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import Id, Label, Moment, ShortLine, Timestamp


class AuditEntry(BaseModel):
    """An action of a user or service, or a read of personal data by the platform's staff."""

    id: UUID
    created_at: Moment
    subject: str = Field(
        description=(
            "The user or service that performed the action: the `sub` of its access token. `login:…` means that "
            "an operator or a migration with a connection to the database performed the action."
        )
    )
    admin_role: Literal["super_admin", "admin", "support", "service"] | None = Field(
        description="The role in which a member of the platform's staff acted. Null for members of a client."
    )
    email: str | None = Field(description="The verified e-mail address in the access token, if there was one.")
    address: str | None = Field(
        description="The IP address of the request. Owners do not see the addresses of the platform's staff."
    )
    action: str = Field(description="A noun and a verb, e.g. `job.cancel`, `client.change` or `order.read`.")
    client_id: UUID | None = Field(description="The client that the action concerns. Null for the platform.")
    object_id: str = Field(description="The id of the object that the action concerns. `*` for a list.")
    details: Object = Field(
        description="Further details. For a list, the number and the ids of the objects, and the query."
    )
    before: Object | None = Field(
        description="The changed fields before the change. Secrets and personal data are `[redacted]`."
    )
    after: Object | None = Field(description="The changed fields after the change.")
    request_id: str | None = Field(description="The `x-request-id` of the request.")
    job_id: UUID | None = Field(description="The job that performed the action.")
    is_verified: bool = Field(description="Whether the database recorded the action itself.")


class AuditFilters(ListParameters):
    """The filters of a list of audit log entries."""

    client_id: Id | None = None
    subject: Label | None = None
    action: ShortLine | None = Field(
        default=None,
        description=(
            "A complete action, e.g. `order.read`. Reads of the list of clients (`client.list`) are left out "
            "unless you filter by `action`, `subject`, `object_id` or `request_id`."
        ),
    )
    object_id: Label | None = None
    request_id: ShortLine | None = None
    created_from: Timestamp | None = Field(default=None, description="Only entries at or after this time.")
    created_to: Timestamp | None = Field(default=None, description="Only entries before this time.")
