"""The command `wecelebrate sql`: runs one SQL statement on the database of an environment on AWS."""

import json
from typing import Annotated

import typer

from infra.command import output
from infra.command.aws import AWS, environment_named
from infra.command.errors import BadUsage
from infra.command.help import command
from infra.command.output import Column, JsonOption, YesOption
from infra.command.target import NAMED


@command(
    "wecelebrate sql --env prod 'select id, offers from products where offer_changes_at < now()'",
    "wecelebrate sql --env prod --master 'select pid, usename, xact_start, state from pg_stat_activity'",
    "wecelebrate sql --env prod --write \"update clients set tier = 'professional' where slug = 'acme'\"",
    environment=AWS,
)
def sql(
    statement: Annotated[str, typer.Argument(help="One statement, in quotes.")],
    env: Annotated[
        str | None, typer.Option("--env", help="The environment: dev, staging or prod. Required.", show_default=False)
    ] = None,
    *,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", help="Another cluster than the live one, e.g. wecelebrate-prod-restored."),
    ] = None,
    master: Annotated[
        bool, typer.Option("--master", help="Run as the master user, e.g. to see and end sessions of others.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Change rows. Without it, the transaction only reads.")
    ] = False,
    as_json: JsonOption = False,
    yes: YesOption = False,
) -> None:
    """Run one SQL statement with your AWS credentials, and print its rows.

    The statement runs as `app_migrate`, which sees the rows of all clients. The master user itself may not read these
    rows. A statement may take 45 seconds, and may return 1 MB.

    Nothing records who has run the statement. In the audit log, a change has no caller, and a read has no entry. By
    default, CloudTrail does not log statements.
    """
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.data_api import ROLE, change_rows, read_rows

    if not (env or NAMED.get()):
        raise BadUsage("--env is required: name the environment, e.g. --env prod")
    if write and as_json:
        raise BadUsage("--json prints rows, and --write changes rows: use only one of these options")
    environment = environment_named(env)
    account, role = Account(environment), None if master else ROLE
    if write:
        where = cluster or environment.name
        output.confirm(f"Change rows of {where}?", yes)
        with aws_errors():
            count = change_rows(account, statement, role, cluster)
        output.success(f"{count} rows of {where} were changed")
        return
    with aws_errors():
        rows = read_rows(account, statement, role, cluster)
    if as_json:
        output.print_json_list(rows)
    elif rows:
        columns = [Column(name, shorten=True) for name in rows[0]]
        output.print_table(columns, [tuple(map(_text, row.values())) for row in rows])
    else:
        output.note("no rows")


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
