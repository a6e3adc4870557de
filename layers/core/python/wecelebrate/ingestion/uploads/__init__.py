"""Uploads: files that clients send directly to S3. A presigned URL accepts one file of the announced size."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from wecelebrate.core import idempotency, quotas, storage
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Invalid, NotFound
from wecelebrate.core.problem_document import FieldError
from wecelebrate.ingestion.uploads.models import AnnouncedUpload, NewUpload, Upload, UploadedFile

sql = queries(__file__)

BUCKET = "uploads"
URL_LIFETIME = timedelta(seconds=quotas.UPLOAD_SECONDS)
"""How long the presigned URL accepts a file."""


def create(tx: Transaction, new: NewUpload) -> Upload:
    """Register an upload and return its presigned URL.

    Raises TooManyUploads. Raises Forbidden if the caller may not change data of the client. Raises Invalid if the
    request names no client and the caller belongs to several clients.
    """
    # The import is in the function, because at the top of the module it would add 6 ms to every cold start.
    from wecelebrate.clients.members import default_client

    client_id = new.client_id or default_client(tx)
    seconds = quotas.UPLOAD_SECONDS
    quotas.check_uploads(
        tx, "uploads", client_id, lambda: sql.count_open_uploads(tx, client_id=client_id, seconds=seconds)
    )
    key = f"{client_id or 'platform'}/uploads/{uuid4()}/{storage.safe_name(new.name)}"
    upload_id = sql.create_upload(
        tx, client_id=client_id, key=key, name=new.name, content_type=new.content_type, size=new.size
    )
    return _signed(upload_id, client_id, key, new.content_type, new.size)


def _signed(upload_id: UUID, client_id: UUID | None, key: str, content_type: str, size: int) -> Upload:
    return Upload(
        id=upload_id,
        client_id=client_id,
        url=storage.upload_url(BUCKET, key, content_type, size, URL_LIFETIME),
        method="PUT",
        headers={"Content-Type": content_type, "Content-Length": str(size)},
        expires_at=datetime.now(UTC) + URL_LIFETIME,
    )


@idempotency.renews(Upload)
def _sign_again(tx: Transaction, stored: Mapping[str, Any]) -> Upload:
    """Return an upload with a new presigned URL. Presigned URLs are not stored. Raises NotFound."""
    row = sql.get_upload(tx, upload_id=stored["id"])
    if row is None:
        raise NotFound
    return _signed(row["id"], row["client_id"], row["key"], row["content_type"], row["size"])


def get(tx: Transaction, upload_id: UUID) -> AnnouncedUpload:
    """Return an upload without its URL. Raises NotFound."""
    row = sql.get_upload(tx, upload_id=upload_id)
    if row is None:
        raise NotFound
    return AnnouncedUpload.model_validate(row)


def find(tx: Transaction, upload_id: UUID) -> UploadedFile:
    """Return where the uploaded file is stored.

    Raises Invalid if the file is missing, or if the caller may not change data of the client. Viewers may not read the
    file, because it is source data.
    """
    row = sql.find_file(tx, upload_id=upload_id)
    if row is None:
        raise Invalid(errors=[FieldError(pointer="/upload_id", detail="does not exist")])
    version = storage.newest_version(BUCKET, row["key"])
    if version is None:
        detail = "has no file yet: first send the file to the URL of the upload"
        raise Invalid(errors=[FieldError(pointer="/upload_id", detail=detail)])
    return UploadedFile(key=row["key"], version_id=version, name=row["name"])
