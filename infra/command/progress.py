"""Displays jobs in three ways: as a few words for the state, as rows of a table, and as progress bars."""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Self

from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.table import Table

from infra.command.console import console

Json = dict[str, Any]

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
_RATE_WINDOW = 5.0
"""The number of seconds over which the rate of a job is averaged."""
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_SCALE = 1_000
"""The number of steps of a progress bar for one percent. Rich counts only whole steps. The bar therefore needs many
steps to move smoothly."""


def is_unfinished(job: Json) -> bool:
    """Return whether a job has not finished yet."""
    return job["status"] in ("pending", "processing")


def state_of(job: Json) -> str:
    """Return the state of a job, in a few words."""
    if job["awaiting_approval"]:
        return "needs approval"
    if job["status"] == "pending":
        return (
            f"retry in {until(job['due_at'])}" if job["attempts"] and _seconds_until(job["due_at"]) > 0 else "waiting"
        )
    if job["status"] == "processing":
        return _PHASES.get(job["progress"]["phase"], "working") if job["type"] in LOAD_TYPES else "working"
    return str(job["status"])


def styled_state(job: Json) -> str:
    """Return the same text as `state_of`, with markup for the colour of the state."""
    color = "yellow" if job["awaiting_approval"] else _COLORS.get(job["status"], "")
    return f"[{color}]{escape(state_of(job))}[/]" if color else escape(state_of(job))


def count_rows(number: int) -> str:
    """Return a number of rows as text, e.g. `1 row` or `1,000 rows`."""
    return f"{number:,} row" if number == 1 else f"{number:,} rows"


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


def job_table(jobs: Iterable[Json], clients: Mapping[str, str]) -> Table:
    """Return a table with a row for each job. clients: id → slug."""
    table = Table("job", "client", "type", "state", "progress", "", "age", box=None, pad_edge=False, header_style="dim")
    for job in jobs:
        percent = job["progress"]["percent"]
        bar = ProgressBar(total=100, completed=percent, width=20) if percent is not None else ""
        label = "" if percent is None else f"{percent:.0f} %"
        table.add_row(
            job["id"], owner(job, clients), job["type"], styled_state(job), bar, label, age(job["created_at"])
        )
    return table


def details(values: Mapping[str, Any]) -> Table:
    """Return a table with a row for each name and its value. Leaves out names with an empty value."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in values.items():
        if value:
            table.add_row(name, str(value))
    return table


def owner(row: Json, clients: Mapping[str, str]) -> str:
    """Return the slug of the client that owns a row, or `platform` if no client owns the row."""
    return escape(clients.get(row["client_id"], row["client_id"]) if row["client_id"] else "platform")


class ProgressBars:
    """Shows progress bars of jobs on a terminal. If the output is not a terminal, shows nothing."""

    def __init__(self, clients: Mapping[str, str] | None = None) -> None:
        """clients: id → slug. If this mapping is set, each bar shows the client of its job."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[percent]}"),
            TextColumn("{task.fields[rows]}"),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[left]}"),
            TimeElapsedColumn(),
        )
        self._clients = clients
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._bars: dict[str | None, TaskID] = {}
        self._rates: dict[str, _RowRate] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, jobs: Iterable[Json | None]) -> None:
        """Show the bars of these jobs, and remove all other bars. None represents a job that does not exist yet."""
        jobs_by_id = {job["id"] if job else None: job for job in jobs}
        for job_id in self._bars.keys() - jobs_by_id.keys():
            self._progress.remove_task(self._bars.pop(job_id))
        for job_id, job in jobs_by_id.items():
            if job_id not in self._bars:
                self._bars[job_id] = self._progress.add_task(
                    "waiting", total=None, percent="", rows="", rate="", left=""
                )
            if job:
                self._progress.update(self._bars[job_id], **self._fields(job))

    def _fields(self, job: Json) -> dict[str, Any]:
        progress = job["progress"]
        percent, left = progress["percent"], progress["eta_seconds"]
        rate = self._rates.setdefault(job["id"], _RowRate()).update(job)
        name = f"{owner(job, self._clients)}  {job['type']}  " if self._clients is not None else ""
        return {
            "description": name + styled_state(job),
            "total": None if percent is None else 100 * _SCALE,
            "completed": 0 if percent is None else percent * _SCALE,
            "percent": "" if percent is None else f"{percent:.0f} %",
            "rows": count_rows(job["counts"]["read"]) if job["type"] in LOAD_TYPES else "",
            "rate": f"{rate:,.0f} rows/s" if rate else "",
            "left": f"{duration(left)} left" if left else "",
        }


class _RowRate:
    """Computes how many rows one job processes per second.

    This rate is the average over the last seconds of the current phase.
    """

    def __init__(self) -> None:
        self._phase: str | None = None
        self._samples: deque[tuple[float, int]] = deque()
        """Samples, each with a time and the number of rows at that time."""

    def update(self, job: Json) -> float | None:
        """Add a sample and return the rate, or None if there are too few samples."""
        phase = job["progress"]["phase"]
        if job["type"] not in LOAD_TYPES or phase != self._phase:
            self._phase = phase
            self._samples.clear()
        now = monotonic()
        self._samples.append((now, job["counts"]["read"] if phase == "stage" else job["progress"]["done"]))
        while len(self._samples) > 2 and now - self._samples[1][0] > _RATE_WINDOW:
            self._samples.popleft()
        (start, start_rows), (end, end_rows) = self._samples[0], self._samples[-1]
        return (end_rows - start_rows) / (end - start) if end > start and end_rows > start_rows else None


def _seconds_until(timestamp: str) -> float:
    return (datetime.fromisoformat(timestamp) - datetime.now(UTC)).total_seconds()
