"""Uploads: files that go to S3 past the API, by an address that is signed for one file of one size."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from wecelebrate.clients.members import default_client
from wecelebrate.core import storage
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import FieldError, Invalid
from wecelebrate.ingestion.uploads.models import NewUpload, Upload, Uploaded

sql = queries(__file__)

BUCKET = "uploads"
LIFE = timedelta(hours=1)
"""For how long the address takes the file."""


def create(tx: Transaction, new: NewUpload) -> Upload:
    """Announce a file: where to send it. Raises Forbidden for a client that the caller does not write for, Invalid when
    it is not clear whose it is."""
    client_id = new.client_id or default_client(tx)
    key = f"{client_id or 'platform'}/uploads/{uuid4()}/{storage.safe_name(new.name)}"
    upload_id = sql.create_upload(
        tx, client_id=client_id, key=key, name=new.name, content_type=new.content_type, size=new.size
    )
    headers = {"Content-Type": new.content_type, "Content-Length": str(new.size)}
    return Upload(
        id=upload_id,
        client_id=client_id,
        url=storage.upload_url(BUCKET, key, new.content_type, new.size, LIFE),
        method="PUT",
        headers=headers,
        expires_at=datetime.now(UTC) + LIFE,
    )


def find(tx: Transaction, upload_id: UUID) -> Uploaded:
    """The file that was sent. Raises Invalid for an upload that is not the caller's, or has not arrived."""
    row = sql.get_upload(tx, upload_id=upload_id)
    if row is None:
        raise Invalid(errors=[FieldError(pointer="/upload_id", detail="does not exist")])
    version = storage.newest_version(BUCKET, row["key"])
    if version is None:
        raise Invalid(errors=[FieldError(pointer="/upload_id", detail="its file was not sent yet")])
    return Uploaded(key=row["key"], version_id=version, name=row["name"])
