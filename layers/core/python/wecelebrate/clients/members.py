"""Members: the account that calls, and what it may do where."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import FieldError, Invalid

sql = queries(__file__)


class Membership(BaseModel):
    """A client that the account belongs to."""

    client_id: UUID
    name: str
    slug: str
    role: Literal["owner", "editor", "viewer"]


class Me(BaseModel):
    """The caller, as the platform knows it."""

    subject: str
    email: str | None
    admin_role: Literal["super_admin", "admin", "support"] | None
    memberships: list[Membership]


def me(tx: Transaction) -> Me:
    """The caller of this transaction."""
    return Me(
        subject=tx.caller.subject or "",
        email=tx.caller.email,
        admin_role=tx.context.admin_role,
        memberships=[Membership(**row) for row in sql.list_memberships(tx, subject=tx.caller.subject)]
        if tx.context.role == "app_client"
        else [],
    )


def default_client(tx: Transaction) -> UUID | None:
    """Whose a thing is that is made without saying so: the client of a member of one, the platform for its people.

    Raises Invalid for a member of several.
    """
    entered = tx.context
    if entered.client_ids is None:
        return None
    editors = entered.editor_ids or entered.client_ids
    if len(editors) != 1:
        raise Invalid(errors=[FieldError(pointer="/client_id", detail="say for which of your clients")])
    return editors[0]
