"""Images: upload an image, and create a job that fetches the images of products from their URLs."""

from wecelebrate import images
from wecelebrate.core.http import Writing, api, located_at, serve
from wecelebrate.core.types import Id
from wecelebrate.images.models import FetchImages, Image, ImageUpload, NewImage
from wecelebrate.jobs.models import Job

app = api()


@app.post("/v1/catalogs/{catalog_id}/images", status_code=201, dependencies=[located_at("/v1/images/{image.id}")])
def upload_image(catalog_id: Id, new: NewImage, tx: Writing) -> ImageUpload:
    """Create an image. The response contains the presigned URL for the upload of its file."""
    return images.begin_upload(tx, catalog_id, new)


@app.post("/v1/catalogs/{catalog_id}/images/fetch", status_code=202, dependencies=[located_at("/v1/jobs/{id}")])
def fetch_images(catalog_id: Id, request: FetchImages, tx: Writing) -> Job:
    """Fetch the images of a catalog from their URLs, in a background job."""
    return images.fetch(tx, catalog_id, request)


@app.post("/v1/images/{image_id}/complete", status_code=202, dependencies=[located_at("/v1/images/{id}")])
def complete_image(image_id: Id, tx: Writing) -> Image:
    """Report that the file of an image was uploaded. A job then makes the renditions."""
    return images.complete_upload(tx, image_id)


handler = serve(app)
