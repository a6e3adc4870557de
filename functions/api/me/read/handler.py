"""Me: read the caller's identity and memberships."""

from wecelebrate.clients import members
from wecelebrate.clients.members import Me
from wecelebrate.core.http import Reading, api, serve

app = api()


@app.get("/v1/me")
def me(tx: Reading) -> Me:
    """Read the identity of the caller, and the memberships of the caller in clients."""
    return members.me(tx)


handler = serve(app)
