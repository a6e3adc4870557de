"""Me: who calls, and what it may do where."""

from wecelebrate import members
from wecelebrate.http import Reading, api, serve
from wecelebrate.members import Me

app = api()


@app.get("/v1/me")
def me(tx: Reading) -> Me:
    return members.me(tx)


handler = serve(app)
