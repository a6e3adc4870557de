"""The staff of the platform. Only super admins can change the staff."""

from uuid import UUID

from wecelebrate.core import pages
from wecelebrate.core.database import Transaction, as_json
from wecelebrate.core.errors import Forbidden, NotFound
from wecelebrate.core.etags import Match, refusal
from wecelebrate.members import LastOwner, has_lost_rights, sql
from wecelebrate.members.models import StaffFilters, StaffMember, StaffPatch


def page(tx: Transaction, filters: StaffFilters) -> pages.RenderedPage:
    """Return one page of the staff, sorted from newest to oldest. Raises Forbidden unless the caller is an admin."""
    require_admin(tx)
    return pages.list_page("staff", sql.list_staff, tx, filters, pages.NEWEST)


def get(tx: Transaction, member_id: UUID) -> StaffMember:
    """Return one person of the staff. Raises NotFound. Raises Forbidden unless the caller is an admin."""
    require_admin(tx)
    row = sql.get_staff_member(tx, member_id=member_id)
    if row is None:
        raise NotFound
    return StaffMember(**row)


def change(tx: Transaction, member_id: UUID, patch: StaffPatch, match: Match) -> StaffMember:
    """Apply a patch to a person. Raises NotFound, Forbidden, LastOwner, and the errors of `Match.check`."""
    require_super_admin(tx)
    sql.lock_owners(tx, client_id=None)
    lost_rights = has_lost_rights(tx, None)
    member = get(tx, member_id)
    expected = match.check(member)
    row = sql.change_staff_member(
        tx, member_id=member_id, expected_updated_at=expected, **as_json({"changes": patch.changes()}, "changes")
    )
    if row is None:
        raise refusal(expected, get(tx, member_id))
    _end_administration(tx, member, row["role"])
    if lost_rights:
        raise Forbidden
    return StaffMember(**row)


def remove(tx: Transaction, member_id: UUID, match: Match) -> None:
    """Remove a person from the staff. Raises the same errors as `change`."""
    require_super_admin(tx)
    sql.lock_owners(tx, client_id=None)
    lost_rights = has_lost_rights(tx, None)
    member = get(tx, member_id)
    expected = match.check(member)
    if sql.remove_staff_member(tx, member_id=member_id, expected_updated_at=expected) == 0:
        raise refusal(expected, get(tx, member_id))
    _end_administration(tx, member, None)
    if lost_rights:
        raise Forbidden


def revoke_sessions(tx: Transaction, member_id: UUID) -> None:
    """End all sessions of a person of the staff, or of a member of a client. Raises NotFound and Forbidden."""
    require_super_admin(tx)
    if not sql.revoke_member_sessions(tx, member_id=member_id):
        raise NotFound


def revoke_own_sessions(tx: Transaction) -> None:
    """End all sessions of the caller."""
    sql.revoke_own_sessions(tx)


def require_admin(tx: Transaction) -> None:
    """Raise Forbidden unless the caller is an admin or a super admin."""
    if tx.context.admin_role not in ("super_admin", "admin"):
        raise Forbidden


def require_super_admin(tx: Transaction) -> None:
    """Raise Forbidden unless the caller is a super admin."""
    if tx.context.admin_role != "super_admin":
        raise Forbidden


def _end_administration(tx: Transaction, before: StaffMember, role: str | None) -> None:
    """Revoke the invitations of a person who may no longer send them. Raises LastOwner.

    The invitations must not remain open, because the person could accept them with another account. An admin can invite
    people to all clients, and a super admin can also invite people to the staff.
    """
    if before.role == "super_admin" and role != "super_admin":
        if not sql.has_super_admin(tx):
            raise LastOwner
        sql.revoke_invitations_of(tx, client_id=None, subject=before.subject)
    if role in (None, "support"):
        sql.revoke_all_invitations_of(tx, subject=before.subject)
