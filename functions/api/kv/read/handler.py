"""Key-value store: show what the store of the predecessor contains. Only admins of the platform can do this."""

from wecelebrate.core.http import Reading, api, serve
from wecelebrate.kv import backfill, families
from wecelebrate.kv.models import KeyFamilies, MoveStatus

app = api()


@app.get("/v1/admin/kv/families")
def list_key_families(tx: Reading) -> KeyFamilies:
    """Count the documents of each family of keys in the key-value store. The response contains no key and no value."""
    return families.list_all(tx)


@app.get("/v1/admin/kv/status")
def get_kv_status(tx: Reading) -> MoveStatus:
    """Show the last run of the backfill, what became of the documents, and what to do about those in quarantine."""
    return backfill.status(tx)


handler = serve(app)
