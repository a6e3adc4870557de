"""Me: end the caller's own sessions."""

from wecelebrate.core.http import Writing, api, serve
from wecelebrate.members import staff

app = api()


@app.post("/v1/me/revoke-sessions", status_code=204)
def revoke_own_sessions(tx: Writing) -> None:
    """End all sessions of the caller, on all devices. The API then refuses all tokens that the caller has now."""
    staff.revoke_own_sessions(tx)


handler = serve(app)
