"""Ends a load: sets the status of its job, and writes the result file and the error file."""

import csv
import json
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from wecelebrate import images
from wecelebrate.core import consistency, storage
from wecelebrate.core.database import Transaction, as_json, queries, writing
from wecelebrate.core.formula_quotes import quoted, quoted_cells
from wecelebrate.core.models import json_bytes
from wecelebrate.ingestion.merge.load import Load
from wecelebrate.ingestion.rejections.error_file import REPORT_COLUMNS, REPORT_PREFIX

sql = queries(__file__)

MAX_FIRST_ERRORS = 20
"""The maximum number of rejected rows that are stored in the job itself."""
MAX_READING_BYTES = 1024 * 1024
"""The maximum size of the description of how a file was read, as JSON. The database has the same limit."""
_BATCH_SIZE = 2_000
"""The largest number of rejections that one transaction reads."""


def complete(load: Load) -> None:
    """Write the error file and the result file, and then complete the job.

    The job is completed last, so that both files of a completed job exist.
    """
    job = load.job
    error_file = _write_error_file(load) if job.counts["rejected"] else None
    details = _result_details(load, error_file)
    first_errors = _first_errors(load)
    _write_result(load, {"status": "completed", "counts": job.counts, "first_errors": first_errors, **details})
    with writing(job.caller) as tx:
        job.complete(tx, details, first_errors)
        if not load.rules.dry_run:
            sql.set_last_sync(tx, catalog_id=load.catalog_id)
            _remember_reading(load, tx)
            images.fetch_missing(tx, load.catalog_id)


def await_approval(load: Load, tx: Transaction, preview: dict[str, Any]) -> None:
    """Stop the load until it is approved.

    `preview` describes the changes that the load would make. It is stored as the result of the job and in the result
    file.
    """
    result = {**load.source, "result_file": _result_key(load), **preview}
    _write_result(load, {"status": "awaiting_approval", "counts": load.job.counts, **result})
    load.job.await_approval(tx, result)


def await_decision(load: Load, questions: list[dict[str, Any]]) -> None:
    """Stop the load until a user answers the questions. The questions are also written to the result file."""
    result = {**load.source, "result_file": _result_key(load)}
    document = {"status": "awaiting_decision", "counts": load.job.counts, "questions": questions, **result}
    _write_result(load, document)
    with writing(load.job.caller) as tx:
        load.job.await_decision(tx, questions, result)


def fail(load: Load, code: str, reason: str, more: Mapping[str, Any] | None = None) -> None:
    """Fail the job permanently, and write the reason to the result file.

    `more` contains additional fields of the result.
    """
    job = load.job
    details = {**load.source, "result_file": _result_key(load), **(more or {})}
    _write_result(load, {"status": "failed", "error_code": code, "error": reason, "counts": job.counts, **details})
    with writing(job.caller) as tx:
        job.fail(tx, code, reason, details)


def _remember_reading(load: Load, tx: Transaction) -> None:
    """Store how the file was read, so that the next load can report differences.

    Nothing is stored if no row was merged, or if the description of the reading is too large.
    """
    job, reading = load.job, load.job.checkpoint.get("reading")
    merged = job.counts["created"] + job.counts["updated"] + job.counts["unchanged"]
    if reading is None or not merged or json_bytes(reading) > MAX_READING_BYTES:
        return
    values = {"catalog_id": load.catalog_id, "job_id": job.id, "file": load.source.get("file", ""), "reading": reading}
    sql.set_reading(tx, **as_json(values, "reading"))


def _result_details(load: Load, error_file: str | None) -> dict[str, Any]:
    """Return the result of a completed load, for the job and the result file."""
    checkpoint = load.job.checkpoint
    details: dict[str, Any] = {
        **load.source,
        "result_file": _result_key(load),
        "error_file": error_file,
        "ended_cleanly": checkpoint["ended_cleanly"],
        "read_as": checkpoint["details"],
    }
    if checkpoint.get("doubts"):
        details["doubts"] = checkpoint["doubts"]
    if load.stock_as_of is not None:
        details["stock_as_of"] = load.stock_as_of.isoformat()
    if checkpoint.get("short"):
        details["short"] = checkpoint["short"]
    if checkpoint.get("offers"):
        details["offers"] = checkpoint["offers"]
    if checkpoint.get("unpriced"):
        details["created_without_price"] = checkpoint["unpriced"]
    if load.rules.dry_run:
        details |= {"dry_run": True, "samples": checkpoint.get("samples", [])}
        if checkpoint.get("would_stop"):
            details["would_stop"] = checkpoint["would_stop"]
        if checkpoint.get("reasons"):
            details["needs_approval"] = checkpoint["reasons"]
    if load.rules.full and not load.deactivates_missing:
        details["note"] = (
            "The file declares that it contains only changes, so no product was deactivated."
            if checkpoint["declared_mode"] == "delta"
            else "The file could not be read to its end, so no product was deactivated."
        )
    if load.last_xid is not None:
        details["consistency_token"] = consistency.token(load.last_xid)
    return details


def _first_errors(load: Load) -> list[dict[str, Any]]:
    with writing(load.job.caller) as tx:
        return [dict(row) for row in sql.list_first_rejections(tx, max_rows=MAX_FIRST_ERRORS, **load.staging_key)]


def _write_result(load: Load, result: dict[str, Any]) -> None:
    document = {"job_id": str(load.job.id), "catalog_id": str(load.catalog_id), **result}
    document["finished_at"] = datetime.now(UTC).isoformat()
    body = json.dumps(document, indent=2, ensure_ascii=False).encode()
    storage.put(load.bucket, _result_key(load), body, "application/json")


def _write_error_file(load: Load) -> str:
    """Write each rejected row together with its error. It returns the key of the error file.

    The cells are unchanged, with one exception: a quote is written before a cell that a spreadsheet would take for a
    formula (`core.formula_quotes`).

    If the source file is a corrected error file, its report columns are removed, because they describe the rows of an
    earlier job.
    """
    key = f"{load.result_prefix}.errors.csv"
    header = load.job.checkpoint["header"]
    kept = [number for number, column in enumerate(header) if not column.startswith(REPORT_PREFIX)]
    with tempfile.TemporaryFile("w+b") as file:
        writer = csv.writer(_Utf8Writer(file))
        writer.writerow([*(quoted(header[number]) for number in kept), *REPORT_COLUMNS])
        for rejection in _rejections(load):
            raw = rejection["raw"]
            cells = raw if isinstance(raw, list) else [_cell(raw.get(column)) for column in header]
            own_cells = quoted_cells(cells[number] if number < len(cells) else "" for number in kept)
            report = (rejection["line"], rejection["code"], quoted(rejection["reason"]), quoted(rejection["sku"] or ""))
            writer.writerow([*own_cells, *report])
        file.seek(0)
        storage.put(load.bucket, key, file, "text/csv; charset=utf-8")
    return key


def _cell(value: Any) -> str:
    """Return the text of a cell. Text is unchanged, None becomes an empty cell, and other values become JSON."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class _Utf8Writer:
    """A text file for `csv.writer`. The text is written to a binary file in UTF-8."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return int(self._file.write(text.encode("utf-8", "replace")))


def _rejections(load: Load) -> Iterator[dict[str, Any]]:
    """Yield all rejected rows.

    Each batch is read in its own transaction, so that the database server holds no open cursor.
    """
    line, n = 0, -1
    while True:
        with writing(load.job.caller) as tx:
            batch = list(
                sql.list_next_rejections(tx, after_line=line, after_n=n, max_rows=_BATCH_SIZE, **load.staging_key)
            )
        yield from batch
        load.job.check_lease()
        if len(batch) < _BATCH_SIZE:
            return
        line, n = batch[-1]["line"], batch[-1]["n"]


def _result_key(load: Load) -> str:
    return f"{load.result_prefix}.json"
