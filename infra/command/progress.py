"""Jobs as a person sees them: in a few words, as a row of a table, as a bar that moves."""

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

LOADS = ("catalog_sync", "product_import")
"""Types of jobs whose counts are rows."""
_PHASES = {
    "stage": "reading",
    "look": "comparing",
    "merge": "merging",
    "deactivate": "deactivating",
    "report": "ending",
}
_COLORS = {"completed": "green", "failed": "red", "cancelled": "dim"}
_WINDOW = 5.0
"""Seconds over which the pace is told."""
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_SCALE = 1_000


def is_open(job: Json) -> bool:
    """Whether it is not over yet."""
    return job["status"] in ("pending", "processing")


def state_of(job: Json) -> str:
    """What it does, in a word or two."""
    if job["awaiting_approval"]:
        return "needs approval"
    if job["status"] == "pending":
        return (
            f"again in {age(job['due_at'], ahead=True)}" if job["attempts"] and _until(job["due_at"]) > 0 else "waiting"
        )
    if job["status"] == "processing":
        return _PHASES.get(job["progress"]["phase"], "working") if job["type"] in LOADS else "working"
    return str(job["status"])


def painted(job: Json) -> str:
    """`state_of`, in the colour of its meaning."""
    color = "yellow" if job["awaiting_approval"] else _COLORS.get(job["status"], "")
    return f"[{color}]{escape(state_of(job))}[/]" if color else escape(state_of(job))


def rows(number: int) -> str:
    """A number of rows."""
    return f"{number:,} row" if number == 1 else f"{number:,} rows"


def age(moment: str, *, ahead: bool = False) -> str:
    """How long ago a moment was, or how far `ahead` it lies, by the largest unit."""
    return duration(_until(moment) if ahead else -_until(moment))


def duration(seconds: float) -> str:
    """Some seconds by their largest unit."""
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "0 s"


def table(jobs: Iterable[Json], clients: Mapping[str, str]) -> Table:
    """Jobs, one a row; `clients` has the names of those whose they are."""
    shown = Table("job", "client", "type", "state", "progress", "", "age", box=None, pad_edge=False, header_style="dim")
    for job in jobs:
        percent = job["progress"]["percent"]
        bar = ProgressBar(total=100, completed=percent, width=20) if percent is not None else ""
        figure = "" if percent is None else f"{percent:.0f} %"
        shown.add_row(job["id"], whose(job, clients), job["type"], painted(job), bar, figure, age(job["created_at"]))
    return shown


def details(lines: Mapping[str, Any]) -> Table:
    """All about one thing: what is said of it, by what it is about; what is empty is left out."""
    shown = Table(box=None, pad_edge=False, show_header=False)
    shown.add_column(style="dim")
    shown.add_column(overflow="fold")
    for name, value in lines.items():
        if value:
            shown.add_row(name, str(value))
    return shown


def whose(thing: Json, clients: Mapping[str, str]) -> str:
    """The name of the client that something is of."""
    return escape(clients.get(thing["client_id"], thing["client_id"]) if thing["client_id"] else "platform")


class View:
    """Bars of jobs that are under way; nothing where nobody looks."""

    def __init__(self, clients: Mapping[str, str] | None = None) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[percent]}"),
            TextColumn("{task.fields[rows]}"),
            TextColumn("{task.fields[pace]}"),
            TextColumn("{task.fields[left]}"),
            TimeElapsedColumn(),
        )
        self._clients = clients
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._bars: dict[str | None, TaskID] = {}
        self._paces: dict[str, _Pace] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, jobs: Iterable[Json | None]) -> None:
        """How these jobs stand, and no others; None is one that is not there yet."""
        shown = {job["id"] if job else None: job for job in jobs}
        for gone in self._bars.keys() - shown.keys():
            self._progress.remove_task(self._bars.pop(gone))
        for job_id, job in shown.items():
            if job_id not in self._bars:
                self._bars[job_id] = self._progress.add_task(
                    "waiting", total=None, percent="", rows="", pace="", left=""
                )
            if job:
                self._progress.update(self._bars[job_id], **self._told(job))

    def _told(self, job: Json) -> dict[str, Any]:
        progress = job["progress"]
        percent, left = progress["percent"], progress["eta_seconds"]
        pace = self._paces.setdefault(job["id"], _Pace()).of(job)
        name = f"{whose(job, self._clients)}  {job['type']}  " if self._clients is not None else ""
        return {
            "description": name + painted(job),
            "total": None if percent is None else 100 * _SCALE,
            "completed": 0 if percent is None else percent * _SCALE,
            "percent": "" if percent is None else f"{percent:.0f} %",
            "rows": rows(job["counts"]["read"]) if job["type"] in LOADS else "",
            "pace": f"{pace:,.0f} rows/s" if pace else "",
            "left": f"{duration(left)} left" if left else "",
        }


class _Pace:
    """Rows a second of one job, over the last few seconds of one phase."""

    def __init__(self) -> None:
        self._phase: str | None = None
        self._seen: deque[tuple[float, int]] = deque()

    def of(self, job: Json) -> float | None:
        """The pace; None while it is not known."""
        phase = job["progress"]["phase"]
        if job["type"] not in LOADS or phase != self._phase:
            self._phase = phase
            self._seen.clear()
        now = monotonic()
        self._seen.append((now, job["counts"]["read"] if phase == "stage" else job["progress"]["done"]))
        while len(self._seen) > 2 and now - self._seen[1][0] > _WINDOW:
            self._seen.popleft()
        (first, before), (last, after) = self._seen[0], self._seen[-1]
        return (after - before) / (last - first) if last > first and after > before else None


def _until(moment: str) -> float:
    return (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds()
