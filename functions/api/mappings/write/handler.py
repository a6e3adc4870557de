"""Mappings: propose the settings for reading a file, before the file is imported."""

from wecelebrate import feeds
from wecelebrate.core.http import Writing, api, serve
from wecelebrate.core.types import Id
from wecelebrate.ingestion.mappings import propose
from wecelebrate.ingestion.mappings.models import MappingProposal, MappingRequest

feeds.prepare()
app = api()


@app.post("/v1/catalogs/{catalog_id}/mapping/propose")
def propose_mapping(catalog_id: Id, request: MappingRequest, tx: Writing) -> MappingProposal:
    """Propose how to read a file: its format, its columns and the first rows. The request stores nothing."""
    return propose(tx, catalog_id, request)


handler = serve(app)
