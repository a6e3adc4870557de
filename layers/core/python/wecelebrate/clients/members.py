"""The calling user and its memberships in clients."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import FieldError, Invalid

sql = queries(__file__)


class Membership(BaseModel):
    """A client of which the caller is a member."""

    client_id: UUID
    name: str
    slug: str
    role: Literal["owner", "editor", "viewer"]


class Me(BaseModel):
    """The caller: the user or service that the access token names."""

    subject: str
    email: str | None
    admin_role: Literal["super_admin", "admin", "support"] | None
    memberships: list[Membership]


def me(tx: Transaction) -> Me:
    """The caller of this transaction."""
    is_member = tx.context.role == "app_client"
    rows = sql.list_memberships(tx, subject=tx.caller.subject) if is_member else []
    return Me(
        subject=tx.caller.subject or "",
        email=tx.caller.email,
        admin_role=tx.context.admin_role,
        memberships=[Membership(**row) for row in rows],
    )


def default_client(tx: Transaction) -> UUID | None:
    """The default owner of a new object: the user's only client, or the platform (None) for staff.

    Raises Invalid for a member of several clients.
    """
    context = tx.context
    if context.client_ids is None:
        return None
    clients = context.editor_ids or context.client_ids
    if len(clients) != 1:
        raise Invalid(errors=[FieldError(pointer="/client_id", detail="must be set, because you have several clients")])
    return clients[0]
