"""Applies the news of a file to orders, and records the outcome.

Each piece of news has its own transaction, which also saves the progress of the job. If the news is refused, the same
transaction adds a row to `order_news_refusals`. If a worker dies, the next worker continues after the last committed
transaction. If the same news is applied again, it has no effect.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from wecelebrate import jobs
from wecelebrate.core import storage
from wecelebrate.core.database import SYSTEM, Transaction, as_json, queries, writing
from wecelebrate.core.formula_quotes import quoted
from wecelebrate.core.shortening import shortened_text
from wecelebrate.order_files import FOLDER
from wecelebrate.order_files import sql as destinations_sql
from wecelebrate.order_files.news.grouping import OrderNews, grouped, quantities
from wecelebrate.order_files.news.reading import MAX_BYTES, UnreadableFile, read
from wecelebrate.order_files.news.rows import NewsRow, RejectedRow
from wecelebrate.orders import notifications

sql = queries(__file__)

BUCKET = "drops"
_FIRST_ERRORS = 100
_MAX_SHOWN_SKU = 200
_MAX_ERROR_COLUMNS = 2_000
"""The largest number of columns in an error file. The platform cannot read a table with more columns."""
_MAX_ERROR_CELLS = 10_000_000
"""The largest number of cells in an error file. The limit is needed because each row of a JSON file can have other
columns.
"""

_REASONS = {
    "status": "The order is {detail}, which is final or further: the news had no effect, and is in its history.",
    "problem": "The order has the problem `{detail}`. Resolve it, and send the row again.",
    "too_many": "The order has fewer pieces left than the row names.",
    "nothing_left": "No piece of the order is left.",
    "unknown_lines": "The order has no such line.",
    "shipment_lines": "The order already has a shipment with this number and other pieces.",
    "exported": "The order was given to an ERP system, which must agree to the cancellation.",
    "older": "Newer news about this shipment are known already.",
}
_SOME_LINES = (
    "Some rows about this shipment name a line, and others do not. Fill in `line` or `sku` in each of these rows."
)
_UNCHANGED = ("unchanged", "older")


@dataclass
class _Outcome:
    rejected: list[RejectedRow] = field(default_factory=list)
    changed: int = 0
    unchanged: int = 0


def apply(job: jobs.LeasedJob) -> None:
    """Apply the news in a file. Raises JobRejected if the file cannot be read, or if the destination was deleted."""
    destination_id = UUID(job.payload["destination_id"])
    with writing(SYSTEM) as tx:
        destination = destinations_sql.get_destination(tx, destination_id=destination_id)
    if destination is None or destination["client_id"] != job.client_id:
        raise jobs.JobRejected("no_such_destination", "The destination was deleted.")
    try:
        rows, content_id = _read(job, ZoneInfo(destination["timezone"]))
    except UnreadableFile as error:
        _write_result(job, {"status": "failed", "error_code": "unreadable_file", "error": str(error)})
        raise jobs.JobRejected("unreadable_file", str(error)) from error
    outcome = _Outcome([row for row in rows if isinstance(row, RejectedRow)])
    news = _identified(destination["client_id"], [row for row in rows if isinstance(row, NewsRow)], outcome)
    _apply_all(job, grouped(news, content_id), outcome)
    _complete(job, destination_id, len(rows), outcome)


def _read(job: jobs.LeasedJob, zone: ZoneInfo) -> tuple[list[NewsRow | RejectedRow], str]:
    import hashlib

    key, version_id = job.payload["key"], job.payload["version_id"]
    try:
        with storage.open_version(BUCKET, key, version_id) as body:
            content = body.read(MAX_BYTES + 1)
            while len(content) <= MAX_BYTES and (more := body.read(MAX_BYTES + 1 - len(content))):
                content += more
    except storage.ObjectGone as error:
        raise UnreadableFile(str(error)) from error
    return read(content, storage.object_name(key), zone), hashlib.sha256(content).hexdigest()


def _identified(client_id: UUID, rows: Sequence[NewsRow], outcome: _Outcome) -> list[tuple[UUID, NewsRow]]:
    """Return each row with the id of its order. Reject the rows whose order does not belong to the client."""
    numbers = sorted({number.upper() for row in rows if (number := row.order_number)})
    external_numbers = sorted({number for row in rows if (number := row.external_number)})
    with writing(SYSTEM) as tx:
        orders = list(sql.find_orders(tx, client_id=client_id, numbers=numbers, external_numbers=external_numbers))
    by_number = {order["order_number"]: order["id"] for order in orders}
    by_external: dict[str, list[UUID]] = {}
    for order in orders:
        by_external.setdefault(order["external_number"], []).append(order["id"])
    identified = []
    for row in rows:
        candidates = by_external.get(row.external_number or "", [])
        order_id = by_number.get((row.order_number or "").upper())
        if order_id is None and row.order_number is None and len(candidates) == 1:
            order_id = candidates[0]
        if order_id is not None:
            identified.append((order_id, row))
        elif row.order_number is None and len(candidates) > 1:
            reason = f"Several orders have the number `{row.external_number}`. Fill in `order_number`."
            outcome.rejected.append(RejectedRow(row.number, "several_orders", reason, row.raw))
        else:
            reason = f"The order `{row.order_number or row.external_number}` does not exist."
            outcome.rejected.append(RejectedRow(row.number, "unknown_order", reason[:300], row.raw))
    return identified


def _apply_all(job: jobs.LeasedJob, news: Sequence[OrderNews], outcome: _Outcome) -> None:
    checkpoint = job.checkpoint
    outcome.changed, outcome.unchanged = int(checkpoint.get("changed", 0)), int(checkpoint.get("unchanged", 0))
    job.total = len(news)
    for position in range(int(checkpoint.get("news", 0)), len(news)):
        job.check_lease()
        item = news[position]
        with writing(SYSTEM) as tx:
            refusal = _apply_one(tx, item)
            if refusal is None:
                outcome.changed += len(item.rows)
            elif refusal[0] in _UNCHANGED:
                outcome.unchanged += len(item.rows)
            else:
                code, reason = refusal
                sql.record_refusal(
                    tx, job_id=job.id, client_id=job.client_id, position=position, code=code, reason=reason
                )
            job.done = position + 1
            job.checkpoint = {"news": position + 1, "changed": outcome.changed, "unchanged": outcome.unchanged}
            job.save(tx)
    with writing(SYSTEM) as tx:
        refusals = list(sql.list_refusals(tx, job_id=job.id))
    for row in refusals:
        rows = news[row["position"]].rows
        outcome.rejected += [RejectedRow(each.number, row["code"], row["reason"], each.raw) for each in rows]


def _apply_one(tx: Transaction, news: OrderNews) -> tuple[str, str] | None:
    """Apply news about an order. If the news has no effect, it returns a code and the reason. Otherwise it returns
    None.
    """
    common = {"order_id": news.order_id, "happened_at": news.happened_at}
    lines = None
    named = [row for row in news.rows if row.line is not None or row.sku]
    if news.kind != "acknowledged" and named:
        if len(named) < len(news.rows):
            return "bad_line", _SOME_LINES
        line_of_rows, unknown = _lines_of(tx, news)
        if unknown is not None:
            return "unknown_line", f"The order has no line with {unknown}."
        lines = quantities(news.rows, line_of_rows)
    match news.kind:
        case "acknowledged":
            row = sql.process_order(tx, external_number=news.newest("external_number"), **common)
        case "shipped" | "delivered":
            row = _ship_or_deliver(tx, news, lines, common)
        case "cancelled":
            values = as_json({"lines": lines}, "lines") if lines else {"lines": None}
            row = sql.cancel_order(tx, reason=news.newest("reason"), **values, **common)
    if row is None:
        return "older", _REASONS["older"]
    if row["refusal"] is None:
        notifications.publish(tx, news.order_id, row["news"])
        return None
    if row["refusal"] == "nothing_left" and lines is None and news.newest("shipment") is None:
        return "unchanged", ""  # The whole order was already shipped.
    reason = _REASONS.get(row["refusal"], "The order does not allow this.")
    return row["refusal"], reason.format(detail=str(row["detail"]).strip('"'))


def _ship_or_deliver(
    tx: Transaction, news: OrderNews, lines: list[dict[str, int | None]] | None, common: Mapping[str, Any]
) -> Any:
    """Ship or deliver a shipment. If the platform already has newer news about the shipment, it returns None."""
    stored = sql.find_shipment(tx, order_id=news.order_id, shipment=news.shipment) if news.shipment else None
    number = stored["number"] if stored else news.shipment
    if (
        stored
        and news.happened_at
        and sql.has_newer_news(tx, order_id=news.order_id, number=number, happened_at=news.happened_at, kind=news.kind)
    ):
        return None
    shipment = {
        "number": number,
        "carrier": news.newest("carrier"),
        "tracking_number": news.newest("tracking_number"),
        "tracking_url": news.newest("tracking_url"),
        "lines": lines,
    }
    query = sql.ship_order if news.kind == "shipped" else sql.deliver_order
    return query(tx, **as_json({"shipment": shipment}, "shipment"), **common)


def _lines_of(tx: Transaction, news: OrderNews) -> tuple[list[int | None], str | None]:
    """Return the line number of each row, or None for a row that names no line. If a row names a line that the order
    does not have, also return this name.
    """
    order_lines = list(sql.list_order_lines(tx, order_id=news.order_id))
    numbers = {line["line"] for line in order_lines}
    by_sku: dict[str, list[int]] = {}
    for line in order_lines:
        by_sku.setdefault(line["sku"], []).append(line["line"])
    lines: list[int | None] = []
    for row in news.rows:
        if row.line is not None and (row.line in numbers or not row.sku):
            if row.line not in numbers:
                return [], f"the number {row.line}"
            lines.append(row.line)
        elif row.sku:
            matches = by_sku.get(row.sku, [])
            if len(matches) != 1:
                sku = shortened_text(row.sku, _MAX_SHOWN_SKU)
                return [], f"the SKU `{sku}`" if not matches else f"only the SKU `{sku}`: fill in `line`"
            lines.append(matches[0])
        else:
            lines.append(None)
    return lines, None


def _complete(job: jobs.LeasedJob, destination_id: UUID, read_rows: int, outcome: _Outcome) -> None:
    outcome.rejected.sort(key=lambda row: row.number)
    job.counts |= {
        "read": read_rows, "updated": outcome.changed, "unchanged": outcome.unchanged,
        "rejected": len(outcome.rejected),
    }  # fmt: skip
    result: dict[str, Any] = {"status": "completed", "counts": dict(job.counts)}
    result["result_file"] = _result_key(job, "json")
    if outcome.rejected:
        result["error_file"] = _result_key(job, "errors.csv")
        storage.put(BUCKET, result["error_file"], _error_file(outcome.rejected), "text/csv; charset=utf-8")
    _write_result(job, result)
    errors = [
        {"line": row.number, "sku": None, "code": row.code, "reason": row.reason}
        for row in outcome.rejected[:_FIRST_ERRORS]
    ]
    sentence = f"Rows: {outcome.changed} changed, {outcome.unchanged} unchanged, {len(outcome.rejected)} rejected."
    with writing(SYSTEM) as tx:
        sql.delete_refusals(tx, job_id=job.id)
        destinations_sql.record_outcome(tx, destination_id=destination_id, job_id=job.id, outcome=sentence)
        job.complete(tx, result, errors)


def _result_key(job: jobs.LeasedJob, extension: str) -> str:
    folder = f"{FOLDER}{job.payload['destination_id']}/results"
    return f"{folder}/{storage.object_name(job.payload['key'])}.{job.id}.{extension}"


def _write_result(job: jobs.LeasedJob, result: Mapping[str, Any]) -> None:
    content = {"job_id": str(job.id), "file": job.payload["key"], **result}
    storage.put(BUCKET, _result_key(job, "json"), json.dumps(content, indent=2).encode(), "application/json")


def _error_file(rejected: Sequence[RejectedRow]) -> bytes:
    """Return an error file: the unchanged rejected rows with their errors. The user can correct this file and send it
    again.

    If the rows have too many columns, the file contains only the first columns.
    """
    names = dict.fromkeys(name for row in rejected for name in row.raw if not name.startswith("wecelebrate_"))
    columns = list(names)[: min(_MAX_ERROR_COLUMNS, _MAX_ERROR_CELLS // len(rejected))]
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([quoted(name) for name in columns] + [f"wecelebrate_{name}" for name in ("line", "code", "error")])
    for row in rejected:
        cells = [quoted(row.raw.get(name, "")) for name in columns]
        writer.writerow([*cells, row.number, row.code, row.reason])
    # JSON can contain unpaired surrogates, which UTF-8 cannot encode.
    return file.getvalue().encode("utf-8", "replace")
