"""The command `wecelebrate jobs`: lists, shows, watches, cancels, retries and approves background jobs."""

import json
from typing import Annotated, Literal
from uuid import UUID

import typer
from rich.markup import escape
from rich.table import Table

from infra.command.api import as_admin, get, post
from infra.command.progress import Json, age, details, job_table, owner, styled_state
from infra.command.resources import (
    DEFAULT_LIMIT,
    ClientOption,
    Clients,
    LimitOption,
    apply_to_each,
    client_slugs,
    filters,
    print_list,
    print_one,
)
from infra.command.watch import follow, report, watch_all
from wecelebrate.jobs.types import JobStatus, JobType

app = typer.Typer(no_args_is_help=True, help="Background jobs: list, show, watch, cancel, retry and approve them.")

_DEFAULT_TIMEOUT = 11 * 3600
"""The maximum time to wait for a job, in seconds. This is less than the 12 hours for which the access token is
valid."""

TypeOption = Annotated[JobType | None, typer.Option("--type", help="Only jobs of this type.")]
JobIds = Annotated[list[UUID], typer.Argument(help="Ids of the jobs.", show_default=False)]


@app.command("list")
def list_jobs(
    client: ClientOption = None,
    job_type: TypeOption = None,
    status: Annotated[JobStatus | None, typer.Option(help="Only jobs with this status.")] = None,
    limit: LimitOption = DEFAULT_LIMIT,
) -> None:
    """List jobs, newest first."""
    print_list("/v1/jobs", client, limit, plural="jobs", table=job_table, type=job_type, status=status)


@app.command()
def show(job_id: Annotated[UUID, typer.Argument(help="Id of the job.")]) -> None:
    """Show all details of a job."""
    print_one(f"/v1/jobs/{job_id}", not_found=f"job {job_id} does not exist", details=_details)


@app.command()
def watch(
    job_id: Annotated[UUID | None, typer.Argument(help="Id of the job. Without it, watch all unfinished jobs.")] = None,
    client: ClientOption = None,
    job_type: TypeOption = None,
    timeout: Annotated[
        int, typer.Option(min=1, help="Maximum time to wait for the job, in seconds.")
    ] = _DEFAULT_TIMEOUT,
) -> None:
    """Show the progress of jobs until they have finished. The exit code is 1 if a job failed or rejected rows."""
    with as_admin() as cloud:
        if job_id is None:
            clients = client_slugs(cloud.api)
            succeeded = watch_all(cloud, clients, filters(clients, client, type=job_type))
        else:
            path, not_found = f"/v1/jobs/{job_id}", f"job {job_id} does not exist"
            succeeded = report(cloud, follow(cloud, lambda: get(cloud.api, path, not_found=not_found), timeout))
    if not succeeded:
        raise typer.Exit(1)


@app.command()
def cancel(job_ids: JobIds) -> None:
    """Cancel jobs that have not finished. The changes that they have already made are kept."""
    _post_each(job_ids, "cancel", "cancelled")


@app.command()
def retry(job_ids: JobIds) -> None:
    """Retry jobs that failed or were cancelled. A job continues after the last step that it completed."""
    _post_each(job_ids, "retry", "queued for a retry")


@app.command()
def approve(job_ids: JobIds) -> None:
    """Approve the changes of jobs that wait for an approval."""
    _post_each(job_ids, "approve", "approved, the job continues")


def _post_each(job_ids: list[UUID], action: Literal["cancel", "retry", "approve"], result: str) -> None:
    with as_admin() as cloud:

        def send(job_id: UUID) -> str:
            post(cloud.api, f"/v1/jobs/{job_id}/{action}", not_found="this job does not exist")
            return result

        apply_to_each(job_ids, send)


def _details(job: Json, clients: Clients) -> Table:
    progress, counts = job["progress"], job["counts"]
    return details(
        {
            "job": job["id"],
            "client": owner(job, clients),
            "catalog": job["catalog_id"],
            "type": f"{job['type']}, priority {job['lane']}",
            "state": styled_state(job),
            "requested": f"{age(job['created_at'])} ago by {escape(job['requested_by'])}",
            "file": job["source"] and f"{escape(job['source']['key'])} (version {job['source']['version_id']})",
            "progress": f"{progress['done']:,} of {progress['total']:,}" if progress["total"] else None,
            "rows": ", ".join(f"{count:,} {name}" for name, count in counts.items()) if counts["read"] else None,
            "attempts": f"{job['attempts']}; fails after {job['max_attempts']} in a row without progress",
            "error": job["error"] and f"{job['error_code']}: {escape(job['error'])}",
            "result": job["result"] and escape(json.dumps(job["result"], indent=2, ensure_ascii=False)),
            "first errors": "\n".join(
                f"line {error['line']}: {escape(error['reason'])}" for error in job["first_errors"]
            ),
        }
    )
