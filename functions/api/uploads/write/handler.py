"""Uploads: create a URL to upload a file directly to S3."""

from wecelebrate.core.http import Writing, api, located_at, serve
from wecelebrate.ingestion import uploads
from wecelebrate.ingestion.uploads.models import NewUpload, Upload

app = api()


@app.post("/v1/uploads", status_code=201, dependencies=[located_at("/v1/uploads/{id}")])
def create_upload(new: NewUpload, tx: Writing) -> Upload:
    """Create a presigned URL for the direct upload of a file of up to 5 GiB."""
    return uploads.create(tx, new)


handler = serve(app)
