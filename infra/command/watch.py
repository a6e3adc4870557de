"""Watching jobs to their end, and saying what became of them."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import httpx
from rich.markup import escape
from rich.table import Table

from infra.command.api import Cloud, Unavailable, every, get
from infra.command.console import console
from infra.command.progress import LOADS, Json, View, is_open, rows, whose
from infra.local.control import supervised
from infra.local.hints import this_command
from infra.local.processes import LocalCloudError

T = TypeVar("T")

_PATIENCE = 30.0
"""Seconds in which a part that ended may be back."""
_EVERY = 0.1
"""Seconds between two looks at one job."""
_EVERY_OF_ALL = 0.5
"""Seconds between two looks at all of them."""
_BUCKETS = {"catalog_sync": "drops", "product_import": "uploads"}
"""Where the files of a type of jobs lie."""


def follow(cloud: Cloud, find: Callable[[], Json | None], timeout: int) -> Json:
    """Show the progress of the job that `find` finds, until it is over; the ended job. One that stops for an approval
    is waited for, and how to give it is said."""
    deadline = time.monotonic() + timeout
    ask = _Patient(cloud.state)
    job: Json | None = None
    told = False
    with View() as view:
        while job is None or is_open(job):
            if time.monotonic() > deadline:
                raise LocalCloudError(_not_done(job, timeout))
            job = ask(find) or job
            view.show([job])
            if job and job["awaiting_approval"] and not told:
                _ask_for_approval(job)
            told = bool(job and job["awaiting_approval"])
            time.sleep(_EVERY)
    return job


def watch_all(cloud: Cloud, clients: Mapping[str, str], query: Mapping[str, str | int]) -> bool:
    """Show the progress of all jobs that are not over, new ones too, until there are none but those that wait for an
    approval. Whether all that ended meanwhile were done."""
    ask = _Patient(cloud.state)
    seen: dict[str, Json] = {}
    well = True
    with View(clients) as view:
        while True:
            now = ask(lambda: _open(cloud.api, query))
            if now is not None:
                for job_id in seen.keys() - now.keys():
                    well &= _ended(cloud, ask, job_id, clients)
                seen = now
                view.show(now.values())
                if all(job["awaiting_approval"] for job in now.values()):
                    break
            time.sleep(_EVERY_OF_ALL)
    for job in seen.values():
        _ask_for_approval(job)
    return well


def report(cloud: Cloud, job: Json) -> bool:
    """Say what became of a job; whether it was done, and every row went in."""
    counts = job["counts"]
    if job["status"] != "completed":
        console.print(f"[red]✗[/] {job['status']}: {escape(str(job['error']))}")
        return False
    if job["type"] not in LOADS:
        console.print("[green]✓[/] completed")
        return True
    if not counts["read"]:
        console.print("[yellow]![/] the file holds no rows")
        return True
    gone = f", {counts['deactivated']:,} deactivated" if counts["deactivated"] else ""
    console.print(
        f"[green]✓[/] {rows(counts['read'])}: {counts['created']:,} created, {counts['updated']:,} updated,"
        f" {counts['unchanged']:,} unchanged, {counts['rejected']:,} rejected{gone}"
    )
    if not counts["rejected"]:
        return True
    table = Table("line", "SKU", "why", box=None, pad_edge=False, header_style="dim")
    for error in job["first_errors"]:
        table.add_row(str(error["line"]), escape(error["sku"] or ""), escape(error["reason"]))
    console.print(table)
    bucket = cloud.bucket(_BUCKETS[job["type"]])
    console.print(f"all of them: {cloud.endpoints.s3}/{bucket}/{quote(job['result']['error_file'])}", markup=False)
    return False


class _Patient:
    """Asks the API through a restart of one of its parts."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._answered = time.monotonic()

    def __call__(self, ask: Callable[[], T]) -> T | None:
        """What is answered; None when nobody answers for the moment. Raises LocalCloudError when the cloud was
        stopped, and what was answered instead when that lasts."""
        now = time.monotonic()
        try:
            answer = ask()
        except (httpx.TransportError, Unavailable) as error:
            if not supervised(self._state):
                raise LocalCloudError(
                    f"the local cloud was stopped; run `{this_command()} up`, and the file goes on"
                ) from error
            if now - self._answered > _PATIENCE:
                raise
            return None
        self._answered = now
        return answer


def _open(api: httpx.Client, query: Mapping[str, str | int]) -> dict[str, Json]:
    states = ("processing", "pending")
    return {job["id"]: job for status in states for job in every(api, "/v1/jobs", {**query, "status": status})}


def _ended(cloud: Cloud, ask: _Patient, job_id: str, clients: Mapping[str, str]) -> bool:
    """Say that a job is over; whether it was done."""
    found = ask(lambda: get(cloud.api, f"/v1/jobs/{job_id}"))
    if found is None or is_open(found):
        return True
    done = bool(found["status"] == "completed")
    why = "" if done else f": {escape(str(found['error']))}"
    mark = "[green]✓[/]" if done else "[red]✗[/]"
    console.print(f"{mark} {job_id}  {whose(found, clients)}  {found['type']}  {found['status']}{why}")
    return done


def _ask_for_approval(job: Json) -> None:
    found = job["result"] or {}
    what = (
        f"it would deactivate {found['would_deactivate']:,} of {found['of_active']:,} products ({found['percent']} %)"
        if "would_deactivate" in found
        else "it stopped before its first change"
    )
    console.print(f"[yellow]![/] {job['id']} waits for an approval: {what}")
    console.print(f"  look at it with `{this_command()} jobs show {job['id']}`", markup=False)
    console.print(f"  then `{this_command()} jobs approve {job['id']}`, or `jobs cancel`", markup=False)


def _not_done(job: Json | None, timeout: int) -> str:
    if job and job["awaiting_approval"]:
        return f"it waits for an approval for {timeout} seconds: `{this_command()} jobs approve {job['id']}`"
    return f"it is not done after {timeout} seconds; `{this_command()} status` shows what runs"
