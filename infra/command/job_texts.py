"""Describes a job as text: its state in a few words, a row of a table, or all details."""

import json
import re
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime

from infra.command.output import Cell, Column, Json, Styled
from infra.local.hints import this_command

LOAD_TYPES = ("catalog_sync", "product_import")
"""The types of jobs that load the rows of a file. The counts of such a job are numbers of rows."""
_PHASES = {
    "stage": "reading",
    "look": "comparing",
    "merge": "merging",
    "deactivate": "deactivating",
    "report": "ending",
}
_COLORS = {"completed": "green", "failed": "red", "cancelled": "dim"}
_MAX_WARNINGS = 20
"""The maximum number of warnings of one job that are printed. `jobs show` prints all warnings."""
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))

COLUMNS = (
    Column("job"),
    Column("client", shorten=True),
    Column("type", shorten=True),
    Column("state", shorten=True),
    Column("progress", right=True),
    Column("age"),
)


def is_unfinished(job: Json) -> bool:
    """Return whether a job has not finished yet."""
    return job["status"] in ("pending", "processing")


def state_of(job: Json) -> str:
    """Return the state of a job, in a few words."""
    if job["waiting_for"]:
        return {"approval": "needs approval", "decision": "needs a decision"}[job["waiting_for"]]
    if job["blocked_by"]:
        return "blocked"
    if job["status"] == "pending":
        return (
            f"retry in {until(job['due_at'])}" if job["attempts"] and _seconds_until(job["due_at"]) > 0 else "waiting"
        )
    if job["status"] == "processing":
        return _PHASES.get(job["progress"]["phase"], "working") if job["type"] in LOAD_TYPES else "working"
    return "superseded" if job.get("error_code") == "superseded" else str(job["status"])


def styled_state(job: Json) -> Styled:
    """Return the same text as `state_of`, with the colour of the state."""
    return Styled(state_of(job), "yellow" if job["waiting_for"] else _COLORS.get(job["status"]))


def count_rows(number: int) -> str:
    """Return a number of rows as text, e.g. `1 row` or `1,000 rows`."""
    return f"{number:,} row" if number == 1 else f"{number:,} rows"


def count_orders(number: int) -> str:
    """Return a number of orders as text, e.g. `1 order` or `1,000 orders`."""
    return f"{number:,} order" if number == 1 else f"{number:,} orders"


def at_line(line: int, reason: str, sku: str | None = None) -> str:
    """Return the reason why a row was rejected, with the line number of the row, unless the reason already contains
    it."""
    if re.match(rf"line {line}(?!\d)", reason):
        return reason
    return f"line {line} ({sku}): {reason}" if sku else f"line {line}: {reason}"


def age(timestamp: str) -> str:
    """Return the time since an ISO 8601 timestamp, in the format of the function `duration`."""
    return duration(-_seconds_until(timestamp))


def until(timestamp: str) -> str:
    """Return the time until an ISO 8601 timestamp, in the format of the function `duration`."""
    return duration(_seconds_until(timestamp))


def duration(seconds: float) -> str:
    """Return a number of seconds in its largest unit, e.g. `9 min`. A negative number gives `0 s`."""
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "0 s"


def owner(row: Json, clients: Mapping[str, str]) -> str:
    """Return the slug of the client that owns a row, or `platform` if no client owns the row."""
    client: str | None = row["client_id"]
    return clients.get(client, client) if client else "platform"


def row(job: Json, clients: Mapping[str, str]) -> tuple[Cell, ...]:
    """Return the cells of a job. clients: maps ids to slugs."""
    percent = job["progress"]["percent"]
    label = "" if percent is None else f"{percent:.0f} %"
    return job["id"], owner(job, clients), job["type"], styled_state(job), label, age(job["created_at"])


def details(job: Json, clients: Mapping[str, str]) -> dict[str, Cell]:
    """Return the names and the texts of all details of a job. clients: maps ids to slugs."""
    progress, counts = job["progress"], job["counts"]
    return {
        "job": job["id"],
        "client": owner(job, clients),
        "catalog": job["catalog_id"],
        "type": f"{job['type']}, priority {job['lane']}",
        "state": styled_state(job),
        "starts after": job["blocked_by"],
        "requested": f"{age(job['created_at'])} ago by {job['requested_by']}",
        "file": job["source"] and f"{job['source']['key']} (version {job['source']['version_id']})",
        "progress": f"{progress['done']:,} of {progress['total']:,}" if progress["total"] else None,
        "rows": ", ".join(f"{count:,} {name}" for name, count in counts.items()) if counts["read"] else None,
        "attempts": f"{job['attempts']}; fails after {job['max_attempts']} in a row without progress",
        "error": job["error"] and f"{job['error_code']}: {job['error']}",
        "questions": "\n".join(question_lines(job)) if job["waiting_for"] == "decision" else None,
        "answers": job["answers"] and ", ".join(f"{key}={value}" for key, value in job["answers"].items()),
        "result": job["result"] and json.dumps(job["result"], indent=2, ensure_ascii=False),
        "first errors": "\n".join(at_line(error["line"], error["reason"]) for error in job["first_errors"]),
    }


def warning_lines(job: Json) -> list[str]:
    """Return the warnings of a completed job: doubts, values that were not understood, and notes."""
    result = job["result"] or {}
    warnings = (result.get("read_as") or {}).get("warnings") or []
    lines = [doubt["text"] for doubt in result.get("doubts", ())]
    if stop := result.get("would_stop"):
        verb = "ask" if stop["code"] == "needs_decision" else f"fail with {stop['code']}"
        lines.insert(0, f"the real run will {verb}: {', '.join(stop['keys'])}")
    if values := (result.get("read_as") or {}).get("decimal_of_earlier_file"):
        mark = result["read_as"]["decimal"]
        lines.append(f"{', '.join(values)}: the decimal separator `{mark}` was taken from the catalog's earlier file")
    if warnings:
        from wecelebrate.feeds.warnings import text_of  # the import of the reader of files takes long

        lines += map(text_of, warnings)
    lines += [f"needs an approval: {reason}" for reason in result.get("needs_approval", ())]
    if result.get("note"):
        lines.append(result["note"])
    if result.get("created_without_price"):
        number = result["created_without_price"]
        products = "1 product" if number == 1 else f"{number:,} products"
        lines.append(f"{products} without a price: inactive until a file has the price")
    if len(lines) > _MAX_WARNINGS:
        lines[_MAX_WARNINGS:] = [f"{len(lines) - _MAX_WARNINGS:,} more: `{this_command()} jobs show {job['id']}`"]
    return lines


def offers_line(job: Json) -> str | None:
    """Return how many offers in the file of a job are running and waiting, or None if the file has no offers."""
    offers = (job["result"] or {}).get("offers")
    return offers and f"offers: {offers['running']:,} running, {offers['waiting']:,} waiting"


def question_lines(job: Json) -> list[str]:
    """Return the questions of a job as lines of text, with their choices and examples."""
    return [line for question in job["questions"] for line in (*question_head(question), *choice_lines(question))]


def question_head(question: Json) -> list[str]:
    """Return the text of a question, and the values in the file that cause the question."""
    examples = [f"  seen: {', '.join(question['seen'])}"] if question["seen"] else []
    return [f"{question['key']}: {question['text']}", *examples]


def choice_lines(question: Json, numbered: bool = False) -> list[str]:
    """Return a line for each choice of a question. If `numbered` is true, each line begins with a number. Otherwise it
    begins with the value of the choice."""
    lines = []
    for number, choice in enumerate(question["choices"], 1):
        name = str(number) if numbered else shlex.quote(f"{question['key']}={choice['value']}")
        examples = f" ({'; '.join(choice['examples'])})" if choice["examples"] else ""
        lines.append(f"  {name}  {choice['label']}{examples}")
    return lines


def _seconds_until(timestamp: str) -> float:
    return (datetime.fromisoformat(timestamp) - datetime.now(UTC)).total_seconds()
