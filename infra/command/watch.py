"""Watches jobs until they finish, and prints their results."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import httpx
from rich.markup import escape
from rich.table import Table

from infra.command.api import AdminClient, ApiUnavailable, get, get_all
from infra.command.console import console
from infra.command.progress import LOAD_TYPES, Json, ProgressBars, count_rows, is_unfinished, owner
from infra.local.control import supervised
from infra.local.hints import this_command
from infra.local.processes import LocalCloudError

T = TypeVar("T")

_RESTART_TIMEOUT = 30.0
"""The longest time for which the commands tolerate that the API is unavailable, in seconds. For example, the API is
unavailable while a part of the local cloud restarts."""
_POLL_INTERVAL = 0.1
"""The number of seconds between two requests, when one job is watched."""
_POLL_INTERVAL_ALL = 0.5
"""The number of seconds between two requests, when all jobs are watched."""
_BUCKETS = {"catalog_sync": "drops", "product_import": "uploads"}
"""Type of a job → bucket that contains the files of the job."""


def follow(cloud: AdminClient, find: Callable[[], Json | None], timeout: int) -> Json:
    """Show the progress of one job until it finishes, and return the finished job.

    If the job needs an approval, prints how to approve it, and continues to wait.

    Raises LocalCloudError after `timeout` seconds.

    find: a function that returns the current state of the job, or None if the job does not exist yet.
    """
    deadline = time.monotonic() + timeout
    call = _RetryingCaller(cloud.state)
    job: Json | None = None
    approval_printed = False
    with ProgressBars() as bars:
        while job is None or is_unfinished(job):
            if time.monotonic() > deadline:
                raise LocalCloudError(_timeout_message(job, timeout))
            job = call(find) or job
            bars.show([job])
            if job and job["awaiting_approval"] and not approval_printed:
                _print_approval(job)
            approval_printed = bool(job and job["awaiting_approval"])
            time.sleep(_POLL_INTERVAL)
    return job


def watch_all(cloud: AdminClient, clients: Mapping[str, str], query: Mapping[str, str | int]) -> bool:
    """Show the progress of all unfinished jobs, including jobs that are created later.

    Ends when all jobs have finished or wait for an approval. Returns False if a job failed or was cancelled
    during this time, and True otherwise.
    """
    call = _RetryingCaller(cloud.state)
    jobs: dict[str, Json] = {}
    succeeded = True
    with ProgressBars(clients) as bars:
        while True:
            unfinished = call(lambda: _unfinished_jobs(cloud.api, query))
            if unfinished is not None:
                for job_id in jobs.keys() - unfinished.keys():
                    succeeded &= _print_finished(cloud, call, job_id, clients)
                jobs = unfinished
                bars.show(jobs.values())
                if all(job["awaiting_approval"] for job in jobs.values()):
                    break
            time.sleep(_POLL_INTERVAL_ALL)
    for job in jobs.values():
        _print_approval(job)
    return succeeded


def report(cloud: AdminClient, job: Json) -> bool:
    """Print the result of a finished job. Returns whether the job was completed and rejected no row."""
    counts = job["counts"]
    if job["status"] != "completed":
        console.print(f"[red]✗[/] {job['status']}: {escape(str(job['error']))}")
        return False
    if job["type"] not in LOAD_TYPES:
        console.print("[green]✓[/] completed")
        return True
    if not counts["read"]:
        console.print("[yellow]![/] the file contains no rows")
        return True
    deactivated = f", {counts['deactivated']:,} deactivated" if counts["deactivated"] else ""
    console.print(
        f"[green]✓[/] {count_rows(counts['read'])}: {counts['created']:,} created, {counts['updated']:,} updated,"
        f" {counts['unchanged']:,} unchanged, {counts['rejected']:,} rejected{deactivated}"
    )
    if not counts["rejected"]:
        return True
    table = Table("line", "SKU", "reason", box=None, pad_edge=False, header_style="dim")
    for error in job["first_errors"]:
        table.add_row(str(error["line"]), escape(error["sku"] or ""), escape(error["reason"]))
    console.print(table)
    bucket = cloud.bucket(_BUCKETS[job["type"]])
    url = f"{cloud.endpoints.s3}/{bucket}/{quote(job['result']['error_file'])}"
    console.print(f"all rejected rows: {url}", markup=False)
    return False


class _RetryingCaller:
    """Calls the API. Tolerates errors while a part of the local cloud restarts."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._last_success = time.monotonic()

    def __call__(self, request: Callable[[], T]) -> T | None:
        """Return the result of `request`, or None if the API is temporarily unavailable.

        Raises LocalCloudError if the local cloud was stopped. Raises the error of `request` if the API stays
        unavailable.
        """
        now = time.monotonic()
        try:
            result = request()
        except (httpx.TransportError, ApiUnavailable) as error:
            if not supervised(self._state):
                raise LocalCloudError(
                    f"the local cloud was stopped: run `{this_command()} up` to continue with the job"
                ) from error
            if now - self._last_success > _RESTART_TIMEOUT:
                raise
            return None
        self._last_success = now
        return result


def _unfinished_jobs(api: httpx.Client, query: Mapping[str, str | int]) -> dict[str, Json]:
    statuses = ("processing", "pending")
    return {job["id"]: job for status in statuses for job in get_all(api, "/v1/jobs", {**query, "status": status})}


def _print_finished(cloud: AdminClient, call: _RetryingCaller, job_id: str, clients: Mapping[str, str]) -> bool:
    """Print the final status of a finished job. Returns False if the job failed or was cancelled."""
    job = call(lambda: get(cloud.api, f"/v1/jobs/{job_id}"))
    if job is None or is_unfinished(job):
        # `_unfinished_jobs` sends two requests, one for each status. A job that changes its status between the two
        # requests can be missing in both responses.
        return True
    completed = bool(job["status"] == "completed")
    reason = "" if completed else f": {escape(str(job['error']))}"
    mark = "[green]✓[/]" if completed else "[red]✗[/]"
    console.print(f"{mark} {job_id}  {owner(job, clients)}  {job['type']}  {job['status']}{reason}")
    return completed


def _print_approval(job: Json) -> None:
    result = job["result"] or {}
    reason = (
        f"the job would deactivate {result['would_deactivate']:,} of {result['of_active']:,} products"
        f" ({result['percent']} %)"
        if "would_deactivate" in result
        else "the job has stopped before its first change"
    )
    console.print(f"[yellow]![/] {job['id']} needs an approval: {reason}")
    console.print(f"  inspect it with `{this_command()} jobs show {job['id']}`", markup=False)
    console.print(f"  then run `{this_command()} jobs approve {job['id']}` or `jobs cancel`", markup=False)


def _timeout_message(job: Json | None, timeout: int) -> str:
    if job and job["awaiting_approval"]:
        return f"the job still needs an approval after {timeout} seconds: `{this_command()} jobs approve {job['id']}`"
    return f"the job has not finished after {timeout} seconds: `{this_command()} status` shows what is running"
