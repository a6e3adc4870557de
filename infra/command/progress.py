"""Shows the progress of jobs as bars on a terminal.

Import this module only to show bars, because it imports rich, which is slow.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from infra.command.job_texts import LOAD_TYPES, count_rows, duration, owner, styled_state
from infra.command.output import Json, printable

_RATE_WINDOW = 5.0
"""The number of seconds over which the rate of a job is averaged."""
_MIN_RATE_SECONDS = 2.0
"""The minimum time between the first and the last sample of a rate, in seconds. Before this time, the bar shows no rate
and no remaining time, because a worker commits whole chunks of rows, and the first chunks do not show the rate."""
_SCALE = 1_000
"""The number of steps of a progress bar for one percent. Rich counts only whole steps, so the bar needs many steps to
move smoothly."""


class ProgressBars:
    """Shows progress bars of jobs on a terminal."""

    def __init__(self, console: Console, clients: Mapping[str, str] | None = None) -> None:
        """clients: maps ids to slugs. If it is set, each bar shows the client of its job."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[percent]}"),
            TextColumn("{task.fields[rows]}"),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.fields[elapsed]}"),
        )
        self._clients = clients
        self._progress = Progress(*columns, console=console, transient=True)
        self._bars: dict[str | None, TaskID] = {}
        self._rates: dict[str, _Rates] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, jobs: Iterable[Json | None]) -> None:
        """Show the bars of these jobs, and remove all other bars. None in `jobs` is a job that does not exist yet."""
        jobs_by_id = {job["id"] if job else None: job for job in jobs}
        for job_id in self._bars.keys() - jobs_by_id.keys():
            self._progress.remove_task(self._bars.pop(job_id))
        for job_id, job in jobs_by_id.items():
            if job_id not in self._bars:
                self._bars[job_id] = self._progress.add_task(
                    "waiting", total=None, percent="", rows="", rate="", left="", elapsed=""
                )
            if job:
                self._progress.update(self._bars[job_id], **self._fields(job))

    def _fields(self, job: Json) -> dict[str, Any]:
        percent = job["progress"]["percent"]
        rates = self._rates.setdefault(job["id"], _Rates())
        rates.update(job)
        name = f"{escape(owner(job, self._clients))}  {job['type']}  " if self._clients is not None else ""
        state = styled_state(job)
        text = escape(printable(state.text))
        return {
            "description": name + (f"[{state.color}]{text}[/]" if state.color else text),
            "total": None if percent is None else 100 * _SCALE,
            "completed": 0 if percent is None else percent * _SCALE,
            "percent": "" if percent is None else f"{percent:.0f} %",
            "rows": count_rows(job["counts"]["read"]) if job["type"] in LOAD_TYPES else "",
            "rate": f"{rates.rows:,.0f} rows/s" if rates.rows else "",
            "left": f"{duration(rates.seconds_left)} left" if rates.seconds_left else "",
            "elapsed": _elapsed(job),
        }


class _Rates:
    """Computes how fast one job advances: the average over the last seconds of the current phase.

    The remaining time does not come from `eta_seconds` of the API. `eta_seconds` uses the average rate since the start
    of the job, which includes the time in which the job has waited for a retry or an approval.
    """

    def __init__(self) -> None:
        self.rows: float | None = None
        """Rows per second, or None if the samples do not cover enough time."""
        self.seconds_left: float | None = None
        """The remaining time, or None if the samples do not cover enough time."""
        self._phase: tuple[str | None, int | None] = (None, None)
        self._samples: deque[tuple[float, int, int]] = deque()
        """The samples. Each has a time, the number of rows at that time, and the completed work at that time."""

    def update(self, job: Json) -> None:
        """Add a sample, and compute the rates."""
        progress = job["progress"]
        phase = (progress["phase"], progress["total"])
        if job["status"] != "processing" or phase != self._phase:
            self._phase = phase
            self._samples.clear()
        now = monotonic()
        read = job["counts"]["read"] if progress["phase"] == "stage" else progress["done"]
        self._samples.append((now, read, progress["done"]))
        while len(self._samples) > 2 and now - self._samples[1][0] > _RATE_WINDOW:
            self._samples.popleft()
        (start, first_rows, first_done), (end, rows, done) = self._samples[0], self._samples[-1]
        seconds = end - start
        is_reliable = seconds >= _MIN_RATE_SECONDS
        self.rows = (
            (rows - first_rows) / seconds if is_reliable and rows > first_rows and job["type"] in LOAD_TYPES else None
        )
        self.seconds_left = (
            (progress["total"] - done) * seconds / (done - first_done)
            if is_reliable and progress["total"] and done > first_done
            else None
        )


def _elapsed(job: Json) -> str:
    """Return how long a job has been running, e.g. `0:01:05`, or "" if the job has not started."""
    started_at = job.get("started_at")
    if not started_at:
        return ""
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(started_at)).total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}" if seconds >= 0 else ""
