"""An image of a catalog's products."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Flag, Input, Moment
from wecelebrate.core.pages import ListParameters

ImageStatus = Literal["uploading", "pending", "ready", "failed"]
MediaType = Literal["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"]


class Rendition(BaseModel):
    """One size of an image."""

    url: str = Field(description="Never another picture: it may be kept for ever.")
    width: int
    height: int
    bytes: int


class Renditions(BaseModel):
    """The sizes of an image. One that is no larger than the next has the same address as that."""

    thumb: Rendition
    medium: Rendition
    large: Rendition


class Image(BaseModel):
    """What became of an address that products of a catalog name, or of an upload."""

    id: UUID
    catalog_id: UUID
    origin: Literal["fetched", "uploaded"]
    source: str | None = Field(description="Name it among a product's `images`. Of an upload: null until it is ready.")
    status: ImageStatus
    sha256: str | None = Field(description="Of the bytes that came.")
    type: str | None
    width: int | None
    height: int | None
    bytes: int | None
    renditions: Renditions | None
    error_code: str | None = Field(description="Stable; of the last time it was asked for.")
    error: str | None = Field(description="Why, for a person to act on.")
    attempts: int = Field(description="Failures in a row.")
    next_try_at: Moment | None = Field(description="Null: it is not tried again by itself.")
    fetched_at: Moment | None
    created_at: Moment
    updated_at: Moment


class ImageFilters(ListParameters):
    """What a list of a catalog's images may be asked."""

    status: ImageStatus | None = None


class NewImage(Input):
    """An image that is about to be uploaded."""

    type: MediaType
    bytes: Annotated[int, Field(strict=True, ge=1, le=20 * 1024 * 1024)] = Field(
        description="How many are sent: no more and no fewer are taken."
    )


class UploadTarget(BaseModel):
    """Where the bytes of an upload are sent, by a request with exactly these headers."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_at: Moment


class Upload(BaseModel):
    """An upload that has begun."""

    image: Image
    upload: UploadTarget


class FetchImages(Input):
    """What is asked for besides addresses that were never asked and those whose next try is due."""

    failed: Flag = Field(default=True, description="What failed, whatever its next try.")
    ready: Flag = Field(default=False, description="What is there: it is rendered again only if it changed.")
