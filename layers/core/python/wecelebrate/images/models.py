"""Images of products, and requests to fetch or upload them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Flag, Input, Moment
from wecelebrate.core.pages import ListParameters

ImageStatus = Literal["uploading", "pending", "ready", "failed"]
MediaType = Literal["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"]


class Rendition(BaseModel):
    """One size of an image."""

    url: str = Field(description="Its content never changes, so it can be cached forever.")
    width: int
    height: int
    bytes: int


class Renditions(BaseModel):
    """The sizes of an image. Two sizes with the same dimensions have the same URL."""

    thumb: Rendition
    medium: Rendition
    large: Rendition


class Image(BaseModel):
    """An image of a catalog: fetched from a URL that products name, or uploaded."""

    id: UUID
    catalog_id: UUID
    origin: Literal["fetched", "uploaded"]
    source: str | None = Field(
        description="The URL to add to the `images` of a product. Null for an upload that is not ready."
    )
    status: ImageStatus
    sha256: str | None = Field(description="The SHA-256 of the original file.")
    type: str | None
    width: int | None
    height: int | None
    bytes: int | None
    renditions: Renditions | None
    error_code: str | None = Field(description="The error of the last attempt. Stable.")
    error: str | None = Field(description="The error as text for people.")
    attempts: int = Field(description="The number of failed attempts in a row.")
    next_try_at: Moment | None = Field(description="When it is fetched again. Null if it is not retried automatically.")
    fetched_at: Moment | None
    created_at: Moment
    updated_at: Moment


class ImageFilters(ListParameters):
    """The filters of a list of images."""

    status: ImageStatus | None = None


class NewImage(Input):
    """An image to upload."""

    type: MediaType
    bytes: Annotated[int, Field(strict=True, ge=1, le=20 * 1024 * 1024)] = Field(
        description="The exact size of the file. An upload of another size is rejected."
    )


class UploadTarget(BaseModel):
    """How to upload the file: with this method and exactly these headers."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_at: Moment


class ImageUpload(BaseModel):
    """A new image, and where to upload its file."""

    image: Image
    upload: UploadTarget


class FetchImages(Input):
    """Which images are fetched, in addition to those that are new or due for a retry."""

    failed: Flag = Field(default=True, description="Fetch failed images, even if they are not due for a retry.")
    ready: Flag = Field(default=False, description="Fetch ready images. Only changed ones are rendered again.")
