"""Lets callers upload images.

The caller uploads the file to the bucket for uploads. A job reads the file from this bucket, and writes the renditions
to the bucket of images. The bucket of images therefore never contains an untrusted file.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from wecelebrate import jobs
from wecelebrate.core import idempotency, quotas, storage
from wecelebrate.core.database import Transaction
from wecelebrate.core.errors import Conflict, Forbidden
from wecelebrate.images.models import Image, ImageUpload, NewImage, UploadTarget
from wecelebrate.images.rows import catalog_owner, get, sql

BUCKET = "image-uploads"
URL_LIFE = timedelta(minutes=15)
"""How long the URL for an upload is valid."""


class NotAnUpload(Conflict):
    """This image was fetched, not uploaded.

    The image comes from a URL in a product. It has no upload that could be completed.

    Use `POST /v1/images/{image_id}/complete` only with the id that `POST /v1/catalogs/{catalog_id}/images` has
    returned.
    """

    code = "not_an_upload"


def key(client_id: UUID | None, image_id: UUID) -> str:
    """Return the key of an uploaded file in the bucket for uploads."""
    return f"{client_id or 'platform'}/uploads/{image_id}"


def begin_upload(tx: Transaction, catalog_id: UUID, new: NewImage) -> ImageUpload:
    """Create an image, and create the URL to which the caller uploads the image file.

    Raises NotFound if the caller cannot see the catalog, and Forbidden if the caller can only read the catalog. Raises
    TooManyUploads if the owner of the catalog has created the maximum number of uploads.
    """
    client_id = catalog_owner(tx, catalog_id)
    seconds = quotas.UPLOAD_SECONDS
    quotas.check_uploads(
        tx, "images", client_id, lambda: sql.count_new_uploads(tx, client_id=client_id, seconds=seconds)
    )
    image_id: UUID = sql.create_upload(tx, catalog_id=catalog_id, type=new.type, bytes=new.bytes)
    return _signed(client_id, get(tx, image_id), new)


def _signed(client_id: UUID | None, image: Image, new: NewImage) -> ImageUpload:
    url = storage.upload_url(BUCKET, key(client_id, image.id), new.type, new.bytes, URL_LIFE)
    target = UploadTarget(
        method="PUT",
        url=url,
        headers={"Content-Type": new.type, "Content-Length": str(new.bytes)},
        expires_at=datetime.now(UTC) + URL_LIFE,
    )
    return ImageUpload(image=image, upload=target)


@idempotency.renews(ImageUpload)
def _sign_again(tx: Transaction, stored: Mapping[str, Any]) -> ImageUpload:
    """Return a stored response with a new presigned URL. Presigned URLs are not stored."""
    image = Image.model_validate(stored["image"])
    new = NewImage.model_validate({"type": image.type, "bytes": image.bytes})
    return _signed(catalog_owner(tx, image.catalog_id), image, new)


def complete_upload(tx: Transaction, image_id: UUID) -> Image:
    """Create a job that renders an uploaded file. If the image is pending or ready, this function does nothing.

    If the job failed, the caller can call this function again. While the URL is valid, the caller can also upload the
    file again first. Raises NotFound, Forbidden or NotAnUpload.
    """
    image = get(tx, image_id)
    if image.origin != "uploaded":
        raise NotAnUpload
    locked = sql.lock_upload(tx, image_id=image_id)
    if locked is None:
        raise Forbidden
    if locked["status"] in ("uploading", "failed"):
        sql.mark_uploaded(tx, image_id=image_id)
        jobs.create(
            tx,
            "image_processing",
            client_id=catalog_owner(tx, image.catalog_id),
            catalog_id=image.catalog_id,
            payload={"image_id": str(image_id)},
            priority="high",
        )
    return get(tx, image_id)
