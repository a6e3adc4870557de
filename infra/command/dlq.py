"""The command `wecelebrate dlq`: lists, shows and redrives dead letters.

A dead letter is a job or a message that failed although its input is valid.
"""

import json
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape
from rich.table import Table

from infra.command.api import as_admin, get_all, post
from infra.command.console import console
from infra.command.progress import Json, age, details, owner
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

app = typer.Typer(no_args_is_help=True, help="Dead letters: list, show and redrive them.")

QueueOption = Annotated[str | None, typer.Option("--queue", help="Only dead letters of this queue.")]
_PATH = "/v1/admin/dlq"
_MAX_REASON_LENGTH = 80


@app.command("list")
def list_letters(
    queue: QueueOption = None,
    client: ClientOption = None,
    redriven: Annotated[
        bool, typer.Option("--redriven", help="List only dead letters that were redriven. Without it, only the others.")
    ] = False,
    limit: LimitOption = DEFAULT_LIMIT,
) -> None:
    """List dead letters, newest first."""
    print_list(_PATH, client, limit, plural="dead letters", table=_table, queue=queue, redriven=str(redriven).lower())


@app.command()
def show(letter_id: Annotated[UUID, typer.Argument(help="Id of the dead letter.")]) -> None:
    """Show all details of a dead letter."""
    print_one(f"{_PATH}/{letter_id}", not_found=f"dead letter {letter_id} does not exist", details=_details)


@app.command()
def redrive(
    letter_ids: Annotated[
        list[UUID] | None, typer.Argument(help="Ids of the dead letters.", show_default=False)
    ] = None,
    all_letters: Annotated[
        bool, typer.Option("--all", help="Redrive all dead letters that were not redriven yet.")
    ] = False,
    queue: QueueOption = None,
    client: ClientOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Redrive dead letters. If a dead letter has a job, retry the job, otherwise send the message again.

    The exit code is 1 if the API refused to redrive a dead letter.
    """
    if bool(letter_ids) == all_letters:
        raise typer.BadParameter("give either the ids of dead letters or --all")
    if letter_ids and (queue or client):
        raise typer.BadParameter("--queue and --client can only be used with --all, not with ids")
    with as_admin() as cloud:
        ids = letter_ids or []
        if all_letters:
            query = filters(client_slugs(cloud.api) if client else {}, client, queue=queue, redriven="false")
            ids = [UUID(letter["id"]) for letter in get_all(cloud.api, _PATH, query)]
        if not ids:
            console.print("no dead letters match")
            return
        if not yes:
            typer.confirm(f"redrive {len(ids)} dead letter{'s' * (len(ids) > 1)}?", abort=True)

        def send(id: UUID) -> str:
            letter = post(cloud.api, f"{_PATH}/{id}/redrive", not_found="this dead letter does not exist")
            return f"redriven: job {letter['job_id']}" if letter["job_id"] else f"redriven to {letter['queue']}"

        apply_to_each(ids, send)


def _table(letters: list[Json], clients: Clients) -> Table:
    table = Table(
        "dead letter",
        "queue",
        "client",
        "code",
        "reason",
        "attempts",
        "age",
        box=None,
        pad_edge=False,
        header_style="dim",
    )
    for letter in letters:
        reason = letter["reason"].splitlines()[0] if letter["reason"] else ""
        if len(reason) > _MAX_REASON_LENGTH:
            reason = reason[:_MAX_REASON_LENGTH] + "…"
        table.add_row(
            letter["id"],
            letter["queue"],
            owner(letter, clients),
            letter["code"],
            escape(reason),
            str(letter["receives"]),
            age(letter["created_at"]),
        )
    return table


def _details(letter: Json, clients: Clients) -> Table:
    return details(
        {
            "dead letter": letter["id"],
            "queue": letter["queue"],
            "client": owner(letter, clients),
            "job": letter["job_id"] and f"{letter['job_id']}, {letter['job_status']}",
            "created": f"{age(letter['created_at'])} ago, after {letter['receives']} attempts",
            "reason": f"{letter['code']}: {escape(letter['reason'])}",
            "message": escape(json.dumps(letter["body"], ensure_ascii=False)),
            "redriven": letter["redriven_at"]
            and f"{age(letter['redriven_at'])} ago by {escape(letter['redriven_by'])}",
        }
    )
