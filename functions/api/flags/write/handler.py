"""Flags: set and reset the kill switches of the platform. Only platform admins can do this."""

from wecelebrate.core.http import Writing, api, serve
from wecelebrate.core.kill_switches import admin, row_security
from wecelebrate.core.kill_switches.models import Flag, FlagName, NewSuspension, NewValue, Suspension, TableName

app = api()


@app.put("/v1/admin/flags/{name}")
def set_flag(name: FlagName, new: NewValue, tx: Writing) -> Flag:
    """Set a kill switch. Every function applies the value within 10 seconds."""
    return admin.put(tx, name, new)


@app.delete("/v1/admin/flags/{name}", status_code=204)
def reset_flag(name: FlagName, tx: Writing) -> None:
    """Return a kill switch to its default."""
    admin.reset(tx, name)


@app.put("/v1/admin/row-security-suspensions/{table}")
def suspend_row_security(table: TableName, new: NewSuspension, tx: Writing) -> Suspension:
    """Suspend row-level security of a table whose policies are broken. Only super admins can do this.

    Until the suspension ends, admins can only read the table, and every other request that needs the table is refused
    with `row_security_suspended`. If the table is already suspended, its reason and its time change.
    """
    return row_security.suspend(tx, table, new)


@app.delete("/v1/admin/row-security-suspensions/{table}", status_code=204)
def restore_row_security(table: TableName, tx: Writing) -> None:
    """End the suspension of row-level security of a table."""
    row_security.restore(tx, table)


handler = serve(app)
