"""Erases a person in order files: the files for ERP systems, and the files that came back.

A file that was written for an ERP system is written again without the orders of the person. Its name stays, so a
receiver that has processed the file ignores it, and a receiver that has not processed it still gets all other orders. A
file that came back, and what was written about it, is deleted if it mentions the person or an order of the person: its
news were applied long ago. All older versions are deleted, too.
"""

import gzip
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from wecelebrate import jobs
from wecelebrate.core import storage
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.erasures import sql
from wecelebrate.order_files import FOLDER, export

BUCKET = export.BUCKET
MAX_SEARCHED_BYTES = 256 * 1024 * 1024
"""A file whose content is larger is deleted without a search."""
VERSIONS_PER_SAVE = 100
"""The number of files after which the progress is saved. S3 lists files in the order of their keys."""
_MAX_DEPTH = 3
"""How many archives inside of each other are opened."""


def erase(job: jobs.LeasedJob, erasure_id: UUID) -> int:
    """Erase the person in all files of the client. Returns the number of deleted and replaced versions."""
    with writing(SYSTEM) as tx:
        runs = list(sql.list_runs(tx, erasure_id=erasure_id))
        search = sql.find_files_to_search(tx, erasure_id=erasure_id)
    count = 0
    for run in runs:
        job.check_lease()
        count += _write_again(erasure_id, dict(run))
    if search["first_order_at"] is None:
        return count
    needles = _encoded(search["texts"])
    searched = job.checkpoint.get("searched", "")
    for destination_id in sorted(search["destination_ids"], key=str):
        for number, version in enumerate(_versions_since(destination_id, search["first_order_at"]), start=1):
            job.check_lease()
            if version.key < searched:
                continue
            if _mentions(_content(version), needles):
                storage.delete_versions(BUCKET, [version])
                count += 1
            if number % VERSIONS_PER_SAVE == 0:
                job.checkpoint |= {"searched": version.key}
                with writing(SYSTEM) as tx:
                    job.save(tx)
    return count


def _write_again(erasure_id: UUID, run: dict[str, Any]) -> int:
    """Write the file of a run again, without the erased orders. Returns the number of replaced versions."""
    key = run["key"]
    with writing(SYSTEM) as tx:
        remaining = list(sql.list_remaining_orders(tx, erasure_id=erasure_id, run_id=run["run_id"]))
    old = [*storage.versions(BUCKET, key, exact=True), *storage.versions(BUCKET, f"{key}.done", exact=True)]
    written = export.write_again(run, remaining)
    storage.delete_versions(BUCKET, old)
    with writing(SYSTEM) as tx:
        file = (
            {"key": key, "size": written.size, "sha256": written.sha256}
            if written
            else dict.fromkeys(("key", "size", "sha256"))
        )
        list(sql.record_run_file(tx, erasure_id=erasure_id, run_id=run["run_id"], **file))
    return len(old)


def _versions_since(destination_id: UUID, since: Any) -> Iterator[storage.ObjectVersion]:
    """Yield the versions of all files of a destination, except for those that were written for it."""
    folder = f"{FOLDER}{destination_id}/"
    for version in storage.versions(BUCKET, folder):
        if not version.key.startswith(f"{folder}out/") and version.modified_at >= since - timedelta(minutes=5):
            yield version


def _content(version: storage.ObjectVersion) -> bytes | None:
    """Return the content of a version. None if it is too large to be searched. Empty for a delete marker."""
    if version.is_delete_marker:
        return b""
    if version.size > MAX_SEARCHED_BYTES:
        return None
    try:
        with storage.open_version(BUCKET, version.key, version.version_id) as body:
            return body.read()
    except storage.ObjectGone:
        return b""


def _encoded(texts: Sequence[str]) -> list[bytes]:
    """Return the texts in the encodings that files have, and as XML escapes them."""
    variants = {form for text in texts for form in (text, text.replace("&", "&amp;"), text.upper(), text.title())}
    return [form.encode(encoding, "ignore") for form in variants for encoding in ("utf-8", "utf-16-le", "latin-1")]


def _mentions(content: bytes | None, needles: Sequence[bytes], depth: int = 0) -> bool:
    """Return whether a file, or a file in an archive, contains one of the texts. Case of ASCII letters is ignored."""
    if content is None:
        return True
    lowered = content.lower()
    if any(needle.lower() in lowered for needle in needles if needle):
        return True
    if depth >= _MAX_DEPTH:
        return False
    return any(_mentions(part, needles, depth + 1) for part in _parts(content))


def _parts(content: bytes) -> Iterator[bytes | None]:
    """Yield the files in an archive (ZIP, XLSX, gzip). Yields None for what cannot be read."""
    try:
        if content.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(content)) as stream:
                part = stream.read(MAX_SEARCHED_BYTES + 1)
            yield part if len(part) <= MAX_SEARCHED_BYTES else None
        elif content.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for member in archive.infolist():
                    yield archive.read(member) if member.file_size <= MAX_SEARCHED_BYTES else None
    except (OSError, EOFError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        yield None
