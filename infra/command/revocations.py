"""The command `wecelebrate revocations`: lists revoked access that a restore of the database has made valid again."""

from datetime import UTC
from typing import Annotated

import typer

from infra.command import output
from infra.command.aws import AWS
from infra.command.environment import RequiredEnvironment, required_environment
from infra.command.files import time_since
from infra.command.help import command
from infra.command.output import Column, JsonOption

_COLUMNS = (
    Column("time"),
    Column("action"),
    Column("client", shorten=True),
    Column("object", shorten=True),
    Column("name", shorten=True),
    Column("fields", shorten=True),
    Column("by", shorten=True),
)


@command(
    "wecelebrate revocations --env prod --since 2026-11-27T08:30:00Z --cluster wecelebrate-prod-database",
    environment=AWS,
)
def revocations(
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="The time of the restore (RFC 3339, with its zone).")
    ],
    cluster: Annotated[
        str,
        typer.Option("--cluster", help="The cluster before the restore, e.g. wecelebrate-prod-database."),
    ],
    env: RequiredEnvironment = None,
    as_json: JsonOption = False,
) -> None:
    """List revoked access that a restore of the database to an earlier time has made valid again.

    The list contains removed members, machines, staff, grants, destinations, schedules and subscriptions, revoked
    sessions and invitations, and replaced secrets. It comes from the audit log of the cluster before the restore. If
    the live database already has a removal, the list does not contain it. Repeat each removal until the command prints
    no entry.
    """
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.revocations import revocations as find

    start = time_since(since)
    account = Account(required_environment(env))
    with aws_errors():
        entries = find(account, start, cluster)
    if as_json:
        output.print_json_list(
            [
                {
                    "time": entry.time.isoformat(),
                    "action": entry.action,
                    "client": entry.client,
                    "object_id": entry.object_id,
                    "name": entry.name,
                    "fields": list(entry.fields),
                    "subject": entry.subject,
                }
                for entry in entries
            ]
        )
        return
    if not entries:
        output.note(f"{account.environment.name} has no access that was removed later")
        return
    rows = [
        (
            f"{entry.time.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            entry.action,
            entry.client,
            entry.object_id,
            entry.name,
            ", ".join(entry.fields),
            entry.subject,
        )
        for entry in entries
    ]
    output.print_table(_COLUMNS, rows)
    output.warning(f"{len(entries)} removals are not in the live database: repeat them (docs/runbook.md)")
