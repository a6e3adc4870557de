"""The command `wecelebrate dlq`: lists, shows, redrives and dismisses dead letters.

A dead letter is a job or a message that failed although its input is valid.
"""

import json
from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import typer

from infra.command import output
from infra.command.help import API, SETTINGS, documented
from infra.command.job_texts import age, owner
from infra.command.output import Cell, Column, Json, JsonOption, YesOption
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

app = typer.Typer(no_args_is_help=True, help="List, show, redrive and dismiss dead letters.", **SETTINGS)

IdsArgument = Annotated[list[UUID] | None, typer.Argument(help="Ids of the dead letters.", show_default=False)]
AllOption = Annotated[
    bool, typer.Option("--all", help="All dead letters that were neither redriven nor dismissed yet.")
]
QueueOption = Annotated[str | None, typer.Option("--queue", help="Only dead letters of this queue.")]
_PATH = "/v1/admin/dlq"
_COLUMNS = (
    Column("dead letter"),
    Column("queue", shorten=True),
    Column("client", shorten=True),
    Column("code", shorten=True),
    Column("reason", shorten=True),
    Column("attempts", right=True),
    Column("age"),
)
_EXAMPLE_ID = "01a20512-5e16-7075-8b8c-1b6a3ce1d0a5"


@app.command(
    "list",
    cls=documented(
        "wecelebrate dlq list --queue catalog-syncs",
        "wecelebrate dlq list --json | jq -r '.data[].id'",
        environment=API,
    ),
)
def list_letters(  # noqa: PLR0917 - each parameter is an option
    queue: QueueOption = None,
    client: ClientOption = None,
    redriven: Annotated[
        bool,
        typer.Option(
            "--redriven", help="List only dead letters that were redriven. Without this option, list only the others."
        ),
    ] = False,
    dismissed: Annotated[
        bool,
        typer.Option(
            "--dismissed", help="List only dead letters that were dismissed. Without this option, list only the others."
        ),
    ] = False,
    limit: LimitOption = DEFAULT_LIMIT,
    as_json: JsonOption = False,
) -> None:
    """List dead letters, newest first."""
    print_list(
        _PATH,
        client,
        limit,
        as_json=as_json,
        plural="dead letters",
        columns=_COLUMNS,
        row=_row,
        queue=queue,
        redriven=str(redriven).lower(),
        # A dead letter can be dismissed first and redriven later. It is then listed with --redriven, and also with both
        # options.
        dismissed=None if redriven and not dismissed else str(dismissed).lower(),
    )


@app.command(cls=documented(f"wecelebrate dlq show {_EXAMPLE_ID}", environment=API))
def show(
    letter_id: Annotated[UUID, typer.Argument(help="Id of the dead letter.")],
    as_json: JsonOption = False,
) -> None:
    """Show all details of a dead letter."""
    not_found = f"dead letter {letter_id} does not exist"
    print_one(f"{_PATH}/{letter_id}", as_json=as_json, not_found=not_found, details=_details)


@app.command(
    cls=documented(
        f"wecelebrate dlq redrive {_EXAMPLE_ID}",
        "wecelebrate dlq redrive --all --queue catalog-syncs --yes",
        environment=API,
    )
)
def redrive(
    letter_ids: IdsArgument = None,
    all_letters: AllOption = False,
    queue: QueueOption = None,
    client: ClientOption = None,
    yes: YesOption = False,
) -> None:
    """Redrive dead letters: retry their jobs. If a dead letter has no job, send its message again.

    The exit code is 5 if the API refused to redrive a dead letter.
    """

    def text(letter: Json) -> str:
        return f"redriven: job {letter['job_id']}" if letter["job_id"] else f"redriven to {letter['queue']}"

    _change_each("redrive", letter_ids, all_letters, queue, client, yes, text)


@app.command(
    cls=documented(
        f"wecelebrate dlq dismiss {_EXAMPLE_ID}",
        "wecelebrate dlq dismiss --all --queue catalog-syncs --client acme",
        environment=API,
    )
)
def dismiss(
    letter_ids: IdsArgument = None,
    all_letters: AllOption = False,
    queue: QueueOption = None,
    client: ClientOption = None,
    yes: YesOption = False,
) -> None:
    """Dismiss dead letters that nobody will redrive, e.g. of a wrong file.

    The list and the figures no longer contain dismissed dead letters. Their jobs and messages do not change, and the
    audit log records who dismissed them. A dismissed dead letter can be redriven later.
    """
    _change_each("dismiss", letter_ids, all_letters, queue, client, yes, lambda _: "dismissed")


def _change_each(  # noqa: PLR0917 - the options of both commands
    verb: str,
    letter_ids: list[UUID] | None,
    all_letters: bool,
    queue: str | None,
    client: str | None,
    yes: bool,
    text: Callable[[Json], str],
) -> None:
    """Redrive or dismiss dead letters, and print the result of `text` for each dead letter."""
    if bool(letter_ids) == all_letters:
        raise typer.BadParameter("give either the ids of dead letters or --all")
    if letter_ids and (queue or client):
        raise typer.BadParameter("--queue and --client can only be used with --all, not with ids")
    from infra.command.api import connect, get_all, post

    with connect() as connection:
        ids = letter_ids or []
        if all_letters:
            slugs = client_slugs(connection.api) if client else {}
            query = filters(slugs, client, queue=queue, redriven="false", dismissed="false")
            ids = [UUID(letter["id"]) for letter in get_all(connection.api, _PATH, query)]
        if not ids:
            output.note("no dead letters match")
            return
        output.confirm(f"{verb.capitalize()} {len(ids)} dead letter{'s' * (len(ids) > 1)}?", yes)

        def change(id: UUID) -> str:
            return text(post(connection.api, f"{_PATH}/{id}/{verb}", not_found="this dead letter does not exist"))

        apply_to_each(ids, change)


def _row(letter: Json, clients: Clients) -> tuple[Cell, ...]:
    return (
        letter["id"],
        letter["queue"],
        owner(letter, clients),
        letter["code"],
        letter["reason"],
        str(letter["receives"]),
        age(letter["created_at"]),
    )


def _details(letter: Json, clients: Clients) -> dict[str, Cell]:
    return {
        "dead letter": letter["id"],
        "queue": letter["queue"],
        "client": owner(letter, clients),
        "job": letter["job_id"] and f"{letter['job_id']}, {letter['job_status']}",
        "created": f"{age(letter['created_at'])} ago, after {letter['receives']} attempts",
        "reason": f"{letter['code']}: {letter['reason']}",
        "message": json.dumps(letter["body"], ensure_ascii=False),
        "redriven": letter["redriven_at"] and f"{age(letter['redriven_at'])} ago by {letter['redriven_by']}",
        "dismissed": letter["dismissed_at"] and f"{age(letter['dismissed_at'])} ago by {letter['dismissed_by']}",
    }
