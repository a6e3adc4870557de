"""Watches jobs until they finish, and prints their results."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from infra.command import output
from infra.command.api import Connection, get, get_all, httpx
from infra.command.decisions import can_ask, print_questions, send_answers
from infra.command.errors import ApiUnavailable, ApiUnreachable, DecisionNeeded, TimedOut
from infra.command.job_texts import LOAD_TYPES, count_rows, is_unfinished, offers_line, owner, warning_lines
from infra.command.output import Column, Json
from infra.local.control import supervised
from infra.local.hints import this_command

if TYPE_CHECKING:
    from infra.command.progress import ProgressBars

T = TypeVar("T")

_RESTART_TIMEOUT = 30.0
"""The maximum time that a command waits while the API is unavailable, in seconds. For example, the API is unavailable
while a part of the local cloud restarts."""
_POLL_INTERVAL = 0.1
"""The number of seconds between two requests, when one job is watched."""
_POLL_INTERVAL_ALL = 0.5
"""The number of seconds between two requests, when all jobs are watched."""
_REMOTE_FACTOR = 10
"""On a deployed platform, the time between two requests is this factor times longer, because requests count against
quotas."""
_BUCKETS = {"catalog_sync": "drops", "order_file": "drops", "product_import": "uploads"}
"""Maps the type of a job to the bucket that contains the files of the job."""


class Watch:
    """Waits for jobs, and shows their progress: bars on a terminal or, with --json, a line for each change of a job."""

    def __init__(self, connection: Connection, clients: Mapping[str, str] | None, as_json: bool) -> None:
        """clients: maps ids to slugs. If it is set, each job is shown with its client."""
        self._connection = connection
        self._clients = clients
        self._as_json = as_json
        self._call = _RetryingCaller(connection)
        self._factor = 1 if connection.local else _REMOTE_FACTOR
        self._printed: dict[str, Json] = {}

    def one(self, find: Callable[[], Json | None], timeout: int) -> Json:
        """Show the progress of one job until it finishes, and return the finished job.

        On a terminal, this method asks the questions of the job. If the job needs an approval, the method waits until
        another command approves the job.

        Raises DecisionNeeded if no terminal is attached, or if an earlier job waits for a person and must end before
        this job. Raises TimedOut after `timeout` seconds. The time starts again with each question.

        find: a function that returns the current state of the job, or None if the job does not exist yet.
        """
        deadline = time.monotonic() + timeout
        job: Json | None = None
        approval_printed = False
        with self._view() as bars:
            while job is None or is_unfinished(job):
                if time.monotonic() > deadline:
                    raise TimedOut(_timeout_message(job, timeout))
                job = self._call(find) or job
                self._show(bars, [job])
                if job and job["awaiting_approval"] and not approval_printed:
                    _print_approval(job)
                    if not can_ask():
                        raise DecisionNeeded(f"the job needs an approval: `{this_command()} jobs approve {job['id']}`")
                approval_printed = bool(job and job["awaiting_approval"])
                if job and (job["waiting_for"] == "decision" or job["blocked_by"]):
                    break
                if job is None or is_unfinished(job):
                    time.sleep(_POLL_INTERVAL * self._factor)
        if not is_unfinished(job):
            return job
        # Ask the questions after the bars have ended, because the bars would overwrite the questions.
        self._decide(job)
        return self.one(find, timeout)

    def _decide(self, job: Json) -> None:
        """Ask the questions of a job.

        Raises DecisionNeeded if no terminal is attached, or if an earlier job waits for a person.
        """
        if job["blocked_by"]:
            raise DecisionNeeded(
                f"the job starts after an earlier job of its catalog, which waits for a person: "
                f"`{this_command()} jobs show {job['blocked_by']}`"
            )
        if not can_ask():
            print_questions(job)
            raise DecisionNeeded(f"the job has questions: `{this_command()} jobs decide {job['id']}` answers them")
        send_answers(self._connection.api, job, {})

    def all(self, query: Mapping[str, str | int], timeout: int) -> bool:
        """Show the progress of all unfinished jobs, including jobs that are created later.

        This method ends when all jobs have finished or wait for a person. It returns False if a job failed or was
        cancelled during this time, and True otherwise. Raises TimedOut after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        jobs: dict[str, Json] = {}
        succeeded, watched = True, False
        with self._view() as bars:
            while True:
                unfinished = self._call(lambda: _unfinished_jobs(self._connection.api, query))
                if unfinished is not None:
                    for job_id in jobs.keys() - unfinished.keys():
                        succeeded &= self._print_finished(job_id)
                    jobs = unfinished
                    watched = watched or bool(jobs)
                    self._show(bars, jobs.values())
                    if all(job["waiting_for"] or job["blocked_by"] for job in jobs.values()):
                        break
                if time.monotonic() > deadline:
                    raise TimedOut(f"{len(jobs)} jobs have not finished after {timeout} seconds")
                time.sleep(_POLL_INTERVAL_ALL * self._factor)
        if not watched:
            output.note("no job is running or waiting")
        for job in jobs.values():
            if job["waiting_for"] == "decision":
                print_questions(job)
            elif job["waiting_for"]:
                _print_approval(job)
            else:
                output.note(f"{job['id']} starts after {job['blocked_by']}")
        return succeeded

    def _view(self) -> Any:
        if self._as_json or not sys.stderr.isatty():
            return nullcontext()
        from rich.console import Console

        from infra.command.progress import ProgressBars

        return ProgressBars(Console(stderr=True), self._clients)

    def _show(self, bars: "ProgressBars | None", jobs: Iterable[Json | None]) -> None:
        if bars:
            bars.show(jobs)
        if self._as_json:
            for job in jobs:
                if job and self._printed.get(job["id"]) != job:
                    self._printed[job["id"]] = job
                    output.print_json_line(job)

    def _print_finished(self, job_id: str) -> bool:
        """Print the final status of a finished job. Return False if the job failed or was cancelled."""
        job = self._call(lambda: get(self._connection.api, f"/v1/jobs/{job_id}"))
        if job is None or is_unfinished(job):
            # `_unfinished_jobs` sends two requests, one for each status. A job that changes its status between the two
            # requests can be missing in both responses.
            return True
        completed = bool(job["status"] == "completed")
        if self._as_json:
            self._show(None, [job])
            return completed
        line = f"{job_id}  {owner(job, self._clients or {})}  {job['type']}  {job['status']}"
        if completed:
            output.success(line)
            _print_warnings(job)
        else:
            output.failure(f"{line}: {job['error']}")
        return completed


def report(connection: Connection, job: Json, as_json: bool) -> bool:
    """Print the result of a finished job. Return whether the job was completed and rejected no row.

    as_json: whether the job was already printed as JSON. If true, the function prints nothing.
    """
    counts = job["counts"]
    succeeded = bool(job["status"] == "completed" and not counts["rejected"])
    if as_json:
        return succeeded
    if job["status"] != "completed":
        output.failure(f"{job['status']}: {job['error']}")
        return False
    if job["type"] not in LOAD_TYPES:
        _print_other(connection, job)
        return succeeded
    if not counts["read"]:
        output.warning("the file contains no rows")
        return True
    would_be = "would be " if (job["result"] or {}).get("dry_run") else ""
    deactivated = f", {counts['deactivated']:,} {would_be}deactivated" if counts["deactivated"] else ""
    output.success(
        f"{count_rows(counts['read'])}: {counts['created']:,} {would_be}created, {counts['updated']:,}"
        f" {would_be}updated, {counts['unchanged']:,} unchanged, {counts['rejected']:,} rejected{deactivated}"
    )
    _print_warnings(job)
    if counts["rejected"]:
        columns = (Column("line"), Column("SKU", shorten=True), Column("reason"))
        output.print_table(
            columns, [(str(error["line"]), error["sku"], error["reason"]) for error in job["first_errors"]]
        )
        output.result(f"all rejected rows: {output.printable(error_file(connection, job))}")
    return succeeded


def _print_other(connection: Connection, job: Json) -> None:
    """Print the result of a completed job that does not load products."""
    from infra.command.order_import import is_import, print_import

    counts = job["counts"]
    if is_import(job):
        print_import(connection, job)
    elif not counts["rejected"]:
        output.success("completed")
    else:
        names = ("created", "updated", "unchanged", "rejected")
        parts = ", ".join(f"{counts[name]:,} {name}" for name in names if counts[name])
        output.warning(f"completed, {counts['read']:,} read: {parts}")
        print_rejections(connection, job)


def print_rejections(connection: Connection, job: Json) -> None:
    """Print the first rejected rows of a job that loads no products, and the location of the file with all of them."""
    if job["first_errors"]:
        table = (Column("line"), Column("code"), Column("reason"))
        output.print_table(table, [(str(each["line"]), each["code"], each["reason"]) for each in job["first_errors"]])
    if (job["result"] or {}).get("error_file"):
        output.result(f"all rejected rows: {output.printable(error_file(connection, job))}")


def _print_warnings(job: Json) -> None:
    """Print the offers, the doubts and the warnings of a completed job."""
    if job["type"] not in LOAD_TYPES:
        return
    if line := offers_line(job):
        output.result(f"  {line}")
    for warning in warning_lines(job):
        output.warning(output.printable(warning))


def error_file(connection: Connection, job: Json) -> str:
    """Return the location of the file with the rejected rows: its URL in the local cloud, otherwise its key."""
    key = job["result"]["error_file"]
    bucket = _BUCKETS[job["type"]]
    if connection.local is None:
        return f"{key} (bucket {bucket})"
    return f"{connection.local.endpoints.s3}/{connection.local.bucket(bucket)}/{quote(key)}"


class _RetryingCaller:
    """Calls the API, and ignores errors while a part of the platform restarts."""

    def __init__(self, connection: Connection) -> None:
        self._local = connection.local
        self._last_success = time.monotonic()

    def __call__(self, request: Callable[[], T]) -> T | None:
        """Return the result of `request`, or None if the API is temporarily unavailable.

        Raises ApiUnreachable if the local cloud was stopped. Raises the error of `request` if the API stays
        unavailable.
        """
        now = time.monotonic()
        try:
            result = request()
        except (httpx.TransportError, ApiUnavailable) as error:
            if self._local and not supervised(self._local.state):
                raise ApiUnreachable(
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


def _print_approval(job: Json) -> None:
    result = job["result"] or {}
    reasons = [reason["text"] for reason in result.get("reasons", ())]
    reason = (
        f"the job would deactivate {result['would_deactivate']:,} of {result['of_active']:,} products"
        f" ({result['percent']} %)"
        if "would_deactivate" in result
        else "the changes of the file can be a mistake"
        if reasons
        else "the job has stopped before its first change"
    )
    output.warning(f"{job['id']} needs an approval: {reason}")
    for each in result.get("reasons", ()):
        if each["code"] != "deactivates_missing":
            output.note(f"  {each['text']}")
            samples = (f"{sample['sku']}: {sample['before']} → {sample['after']}" for sample in each["samples"])
            output.note(f"    {', '.join(samples)}")
    output.note(f"  inspect it with `{this_command()} jobs show {job['id']}`")
    output.note(f"  then run `{this_command()} jobs approve {job['id']}` or `jobs cancel`")


def _timeout_message(job: Json | None, timeout: int) -> str:
    if job and job["awaiting_approval"]:
        return f"the job still needs an approval after {timeout} seconds: `{this_command()} jobs approve {job['id']}`"
    return f"the job has not finished after {timeout} seconds: `{this_command()} status` shows what is running"
