"""Flags: list the kill switches of the platform."""

from wecelebrate.core.http import Reading, api, serve
from wecelebrate.core.kill_switches import admin
from wecelebrate.core.kill_switches.models import Flags

app = api()


@app.get("/v1/admin/flags")
def list_flags(tx: Reading) -> Flags:
    """List the kill switches with their current values."""
    return admin.list_all(tx)


handler = serve(app)
