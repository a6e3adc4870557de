"""Flags: set and reset the kill switches of the platform. Only platform admins can do this."""

from wecelebrate.core.http import Writing, api, serve
from wecelebrate.core.kill_switches import admin
from wecelebrate.core.kill_switches.models import Flag, FlagName, NewValue

app = api()


@app.put("/v1/admin/flags/{name}")
def set_flag(name: FlagName, new: NewValue, tx: Writing) -> Flag:
    """Set a kill switch. Every function applies the value within 10 seconds."""
    return admin.put(tx, name, new)


@app.delete("/v1/admin/flags/{name}", status_code=204)
def reset_flag(name: FlagName, tx: Writing) -> None:
    """Return a kill switch to its default."""
    admin.reset(tx, name)


handler = serve(app)
