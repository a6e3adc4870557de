"""Runs the job of an import of historical orders.

The job reads all rows of the file, groups them by order, and imports the orders in chunks. One transaction writes a
chunk and the progress of the job. If a worker dies, its disk is lost. Therefore the next worker reads the file again,
and continues after the last committed chunk. `_Progress` is the checkpoint of the job.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple, Self, cast

import orjson

from wecelebrate import jobs
from wecelebrate.core import storage
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.core.types.text import ORDER_NUMBER_PATTERN
from wecelebrate.ingestion import uploads
from wecelebrate.jobs.types import RowCount
from wecelebrate.order_files import FOLDER
from wecelebrate.order_imports import columns, error_files, reading, sql
from wecelebrate.order_imports.assembling import Assembled, BadOrder, assemble
from wecelebrate.order_imports.reading import RawRow, UnreadableFile
from wecelebrate.order_imports.spool import Group, Rejection, Row, Spool, SpoolFull, full_disks, open_spool
from wecelebrate.order_imports.values import Settings, shown

BUCKET = "drops"
CHUNK_ORDERS = 200
CHUNK_ROWS = 2_000
CHUNK_BYTES = 8 << 20
"""A transaction imports rows up to this size in bytes, up to CHUNK_ORDERS orders and up to CHUNK_ROWS rows."""
FIRST_ERRORS = 20
_CHECK_ROWS = 1_000
"""After each group of this number of rows, the reader checks that the worker still has the lease."""
_MAX_NUMBER_LENGTH = 50
_NUMBER = re.compile(ORDER_NUMBER_PATTERN.replace("$", r"\Z"))
_REFUSALS = {
    "differs": "The order exists already, with another time, currency or other lines. An import changes no order.",
    "status_differs": "The order was imported with another status. An import changes no order: change its status with "
    "the routes of orders.",
    "total_differs": "The order was imported with another total. An import changes no order.",
    "details_differ": "The order exists already, and the file has other values of {differing}. An import changes no"
    " order.",
    "number_in_use": "The client has another order with this number. State a `number_prefix`.",
}


class _Prepared(NamedTuple):
    group: Group
    assembled: Assembled


@dataclass
class _Progress:
    """The progress after the last committed chunk. It is the checkpoint of the job."""

    orders: int = 0
    """The position of the last committed order."""
    key: str = ""
    """The order number of the last committed order. If the file has another order at this position, the progress is
    ignored.
    """
    rows: Counter[str] = field(default_factory=Counter)
    """The number of rows that were created or unchanged."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """The number of orders, by outcome."""

    @classmethod
    def of(cls, checkpoint: Mapping[str, Any]) -> Self:
        """Return the progress in the checkpoint of a job."""
        if "outcomes" not in checkpoint:
            return cls()
        rows, outcomes = Counter(checkpoint["rows"]), Counter(checkpoint["outcomes"])
        return cls(checkpoint["orders"], checkpoint.get("key", ""), rows, outcomes)

    @property
    def has_refusals(self) -> bool:
        """Whether the database has refused an order.

        The checkpoint does not contain these orders. A new attempt must therefore find out again which orders were
        refused.
        """
        return any(self.outcomes[outcome] for outcome in _REFUSALS)

    def as_json(self) -> dict[str, Any]:
        """Return the checkpoint."""
        return {"orders": self.orders, "key": self.key, "rows": dict(self.rows), "outcomes": dict(self.outcomes)}


def run(job: jobs.LeasedJob) -> None:
    """Import the orders of a file. Raises JobRejected if the file cannot be read."""
    job.counts = {"read": 0, "created": 0, "updated": 0, "unchanged": 0, "rejected": 0, "deactivated": 0}
    job.done, job.total = 0, None
    with _rejected_files(), open_spool() as spool:
        work = _Import(job, spool, Settings.of(job.payload, job.created_at), _Progress.of(job.checkpoint))
        work.read()
        for chunk in work.chunks():
            work.write(chunk)
        work.complete()


@contextmanager
def _rejected_files() -> Iterator[None]:
    """Raise JobRejected if the file of a job cannot be imported. The orders of committed chunks stay imported."""
    try:
        with full_disks():
            yield
    except UnreadableFile as error:
        raise jobs.JobRejected("unreadable_file", str(error)) from error
    except SpoolFull as error:
        raise jobs.JobRejected("file_too_large", str(error)) from error
    except columns.AmbiguousColumns as error:
        raise jobs.JobRejected("ambiguous_columns", str(error)) from error


@dataclass
class _Import:
    job: jobs.LeasedJob
    spool: Spool
    settings: Settings
    committed: _Progress = field(default_factory=_Progress)
    """The progress of earlier attempts."""
    progress: _Progress = field(default_factory=_Progress)
    """The progress of earlier attempts and of this attempt."""
    fields: list[Mapping[str, str]] = field(default_factory=list)
    """For each file, the mapping of columns to fields."""
    headers: list[Mapping[str, None]] = field(default_factory=list)
    """For each file, its columns."""
    names_of_lines: dict[str, None] = field(default_factory=dict)
    """The names of the fields of order lines in JSON objects."""
    orders: Counter[str] = field(default_factory=Counter)
    """The number of orders, by outcome."""
    other_totals: list[dict[str, Any]] = field(default_factory=list)
    """The first orders whose total is not the sum of their lines."""
    _above: dict[int, str] = field(default_factory=dict)
    """For each file, the order number in the last row that has one."""
    _nameless: dict[int, Rejection] = field(default_factory=dict)
    """For each file, the first rejected row without an order number after the last row with an order number."""

    def read(self) -> None:
        """Store the rows of all files. Raises UnreadableFile, AmbiguousColumns or JobRejected."""
        stated: Mapping[str, str] = self.settings.columns
        seen: set[str] = set()
        for source in self.job.payload["files"]:
            try:
                with storage.open_version(uploads.BUCKET, source["key"], source["version_id"]) as body:
                    header: dict[str, None] = {}
                    plain_columns = columns.known_columns(stated)
                    self._store(reading.rows(body, source["name"], plain_columns, header), header)
            except storage.ObjectGone as error:
                raise UnreadableFile(str(error)) from error
            seen |= header.keys()
        missing = [column for column in stated.values() if column not in seen]
        if missing:
            reason = f"No file has the column `{shown(missing[0])}`, which `columns` names."
            raise jobs.JobRejected("unknown_column", reason)
        self.orders["read"] = self.spool.count_orders()
        self.job.total = self.job.counts["read"]
        self._skip_written()
        with writing(SYSTEM) as tx:
            self.job.save(tx)  # Now the total is known. Therefore the progress can be shown as a percentage.

    def _skip_written(self) -> None:
        """Skip and count the orders that earlier attempts have written. If the database must compare them again, skip
        no order.

        If earlier attempts have read the orders differently, e.g. with an earlier release, the import starts again. The
        result is still correct, because an order that the job has already written is counted as created.
        """
        if self.committed.orders and self.spool.key(self.committed.orders) != self.committed.key:
            self.committed = _Progress()
        if self.committed.has_refusals:
            return
        self.progress = _Progress.of(self.committed.as_json())
        for outcome, count in self.committed.rows.items():
            self.job.counts[cast(RowCount, outcome)] += count
        self.job.done += self.committed.rows.total()
        self.orders += self.committed.outcomes

    def _store(self, rows: Iterator[RawRow], header: Mapping[str, None]) -> None:
        """Store the rows of a file. While the file is read, its columns are added to `header`."""
        file, width = len(self.fields), -1
        self.fields.append({})
        self.headers.append(header)
        for count, raw in enumerate(rows, start=1):
            if len(header) > width:
                fields = columns.fields_of(header, self.settings.columns)
                columns.require_same_fields(islice(header, max(width, 0)), self.fields[file], fields)
                self.fields[file], width = fields, len(header)
            if count % _CHECK_ROWS == 0:
                self.job.check_lease()
            self.job.counts["read"] += 1
            if len(self.names_of_lines) < reading.MAX_COLUMNS:
                self.names_of_lines |= dict.fromkeys(name for line in raw.lines or () for name in line)
            self._store_row(Row(file, raw.number, raw.cells, raw.lines, raw.source), raw.problem or self._flaw(raw))
        if width == -1:
            self.fields[file] = columns.fields_of(header, self.settings.columns)
        if header and "order_number" not in self.fields[file].values():
            first = ", ".join(f"`{shown(column)}`" for column in list(header)[:20])
            reason = f"No column has the number of the order: {first}. Say which one in `columns`."
            raise jobs.JobRejected("no_order_number", reason)

    def _flaw(self, raw: RawRow) -> str | None:
        """Return the reason why the cell of a field has no value. Cells in columns without a field are ignored."""
        fields = self.fields[-1]
        return next((f"`{fields[name]}`: {flaw}." for name, flaw in raw.flaws.items() if name in fields), None)

    def _store_row(self, row: Row, problem: str | None) -> None:
        of_columns = self.fields[row.file]
        stated = next((row.raw[name] for name in row.raw if of_columns.get(name) == "order_number"), "").strip()
        number = self.settings.number_prefix.upper() + stated.upper().removeprefix("#")
        is_number = bool(stated and _NUMBER.match(number)) and len(number) <= _MAX_NUMBER_LENGTH
        above = self._above.get(row.file)
        if is_number:
            self._above[row.file] = number
            nameless = self._nameless.pop(row.file, None)
            if nameless and not row.lines:  # An object with a list of lines is a whole order.
                self.spool.add_gap(number, nameless)
        if is_number and problem is None:
            self.spool.add(number, row)
            return
        if problem is not None:
            rejection = Rejection(self.spool.add(None, row), "bad_row", problem)
        else:
            reason = f"`order_number` must have letters, digits and - . _ / in between, and is `{shown(stated)}`."
            rejection = Rejection(
                self.spool.add(None, row), "bad_order_number" if stated else "no_order_number", reason
            )
        self.spool.reject(rejection)
        self._count_rejected(1)
        # A row with an order number belongs to this order. A row without a number can belong to the order in the rows
        # above or to the order in the rows below.
        if not is_number:
            self._nameless.setdefault(row.file, rejection)
        for key in {number} if is_number else {above} - {None}:
            self.spool.add_gap(cast(str, key), rejection)

    def _count_rejected(self, rows: int) -> None:
        self.job.counts["rejected"] += rows
        self.job.done += rows

    def chunks(self) -> Iterator[list[_Prepared]]:
        """Yield the orders that can be imported and are not written yet.

        Reject the rows of orders that cannot be imported.
        """
        chunk: list[_Prepared] = []
        rows = size = 0
        skipped = 0 if self.committed.has_refusals else self.committed.orders
        for group in self.spool.orders():
            if group.position % _CHECK_ROWS == 0:
                self.job.check_lease()
            try:
                assembled = self._assembled(group)
            except BadOrder as error:
                self._reject(group, error)
                continue
            self._count_total(group, assembled)
            if group.position <= skipped:
                continue
            chunk.append(_Prepared(group, assembled))
            rows += group.count + len(assembled.values["lines"])
            size += group.size
            if len(chunk) == CHUNK_ORDERS or rows >= CHUNK_ROWS or size >= CHUNK_BYTES:
                yield chunk
                chunk, rows, size = [], 0, 0
        if chunk:
            yield chunk

    def _assembled(self, group: Group) -> Assembled:
        if gap := self.spool.gap(group.key):
            reason = f"Row {gap[0]} was rejected ({gap[1]}), and is or can be a row of this order."
            raise BadOrder("order_incomplete", reason)
        if not group.rows:
            reason = f"The order has {group.count:,} rows with {group.size:,} bytes, and is too large to be imported."
            raise BadOrder("too_many_lines", reason)
        return assemble(group.key, group.rows, self.fields, self.settings)

    def _reject(self, group: Group, error: BadOrder) -> None:
        """Reject the rows of an order. The row that causes the error gets the reason of the error.

        The reason of all other rows names the row that causes the error.
        """
        self.orders["rejected"] += 1
        self._count_rejected(group.count)
        if error.row is None:
            self.spool.reject_order(group.position, error.code, error.reason)
            return
        self.spool.reject(Rejection(error.row, error.code, error.reason))
        reason = f"Row {error.row.number} of the same order was rejected ({error.code})."
        self.spool.reject_order(group.position, "order_incomplete", reason, but=error.row.seq)

    def _count_total(self, group: Group, assembled: Assembled) -> None:
        """Count an order whose total differs from the sum of its lines.

        The result of the job names the first such orders.
        """
        if not assembled.has_other_total:
            return
        self.orders["with_other_total"] += 1
        if len(self.other_totals) < FIRST_ERRORS:
            names = ("order_number", "total_amount", "currency")
            self.other_totals.append(
                {"line": group.rows[0].number, "lines_amount": str(assembled.lines_amount)}
                | {name: assembled.values[name] for name in names}
            )

    def write(self, chunk: Sequence[_Prepared]) -> None:
        """Import a chunk of orders, and save the progress. Raises LeaseLost or DeadlineReached."""
        job, progress = self.job, self.progress
        job.check_lease()
        last = chunk[-1].group.position
        document = orjson.dumps([prepared.assembled.values for prepared in chunk]).decode()
        # If the chunk was already committed, the database compares its orders again to find out which orders were
        # refused. If an order does not exist any more, the database creates it, because the checkpoint counts the order
        # as created.
        is_rehearsal = self.settings.is_rehearsal
        with writing(SYSTEM) as tx:
            rows = sql.import_orders(tx, job_id=job.id, orders=document, is_rehearsal=is_rehearsal)
            outcomes = {row["order_number"]: (row["outcome"], row["differing"]) for row in rows}
            for group, _ in chunk:
                outcome, _ = outcomes[group.key]
                progress.outcomes[outcome] += 1
                if outcome in _REFUSALS:
                    job.counts["rejected"] += group.count
                    self.orders["rejected"] += 1
                else:
                    job.counts[cast(RowCount, outcome)] += group.count
                    progress.rows[outcome] += group.count
                    self.orders[outcome] += 1
                job.done += group.count
            progress.orders, progress.key = last, chunk[-1].group.key
            if last > self.committed.orders:  # Comparing a committed chunk again is no progress.
                job.checkpoint = progress.as_json()
            job.save(tx)
        for group, _ in chunk:
            outcome, differing = outcomes[group.key]
            if outcome in _REFUSALS:
                names = ", ".join(f"`{name}`" for name in differing)
                self.spool.reject_order(group.position, outcome, _REFUSALS[outcome].format(differing=names))

    def complete(self) -> None:
        """Write the error file and the result, and complete the job."""
        job = self.job
        names = ("read", "created", "unchanged", "rejected", "with_other_total")
        result: dict[str, Any] = {
            "status": "completed",
            "counts": dict(job.counts),
            "orders": {name: self.orders[name] for name in names},
            "other_totals": self.other_totals,
            "columns": [{field: shown(column) for column, field in of_columns.items()} for of_columns in self.fields],
            "unread_columns": columns.unread(self.headers, self.fields, self.names_of_lines),
            "missing_fields": columns.missing(self.fields, self.names_of_lines, self.settings),
            "dry_run": self.settings.is_rehearsal,
        }
        first = [
            {"line": each.row.number, "sku": None, "code": each.code, "reason": each.reason}
            for each in islice(self.spool.rejections(), FIRST_ERRORS)
        ]
        path = f"{FOLDER}{job.payload['site_id']}/results/import.{job.id}"
        result["result_file"] = f"{path}.json"
        if first:
            result["error_file"] = error_files.write(self.spool, BUCKET, path, self.fields, self.settings)
        document = {"job_id": str(job.id), "site_id": job.payload["site_id"], **result}
        storage.put(BUCKET, result["result_file"], json.dumps(document, indent=2).encode(), "application/json")
        with writing(SYSTEM) as tx:
            job.complete(tx, result, first)
        if not self.settings.is_rehearsal:
            _delete_uploads(job)


def _delete_uploads(job: jobs.LeasedJob) -> None:
    """Delete the imported files, because they contain personal data. If this fails, the lifecycle rule of the bucket
    deletes the files later.
    """
    for source in job.payload["files"]:
        version = storage.ObjectVersion(source["key"], source["version_id"], 0, datetime.now(UTC), False)
        storage.delete_versions(uploads.BUCKET, [version])
