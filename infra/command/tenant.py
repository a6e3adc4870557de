"""The command `wecelebrate tenant`: copies one client from a restored database into the live database."""

from collections.abc import Collection
from typing import Annotated, Any

import typer

from infra.command import output
from infra.command.aws import environment_named
from infra.command.errors import ApiUnreachable, BadUsage
from infra.command.help import SETTINGS, documented
from infra.command.output import Cell, Column, JsonOption, YesOption
from infra.command.target import NAMED

app = typer.Typer(no_args_is_help=True, help="Copy one client from a restored database into the live one.", **SETTINGS)

_COLUMNS = (
    Column("table"),
    Column("missing", right=True),
    Column("equal", right=True),
    Column("different", right=True),
    Column("only live", right=True),
    Column("keys of different rows", shorten=True),
)
_Client = Annotated[str, typer.Option("--client", help="The slug of the client.")]
_Environment = Annotated[
    str | None, typer.Option("--env", help="The environment on AWS. The function deploy-migrate does the work there.")
]
_Restored = Annotated[
    str, typer.Option("--restored", help="The name of the restored cluster on AWS, or with --live its URL.")
]
_Live = Annotated[str | None, typer.Option("--live", help="The URL of the live database, instead of --env.")]
_Access = Annotated[
    list[str] | None,
    typer.Option(
        "--with-access",
        metavar="TABLE",
        help="Also copy the rows of this table, which give access or send data. Can be repeated.",
    ),
]
_ON_AWS = "--env prod --client acme --restored wecelebrate-prod-restored"
_BY_URL = (
    "--client acme --restored postgresql://wc_migrate@restored/wecelebrate"
    " --live postgresql://wc_migrate@live/wecelebrate"
)
_VARIABLES = ("AWS_PROFILE", "NO_COLOR")


@app.command(
    "compare",
    cls=documented(
        f"wecelebrate tenant compare {_ON_AWS}", f"wecelebrate tenant compare {_BY_URL}", environment=_VARIABLES
    ),
)
def compare(
    client: _Client,
    restored: _Restored,
    live: _Live = None,
    env: _Environment = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show which rows of a client the live database has lost or changed. The command changes nothing."""
    tables = _run(client, restored, live, env)["tables"]
    if as_json:
        output.print_json_list(tables)
    else:
        _print(tables)


@app.command(
    "restore",
    cls=documented(
        f"wecelebrate tenant restore {_ON_AWS}", f"wecelebrate tenant restore {_BY_URL}", environment=_VARIABLES
    ),
)
def restore(
    client: _Client,
    restored: _Restored,
    live: _Live = None,
    env: _Environment = None,
    *,
    with_access: _Access = None,
    yes: YesOption = False,
) -> None:
    """Copy the missing rows of a client into the live database. Rows that exist are not changed.

    Rows that give access or send data, e.g. of members and webhooks, can have been deleted on purpose. They are only
    reported, unless `--with-access` names their table.
    """
    from wecelebrate.clients.restoration import ACCESS

    access = set(with_access or ())
    for table in access:
        if table not in ACCESS:
            raise BadUsage(f"--with-access: `{table}` must be one of {', '.join(ACCESS)}")
    tables = _run(client, restored, live, env)["tables"]
    _print(tables)
    missing = {each["table"]: each["missing"] for each in tables if each["missing"]}
    held = {table: count for table, count in missing.items() if table in ACCESS.keys() - access}
    for table, count in held.items():
        output.note(f"{count} rows of {table} are not copied, because {ACCESS[table]}")
    count = sum(missing.values()) - sum(held.values())
    if not count:
        output.note("no other rows are missing" if held else "no rows are missing")
        return
    output.confirm(f"Copy {count} rows of {client} into {env or NAMED.get() or 'the live database'}?", yes)
    copied = _run(client, restored, live, env, copy=True, access=access)["copied"]
    output.success(f"{sum(copied.values())} rows of {client} were copied into {len(copied)} tables")
    output.note("persons who were erased since the backup are back: POST /v1/admin/erasures/replay erases them again")


def _run(
    client: str, restored: str, live: str | None, env: str | None, *, copy: bool = False, access: Collection[str] = ()
) -> dict[str, Any]:
    """Compare two databases, on AWS or at the given URLs. If `copy` is true, copy the missing rows."""
    named = env or NAMED.get()
    if (live is None) == (named is None):
        raise BadUsage("give --env with the name of the restored cluster, or --restored and --live with two URLs")
    if live is None:
        from infra.deploy.account import Account, aws_errors
        from infra.deploy.client_restore import restore_client

        with aws_errors():
            return restore_client(Account(environment_named(env)), client, restored, copy=copy, access=access)
    return _run_by_url(client, restored, live, copy=copy, access=access)


def _run_by_url(client: str, restored: str, live: str, *, copy: bool, access: Collection[str]) -> dict[str, Any]:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    from wecelebrate.clients.restoration import TenantError, run

    for parameter, url in (("--restored", restored), ("--live", live)):
        try:
            conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            raise BadUsage(
                f"{parameter} is not the URL of a database: give e.g. postgresql://wc_migrate@{parameter[2:]}/wecelebrate"
            ) from error
    try:
        return run(restored, live, client, copy=copy, access=access)
    except TenantError as error:
        raise BadUsage(f"{error}; nothing was copied") from error
    except psycopg.OperationalError as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ApiUnreachable(f"a database does not respond: check --restored and --live ({reason})") from error


def _print(tables: list[dict[str, Any]]) -> None:
    output.print_table(
        _COLUMNS, [_row(each) for each in tables if each["missing"] or each["different"] or each["only_live"]]
    )


def _row(table: dict[str, Any]) -> tuple[Cell, ...]:
    counts = (table[name] for name in ("missing", "equal", "different", "only_live"))
    return table["table"], *map(str, counts), ", ".join(table["different_keys"])
