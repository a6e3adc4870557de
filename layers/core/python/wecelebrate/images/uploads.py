"""Uploads: an image is sent straight to a bucket of its own, and rendered from there.

Raw bytes of strangers never lie where images are shown from.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from wecelebrate import jobs, storage
from wecelebrate.database import Transaction
from wecelebrate.errors import Conflict, Forbidden
from wecelebrate.images.models import Image, NewImage, Upload, UploadTarget
from wecelebrate.images.rows import get, owner, sql

BUCKET = "image-uploads"
LIFE = timedelta(minutes=15)
"""How long the URL of an upload is good for."""


class NotAnUpload(Conflict):
    """This image was fetched, not uploaded."""

    code = "not_an_upload"


def key(client_id: UUID | None, image_id: UUID) -> str:
    """Where the bytes of an upload are put."""
    return f"{client_id or 'platform'}/uploads/{image_id}"


def begin_upload(tx: Transaction, catalog_id: UUID, new: NewImage) -> Upload:
    """Where an image of a catalog is to be sent. Raises NotFound, Forbidden for a catalog that is only read."""
    client_id = owner(tx, catalog_id)
    image_id: UUID = sql.create_upload(tx, catalog_id=catalog_id, type=new.type, bytes=new.bytes)
    url = storage.upload_url(BUCKET, key(client_id, image_id), new.type, new.bytes, LIFE)
    target = UploadTarget(
        method="PUT",
        url=url,
        headers={"Content-Type": new.type, "Content-Length": str(new.bytes)},
        expires_at=datetime.now(UTC) + LIFE,
    )
    return Upload(image=get(tx, image_id), upload=target)


def complete_upload(tx: Transaction, image_id: UUID) -> Image:
    """Have an upload rendered whose bytes were sent. Raises NotFound, Forbidden, NotAnUpload.

    One that failed may be sent again, as long as its URL is good; one that is being rendered, or is, stays as it is.
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
            client_id=owner(tx, image.catalog_id),
            catalog_id=image.catalog_id,
            payload={"image_id": str(image_id)},
            lane="high",
        )
    return get(tx, image_id)
