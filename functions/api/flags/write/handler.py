"""Flags: set a switch of the platform, and let it go. Platform admins only."""

from wecelebrate import flags
from wecelebrate.flags.models import Flag, FlagName, NewValue
from wecelebrate.http import Writing, api, serve

app = api()


@app.put("/v1/admin/flags/{name}")
def set_flag(name: FlagName, new: NewValue, tx: Writing) -> Flag:
    return flags.put(tx, name, new)


@app.delete("/v1/admin/flags/{name}", status_code=204)
def reset_flag(name: FlagName, tx: Writing) -> None:
    flags.reset(tx, name)


handler = serve(app)
