"""The command `wecelebrate audit`: lists the entries of the audit log."""

import json
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from infra.command.progress import Json, age, owner
from infra.command.resources import DEFAULT_LIMIT, ClientOption, Clients, LimitOption, print_list

_PATH = "/v1/audit"
_MAX_CHANGE_LENGTH = 80


def audit(  # noqa: PLR0917 — each parameter is an option
    client: ClientOption = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Only actions of this user or service.")] = None,
    action: Annotated[str | None, typer.Option("--action", help="Only this action, e.g. order.read.")] = None,
    object_id: Annotated[str | None, typer.Option("--object", help="Only actions on the object with this id.")] = None,
    request_id: Annotated[str | None, typer.Option("--request", help="Only the request with this id.")] = None,
    limit: LimitOption = DEFAULT_LIMIT,
) -> None:
    """List who changed what, and which personal data the platform's staff has read, newest first."""
    print_list(
        _PATH,
        client,
        limit,
        plural="entries",
        table=_table,
        subject=subject,
        action=action,
        object_id=object_id,
        request_id=request_id,
    )


def _table(entries: list[Json], clients: Clients) -> Table:
    table = Table(
        "age", "subject", "role", "action", "client", "object", "change", box=None, pad_edge=False, header_style="dim"
    )
    for entry in entries:
        change = json.dumps(entry["after"] or entry["before"] or entry["details"], ensure_ascii=False)
        if len(change) > _MAX_CHANGE_LENGTH:
            change = change[:_MAX_CHANGE_LENGTH] + "…"
        table.add_row(
            age(entry["created_at"]),
            escape(entry["subject"]),
            entry["admin_role"] or "",
            entry["action"],
            owner(entry, clients),
            escape(entry["object_id"]),
            escape(change),
        )
    return table
