"""The command `wecelebrate jobs`: lists, shows and controls background jobs, and answers their questions."""

from typing import Annotated, Literal
from uuid import UUID

import typer

from infra.command.help import API, SETTINGS, documented
from infra.command.job_texts import COLUMNS, details, row
from infra.command.output import JsonOption
from infra.command.resources import (
    DEFAULT_LIMIT,
    ClientOption,
    LimitOption,
    apply_to_each,
    client_slugs,
    filters,
    print_list,
    print_one,
)

# `wecelebrate.jobs.types` defines the same types. To import the package of jobs would take longer than the rest of the
# command. A test compares the types.
JobType = Literal[
    "product_import",
    "catalog_sync",
    "report_generation",
    "email_notification",
    "image_processing",
    "data_export",
    "order_file",
    "erasure",
]
JobStatus = Literal["pending", "processing", "completed", "failed", "cancelled"]
WaitingFor = Literal["approval", "decision"]

app = typer.Typer(
    no_args_is_help=True, help="List, show, watch, cancel, retry, approve and decide background jobs.", **SETTINGS
)

_DEFAULT_TIMEOUT = 11 * 3600
"""The maximum time to wait for a job, in seconds. It is shorter than the 12 hours for which the access token is
valid."""

TypeOption = Annotated[JobType | None, typer.Option("--type", help="Only jobs of this type.")]
JobIds = Annotated[list[UUID], typer.Argument(help="Ids of the jobs.", show_default=False)]


@app.command(
    "list",
    cls=documented(
        "wecelebrate jobs list --status failed --client acme",
        "wecelebrate jobs list --json | jq -r '.data[] | select(.awaiting_approval).id'",
        environment=API,
    ),
)
def list_jobs(  # noqa: PLR0917 — each parameter is an option
    client: ClientOption = None,
    job_type: TypeOption = None,
    status: Annotated[JobStatus | None, typer.Option("--status", help="Only jobs with this status.")] = None,
    waiting_for: Annotated[
        WaitingFor | None, typer.Option("--waiting-for", help="Only jobs that wait for a person.")
    ] = None,
    limit: LimitOption = DEFAULT_LIMIT,
    as_json: JsonOption = False,
) -> None:
    """List jobs, newest first."""
    print_list(
        "/v1/jobs",
        client,
        limit,
        as_json=as_json,
        plural="jobs",
        columns=COLUMNS,
        row=row,
        type=job_type,
        status=status,
        waiting_for=waiting_for,
    )


@app.command(
    cls=documented(
        "wecelebrate jobs show 01a20512-5e16-7075-8b8c-1b6a3ce1d0a5",
        "wecelebrate jobs show 01a20512-5e16-7075-8b8c-1b6a3ce1d0a5 --json | jq .counts",
        environment=API,
    )
)
def show(
    job_id: Annotated[UUID, typer.Argument(help="Id of the job.")],
    as_json: JsonOption = False,
) -> None:
    """Show all details of a job."""
    print_one(f"/v1/jobs/{job_id}", as_json=as_json, not_found=f"job {job_id} does not exist", details=details)


@app.command(
    cls=documented(
        "wecelebrate jobs watch",
        "wecelebrate jobs watch 01a20512-5e16-7075-8b8c-1b6a3ce1d0a5 --timeout 600",
        environment=API,
    )
)
def watch(
    job_id: Annotated[UUID | None, typer.Argument(help="Id of the job. Without it, watch all unfinished jobs.")] = None,
    client: ClientOption = None,
    job_type: TypeOption = None,
    timeout: Annotated[
        int, typer.Option("--timeout", min=1, help="Maximum time to wait for the job, in seconds.")
    ] = _DEFAULT_TIMEOUT,
    as_json: JsonOption = False,
) -> None:
    """Show the progress of jobs until they have finished.

    Without an id, the command ends when all jobs have finished or wait for a person. With --json, it prints a line for
    each change of a job.

    If the job with the given id has questions, the command asks them on the terminal. Without a terminal, the exit code
    is 7. The exit code is 1 if a job failed or was cancelled, or if the job with the given id rejected rows.
    """
    from infra.command.api import connect, get
    from infra.command.watch import Watch, report

    if job_id and (client or job_type):
        raise typer.BadParameter("--client and --type cannot be used with the id of a job")
    with connect() as connection:
        if job_id is None:
            clients = client_slugs(connection.api)
            succeeded = Watch(connection, clients, as_json).all(filters(clients, client, type=job_type), timeout)
        else:
            path, not_found = f"/v1/jobs/{job_id}", f"job {job_id} does not exist"
            job = Watch(connection, None, as_json).one(lambda: get(connection.api, path, not_found=not_found), timeout)
            succeeded = report(connection, job, as_json)
    if not succeeded:
        raise typer.Exit(1)


@app.command(cls=documented("wecelebrate jobs cancel 01a20512-5e16-7075-8b8c-1b6a3ce1d0a5", environment=API))
def cancel(job_ids: JobIds) -> None:
    """Cancel jobs that have not finished. The changes that a job has already made stay."""
    _post_each(job_ids, "cancel", "cancelled")


@app.command(cls=documented("wecelebrate jobs retry 01a20512-5e16-7075-8b8c-1b6a3ce1d0a5", environment=API))
def retry(job_ids: JobIds) -> None:
    """Retry jobs that failed or were cancelled. A job continues after the last step that it completed."""
    _post_each(job_ids, "retry", "queued for a retry")


@app.command(cls=documented("wecelebrate jobs approve 01a20512-5e16-7075-8b8c-1b6a3ce1d0a5", environment=API))
def approve(job_ids: JobIds) -> None:
    """Approve the changes of jobs that wait for approval."""
    _post_each(job_ids, "approve", "approved, the job continues")


@app.command(
    cls=documented(
        "wecelebrate jobs decide 01a20512-5e16-7075-8b8c-1b6a3ce1d0a5",
        "wecelebrate jobs decide 01a20512-5e16-7075-8b8c-1b6a3ce1d0a5 --answer decimal=,",
        environment=API,
    )
)
def decide(
    job_id: Annotated[UUID, typer.Argument(help="Id of the job.")],
    answers: Annotated[
        list[str] | None,
        typer.Option(
            "--answer", metavar="KEY=VALUE", help="Answer to a question. Repeat the option for each question."
        ),
    ] = None,
) -> None:
    """Answer the questions of a job, so that it continues. The catalog keeps the answers for its next files.

    On a terminal, the command asks each question that has no --answer.
    """
    from infra.command import output
    from infra.command.api import connect, get
    from infra.command.decisions import parsed_answers, send_answers

    choices = parsed_answers(answers or [])
    with connect() as connection:
        job = get(connection.api, f"/v1/jobs/{job_id}", not_found=f"job {job_id} does not exist")
        decided = send_answers(connection.api, job, choices)
        is_cancelled = decided["status"] == "cancelled"
        output.success(f"{job_id}  {'cancelled' if is_cancelled else 'decided, the job continues'}")


def _post_each(job_ids: list[UUID], action: Literal["cancel", "retry", "approve"], result: str) -> None:
    from infra.command.api import connect, post

    with connect() as connection:

        def send(job_id: UUID) -> str:
            post(connection.api, f"/v1/jobs/{job_id}/{action}", not_found="this job does not exist")
            return result

        apply_to_each(job_ids, send)
