"""Invitations: accept one. The caller needs an account, but no membership."""

from wecelebrate.core.http import AccountWrite, api, serve
from wecelebrate.members import invitations
from wecelebrate.members.models import AcceptedInvitation, InvitationCode

app = api()


@app.post("/v1/invitations/accept")
def accept_invitation(body: InvitationCode, tx: AccountWrite) -> AcceptedInvitation:
    """Accept an invitation with the code in its mail. The account of the caller must have verified the address."""
    return invitations.accept(tx, body.code)


handler = serve(app)
