"""What became of a load: the job's end, and its result and error file."""

import csv
import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from wecelebrate import consistency, images, storage
from wecelebrate.database import Transaction, queries, writing
from wecelebrate.feeds import OWN_COLUMNS
from wecelebrate.loads.load import Load

sql = queries(__file__)

FIRST_ERRORS = 20
"""Rejected rows that the job itself shows."""
ERROR_COLUMNS = tuple(f"{OWN_COLUMNS}{name}" for name in ("line", "code", "error"))
_BATCH = 2_000


def complete(load: Load) -> None:
    """Write error and result file, then end the job. In that order: who sees the job done finds its files."""
    job = load.job
    errors_key = _write_errors(load) if job.counts["rejected"] else None
    said = job.checkpoint
    details: dict[str, Any] = {
        **load.about,
        "result_file": _result_key(load),
        "error_file": errors_key,
        "ended_cleanly": said["ended_cleanly"],
        "read_as": said["details"],
    }
    if load.rules.dry_run:
        details |= {"dry_run": True, "samples": said.get("samples", [])}
    if load.rules.full and not load.full:
        details["note"] = (
            "The file says itself that it holds changes alone: nothing was deactivated."
            if said["nature"] == "delta"
            else "The file broke off: nothing was deactivated."
        )
    if load.last_xid is not None:
        details["consistency_token"] = consistency.token(load.last_xid)
    first = _first_errors(load)
    _write_result(load, {"status": "completed", "counts": job.counts, "first_errors": first, **details})
    with writing(job.caller) as tx:
        job.complete(tx, details, first)
        if not load.rules.dry_run:
            sql.set_last_sync(tx, catalog_id=load.catalog_id)
            images.want(tx, load.catalog_id)


def stop(load: Load, tx: Transaction, found: dict[str, Any]) -> None:
    """Stop before the first change, until somebody approves; what it `found` says why, beside the file too."""
    result = {**load.about, "result_file": _result_key(load), **found}
    _write_result(load, {"status": "awaiting_approval", "counts": load.job.counts, **result})
    load.job.await_approval(tx, result)


def fail(load: Load, code: str, reason: str) -> None:
    """End the job for good, and say why, beside the file too."""
    job = load.job
    details = {**load.about, "result_file": _result_key(load)}
    _write_result(load, {"status": "failed", "error_code": code, "error": reason, "counts": job.counts, **details})
    with writing(job.caller) as tx:
        job.fail(tx, code, reason, details)


def _first_errors(load: Load) -> list[dict[str, Any]]:
    with writing(load.job.caller) as tx:
        return [dict(row) for row in sql.list_first_rejections(tx, max_rows=FIRST_ERRORS, **load.staged)]


def _write_result(load: Load, result: dict[str, Any]) -> None:
    told = {"job_id": str(load.job.id), "catalog_id": str(load.catalog_id), **result}
    told["finished_at"] = datetime.now(UTC).isoformat()
    body = json.dumps(told, indent=2, ensure_ascii=False).encode()
    storage.put(load.bucket, _result_key(load), body, "application/json")


def _write_errors(load: Load) -> str:
    """The rejected rows as they came, and why: correct them and send the file again. Answers its key."""
    key = f"{load.results}.errors.csv"
    header = load.job.checkpoint["header"]
    with tempfile.TemporaryFile("w+b") as file:
        text = _Text(file)
        writer = csv.writer(text)
        writer.writerow([*header, *ERROR_COLUMNS])
        for row in _rejections(load):
            raw = row["raw"]
            cells = raw if isinstance(raw, list) else [_cell(raw.get(column)) for column in header]
            padding = [""] * (len(header) - len(cells))
            writer.writerow([*cells[: len(header)], *padding, row["line"], row["code"], row["reason"]])
        file.seek(0)
        storage.put(load.bucket, key, file, "text/csv; charset=utf-8")
    return key


def _cell(value: Any) -> str:
    """A value of a row as a cell: what is no text, as JSON."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class _Text:
    """What csv.writer writes to: UTF-8 into a binary file."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return int(self._file.write(text.encode("utf-8", "replace")))


def _rejections(load: Load) -> Iterator[dict[str, Any]]:
    """Every rejected row, a batch a transaction: no cursor is held open on the server."""
    line, n = 0, -1
    while True:
        with writing(load.job.caller) as tx:
            batch = list(sql.list_next_rejections(tx, after_line=line, after_n=n, max_rows=_BATCH, **load.staged))
        yield from batch
        load.job.alive()
        if len(batch) < _BATCH:
            return
        line, n = batch[-1]["line"], batch[-1]["n"]


def _result_key(load: Load) -> str:
    return f"{load.results}.json"
