"""Writes the file of an export.

All rows come from one snapshot (REPEATABLE READ). Each statement reads one chunk of rows. Therefore no statement
exceeds the timeout of the client's tier, and the progress can be saved after each chunk. The rows go from COPY to S3 in
constant memory.

A worker that takes over a job begins with the first row, because it cannot use the snapshot of the previous worker.
Each attempt writes its own object to S3. The transaction that completes the job also records the key of the object.
Therefore an export has exactly one file, even after several attempts.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from wecelebrate import exports
from wecelebrate.core import storage
from wecelebrate.core.database import SYSTEM, Transaction, reading_snapshot, writing
from wecelebrate.core.database.errors import EndedByReplica
from wecelebrate.core.upload import ObjectWriter
from wecelebrate.exports import formats
from wecelebrate.exports.columns import Column, columns_of, copy_statement
from wecelebrate.exports.models import FILTERS
from wecelebrate.exports.selection import Chunk, plan
from wecelebrate.jobs import DeadlineReached, JobRejected, LeasedJob, LeaseLost

SAVE_SECONDS = 1.0
"""The time between two writes of the progress."""
BLOCK_BYTES = 256 * 1024
"""The size of the blocks of rows for the writer, in bytes. A block contains only complete rows."""
TOO_LARGE = (
    "export_too_large",
    "The file could not be written within 15 minutes. Export fewer rows, e.g. a shorter period, or choose csv.",
)


@dataclass(frozen=True)
class _Written:
    key: str
    size: int
    sha256: str
    rows: int
    cut_cells: int
    snapshot_at: datetime


def run(job: LeasedJob) -> None:
    """Write the file of an export. Raises JobRejected if the export can never succeed."""
    with writing(SYSTEM) as tx:
        export = exports.sql.find_export(tx, job_id=job.id)
    if export is None:
        raise JobRejected("no_such_export", "The export was deleted.")
    prefix = f"{exports.folder(export['client_id'], export['id'])}{job.fence}/"
    try:
        try:
            written = _write(job, dict(export), prefix, primary=False)
        # The replica has ended this snapshot, because a change had to wait too long for it. The primary never ends a
        # snapshot.
        except EndedByReplica:
            written = _write(job, dict(export), prefix, primary=True)
        _complete(job, export["id"], written)
    except DeadlineReached as error:
        raise JobRejected(*TOO_LARGE) from error
    except LeaseLost:
        storage.delete_all(exports.BUCKET, prefix)
        raise


def _complete(job: LeasedJob, export_id: UUID, written: _Written) -> None:
    values = {name: getattr(written, name) for name in ("key", "size", "sha256", "rows", "cut_cells", "snapshot_at")}
    job.done = job.total = written.rows
    with writing(SYSTEM) as tx:
        if exports.sql.finish_export(tx, export_id=export_id, **values) == 0:
            raise LeaseLost
        job.complete(tx, {"export_id": str(export_id), "rows": written.rows, "size": written.size})


def _write(job: LeasedJob, export: dict[str, Any], prefix: str, *, primary: bool) -> _Written:
    kind, file_format, options = export["kind"], export["format"], export["options"]
    columns = columns_of(kind, file_format, options["include"])
    name = f"{kind.replace('_', '-')}-{export['created_at']:%Y%m%d-%H%M%S}.{file_format}"
    with ObjectWriter(exports.BUCKET, prefix + name, exports.CONTENT_TYPES[file_format]) as out:
        with reading_snapshot(
            job.caller, lambda tx: bool(exports.sql.sees_export(tx, export_id=export["id"])), primary=primary
        ) as tx:
            snapshot_at = exports.sql.get_snapshot_time(tx)
            chunks, total = plan(tx, kind, export["client_id"], _filters(export))
            job.done, job.total, job.checkpoint = 0, total, {"phase": "write"}
            rows = _Rows(job, tx, columns, file_format)
            cut_cells = formats.write(file_format, out, columns, rows.blocks(chunks), options)
        job.check_lease()
        out.complete()
        return _Written(prefix + name, out.size, out.sha256, rows.count, cut_cells, snapshot_at)


def _filters(export: dict[str, Any]) -> dict[str, Any]:
    """Return all filters of an export as parameters of the queries. A filter that is not set is None."""
    return {name: export["filters"].get(name) for name in sorted(FILTERS[export["kind"]])} | {
        "with_source": "source_data" in export["options"]["include"]
    }


class _Rows:
    """Reads the chunks of an export, counts their rows and saves the progress."""

    def __init__(self, job: LeasedJob, tx: Transaction, columns: tuple[Column, ...], file_format: Any) -> None:
        self._job, self._tx, self._columns, self._format = job, tx, columns, file_format
        self._saved_at = time.monotonic()
        self.count = 0

    def blocks(self, chunks: Iterator[Chunk]) -> Iterator[bytes]:
        """Yield the rows of all chunks. Raises LeaseLost or DeadlineReached."""
        for chunk in chunks:
            query = psycopg.ClientCursor(self._tx.cursor().connection).mogrify(chunk.query.sql, chunk.parameters)
            yield from self._copy(copy_statement(query, self._columns, self._format))
            self._save_progress()

    def _copy(self, statement: str) -> Iterator[bytes]:
        block = bytearray()
        with self._tx.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in copy:  # Each item is the line of one row, with its line break.
                block += row
                self.count += 1
                if len(block) >= BLOCK_BYTES:
                    yield bytes(block)
                    block.clear()
                    self._job.check_lease()
        if block:
            yield bytes(block)

    def _save_progress(self) -> None:
        self._job.check_lease()
        if time.monotonic() - self._saved_at >= SAVE_SECONDS:
            self._job.done = self.count
            with writing(SYSTEM) as tx:
                self._job.save(tx)
            self._saved_at = time.monotonic()
