"""Runs the job of an import of historical orders.

The rows of the file are read to the end, grouped by order, and imported in chunks. Each chunk is a transaction,
together with the progress of the job. If a worker dies, the next worker reads the file again. The database knows which
orders the job has created, so these count as created again, and nothing is written twice.
"""

import csv
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

import orjson

from wecelebrate import jobs
from wecelebrate.core import storage
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.core.formula_quotes import quoted, quoted_cells
from wecelebrate.core.types.text import ORDER_NUMBER_PATTERN
from wecelebrate.ingestion import uploads
from wecelebrate.order_files import FOLDER
from wecelebrate.order_imports import columns, reading, sql
from wecelebrate.order_imports.assembling import BadOrder, assemble
from wecelebrate.order_imports.reading import RawRow, UnreadableFile
from wecelebrate.order_imports.spool import Rejection, Row, Spool, open_spool
from wecelebrate.order_imports.values import Settings, shown

BUCKET = "drops"
CHUNK_ORDERS = 200
CHUNK_ROWS = 2_000
"""The limits of one transaction."""
FIRST_ERRORS = 20
_CHECK_ROWS = 1_000
"""After this number of rows, the reader looks whether it still has the lease."""
_MAX_NUMBER_LENGTH = 50
_NUMBER = re.compile(ORDER_NUMBER_PATTERN.replace("$", r"\Z"))
_REFUSALS = {
    "differs": "The order exists already, with another time, currency or other lines. An import changes no order.",
    "number_in_use": "The client has another order with this number. State a `number_prefix`.",
}


class _Prepared(NamedTuple):
    rows: Sequence[Row]
    values: Mapping[str, Any]


def run(job: jobs.LeasedJob) -> None:
    """Import the orders of a file. Raises JobRejected if the file cannot be read."""
    job.counts = {"read": 0, "created": 0, "updated": 0, "unchanged": 0, "rejected": 0, "deactivated": 0}
    job.done, job.total = 0, None
    with open_spool() as spool:
        work = _Import(job, spool, Settings.of(job.payload))
        try:
            work.read()
        except UnreadableFile as error:
            raise jobs.JobRejected("unreadable_file", str(error)) from error
        except columns.AmbiguousColumns as error:
            raise jobs.JobRejected("ambiguous_columns", str(error)) from error
        for chunk in work.chunks():
            work.write(chunk)
        work.complete()


@dataclass
class _Import:
    """An import at work."""

    job: jobs.LeasedJob
    spool: Spool
    settings: Settings
    fields: list[Mapping[str, str]] = field(default_factory=list)
    """The field of each column, for each file."""
    orders: Counter[str] = field(default_factory=Counter)
    """The number of orders for each outcome."""
    _above: dict[int, str] = field(default_factory=dict)
    """The number of the last order of each file, while the file is read."""

    def read(self) -> None:
        """Store the rows of all files. Raises UnreadableFile, AmbiguousColumns or JobRejected."""
        stated: Mapping[str, str] = self.settings.columns
        seen: set[str] = set()
        for source in self.job.payload["files"]:
            try:
                with (
                    storage.open_version(uploads.BUCKET, source["key"], source["version_id"]) as body,
                    reading.spooled(body) as content,
                ):
                    header: dict[str, None] = {}
                    self._store(reading.rows(content, source["name"], columns.known_names(stated), header), header)
            except storage.ObjectGone as error:
                raise UnreadableFile(str(error)) from error
            seen |= header.keys()
        missing = [column for column in stated.values() if column not in seen]
        if missing:
            reason = f"No file has the column `{shown(missing[0])}`, which `columns` names."
            raise jobs.JobRejected("unknown_column", reason)
        self.orders["read"] = self.spool.count_orders()
        self.job.total = self.job.counts["read"]

    def _store(self, rows: Iterator[RawRow], header: Mapping[str, None]) -> None:
        """Store the rows of a file. `header` gets its columns while the rows are read."""
        file, width = len(self.fields), -1
        self.fields.append({})
        for count, raw in enumerate(rows, start=1):
            if len(header) > width:
                self.fields[file], width = columns.fields_of(header, self.settings.columns), len(header)
            if count % _CHECK_ROWS == 0:
                self.job.check_lease()
            self.job.counts["read"] += 1
            self._store_row(Row(file, raw.number, raw.cells, raw.lines), raw.problem)
        if width == -1:
            self.fields[file] = columns.fields_of(header, self.settings.columns)
        if header and "order_number" not in self.fields[file].values():
            first = ", ".join(f"`{shown(column)}`" for column in list(header)[:20])
            reason = f"No column has the number of the order: {first}. Say which one in `columns`."
            raise jobs.JobRejected("no_order_number", reason)

    def _store_row(self, row: Row, problem: str | None) -> None:
        of_columns = self.fields[row.file]
        stated = next((row.raw[name] for name in row.raw if of_columns.get(name) == "order_number"), "").strip()
        number = self.settings.number_prefix.upper() + stated.upper().removeprefix("#")
        is_number = bool(stated and _NUMBER.match(number)) and len(number) <= _MAX_NUMBER_LENGTH
        if is_number:
            self._above[row.file] = number
        if is_number and problem is None:
            self.spool.add(number, row)
            return
        if problem is not None:
            rejection = Rejection(row, "bad_row", problem)
        else:
            reason = f"`order_number` must have letters, digits and - . _ / in between, and is `{shown(stated)}`."
            rejection = Rejection(row, "bad_order_number" if stated else "no_order_number", reason)
        self._reject(rejection)
        if row.file in self._above:  # a row without a number can be a line of the order above it
            self.spool.add_gap(self._above[row.file], rejection)

    def _reject(self, rejection: Rejection) -> None:
        self.spool.reject(rejection)
        self.job.counts["rejected"] += 1
        self.job.done += 1

    def chunks(self) -> Iterator[list[_Prepared]]:
        """Yield the orders that can be imported, and reject the rows of all others."""
        chunk: list[_Prepared] = []
        size = 0
        for number, rows in self.spool.orders():
            try:
                if gap := self.spool.gap(number):
                    reason = f"Row {gap[0]} was rejected ({gap[1]}), and is or can be a row of this order."
                    raise BadOrder("order_incomplete", reason)
                assembled = assemble(number, rows, self.fields, self.settings)
            except BadOrder as error:
                self.orders["rejected"] += 1
                for row in rows:
                    self._reject(_rejection(row, error))
                continue
            self.orders["with_other_total"] += assembled.has_other_total
            chunk.append(_Prepared(rows, assembled.values))
            size += len(rows) + len(assembled.values["lines"])
            if len(chunk) == CHUNK_ORDERS or size >= CHUNK_ROWS:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk

    def write(self, chunk: Sequence[_Prepared]) -> None:
        """Import a chunk of orders, and save the progress. Raises LeaseLost or DeadlineReached."""
        job = self.job
        job.check_lease()
        refused: list[Rejection] = []
        document = orjson.dumps([prepared.values for prepared in chunk]).decode()
        with writing(SYSTEM) as tx:
            rows = sql.import_orders(tx, job_id=job.id, orders=document, is_rehearsal=self.settings.is_rehearsal)
            outcomes = {row["order_number"]: row["outcome"] for row in rows}
            for prepared in chunk:
                outcome = outcomes[prepared.values["order_number"]]
                if outcome in _REFUSALS:
                    refused += [Rejection(row, outcome, _REFUSALS[outcome]) for row in prepared.rows]
                else:
                    job.counts[outcome] += len(prepared.rows)
                self.orders["rejected" if outcome in _REFUSALS else outcome] += 1
            job.counts["rejected"] += len(refused)
            job.done += sum(len(prepared.rows) for prepared in chunk)
            position = self.orders["created"] + self.orders["unchanged"] + self.orders["rejected"]
            # An attempt that begins again makes progress only behind the last position of the attempt before.
            job.checkpoint = {"orders": max(position, job.checkpoint.get("orders", 0))}
            job.save(tx)
        for rejection in refused:
            self.spool.reject(rejection)

    def complete(self) -> None:
        """Write the result and the rejected rows, and complete the job."""
        job = self.job
        names = ("read", "created", "unchanged", "rejected", "with_other_total")
        result: dict[str, Any] = {
            "status": "completed",
            "counts": dict(job.counts),
            "orders": {name: self.orders[name] for name in names},
            "columns": [{field: column for column, field in of_columns.items()} for of_columns in self.fields],
            "dry_run": self.settings.is_rehearsal,
        }
        first = [
            {"line": each.row.number, "sku": None, "code": each.code, "reason": each.reason}
            for each in islice(self.spool.rejections(), FIRST_ERRORS)
        ]
        path = f"{FOLDER}{job.payload['site_id']}/results/import.{job.id}"
        result["result_file"] = f"{path}.json"
        if first:
            result["error_file"] = f"{path}.errors.csv"
            _write_errors(self.spool, result["error_file"])
        document = {"job_id": str(job.id), "site_id": job.payload["site_id"], **result}
        storage.put(BUCKET, result["result_file"], json.dumps(document, indent=2).encode(), "application/json")
        with writing(SYSTEM) as tx:
            job.complete(tx, result, first)
        if not self.settings.is_rehearsal:
            _delete_uploads(job)


def _rejection(row: Row, error: BadOrder) -> Rejection:
    if error.row is None or (error.row.file, error.row.number) == (row.file, row.number):
        return Rejection(row, error.code, error.reason)
    return Rejection(row, "order_incomplete", f"Row {error.row.number} of the same order was rejected ({error.code}).")


def _delete_uploads(job: jobs.LeasedJob) -> None:
    """Delete the imported files, because they contain persons. The bucket deletes a file that is left over."""
    for source in job.payload["files"]:
        version = storage.ObjectVersion(source["key"], source["version_id"], 0, datetime.now(UTC), False)
        storage.delete_versions(uploads.BUCKET, [version])


def _write_errors(spool: Spool, key: str) -> None:
    """Write the rejected rows as they came, with what is wrong. The corrected file can be sent again."""
    header: dict[str, None] = {}
    for rejection in spool.rejections():
        header |= dict.fromkeys(name for name in rejection.row.raw if not name.startswith("wecelebrate_"))
    with tempfile.TemporaryFile("w+b") as file:
        writer = csv.writer(_Utf8Writer(file))
        writer.writerow([*map(quoted, header), *(f"wecelebrate_{name}" for name in ("line", "code", "error"))])
        for rejection in spool.rejections():
            cells = quoted_cells(rejection.row.raw.get(name, "") for name in header)
            writer.writerow([*cells, rejection.row.number, rejection.code, quoted(rejection.reason)])
        file.seek(0)
        storage.put(BUCKET, key, file, "text/csv; charset=utf-8")


class _Utf8Writer:
    """A text file for `csv.writer`. The text is written to a binary file in UTF-8."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return int(self._file.write(text.encode("utf-8", "replace")))
