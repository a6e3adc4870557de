"""The archive of retired documents: objects with one document in a line, compressed with gzip.

Each object is read back before it counts: its bytes, its number of lines and the hash of its lines must be those of the
documents in the store. Decision 0099.
"""

import gzip
import hashlib
from collections.abc import Mapping
from typing import Any

from wecelebrate.core import storage
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Conflict
from wecelebrate.kv.models import Entity

sql = queries(__file__)

BUCKET = "kv-archive"
PART_DOCUMENTS = 500
"""The maximum number of documents of an object."""
PART_BYTES = 2_000_000
"""The maximum size of an object before it is compressed, unless one document is larger."""
_CONTENT_TYPE = "application/gzip"


class ArchiveDamaged(Conflict):
    """An object of the archive is missing, or is not as it was written.

    Documents are only deleted if their archive was read back, and only restored if their object is exactly as it was
    written. `detail` names the object. The request changed nothing in the store.

    Restore the version of the object that `detail` names, e.g. if somebody has deleted it, and send the request again.
    Objects expire 180 days after they were written. After that, the rows of the platform are the only copy.
    """

    code = "kv_archive_damaged"


def write_next(tx: Transaction, entity: Entity) -> bool:
    """Archive the next documents of an entity. Returns false if no document is left. Raises ArchiveDamaged."""
    part = sql.begin_archive_part(tx, entity=entity, size=PART_DOCUMENTS, max_bytes=PART_BYTES)
    if part is None:
        return False
    key, body = part["object_key"], gzip.compress(part["lines"].encode(), mtime=0)
    version_id = storage.put_version(BUCKET, key, body, _CONTENT_TYPE)
    copy = _read(key, version_id)
    lines = _lines(key, copy)
    is_proven = (
        copy == body
        and lines.count("\n") + 1 == part["documents"]
        and sql.prove_archive_part(
            tx,
            entity=entity,
            number=part["number"],
            version_id=version_id,
            content_sha256=hashlib.sha256(lines.encode()).hexdigest(),
            object_sha256=hashlib.sha256(copy).hexdigest(),
        )
    )
    if not is_proven:
        raise ArchiveDamaged(f"The object {key} (version {version_id}) is not as it was written.")
    return True


def restore_next(tx: Transaction, entity: Entity) -> bool:
    """Restore the documents of the next object. Returns false if no object is left. Raises ArchiveDamaged."""
    part: Mapping[str, Any] | None = sql.get_next_deleted_part(tx, entity=entity)
    if part is None:
        return False
    key, version_id = part["object_key"], part["version_id"]
    body = _read(key, version_id)
    if hashlib.sha256(body).hexdigest() != part["object_sha256"] or not sql.restore_part(
        tx, entity=entity, number=part["number"], lines=_lines(key, body)
    ):
        raise ArchiveDamaged(f"The object {key} (version {version_id}) is not as it was written.")
    return True


def _read(key: str, version_id: str) -> bytes:
    try:
        with storage.open_version(BUCKET, key, version_id) as file:
            content = b""
            while chunk := file.read(1024 * 1024):
                content += chunk
    except storage.ObjectGone as error:
        raise ArchiveDamaged(f"The object {key} (version {version_id}) no longer exists.") from error
    return content


def _lines(key: str, body: bytes) -> str:
    try:
        return gzip.decompress(body).decode()
    except (OSError, EOFError, ValueError) as error:
        raise ArchiveDamaged(f"The object {key} cannot be read.") from error
