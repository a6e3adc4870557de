"""Uploads: read an announced upload."""

from wecelebrate.core.http import Reading, api, serve
from wecelebrate.core.types import Id
from wecelebrate.ingestion import uploads
from wecelebrate.ingestion.uploads.models import AnnouncedUpload

app = api()


@app.get("/v1/uploads/{upload_id}")
def get_upload(upload_id: Id, tx: Reading) -> AnnouncedUpload:
    """Return an announced upload, but not the URL to which the file is uploaded."""
    return uploads.get(tx, upload_id)


handler = serve(app)
