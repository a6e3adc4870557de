"""Invitations: accept one. The caller needs an account, but no membership."""

from wecelebrate.core.http import AccountWrite, api, serve
from wecelebrate.core.types import Label
from wecelebrate.members import invitations
from wecelebrate.members.models import AcceptedInvitation

app = api()


@app.post("/v1/invitations/{token}/accept")
def accept_invitation(token: Label, tx: AccountWrite) -> AcceptedInvitation:
    """Accept an invitation with the code in its mail. The account of the caller must have verified the address."""
    return invitations.accept(tx, token)


handler = serve(app)
