"""The caller, and the clients of which the caller is a member."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Invalid
from wecelebrate.core.problem_document import FieldError

sql = queries(__file__)


class Membership(BaseModel):
    """A client of which the caller is a member."""

    client_id: UUID
    name: str
    """The name of the client."""
    slug: str
    """The short name of the client."""
    role: Literal["owner", "editor", "viewer"]
    """What the caller may do: viewers read, editors also write, and owners also read the audit log."""


class Me(BaseModel):
    """The caller: the user or service to which the access token was issued."""

    subject: str
    """The `sub` claim of the access token."""
    email: str | None
    """The e-mail address in the access token. Null if the token has no address."""
    admin_role: Literal["super_admin", "admin", "support"] | None
    """The role of the caller in the platform's staff. Null if the caller does not belong to the staff."""
    memberships: list[Membership]
    """The clients of which the caller is a member. Empty for the platform's staff."""


def me(tx: Transaction) -> Me:
    """Return the caller of this transaction, with the caller's memberships."""
    is_member = tx.context.role == "app_client"
    rows = sql.list_memberships(tx, subject=tx.caller.subject) if is_member else []
    return Me(
        subject=tx.caller.subject or "",
        email=tx.caller.email,
        admin_role=tx.context.admin_role,
        memberships=[Membership(**row) for row in rows],
    )


def default_client(tx: Transaction, field: str = "client_id") -> UUID | None:
    """Return the default owner of a new object: the user's only client, or None (the platform) for staff.

    `field` is the field of the request that names the owner.

    If the user can edit the objects of some clients, only these clients are considered. Otherwise, all clients of the
    user are considered. Raises Invalid if the number of these clients is not 1.
    """
    context = tx.context
    if context.client_ids is None:
        return None
    clients = context.editor_ids or context.client_ids
    if len(clients) != 1:
        detail = "must be set, because you are a member of several clients"
        raise Invalid(errors=[FieldError(pointer=f"/{field}", detail=detail)])
    return clients[0]
