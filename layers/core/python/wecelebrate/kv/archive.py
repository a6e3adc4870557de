"""The archive of retired documents: S3 objects that contain one document per line, compressed with gzip.

The platform reads each object back before it deletes documents. The bytes, the number of lines and the hash of the
lines must match the documents in the store. Decision 0099.
"""

import gzip
import hashlib
import time
import zlib
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
SECONDS = 2.0
"""After this time, a request stops restoring objects."""
DAMAGED_SECONDS = 6.0
"""If a request has found only damaged objects, it looks for intact objects until this time."""
MAX_OBJECT_BYTES = 10_000_000
"""The limit for reading an object. It is larger than any object: an object contains one document of at most 6 MB, or at
most `PART_BYTES`."""
_NAMED_OBJECTS = 5
"""The maximum number of damaged objects that an error names."""
_CONTENT_TYPE = "application/gzip"


class ArchiveDamaged(Conflict):
    """An object of the archive is missing, or has changed since it was written.

    The platform deletes documents only after it has read their archive back, and restores documents only if their
    object has not changed since it was written. `detail` names the object. The request changed nothing in the store.

    An undo restores all other objects first, so only the documents of the named objects are missing. Until they are
    back, the retirement has the status `restoring`: the store refuses writes of these documents with 410, and reads
    return the documents that are already restored.

    If the object that `detail` names was deleted or changed, restore this object under its key. Then send the request
    again. Objects expire 180 days after they were written. After that, the rows of the platform are the only copy of
    the data.
    """

    code = "kv_archive_damaged"


def write_next(tx: Transaction, entity: Entity) -> bool:
    """Archive the next documents of an entity. Returns false if all documents are archived. Raises ArchiveDamaged."""
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


def restore(tx: Transaction, entity: Entity) -> bool:
    """Restore documents from the archive for a limited time. Returns whether all documents of the archive are restored.

    If an object is damaged, the function continues with the other objects. Raises ArchiveDamaged if only damaged
    objects are left.
    """
    began_at, number, restored = time.monotonic(), 0, 0
    damaged: list[str] = []
    while part := sql.get_next_deleted_part(tx, entity=entity, after=number):
        number = part["number"]
        try:
            _restore_part(tx, entity, part)
            restored += 1
        except ArchiveDamaged as error:
            damaged.append(error.detail or part["object_key"])
        if time.monotonic() - began_at > (SECONDS if restored else DAMAGED_SECONDS):
            break
    if damaged and not restored:
        others = len(damaged) - _NAMED_OBJECTS
        more = [f"{others:,} other objects are damaged, too."] if others > 0 else []
        raise ArchiveDamaged(" ".join([*damaged[:_NAMED_OBJECTS], *more]))
    return part is None and not damaged


def _restore_part(tx: Transaction, entity: Entity, part: Mapping[str, Any]) -> None:
    """Restore the documents of one object. Raises ArchiveDamaged.

    If an operator has restored the object, its version has changed. The database compares the lines of the object with
    the archived lines.
    """
    key, version_id = part["object_key"], part["version_id"]
    damage = f"The object {key} (version {version_id}) is not as it was written."
    try:
        body = _read(key, version_id)
        if hashlib.sha256(body).hexdigest() == part["object_sha256"] and _write_part(tx, entity, part, body):
            return
    except ArchiveDamaged as error:
        damage = error.detail or damage
    newest = storage.read(BUCKET, key, MAX_OBJECT_BYTES)
    if newest is None or not _write_part(tx, entity, part, newest):
        raise ArchiveDamaged(damage)


def _write_part(tx: Transaction, entity: Entity, part: Mapping[str, Any], body: bytes) -> bool:
    """Write the documents of an object into the store. Returns false if they differ from the archived documents."""
    written: bool = sql.restore_part(tx, entity=entity, number=part["number"], lines=_lines(part["object_key"], body))
    return written


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
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ArchiveDamaged(f"The object {key} cannot be read.") from error
