"""`wecelebrate jobs`: what the platform does in the background, and what may be done about it."""

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Annotated, Literal
from uuid import UUID

import httpx
import typer
from rich.markup import escape
from rich.table import Table

from infra.command.api import as_admin, every, get, post
from infra.command.console import console, print_whole
from infra.command.progress import Json, age, details, painted, table, whose
from infra.command.watch import follow, report, watch_all
from infra.local.processes import LocalCloudError
from wecelebrate.jobs.types import JobStatus, JobType

app = typer.Typer(no_args_is_help=True, help="Background jobs: list, show, watch, cancel, retry, approve.")

_LONGEST = 11 * 3600

OfClient = Annotated[str | None, typer.Option("--client", help="Id or slug of a client.")]
OfType = Annotated[JobType | None, typer.Option("--type", help="What kind of jobs.")]
JobIds = Annotated[list[UUID], typer.Argument(help="Jobs.", show_default=False)]


@app.command("list")
def list_jobs(
    client: OfClient = None,
    of_type: OfType = None,
    status: Annotated[JobStatus | None, typer.Option(help="How they stand.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most that are shown.")] = 30,
) -> None:
    """Show jobs, the newest first."""
    with as_admin() as cloud:
        clients = clients_of(cloud.api)
        query = filters(clients, client, type=of_type, status=status, limit=min(limit, 1000))
        found = list(islice(every(cloud.api, "/v1/jobs", query), limit))
        if found:
            print_whole(table(found, clients))
        else:
            console.print("there are no such jobs")


@app.command()
def show(job_id: Annotated[UUID, typer.Argument(help="The job.")]) -> None:
    """Show all there is to know about a job."""
    with as_admin() as cloud:
        job = get(cloud.api, f"/v1/jobs/{job_id}", missing=f"there is no job {job_id}")
        console.print(_details(job, clients_of(cloud.api)))


@app.command()
def watch(
    job_id: Annotated[UUID | None, typer.Argument(help="The job; without one, all that are not over.")] = None,
    client: OfClient = None,
    of_type: OfType = None,
    timeout: Annotated[int, typer.Option(min=1, help="Longest wait for a job, in seconds.")] = _LONGEST,
) -> None:
    """Show progress until it is over. The exit code is 1 when a job failed, or rows of it were refused."""
    with as_admin() as cloud:
        if job_id is None:
            clients = clients_of(cloud.api)
            well = watch_all(cloud, clients, filters(clients, client, type=of_type))
        else:
            path = f"/v1/jobs/{job_id}"
            missing = f"there is no job {job_id}"
            well = report(cloud, follow(cloud, lambda: get(cloud.api, path, missing=missing), timeout))
    if not well:
        raise typer.Exit(1)


@app.command()
def cancel(job_ids: JobIds) -> None:
    """End jobs that are not done yet; what they have done stays."""
    _do(job_ids, "cancel", "cancelled")


@app.command()
def retry(job_ids: JobIds) -> None:
    """Do jobs again that failed or were cancelled: they go on where they stopped."""
    _do(job_ids, "retry", "is tried again")


@app.command()
def approve(job_ids: JobIds) -> None:
    """Let jobs do what they stopped before."""
    _do(job_ids, "approve", "approved: it goes on")


def clients_of(api: httpx.Client) -> dict[str, str]:
    """Id → slug of every client."""
    return {client["id"]: client["slug"] for client in every(api, "/v1/clients")}


def filters(clients: Mapping[str, str], client: str | None, **more: str | int | None) -> dict[str, str | int]:
    """A query of what was given; a client by its id or its slug. Raises LocalCloudError for one that is not there."""
    given: dict[str, str | int] = {name: value for name, value in more.items() if value is not None}
    if client is not None:
        found = next((id for id, slug in clients.items() if client in (id, slug)), None)
        if found is None:
            raise LocalCloudError(f"there is no client {client}")
        given["client_id"] = found
    return given


def each(ids: Iterable[UUID], do: Callable[[UUID], str]) -> None:
    """Do something to each, and say what; the exit code is 1 when one of them was refused."""
    refused = False
    for one in ids:
        try:
            console.print(f"[green]✓[/] {one}  {escape(do(one))}")
        except LocalCloudError as error:
            refused = True
            console.print(f"[red]✗[/] {one}  {escape(str(error))}")
    if refused:
        raise typer.Exit(1)


def _do(job_ids: list[UUID], verb: Literal["cancel", "retry", "approve"], done: str) -> None:
    with as_admin() as cloud:

        def one(job_id: UUID) -> str:
            post(cloud.api, f"/v1/jobs/{job_id}/{verb}", missing="there is no such job")
            return done

        each(job_ids, one)


def _details(job: Json, clients: Mapping[str, str]) -> Table:
    progress, counts = job["progress"], job["counts"]
    lines = {
        "job": job["id"],
        "client": whose(job, clients),
        "catalog": job["catalog_id"],
        "type": f"{job['type']}, {job['lane']} lane",
        "state": painted(job),
        "asked for": f"{age(job['created_at'])} ago by {escape(job['requested_by'])}",
        "file": job["source"] and f"{escape(job['source']['key'])} (version {job['source']['version_id']})",
        "progress": f"{progress['done']:,} of {progress['total']:,}" if progress["total"] else None,
        "rows": ", ".join(f"{count:,} {name}" for name, count in counts.items()) if counts["read"] else None,
        "attempts": f"{job['attempts']}; {job['max_attempts']} in a row may come no further",
        "error": job["error"] and f"{job['error_code']}: {escape(job['error'])}",
        "result": job["result"] and escape(json.dumps(job["result"], indent=2, ensure_ascii=False)),
        "first errors": "\n".join(f"line {one['line']}: {escape(one['reason'])}" for one in job["first_errors"]),
    }
    return details(lines)
