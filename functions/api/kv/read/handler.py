"""Key-value store: show what the store of the predecessor contains. Only admins of the platform can do this."""

from wecelebrate.core.http import Reading, api, serve
from wecelebrate.kv import families
from wecelebrate.kv.models import KeyFamilies

app = api()


@app.get("/v1/admin/kv/families")
def list_key_families(tx: Reading) -> KeyFamilies:
    """Count the documents of each family of keys in the key-value store. The response contains no key and no value."""
    return families.list_all(tx)


handler = serve(app)
