"""Members of clients, and the staff of the platform.

A person becomes a member by accepting an invitation (`invitations`). Owners manage the members of their clients, and
admins manage the members of all clients. Only super admins manage the staff (`staff`).

A change of a membership takes effect immediately, because every transaction reads the membership of its caller. The
change also invalidates the cached session of the member.
"""

from uuid import UUID

from wecelebrate import clients
from wecelebrate.core import pages, quotas
from wecelebrate.core.auth import MACHINE_PREFIX
from wecelebrate.core.database import Transaction, as_json, queries
from wecelebrate.core.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from wecelebrate.core.etags import Match, refusal
from wecelebrate.core.problem_document import FieldError
from wecelebrate.members.models import AcceptedMembership, Member, MemberFilters, MemberPatch, NewMachine

sql = queries(__file__)

MAX_MEMBERS = 500
"""The largest number of members and open invitations of a client."""


class LastOwner(Conflict):
    """A client needs at least one owner, and the platform at least one super admin.

    The last owner of a client cannot leave, be removed or get another role. Otherwise nobody could manage the members
    of the client. The same rule protects the last super admin.

    Make another member an owner first, then repeat the request.
    """

    code = "last_owner"


class MachineActiveElsewhere(Conflict):
    """This machine has access to another client.

    A machine has access to only one client. It keeps this access if it tries to accept another membership, or if staff
    try to add it to another client. Otherwise, two programs with the same secret could take the access from each other.

    Remove the machine from the client that `GET /v1/me` names. The machine can also remove itself. Then repeat the
    request.
    """

    code = "machine_active_elsewhere"


class TooManyMembers(Conflict):
    """This client has the maximum number of members.

    The number of members of a client is limited. Open invitations are counted as members.

    Remove a member, or revoke an invitation.
    """

    code = "too_many_members"


QUOTA = quotas.Quota("members", MAX_MEMBERS, TooManyMembers, "Remove a member or revoke an invitation first.")


def page(tx: Transaction, client_id: UUID, filters: MemberFilters) -> pages.RenderedPage:
    """Return one page of the members of a client, sorted from newest to oldest. Raises NotFound."""
    clients.get(tx, client_id)
    return pages.list_page("members", sql.list_members, tx, filters, pages.NEWEST, client_id=client_id)


def get(tx: Transaction, client_id: UUID, member_id: UUID) -> Member:
    """Return one member of a client. Raises NotFound."""
    row = sql.get_member(tx, client_id=client_id, member_id=member_id)
    if row is None:
        raise NotFound
    return Member(**row)


def add_machine(tx: Transaction, client_id: UUID, new: NewMachine) -> Member:
    """Make a machine a member of a client.

    If staff add the machine, it has access immediately. If an owner adds the machine, it must first accept the
    membership (`accept_machine_membership`), because an id does not prove that the machine belongs to the client.
    Memberships of the machine at inactive clients end, because they give no access.

    Raises NotFound, Forbidden or TooManyMembers. Raises AlreadyExists if the client already has the machine. Raises
    MachineActiveElsewhere if staff add a machine that has access to another client.
    """
    require_manager(tx, client_id)
    if has_lost_rights(tx, client_id):
        raise Forbidden
    quotas.check(tx, QUOTA, client_id, lambda: int(sql.count_members(tx, client_id=client_id)))
    subject = MACHINE_PREFIX + new.machine_id
    if tx.context.is_staff:
        sql.end_inactive_access(tx, subject=subject)
    row = sql.add_machine(tx, client_id=client_id, subject=subject, role=new.role, name=new.name)
    if row is not None:
        return Member(**row)
    if tx.context.is_staff and not sql.is_member(tx, client_id=client_id, subject=subject):
        raise MachineActiveElsewhere
    raise AlreadyExists(errors=[FieldError(pointer="/machine_id", detail="is already in use")])


def accept_machine_membership(tx: Transaction, client_id: UUID) -> AcceptedMembership:
    """Accept the membership of a client for the calling machine, which then has access to this client only.

    Raises NotFound or MachineActiveElsewhere.
    """
    row = sql.accept_machine_membership(tx, client_id=client_id)
    refused = row.pop("refusal")
    if refused is not None:
        raise MachineActiveElsewhere if refused == "elsewhere" else NotFound
    return AcceptedMembership(**row)


def change(tx: Transaction, client_id: UUID, member_id: UUID, patch: MemberPatch, match: Match) -> Member:
    """Apply a patch to a member. Raises NotFound, Forbidden, LastOwner, and the errors of `Match.check`."""
    had_owner = _lock_owners(tx, client_id)
    lost_rights = has_lost_rights(tx, client_id)
    member = get(tx, client_id, member_id)
    expected = match.check(member)
    changes = patch.changes()
    if member.kind == "machine" and changes.get("role") == "owner":
        raise Invalid(errors=[FieldError(pointer="/role", detail="must be editor or viewer, because it is a machine")])
    row = sql.change_member(
        tx, client_id=client_id, member_id=member_id, expected_updated_at=expected,
        **as_json({"changes": changes}, "changes"),
    )  # fmt: skip
    if row is None:
        raise refusal(expected, get(tx, client_id, member_id))
    _end_ownership(tx, member, row["role"], had_owner)
    if lost_rights:
        raise Forbidden
    return Member(**row)


def remove(tx: Transaction, client_id: UUID, member_id: UUID, match: Match) -> None:
    """Remove a member from a client. Members can remove themselves.

    Raises NotFound, Forbidden, LastOwner, and the errors of `Match.check`.
    """
    had_owner = _lock_owners(tx, client_id)
    lost_rights = has_lost_rights(tx, client_id)
    member = get(tx, client_id, member_id)
    expected = match.check(member)
    if sql.remove_member(tx, client_id=client_id, member_id=member_id, expected_updated_at=expected) == 0:
        raise refusal(expected, get(tx, client_id, member_id))
    _end_ownership(tx, member, None, had_owner)
    if lost_rights and member.subject != tx.caller.subject:  # Members with every role can remove themselves.
        raise Forbidden


def require_manager(tx: Transaction, client_id: UUID) -> None:
    """Raise NotFound if the caller cannot see a client, and Forbidden if the caller may not manage the members of the
    client.
    """
    clients.get(tx, client_id)
    if not tx.context.is_staff and client_id not in (tx.context.owner_ids or []):
        raise Forbidden


def has_lost_rights(tx: Transaction, client_id: UUID | None) -> bool:
    """Return whether the caller can no longer manage the members of a client. If `client_id` is None, check the staff.

    A transaction has the rights that its caller had when it began. If the caller was removed after that, the
    transaction must not invite or add anybody. The removal has revoked only the invitations that existed at that time.
    Until this transaction ends, no other transaction can change the rights of the caller.
    """
    if tx.context.is_staff:
        sql.share_owners(tx, client_id=None)
        # A role that has changed since then is no problem if the new role has the right too.
        roles = ["super_admin"] if client_id is None else ["super_admin", "admin"]
        return not sql.has_staff_role(tx, roles=roles)
    if client_id not in (tx.context.owner_ids or []):
        return False
    sql.share_owners(tx, client_id=client_id)
    return not sql.is_owner(tx, client_id=client_id)


def _lock_owners(tx: Transaction, client_id: UUID) -> bool:
    """Return whether a client has an owner. Until this transaction ends, no other transaction can change the members.

    If two owners remove each other at the same time, the second transaction waits here, and then sees the change of the
    first transaction. Therefore the caller must read the member after this call. Raises NotFound if the caller cannot
    see the client.
    """
    clients.get(tx, client_id)
    sql.lock_owners(tx, client_id=client_id)
    return bool(sql.has_owner(tx, client_id=client_id))


def _end_ownership(tx: Transaction, before: Member, role: str | None, had_owner: bool) -> None:
    """Check that a client still has an owner. Revoke the invitations of a member who is not an owner any more.

    `role` is the new role of the member, or None if the member was removed. Raises LastOwner.
    """
    if before.role != "owner" or role == "owner":
        return
    if had_owner and not sql.has_owner(tx, client_id=before.client_id):
        raise LastOwner
    sql.revoke_invitations_of(tx, client_id=before.client_id, subject=before.subject)
