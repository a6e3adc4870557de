"""Members: the account that calls, and what it may do where."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from wecelebrate.database import Transaction, queries

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
        admin_role=tx.entered.admin_role,
        memberships=[Membership(**row) for row in sql.list_memberships(tx, subject=tx.caller.subject)]
        if tx.entered.role == "app_client"
        else [],
    )
