"""Images: list the images of a catalog, and read one image."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate import images
from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Id
from wecelebrate.images.models import Image, ImageFilters

app = api()


@app.get("/v1/catalogs/{catalog_id}/images", response_model=Page[Image])
def list_images(catalog_id: Id, request: Request, filters: Annotated[ImageFilters, Query()], tx: Reading) -> Response:
    """List the images of a catalog, the newest first."""
    return page_response(request, filters, images.page(tx, catalog_id, filters))


@app.get("/v1/images/{image_id}")
def get_image(image_id: Id, tx: Reading) -> Image:
    """Read one image with its renditions, or with the error of its last attempt."""
    return images.get(tx, image_id)


handler = serve(app)
