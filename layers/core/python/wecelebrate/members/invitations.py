"""Invitations: how a person becomes a member of a client, or joins the staff.

An invitation is open for seven days. The mail contains the token of the invitation, and the database stores only a hash
of the token. The token alone is not enough to accept the invitation: the account must also have verified the invited
address. The membership then belongs to the account (its subject), and not to the address.
"""

from typing import Any
from uuid import UUID

from wecelebrate import mail
from wecelebrate.core import pages, quotas
from wecelebrate.core.database import Transaction
from wecelebrate.core.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests
from wecelebrate.core.problem_document import FieldError
from wecelebrate.members import QUOTA, has_lost_rights, require_manager, sql, staff
from wecelebrate.members.models import (
    AcceptedInvitation,
    Invitation,
    InvitationFilters,
    NewMember,
    NewStaffMember,
)

MAX_INVITATIONS = 50
"""The largest number of invitation mails that a client, or the staff, can send within an hour."""
MAX_SENDS = 5
"""How often the mail of one invitation can be sent. An address also gets at most this number of invitation mails in 24
hours.
"""


class AlreadyMember(Conflict):
    """This person is a member already.

    The address belongs to a member, or the account that accepts the invitation is already a member.

    Change the role of the member with `PATCH /v1/clients/{client_id}/members/{member_id}`.
    """

    code = "already_member"


class AlreadyInvited(Conflict):
    """This address has an open invitation.

    An address can have only one open invitation to a client. The case of its letters is ignored.

    Send the mail again with `POST /v1/clients/{client_id}/invitations/{invitation_id}/resend`, or revoke the
    invitation first.
    """

    code = "already_invited"


class InvitationEnded(Conflict):
    """This invitation is not open any more.

    The invitation was accepted or revoked, or has expired. `detail` gives the reason. An invitation can be accepted
    only once.

    Ask an owner of the client for a new invitation.
    """

    code = "invitation_ended"


class TooManySends(Conflict):
    """The mail of this invitation was sent too often.

    The mail of an invitation can be sent five times, and an address gets at most five invitations within 24 hours.

    Check the address. If the person needs another mail, revoke the invitation, and create a new one on the next day.
    """

    code = "too_many_sends"


class AddressNotVerified(Forbidden):
    """This invitation is for another address, or your account has not verified its address.

    Only an account that has verified the invited e-mail address can accept an invitation. The API does not reveal the
    invited address.

    Sign in with the account to which the invitation was sent, and verify its address.
    """

    code = "address_not_verified"


class TooManyInvitations(TooManyRequests):
    """The maximum number of invitations within an hour was sent.

    A client can send a limited number of invitations within an hour. The same limit applies to invitations to the
    staff.

    Wait for the number of seconds in `Retry-After`, then send the next invitation.
    """

    code = "too_many_invitations"


_REFUSALS: dict[str, type[Conflict | Forbidden]] = {
    "address": AddressNotVerified,
    "accepted": InvitationEnded,
    "revoked": InvitationEnded,
    "expired": InvitationEnded,
    "member": AlreadyMember,
}
"""Maps each refusal of `app.accept_invitation` to an error."""


def page(tx: Transaction, client_id: UUID | None, filters: InvitationFilters) -> pages.RenderedPage:
    """Return one page of the invitations to a client, or to the staff, sorted from newest to oldest.

    Raises NotFound. Raises Forbidden unless the caller manages the members.
    """
    _require_reader(tx, client_id)
    return pages.list_page("invitations", sql.list_invitations, tx, filters, pages.NEWEST, client_id=client_id)


def get(tx: Transaction, client_id: UUID | None, invitation_id: UUID) -> Invitation:
    """Return one invitation. Raises NotFound. Raises Forbidden unless the caller manages the members."""
    _require_reader(tx, client_id)
    return Invitation(**_get(tx, client_id, invitation_id))


def invite(tx: Transaction, client_id: UUID | None, new: NewMember | NewStaffMember) -> Invitation:
    """Invite a person to a client, or to the staff if `client_id` is None, and queue the mail.

    Raises NotFound, Forbidden, AlreadyMember, AlreadyInvited, TooManyMembers or TooManyInvitations.
    """
    _require_inviter(tx, client_id)
    if client_id is not None:
        quotas.check(tx, QUOTA, client_id, lambda: int(sql.count_members(tx, client_id=client_id)))
    _check_mails(tx, client_id, new.email)
    if client_id is None:
        is_member = sql.is_staff_address(tx, email=new.email)
    else:
        is_member = sql.is_member_address(tx, client_id=client_id, email=new.email)
    if is_member:
        raise AlreadyMember
    if sql.has_open_invitation(tx, client_id=client_id, email=new.email):
        raise AlreadyInvited
    sql.revoke_expired_invitation(tx, client_id=client_id, email=new.email)
    invitation = Invitation(**sql.create_invitation(tx, client_id=client_id, **new.model_dump()))
    mail.invitation(tx, invitation.id)
    return invitation


def resend(tx: Transaction, client_id: UUID | None, invitation_id: UUID) -> Invitation:
    """Send the mail of an open invitation again, with a new token. The invitation is then open for seven more days.

    The earlier tokens are no longer valid. Raises NotFound, Forbidden, InvitationEnded, TooManySends,
    TooManyInvitations or TooManyMembers.
    """
    _require_inviter(tx, client_id)
    row = _get(tx, client_id, invitation_id)
    if row["status"] in ("accepted", "revoked"):
        raise InvitationEnded(f"The invitation was {row['status']}.")
    if row["sends"] >= MAX_SENDS:
        raise TooManySends
    if row["status"] == "expired" and client_id is not None:
        quotas.check(tx, QUOTA, client_id, lambda: int(sql.count_members(tx, client_id=client_id)))
    _check_mails(tx, client_id, row["email"])
    if sql.resend_invitation(tx, invitation_id=invitation_id, sends=row["sends"]) == 0:
        raise Conflict("Another request changed the invitation at the same time. Read it again.")
    mail.invitation(tx, invitation_id)
    return get(tx, client_id, invitation_id)


def revoke(tx: Transaction, client_id: UUID | None, invitation_id: UUID) -> None:
    """Revoke an invitation, so that nobody can accept it. Raises NotFound, Forbidden and InvitationEnded."""
    _require_inviter(tx, client_id)
    _get(tx, client_id, invitation_id)
    if sql.revoke_invitation(tx, invitation_id=invitation_id) == 0:
        raise InvitationEnded("The invitation was accepted or revoked before.")


def accept(tx: Transaction, token: str) -> AcceptedInvitation:
    """Accept the invitation with this token. The caller becomes a member.

    Raises Invalid, AddressNotVerified, InvitationEnded or AlreadyMember.
    """
    row = sql.accept_invitation(tx, token=token)
    refused = row.pop("refusal")
    if refused == "unknown":
        detail = "must be the code in the newest mail of an invitation"
        raise Invalid(errors=[FieldError(pointer="/code", detail=detail)])
    if refused in ("accepted", "revoked"):
        raise InvitationEnded(f"The invitation was {refused} before.")
    if refused == "expired":
        raise InvitationEnded("The invitation has expired.")
    if refused is not None:
        raise _REFUSALS[refused]
    return AcceptedInvitation(**row)


def _check_mails(tx: Transaction, client_id: UUID | None, email: str) -> None:
    """Check that an invitation can be sent to an address now. Raises TooManyInvitations or TooManySends.

    Until this transaction ends, no other transaction can create invitations to the same client (or to the staff).
    """
    sql.lock_invitations(tx, client_id=client_id)
    recent = sql.count_recent_invitations(tx, client_id=client_id, email=email)
    if recent["mails"] >= MAX_INVITATIONS:
        detail = f"At most {MAX_INVITATIONS} invitations can be sent within an hour. Try again later."
        raise TooManyInvitations(detail, max(recent["seconds_left"], 1))
    if recent["to_address"] >= MAX_SENDS:
        raise TooManySends("This address has got five invitations within 24 hours. Try again tomorrow.")


def _require_reader(tx: Transaction, client_id: UUID | None) -> None:
    if client_id is None:
        staff.require_admin(tx)
    else:
        require_manager(tx, client_id)


def _require_inviter(tx: Transaction, client_id: UUID | None) -> None:
    if client_id is None:
        staff.require_super_admin(tx)
    else:
        require_manager(tx, client_id)
    if has_lost_rights(tx, client_id):
        raise Forbidden


def _get(tx: Transaction, client_id: UUID | None, invitation_id: UUID) -> dict[str, Any]:
    row: dict[str, Any] | None = sql.get_invitation(tx, client_id=client_id, invitation_id=invitation_id)
    if row is None:
        raise NotFound
    return row
