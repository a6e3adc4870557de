"""Erases the data of a person, in steps that can be repeated.

Each transaction changes a bounded number of rows, and saves the progress of the job together with the change. If a
worker dies, the next worker continues after the last committed transaction. The counts of the erasure are therefore
exact.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from wecelebrate import exports, jobs
from wecelebrate.core import cache, storage
from wecelebrate.core.cache import keys
from wecelebrate.core.database import SYSTEM, Caller, Transaction, as_json, writing
from wecelebrate.core.errors import Unavailable
from wecelebrate.core.idempotency import LIFE_SECONDS
from wecelebrate.erasures import files, register, replay, sql

ORDERS_PER_STEP = 200
"""The maximum number of orders that one transaction erases, with their mails and events. The transaction takes about
0.1 s.
"""
EVENTS_PER_STEP = 2_000
ROWS_PER_STEP = 2_000
"""The maximum number of rows that one transaction searches for the person."""
VERSION = 2
"""The version of the steps. If a worker with another version has begun a job, all steps are repeated, because that
worker searched for other texts. The database accepts only this version when an erasure is completed
(app.complete_erasure).
"""
MENTIONS = ("webhook_deliveries", "jobs", "dead_letters", "audit_log", "order_export_runs")
"""The tables whose texts can mention the person."""

Step = Callable[[jobs.LeasedJob, UUID], None]


def run(job: jobs.LeasedJob) -> None:
    """Run the job of an erasure, or the job that repeats all erasures. Raises JobRejected and Unavailable."""
    if job.payload.get("replay"):
        if job.client_id is not None:
            raise jobs.JobRejected("not_found", "Only the platform repeats the erasures of the list.")
        replay.run(job)
        return
    erasure_id = UUID(job.payload["erasure_id"])
    if job.checkpoint.get("version") != VERSION:
        job.checkpoint = _checkpoint(job, step=0)
    while _erase_part(job, erasure_id):
        job.check_lease()
    _complete(job, erasure_id)


def _erase_part(job: jobs.LeasedJob, erasure_id: UUID) -> bool:
    """Erase the next orders of the person, and all texts about the person. Return whether orders remain.

    The orders are erased in several parts, because the number of a person's orders and texts is not limited: anybody
    can place orders for an address.
    """
    with writing(SYSTEM) as tx:
        row = sql.prepare_erasure(tx, erasure_id=erasure_id)
    if row is None:
        return False
    if row["client_id"] != job.client_id:
        raise jobs.JobRejected("not_found", "The erasure belongs to another client.")
    _check_orders(row["open"] if job.checkpoint.get("step", 0) == 0 else [])
    _register(erasure_id, row)
    for number, step in enumerate(_STEPS):
        if number >= job.checkpoint.get("step", 0):
            step(job, erasure_id)
            _save(job, number + 1)
    with writing(SYSTEM) as tx:
        are_left = bool(sql.continue_erasure(tx, erasure_id=erasure_id))
        if are_left:
            job.checkpoint = _checkpoint(job, step=0)
            job.save(tx)
    return are_left


def _check_orders(numbers: Sequence[str]) -> None:
    if numbers:
        raise jobs.JobRejected(
            "orders_open",
            f"The person has open orders: {', '.join(numbers[:20])}. Close them, and retry the job of the erasure.",
        )


def _register(erasure_id: UUID, row: Mapping[str, Any]) -> None:
    """Add the erasure to the list, before the first row is erased.

    An erasure whose cause is the retention time needs no entry, because the schedule repeats it the night after a
    restore.
    """
    if row["cause"] == "retention":
        return
    # A repeated erasure uses the hashes of the first attempt, because erased orders no longer contain the person's
    # subjects and addresses.
    hashes = row["hashes"] or register.hashes_of(row["client_id"], row["emails"], row["subjects"])
    if row["cause"] == "request":
        register.write(erasure_id, row, hashes)
    with writing(SYSTEM) as tx:
        list(sql.record_hashes(tx, erasure_id=erasure_id, hashes=hashes))


def _save(job: jobs.LeasedJob, step: int) -> None:
    job.checkpoint = _checkpoint(job, step)
    with writing(SYSTEM) as tx:
        job.save(tx)


def _checkpoint(job: jobs.LeasedJob, step: int) -> dict[str, Any]:
    """Return the checkpoint before a step. A worker of the previous release removes `version` from the checkpoint."""
    return {"step": step, "counts": _counts(job), "version": VERSION}


def _repeated(job: jobs.LeasedJob, erasure_id: UUID, *, noun: str, query: Callable[..., int], max_rows: int) -> None:
    """Call a query repeatedly until it changes no row."""
    while True:
        job.check_lease()
        with writing(SYSTEM) as tx:
            changed = int(query(tx, erasure_id=erasure_id, max_rows=max_rows))
            _count(job, noun, changed)
            job.save(tx)
        if changed == 0:
            return


def _count(job: jobs.LeasedJob, noun: str, number: int) -> None:
    counts = _counts(job)
    counts[noun] = counts.get(noun, 0) + number
    job.done += number


def _counts(job: jobs.LeasedJob) -> dict[str, int]:
    """Return the number of erased objects of each type.

    The numbers are in the checkpoint, because the job's own counts are only for rows of files.
    """
    counts: dict[str, int] = job.checkpoint.setdefault("counts", {})
    return counts


def _mark_documents(job: jobs.LeasedJob, erasure_id: UUID) -> None:
    """Mark the orders of the person that have a document but no row, before the orders with a row are erased.

    The backfill can convert a document into a row at any time. If this happens before the document is marked, the next
    step erases the row. If the document is already marked, the backfill ignores it.
    """
    _search_documents(job, erasure_id, sql.mark_documents)


def _erase_document_copies(job: jobs.LeasedJob, erasure_id: UUID) -> None:
    """Remove copies of erased persons' documents from other documents of orders. For example, a document can contain a
    list of other documents.
    """
    _search_documents(job, erasure_id, sql.erase_document_copies)


def _search_documents(job: jobs.LeasedJob, erasure_id: UUID, query: Callable[..., str | None]) -> None:
    """Search all documents of orders. A worker that continues the job starts after the last committed transaction."""
    after: str | None = job.checkpoint.get("document", "")
    while after is not None:
        job.check_lease()
        with writing(SYSTEM) as tx:
            after = query(tx, erasure_id=erasure_id, after=after, max_rows=ROWS_PER_STEP)
            job.checkpoint |= {"document": after}
            job.save(tx)


def _erase_addresses(job: jobs.LeasedJob, erasure_id: UUID) -> None:
    with writing(SYSTEM) as tx:
        _count(job, "mails", int(sql.erase_addresses(tx, erasure_id=erasure_id)))
        job.save(tx)


def _erase_responses(job: jobs.LeasedJob, erasure_id: UUID) -> None:
    for hours_ago in range(LIFE_SECONDS // 3600 + 1):
        job.check_lease()
        with writing(SYSTEM) as tx:
            changed = sql.erase_responses(tx, erasure_id=erasure_id, hours_ago=hours_ago)
            _count(job, "responses", int(changed))
            job.save(tx)


def _erase_mentions(job: jobs.LeasedJob, erasure_id: UUID) -> None:
    for number, kind in enumerate(MENTIONS):
        if number < job.checkpoint.get("tables", 0):
            continue
        after = job.checkpoint.get("after")
        while True:
            job.check_lease()
            with writing(SYSTEM) as tx:
                after = sql.erase_mentions(tx, erasure_id=erasure_id, kind=kind, after=after, max_rows=ROWS_PER_STEP)
                tables = number + (after is None)
                job.checkpoint |= {"tables": tables, "after": None if after is None else str(after)}
                job.save(tx)
            if after is None:
                break


def _delete_exports(job: jobs.LeasedJob, erasure_id: UUID) -> None:
    """Delete the files of all exports that can contain the person."""
    with writing(SYSTEM) as tx:
        ended = list(sql.end_exports(tx, erasure_id=erasure_id))
    for export in ended:
        job.check_lease()
        storage.delete_all(exports.BUCKET, exports.folder(export["client_id"], export["export_id"]))
    _count(job, "exports", len(ended))


def _search_files(job: jobs.LeasedJob, erasure_id: UUID) -> None:
    with writing(SYSTEM) as tx:
        if sql.has_waiting_order_files(tx, erasure_id=erasure_id):
            raise Unavailable("a job for order files has read the orders before they were erased")
    _count(job, "files", files.erase(job, erasure_id))


def _delete_cached(job: jobs.LeasedJob, erasure_id: UUID) -> None:
    """Delete the cached orders of the client. They are never served again, but Redis still contains them."""
    job.check_lease()
    with writing(SYSTEM) as tx:
        row = sql.prepare_erasure(tx, erasure_id=erasure_id)
    if row is None:
        return
    try:
        cache.delete_values({str(row["client_id"]), keys.PUBLIC}, (keys.ORDER, keys.ORDERS))
        for subject in row["subjects"]:
            cache.delete(keys.key(keys.PUBLIC, "limit", "subject", subject))
            cache.forget_writes(Caller(subject).write_key)
    except cache.CacheDown as error:
        raise Unavailable("the cached orders could not be deleted") from error


def _complete(job: jobs.LeasedJob, erasure_id: UUID) -> None:
    counts = {
        noun: _counts(job).get(noun, 0) for noun in ("orders", "mails", "events", "responses", "exports", "files")
    }
    with writing(SYSTEM) as tx:
        _complete_row(tx, erasure_id, counts)
        job.complete(tx, counts)


def _complete_row(tx: Transaction, erasure_id: UUID, counts: Mapping[str, int]) -> None:
    parameters = {"counts": counts}
    sql.complete_erasure(tx, erasure_id=erasure_id, version=VERSION, **as_json(parameters, "counts"))


_STEPS: tuple[Step, ...] = (
    _mark_documents,
    partial(_repeated, noun="orders", query=sql.erase_orders, max_rows=ORDERS_PER_STEP),
    _erase_addresses,
    partial(_repeated, noun="events", query=sql.erase_events, max_rows=EVENTS_PER_STEP),
    _erase_responses,
    _erase_mentions,
    _delete_exports,
    _search_files,
    _delete_cached,
    _erase_document_copies,
)
"""The steps of an erasure. A job stores the number of the next step. A new step must be added at the end, because
otherwise a worker of the previous release could continue the job and skip a step."""
