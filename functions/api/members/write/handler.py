"""Members: invite people to a client, add machines, change roles, and remove members."""

from wecelebrate import members
from wecelebrate.core.http import IfMatch, Writing, api, located_at, serve
from wecelebrate.core.types import Id
from wecelebrate.members import invitations
from wecelebrate.members.models import Invitation, Member, MemberPatch, NewMachine, NewMember

app = api()


@app.post(
    "/v1/clients/{client_id}/members",
    status_code=201,
    dependencies=[located_at("/v1/clients/{client_id}/invitations/{id}")],
)
def invite_member(client_id: Id, new: NewMember, tx: Writing) -> Invitation:
    """Invite a person to a client by e-mail. Only owners and admins can do this."""
    return invitations.invite(tx, client_id, new)


@app.patch("/v1/clients/{client_id}/members/{member_id}")
def change_member(client_id: Id, member_id: Id, patch: MemberPatch, match: IfMatch, tx: Writing) -> Member:
    """Change the role or the name of a member with a JSON Merge Patch. Only owners and admins can do this."""
    return members.change(tx, client_id, member_id, patch, match)


@app.delete("/v1/clients/{client_id}/members/{member_id}", status_code=204)
def remove_member(client_id: Id, member_id: Id, match: IfMatch, tx: Writing) -> None:
    """Remove a member from a client. The member loses access immediately. Members can remove themselves."""
    members.remove(tx, client_id, member_id, match)


@app.post(
    "/v1/clients/{client_id}/machines",
    status_code=201,
    dependencies=[located_at("/v1/clients/{client_id}/members/{id}")],
)
def add_machine(client_id: Id, new: NewMachine, tx: Writing) -> Member:
    """Make a machine a member of a client. Only owners and admins can do this."""
    return members.add_machine(tx, client_id, new)


@app.delete("/v1/clients/{client_id}/invitations/{invitation_id}", status_code=204)
def revoke_invitation(client_id: Id, invitation_id: Id, tx: Writing) -> None:
    """Revoke an invitation, so that nobody can accept it. Only owners and admins can do this."""
    invitations.revoke(tx, client_id, invitation_id)


@app.post("/v1/clients/{client_id}/invitations/{invitation_id}/resend")
def resend_invitation(client_id: Id, invitation_id: Id, tx: Writing) -> Invitation:
    """Send the mail of an invitation again, with a new code. Only owners and admins can do this."""
    return invitations.resend(tx, client_id, invitation_id)


handler = serve(app)
