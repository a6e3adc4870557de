"""The archive of retired documents: S3 objects that contain one document per line, compressed with gzip.

The platform reads each object back before it deletes the documents. The bytes of the object, the number of its lines
and the hash of its lines must match the documents in the store. See decision 0099.
"""

import gzip
import hashlib
import json
import time
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from wecelebrate.core import storage
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Conflict
from wecelebrate.core.problem_document import FieldError
from wecelebrate.kv.models import Entity
from wecelebrate.kv.retirement_models import MAX_GIVEN_UP, MAX_GIVEN_UP_BYTES, GivenUp

sql = queries(__file__)

BUCKET = "kv-archive"
PART_DOCUMENTS = 500
"""The maximum number of documents in an object."""
PART_BYTES = 2_000_000
"""The maximum size of the lines of an object before compression, in bytes. An object with one document can be
larger."""
SECONDS = 2.0
"""After this number of seconds, a request restores no further object."""
DAMAGED_SECONDS = 6.0
"""After this number of seconds, a request that has found only damaged objects stops looking for intact objects."""
MAX_OBJECT_BYTES = 10_000_000
"""The limit for reading an object, in bytes. Every object is smaller: it contains one document of at most 6 MB, or at
most `PART_BYTES`."""
_NAMED_OBJECTS = 5
"""The maximum number of damaged objects in the `detail` of an error. The `errors` name up to `MAX_GIVEN_UP` objects."""
_CONTENT_TYPE = "application/gzip"


class ArchiveDamaged(Conflict):
    """An object of the archive is missing, or has changed since it was written.

    Before the platform deletes documents, it reads their object in the archive back. Before it restores documents, it
    checks that their object has not changed. `detail` names the damaged object. The request changed nothing in the
    store.

    An undo first restores all other objects. Then only the documents of the damaged objects are missing. Each item of
    `errors` describes a damaged object: `pointer` is its key, and `detail` states the number of its documents, the
    first key and the last key of these documents. Until these documents are restored, the store refuses all writes of
    the entity with 410. Reads return the documents that are already restored.

    If an object was deleted or changed, restore this object under its key. Then send the request again. Objects expire
    180 days after they were written.

    If an object is lost, an undo can give up its documents: add the key of the object to `give_up`. The rows of the
    platform are then the only copy of the data:

        {"target": "active", "give_up": ["0197a5c0-6f3b-7d52-9c1e-5a8f2f7f1b3d/product-000001.jsonl.gz"]}
    """

    code = "kv_archive_damaged"


@dataclass(frozen=True)
class Progress:
    """The result of a request that restores documents."""

    is_complete: bool
    """Whether the documents of all objects are restored or given up."""
    restored: int = 0
    """The number of objects whose documents this request has restored."""
    given_up: list[GivenUp] = field(default_factory=list)
    """The objects whose documents this request has given up."""


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


def restore(tx: Transaction, entity: Entity, give_up: Collection[str]) -> Progress:
    """Restore documents from the archive, until SECONDS have passed.

    If an object is damaged, the function continues with the next object. If the key of a damaged object is in
    `give_up`, the function gives up the documents of this object, and the response lists their keys. If the response
    becomes too large, no further object is given up, and the next request must name the remaining objects again.

    Raises ArchiveDamaged if all remaining objects are damaged.
    """
    began_at, number, restored = time.monotonic(), 0, 0
    damaged: list[FieldError] = []
    given_up: list[GivenUp] = []
    while part := sql.get_next_deleted_part(tx, entity=entity, after=number):
        number = part["number"]
        try:
            _restore_part(tx, entity, part)
            restored += 1
        except ArchiveDamaged as error:
            reason = error.detail or part["object_key"]
            if part["object_key"] in give_up and _size(given_up) < MAX_GIVEN_UP_BYTES:
                given_up.append(_give_up(tx, entity, part, reason))
            else:
                damaged.append(_damage(part, reason))
        if time.monotonic() - began_at > (SECONDS if restored else DAMAGED_SECONDS):
            break
    if damaged and not restored and not given_up:
        others = len(damaged) - _NAMED_OBJECTS
        more = [f"{others:,} other objects are damaged, too."] if others > 0 else []
        raise ArchiveDamaged(
            " ".join([*(error.detail for error in damaged[:_NAMED_OBJECTS]), *more]), damaged[:MAX_GIVEN_UP]
        )
    return Progress(part is None and not damaged, restored, given_up)


def _give_up(tx: Transaction, entity: Entity, part: Mapping[str, Any], reason: str) -> GivenUp:
    keys = sql.give_up_part(tx, entity=entity, number=part["number"], reason=reason)
    return GivenUp(object_key=part["object_key"], reason=reason, keys=keys)


def _size(given_up: Collection[GivenUp]) -> int:
    """Return the size of the keys of the given-up documents in the response, as JSON, in bytes."""
    return sum(len(json.dumps(lost.keys)) for lost in given_up)


def _damage(part: Mapping[str, Any], reason: str) -> FieldError:
    return FieldError(
        pointer=part["object_key"],
        detail=f"{reason} It contains {part['documents']:,} documents, from {part['first_key']} to {part['last_key']}.",
    )


def _restore_part(tx: Transaction, entity: Entity, part: Mapping[str, Any]) -> None:
    """Restore the documents of one object. Raises ArchiveDamaged.

    An operator can have restored the object, so that its version has changed. Therefore the database compares the lines
    of the object with the archived lines.
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
    """Write the documents of an object into the store. If the documents differ from the archived documents, return
    false.
    """
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
