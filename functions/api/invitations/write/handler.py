"""Memberships: accept an invitation or the membership of a machine. The caller needs an account, but no membership."""

from wecelebrate import members
from wecelebrate.core.http import AccountWrite, api, serve
from wecelebrate.core.types import Id
from wecelebrate.members import invitations
from wecelebrate.members.models import AcceptedInvitation, AcceptedMembership, InvitationCode

app = api()


@app.post("/v1/invitations/accept")
def accept_invitation(body: InvitationCode, tx: AccountWrite) -> AcceptedInvitation:
    """Accept an invitation with the code in its mail. The caller must have verified the invited address."""
    return invitations.accept(tx, body.code)


@app.post("/v1/clients/{client_id}/machines/accept")
def accept_machine_membership(client_id: Id, tx: AccountWrite) -> AcceptedMembership:
    """Accept the membership of a machine. An owner has added the machine to the client, and the caller has its
    token."""
    return members.accept_machine_membership(tx, client_id)


handler = serve(app)
