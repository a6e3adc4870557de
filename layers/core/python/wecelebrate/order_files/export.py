"""Exports orders: selects the orders, writes them to a file, and then writes the `.done` file.

The database selects the orders of a file and copies each order in one transaction (`app.begin_order_export`). The file
depends only on these copies. If a worker dies, the next worker of the destination writes the same bytes under the same
name. A receiver must wait for the `.done` file, or ignore the names of files that it has already processed. It then
gets each version of an order exactly once.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from wecelebrate import jobs
from wecelebrate.core import storage
from wecelebrate.core.database import SYSTEM, as_json, writing
from wecelebrate.order_files import FOLDER, formats, sql
from wecelebrate.order_files.documents import Destination, ExportedOrder, Unwritable

MAX_ORDERS = 1_000
"""The largest number of orders in a file. For more orders, a run writes several files."""
BUCKET = "drops"
_MAX_DONE_BYTES = 2 << 20


def run(job: jobs.LeasedJob) -> None:
    """Write all files that the destination has not received yet. Raises JobRejected if the destination was deleted."""
    destination_id = UUID(job.payload["destination_id"])
    while True:
        job.check_lease()
        with writing(SYSTEM) as tx:
            row = sql.get_destination(tx, destination_id=destination_id)
            if row is None or row["client_id"] != job.client_id:
                raise jobs.JobRejected("no_such_destination", "The destination was deleted.")
            unwritten = sql.get_unwritten_run(tx, destination_id=destination_id)
            more = True
            if unwritten is None:
                begun = sql.begin_export(tx, destination_id=destination_id, job_id=job.id, max_orders=MAX_ORDERS)
                more = bool(begun["more"])
                unwritten = sql.get_unwritten_run(tx, destination_id=destination_id)
        if unwritten is not None:
            _write(job, destination_id, dict(unwritten))
        elif not more:
            _complete(job, destination_id)
            return


def _write(job: jobs.LeasedJob, destination_id: UUID, run: dict[str, Any]) -> None:
    """Write the file of a run, and record that it is complete.

    The function uses the settings that are stored in the run, because the settings of the destination can have changed
    since the run began.
    """
    with writing(SYSTEM) as tx:
        exports = list(sql.list_exported_orders(tx, run_id=run["id"]))
    file = _rendered(destination_id, run, exports)
    if file.orders:
        _put(file)
    parameters = {
        "key": file.key if file.orders else None,
        "size": len(file.content),
        "sha256": file.sha256,
        "refused": file.refusals,
    }
    with writing(SYSTEM) as tx:
        if sql.finish_run(tx, run_id=run["id"], **as_json(parameters, "refused")):
            sql.release_refused_orders(tx, run_id=run["id"], order_ids=file.refused_ids)
            sql.forget_documents(tx, run_id=run["id"])
            totals = _totals(job)
            job.checkpoint = {
                "seq": run["seq"],
                "files": totals["files"] + bool(file.orders),
                "orders": totals["orders"] + len(file.orders),
                "refused": totals["refused"] + len(file.refused_ids),
            }
            job.done += len(exports)
        job.save(tx)


def write_again(run: dict[str, Any], exports: Sequence[dict[str, Any]]) -> "WrittenFile | None":
    """Write the file of a complete run again with the given orders, under the same name. If `orders` is empty, return
    None.

    The caller deletes the older versions of the file. Raises RuntimeError if an order cannot be written, because the
    receiver already has all of the orders, and the file must contain them.
    """
    file = _rendered(run["destination_id"], run, exports, are_received=True)
    if file.refusals:
        raise RuntimeError(f"{run['key']} cannot be written again: {file.refusals}")
    if not file.orders:
        return None
    storage.put(BUCKET, run["key"], file.content, file.content_type)
    storage.put(BUCKET, f"{run['key']}.done", file.done, "application/json")
    return WrittenFile(len(file.content), file.sha256)


@dataclass(frozen=True)
class WrittenFile:
    """The size and the SHA-256 of a file."""

    size: int
    sha256: str


@dataclass(frozen=True)
class _File:
    key: str
    content: bytes
    content_type: str
    sha256: str
    done: bytes
    orders: list[ExportedOrder]
    refusals: list[dict[str, str]]
    refused_ids: list[UUID]


def _rendered(
    destination_id: UUID, run: dict[str, Any], exports: Sequence[dict[str, Any]], *, are_received: bool = False
) -> _File:
    settings = run["settings"]
    destination = Destination(
        settings["format"], settings["columns"], settings["prefix"], settings["max_line_length"],
        settings["formula_safe"], settings["sender"] or "", settings["receiver"] or "", run["seq"], run["created_at"],
    )  # fmt: skip
    orders, refused = _prepared(destination, exports, are_received=are_received)
    content = formats.write(destination, orders)
    name = f"{settings['prefix']}orders-{run['seq']:06}.{formats.extension(settings['format'])}"
    digest = hashlib.sha256(content).hexdigest()
    refusals = [{"order_number": number, "reason": reason} for _, number, reason in refused]
    return _File(
        f"{FOLDER}{destination_id}/out/{name}",
        content,
        formats.content_type(settings["format"]),
        digest,
        _done(name, run, digest, len(content), orders, refusals),
        orders,
        refusals,
        [order_id for order_id, _, _ in refused],
    )


def _prepared(
    destination: Destination, exports: Sequence[dict[str, Any]], *, are_received: bool
) -> tuple[list[ExportedOrder], list[tuple[UUID, str, str]]]:
    """Return the orders that can be written. For each order that cannot be written, return its id, its number and the
    reason.
    """
    orders, refused = [], []
    for export in exports:
        document = export["document"]
        try:
            previous = export.get("previous_version")  # If an erasure writes the file again, the version is not known.
            orders.append(ExportedOrder.of(export["action"], document, destination, previous, is_received=are_received))
        except Unwritable as error:
            refused.append((export["order_id"], document["order_number"], str(error)))
    return orders, refused


def _done(  # noqa: PLR0917
    name: str,
    run: dict[str, Any],
    digest: str,
    size: int,
    orders: Sequence[ExportedOrder],
    refused: list[dict[str, str]],
) -> bytes:
    done = {
        "file": name,
        "sha256": digest,
        "size": size,
        "seq": run["seq"],
        "created_at": run["created_at"].isoformat(),
        "orders": len(orders),
        "refused": refused,
    }
    return json.dumps(done, ensure_ascii=False, indent=2).encode()


def _put(file: _File) -> None:
    """Write a file and then its `.done` file. If an earlier worker has already written both files, write nothing.

    If the files were written again, a receiver could process them a second time.
    """
    if storage.read(BUCKET, f"{file.key}.done", _MAX_DONE_BYTES) == file.done:
        return
    storage.put(BUCKET, file.key, file.content, file.content_type)
    storage.put(BUCKET, f"{file.key}.done", file.done, "application/json")


def _complete(job: jobs.LeasedJob, destination_id: UUID) -> None:
    totals = _totals(job)
    orders, files, refused = totals["orders"], totals["files"], totals["refused"]
    outcome = f"{_count(orders, 'order')} in {_count(files, 'file')}." if files else "There were no new orders."
    if refused:
        outcome += f" {_count(refused, 'order')} could not be written; the list of runs says why."
    with writing(SYSTEM) as tx:
        sql.record_outcome(tx, destination_id=destination_id, job_id=job.id, outcome=outcome)
        job.complete(tx, {"outcome": outcome, **totals})


def _totals(job: jobs.LeasedJob) -> dict[str, int]:
    """Return the number of written files, of orders in these files, and of orders that could not be written."""
    return {noun: int(job.checkpoint.get(noun, 0)) for noun in ("files", "orders", "refused")}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
