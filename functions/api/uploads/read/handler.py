"""Uploads: read an upload."""

from wecelebrate.core.http import Reading, api, serve
from wecelebrate.core.types import Id
from wecelebrate.ingestion import uploads
from wecelebrate.ingestion.uploads.models import AnnouncedUpload

app = api()


@app.get("/v1/uploads/{upload_id}")
def get_upload(upload_id: Id, tx: Reading) -> AnnouncedUpload:
    """Read an upload. The response does not contain the presigned URL."""
    return uploads.get(tx, upload_id)


handler = serve(app)
