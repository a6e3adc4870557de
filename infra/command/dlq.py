"""`wecelebrate dlq`: dead letters, which are what could not be done through no fault of its input."""

import json
from collections.abc import Mapping
from itertools import islice
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape
from rich.table import Table

from infra.command.api import as_admin, every, get, post
from infra.command.console import console, print_whole
from infra.command.jobs import OfClient, clients_of, each, filters
from infra.command.progress import Json, age, details, whose

app = typer.Typer(no_args_is_help=True, help="Dead letters: list, show, send again.")

OfQueue = Annotated[str | None, typer.Option("--queue", help="Of one queue.")]
_LONGEST_REASON = 80


@app.command("list")
def list_letters(
    queue: OfQueue = None,
    client: OfClient = None,
    redriven: Annotated[
        bool, typer.Option("--redriven", help="Those that were sent again, in place of the others.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most that are shown.")] = 30,
) -> None:
    """Show dead letters, the newest first."""
    with as_admin() as cloud:
        clients = clients_of(cloud.api)
        query = filters(clients, client, queue=queue, redriven=str(redriven).lower(), limit=min(limit, 1000))
        found = list(islice(every(cloud.api, "/v1/admin/dlq", query), limit))
        if found:
            print_whole(_table(found, clients))
        else:
            console.print("there are no such dead letters")


@app.command()
def show(letter_id: Annotated[UUID, typer.Argument(help="The dead letter.")]) -> None:
    """Show all there is to know about a dead letter."""
    with as_admin() as cloud:
        letter = get(cloud.api, f"/v1/admin/dlq/{letter_id}", missing=f"there is no dead letter {letter_id}")
        console.print(_details(letter, clients_of(cloud.api)))


@app.command()
def redrive(
    letter_ids: Annotated[list[UUID] | None, typer.Argument(help="Dead letters.", show_default=False)] = None,
    all_of_them: Annotated[bool, typer.Option("--all", help="All that were not sent again yet.")] = False,
    queue: OfQueue = None,
    client: OfClient = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Do again what dead letters are about. The exit code is 1 when one of them was refused."""
    if bool(letter_ids) == all_of_them:
        raise typer.BadParameter("name dead letters, or say --all")
    if letter_ids and (queue or client):
        raise typer.BadParameter("--queue and --client choose among --all")
    with as_admin() as cloud:
        ids = letter_ids or []
        if all_of_them:
            query = filters(clients_of(cloud.api) if client else {}, client, queue=queue, redriven="false")
            ids = [UUID(letter["id"]) for letter in every(cloud.api, "/v1/admin/dlq", query)]
        if not ids:
            console.print("there are no such dead letters")
            return
        if not yes:
            typer.confirm(f"send {len(ids)} dead letter{'s' * (len(ids) > 1)} again?", abort=True)
        each(ids, lambda one: _redriven(post(cloud.api, f"/v1/admin/dlq/{one}/redrive", missing="there is none")))


def _redriven(letter: Json) -> str:
    return f"sent again: job {letter['job_id']}" if letter["job_id"] else f"sent again to {letter['queue']}"


def _table(letters: list[Json], clients: Mapping[str, str]) -> Table:
    shown = Table(
        "dead letter", "queue", "client", "code", "why", "tries", "age", box=None, pad_edge=False, header_style="dim"
    )
    for one in letters:
        reason = one["reason"].splitlines()[0] if one["reason"] else ""
        short = reason if len(reason) <= _LONGEST_REASON else reason[:_LONGEST_REASON] + "…"
        tries = str(one["receives"])
        shown.add_row(
            one["id"], one["queue"], whose(one, clients), one["code"], escape(short), tries, age(one["created_at"])
        )
    return shown


def _details(letter: Json, clients: Mapping[str, str]) -> Table:
    lines = {
        "dead letter": letter["id"],
        "queue": letter["queue"],
        "client": whose(letter, clients),
        "job": letter["job_id"] and f"{letter['job_id']}, {letter['job_status']}",
        "since": f"{age(letter['created_at'])}, tries: {letter['receives']}",
        "why": f"{letter['code']}: {escape(letter['reason'])}",
        "message": escape(json.dumps(letter["body"], ensure_ascii=False)),
        "sent again": letter["redriven_at"] and f"{age(letter['redriven_at'])} ago by {escape(letter['redriven_by'])}",
    }
    return details(lines)
