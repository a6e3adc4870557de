"""Images of products, and the requests to fetch or upload them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Input, Secret
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import Flag, Moment

ImageStatus = Literal["uploading", "pending", "ready", "failed"]
MediaType = Literal["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"]


class Rendition(BaseModel):
    """One size of an image."""

    url: str = Field(description="The URL of the file. The file never changes, so it can be cached forever.")
    width: int
    """The width in pixels."""
    height: int
    """The height in pixels."""
    bytes: int
    """The size of the file in bytes."""


class Renditions(BaseModel):
    """The sizes of an image. For a small image, several sizes can have the same dimensions and URL."""

    thumb: Rendition
    """The rendition of at most 320 × 320 pixels."""
    medium: Rendition
    """The rendition of at most 800 × 800 pixels."""
    large: Rendition
    """The rendition of at most 1600 × 1600 pixels."""


class Image(BaseModel):
    """An image of a catalog. It was uploaded, or fetched from a URL in the `images` of a product."""

    id: UUID
    catalog_id: UUID
    origin: Literal["fetched", "uploaded"]
    """Whether the image was fetched from a URL, or uploaded."""
    source: str | None = Field(
        description="The URL to write into the `images` of a product. Null for an upload that is not ready."
    )
    status: ImageStatus
    """The state of the image. Storefronts show the renditions of a `ready` image."""
    sha256: str | None = Field(description="The SHA-256 of the original file.")
    type: str | None
    """The media type of the original file. Null until the file has been read."""
    width: int | None
    """The width of the original image in pixels. Null until the file has been read."""
    height: int | None
    """The height of the original image in pixels. Null until the file has been read."""
    bytes: int | None
    renditions: Renditions | None
    """The renditions. Null until the image is ready."""
    error_code: str | None = Field(description="The stable error code of the last attempt. Null if it succeeded.")
    error: str | None = Field(description="The error of the last attempt, as text for people.")
    attempts: int = Field(description="The number of attempts that failed in a row.")
    next_try_at: Moment | None = Field(
        description="When the image is fetched again. Null if no automatic retry is planned."
    )
    fetched_at: Moment | None
    """When the file was last fetched. Null if it has not been fetched."""
    created_at: Moment
    updated_at: Moment


class ImageFilters(ListParameters):
    """The filters of a list of images."""

    status: ImageStatus | None = None


class NewImage(Input):
    """An image to upload."""

    type: MediaType
    """The media type of the file."""
    bytes: Annotated[int, Field(strict=True, ge=1, le=20 * 1024 * 1024)] = Field(
        description="The exact size of the file in bytes. A file with a different size is rejected."
    )


class UploadTarget(BaseModel):
    """How to upload the file: send a request with this `method`, with exactly these `headers`, and with the file to
    `url`.
    """

    method: Literal["PUT"]
    """The method of the request."""
    url: Annotated[str, Secret] = Field(description="A presigned URL. Whoever knows it can send the file.")
    headers: dict[str, str]
    """The headers of the request."""
    expires_at: Moment
    """When the URL expires."""


class ImageUpload(BaseModel):
    """A new image, and the target for the upload of its file."""

    image: Image
    """The new image."""
    upload: UploadTarget
    """The request that uploads the file."""


class FetchImages(Input):
    """Which further images to fetch. Images that are new or due for a retry are always fetched."""

    failed: Flag = Field(default=True, description="Also fetch failed images that are not due for a retry.")
    ready: Flag = Field(
        default=False, description="Also fetch ready images. An image is rendered again only if it has changed."
    )
