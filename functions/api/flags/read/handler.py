"""Flags: list the kill switches of the platform."""

from wecelebrate.core.http import Reading, api, serve
from wecelebrate.core.kill_switches import admin, row_security
from wecelebrate.core.kill_switches.models import Flags, Suspensions

app = api()


@app.get("/v1/admin/flags")
def list_flags(tx: Reading) -> Flags:
    """List the kill switches with their current values."""
    return admin.list_all(tx)


@app.get("/v1/admin/row-security-suspensions")
def list_row_security_suspensions(tx: Reading) -> Suspensions:
    """List the tables whose row-level security is suspended."""
    return row_security.list_all(tx)


handler = serve(app)
