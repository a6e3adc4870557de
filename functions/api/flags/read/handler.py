"""Flags: how the platform's switches stand."""

from wecelebrate import flags
from wecelebrate.flags.models import Flags
from wecelebrate.http import Reading, api, serve

app = api()


@app.get("/v1/admin/flags")
def list_flags(tx: Reading) -> Flags:
    return flags.every(tx)


handler = serve(app)
