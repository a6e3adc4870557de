"""The command `wecelebrate audit`: lists the entries of the audit log."""

import json
from typing import Annotated

import typer

from infra.command.help import API, command
from infra.command.job_texts import age, owner
from infra.command.output import Cell, Column, Json, JsonOption
from infra.command.resources import DEFAULT_LIMIT, ClientOption, Clients, LimitOption, print_list

_PATH = "/v1/audit"
_COLUMNS = (
    Column("age"),
    Column("subject", shorten=True),
    Column("role"),
    Column("action"),
    Column("client", shorten=True),
    Column("object"),
    Column("change", shorten=True),
)


@command(
    "wecelebrate audit --subject client:acme --limit 100",
    "wecelebrate audit --action order.read --json | jq -r '.data[].object_id'",
    environment=API,
)
def audit(  # noqa: PLR0917 — each parameter is an option
    client: ClientOption = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Only actions of this user or service.")] = None,
    action: Annotated[str | None, typer.Option("--action", help="Only this action, e.g. order.read.")] = None,
    object_id: Annotated[str | None, typer.Option("--object", help="Only actions on the object with this id.")] = None,
    request_id: Annotated[str | None, typer.Option("--request", help="Only the request with this id.")] = None,
    limit: LimitOption = DEFAULT_LIMIT,
    as_json: JsonOption = False,
) -> None:
    """List who has changed data, and which personal data the platform's staff has read, newest first.

    Reads of the list of clients are shown only with --action client.list, --subject, --object or --request.
    """
    print_list(
        _PATH,
        client,
        limit,
        as_json=as_json,
        plural="entries",
        columns=_COLUMNS,
        row=_row,
        subject=subject,
        action=action,
        object_id=object_id,
        request_id=request_id,
    )


def _row(entry: Json, clients: Clients) -> tuple[Cell, ...]:
    return (
        age(entry["created_at"]),
        entry["subject"],
        entry["admin_role"],
        entry["action"],
        owner(entry, clients),
        entry["object_id"],
        json.dumps(entry["after"] or entry["before"] or entry["details"], ensure_ascii=False),
    )
