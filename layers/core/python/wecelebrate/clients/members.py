"""The caller, and the clients of which the caller is a member."""

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
    """The caller: the user or service to which the access token was issued."""

    subject: str
    email: str | None
    admin_role: Literal["super_admin", "admin", "support"] | None
    memberships: list[Membership]


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


def default_client(tx: Transaction) -> UUID | None:
    """Return the default owner of a new object: the user's only client, or None (the platform) for staff.

    If there are clients whose objects the user can edit, all other clients of the user are ignored. Raises Invalid
    unless exactly one client remains.
    """
    context = tx.context
    if context.client_ids is None:
        return None
    clients = context.editor_ids or context.client_ids
    if len(clients) != 1:
        detail = "must be set, because you are a member of several clients"
        raise Invalid(errors=[FieldError(pointer="/client_id", detail=detail)])
    return clients[0]
