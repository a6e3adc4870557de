"""Staff: invite people to the staff of the platform, change roles, and remove people."""

from wecelebrate.core.http import IfMatch, Writing, api, located_at, serve
from wecelebrate.core.types import Id
from wecelebrate.members import invitations, staff
from wecelebrate.members.models import Invitation, NewStaffMember, StaffMember, StaffPatch

app = api()


@app.post("/v1/admin/members", status_code=201, dependencies=[located_at("/v1/admin/invitations/{id}")])
def invite_staff_member(new: NewStaffMember, tx: Writing) -> Invitation:
    """Invite a person to the staff by e-mail. Only super admins can do this."""
    return invitations.invite(tx, None, new)


@app.patch("/v1/admin/members/{member_id}")
def change_staff_member(member_id: Id, patch: StaffPatch, match: IfMatch, tx: Writing) -> StaffMember:
    """Change the role or the name of a person with a JSON Merge Patch. Only super admins can do this."""
    return staff.change(tx, member_id, patch, match)


@app.delete("/v1/admin/members/{member_id}", status_code=204)
def remove_staff_member(member_id: Id, match: IfMatch, tx: Writing) -> None:
    """Remove a person from the staff. Only super admins can do this."""
    staff.remove(tx, member_id, match)


@app.post("/v1/admin/members/{member_id}/revoke-sessions", status_code=204)
def revoke_sessions(member_id: Id, tx: Writing) -> None:
    """End all sessions of a person of the staff, or of a member of a client. Only super admins can do this."""
    staff.revoke_sessions(tx, member_id)


@app.delete("/v1/admin/invitations/{invitation_id}", status_code=204)
def revoke_staff_invitation(invitation_id: Id, tx: Writing) -> None:
    """Revoke an invitation to the staff. Only super admins can do this."""
    invitations.revoke(tx, None, invitation_id)


@app.post("/v1/admin/invitations/{invitation_id}/resend")
def resend_staff_invitation(invitation_id: Id, tx: Writing) -> Invitation:
    """Send the mail of an invitation to the staff again, with a new code. Only super admins can do this."""
    return invitations.resend(tx, None, invitation_id)


handler = serve(app)
