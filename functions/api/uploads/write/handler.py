"""Uploads: announce a file that goes to S3 past the API."""

from wecelebrate import uploads
from wecelebrate.http import Writing, api, serve
from wecelebrate.uploads.models import NewUpload, Upload

app = api()


@app.post("/v1/uploads", status_code=201)
def create_upload(new: NewUpload, tx: Writing) -> Upload:
    return uploads.create(tx, new)


handler = serve(app)
