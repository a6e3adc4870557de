"""What became of a file: the job's end, and the files beside the dropped one."""

import csv
import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from wecelebrate import consistency, jobs, storage
from wecelebrate.database import SYSTEM, as_json, writing
from wecelebrate.feeds import OWN_COLUMNS
from wecelebrate.syncs.intake import sql
from wecelebrate.syncs.work import Fenced, Work

ERROR_COLUMNS = tuple(f"{OWN_COLUMNS}{name}" for name in ("line", "code", "error"))
_BATCH = 2_000


def complete(work: Work) -> None:
    """Write error and result file, then end the job. In that order: who sees the job done finds its files."""
    errors_key = _write_errors(work) if work.counts["rejected"] else None
    details = {
        "file": work.key,
        "version_id": work.version_id,
        "result_file": _result_key(work),
        "error_file": errors_key,
        "ended_cleanly": work.checkpoint["ended_cleanly"],
        "read_as": work.checkpoint["details"],
    }
    if work.last_xid is not None:
        details["consistency_token"] = consistency.token(work.last_xid)
    first = _first_errors(work)
    _write_result(work, {"status": "completed", "counts": work.counts, "first_errors": first, **details})
    with writing(work.caller) as tx:
        values = {"counts": work.counts, "first_errors": first, "result": details}
        done = jobs.sql.complete_job(
            tx, job_id=work.job_id, fence=work.fence, done=work.total, **as_json(values, *values)
        )
        if done == 0:
            raise Fenced
        sql.touch_catalog(tx, catalog_id=work.catalog_id)


def fail(work: Work, code: str, reason: str) -> None:
    """End the job for good, and say why, beside the file too."""
    details = {"file": work.key, "version_id": work.version_id, "result_file": _result_key(work)}
    _write_result(work, {"status": "failed", "error_code": code, "error": reason, "counts": work.counts, **details})
    with writing(SYSTEM) as tx:
        values = {"counts": work.counts, "first_errors": [], "result": details}
        jobs.sql.fail_job(
            tx, job_id=work.job_id, fence=work.fence, code=code, reason=reason, **as_json(values, *values)
        )


def _first_errors(work: Work) -> list[dict[str, Any]]:
    with writing(work.caller) as tx:
        return [
            dict(row)
            for row in sql.first_rejections(tx, job_id=work.job_id, fence=work.staged_fence, most=jobs.FIRST_ERRORS)
        ]


def _write_result(work: Work, result: dict[str, Any]) -> None:
    told = {"job_id": str(work.job_id), "catalog_id": str(work.catalog_id), **result}
    told["finished_at"] = datetime.now(UTC).isoformat()
    body = json.dumps(told, indent=2, ensure_ascii=False).encode()
    storage.put("drops", _result_key(work), body, "application/json")


def _write_errors(work: Work) -> str:
    """The rejected rows as they came, and why: correct them and drop the file again. Answers its key."""
    key = f"{_results(work)}.errors.csv"
    header = work.checkpoint["header"]
    with tempfile.TemporaryFile("w+b") as file:
        text = _Text(file)
        writer = csv.writer(text)
        writer.writerow([*header, *ERROR_COLUMNS])
        for row in _rejections(work):
            raw = row["raw"]
            cells = raw if isinstance(raw, list) else [raw.get(column, "") for column in header]
            padding = [""] * (len(header) - len(cells))
            writer.writerow([*cells[: len(header)], *padding, row["line"], row["code"], row["reason"]])
        file.seek(0)
        storage.put("drops", key, file, "text/csv; charset=utf-8")
    return key


class _Text:
    """What csv.writer writes to: UTF-8 into a binary file."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return int(self._file.write(text.encode("utf-8", "replace")))


def _rejections(work: Work) -> Iterator[dict[str, Any]]:
    """Every rejected row, a batch a transaction: no cursor is held open on the server."""
    line, n = 0, -1
    staged = {"job_id": work.job_id, "fence": work.staged_fence}
    while True:
        with writing(work.caller) as tx:
            batch = list(sql.next_rejections(tx, after_line=line, after_n=n, most=_BATCH, **staged))
        yield from batch
        if len(batch) < _BATCH:
            return
        line, n = batch[-1]["line"], batch[-1]["n"]


def _results(work: Work) -> str:
    return f"{work.catalog_id}/results/{storage.object_name(work.key)}.{work.job_id}"


def _result_key(work: Work) -> str:
    return f"{_results(work)}.json"
