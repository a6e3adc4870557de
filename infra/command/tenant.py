"""The command `wecelebrate tenant`: restores rows and values of one client from a restored database."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from infra.command import output
from infra.command.aws import environment_named
from infra.command.errors import ApiUnreachable, BadUsage
from infra.command.help import SETTINGS, documented
from infra.command.output import Cell, Column, JsonOption, YesOption
from infra.command.target import NAMED

app = typer.Typer(
    no_args_is_help=True, help="Restore rows and values of one client from a restored database.", **SETTINGS
)

_COLUMNS = (
    Column("table"),
    Column("missing", right=True),
    Column("equal", right=True),
    Column("different", right=True),
    Column("only live", right=True),
    Column("keys of different rows", shorten=True),
)
_DIFFERENCE_COLUMNS = (
    Column("table"),
    Column("row"),
    Column("column"),
    Column("live", shorten=True),
    Column("restored", shorten=True),
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
_Only = Annotated[list[str] | None, typer.Option("--only", metavar="TABLE", help="Only this table. Can be repeated.")]
_Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="TABLE", help="Leave this table out, e.g. analytics_events. Can be repeated."),
]
_Catalog = Annotated[
    str | None, typer.Option("--catalog", metavar="ID", help="Only values of this catalog and of its products.")
]
_Rows = Annotated[
    list[str] | None,
    typer.Option("--row", metavar="NAME", help="Only values of the row with this key, SKU or name. Can be repeated."),
]
_ON_AWS = "--env prod --client acme --restored wecelebrate-prod-restored"
_BY_URL = (
    "--client acme --restored postgresql://wc_migrate@restored/wecelebrate"
    " --live postgresql://wc_migrate@live/wecelebrate"
)
_FIRST_FIELDS = {"client", "copy", "with_access"}
"""The fields of a request that the function of every release knows."""
_VARIABLES = ("AWS_PROFILE", "NO_COLOR")


@app.command(
    "compare",
    cls=documented(
        f"wecelebrate tenant compare {_ON_AWS}",
        f"wecelebrate tenant compare {_ON_AWS} --values products.is_active",
        f"wecelebrate tenant compare {_BY_URL}",
        environment=_VARIABLES,
    ),
)
def compare(
    client: _Client,
    restored: _Restored,
    live: _Live = None,
    env: _Environment = None,
    *,
    only: _Only = None,
    without: _Without = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--values", metavar="TABLE[.COLUMN]", help="Show both values of rows that differ. Can be repeated."
        ),
    ] = None,
    catalog: _Catalog = None,
    row: _Rows = None,
    as_json: JsonOption = False,
) -> None:
    """Show which rows of a client the live database has lost or changed. The command changes nothing.

    With --values, the command also shows the live value and the restored value of each row that differs.
    """
    report = _run(restored, live, env, _request(client, values, only=only, without=without, catalog=catalog, rows=row))
    if as_json:
        output.print_json_list(report["differences"] if values else report["tables"], has_more=_has_more(report))
        return
    _print(report["tables"])
    if values:
        output.result()
        _print_differences(report)


@app.command(
    "restore",
    cls=documented(
        f"wecelebrate tenant restore {_ON_AWS}",
        f"wecelebrate tenant restore {_ON_AWS} --only products --overwrite products.is_active",
        f"wecelebrate tenant restore {_BY_URL}",
        environment=_VARIABLES,
    ),
)
def restore(
    client: _Client,
    restored: _Restored,
    live: _Live = None,
    env: _Environment = None,
    *,
    with_access: _Access = None,
    only: _Only = None,
    without: _Without = None,
    skip_conflicts: Annotated[
        bool,
        typer.Option("--skip-conflicts", help="Leave out rows that are in the way of live rows, and name them."),
    ] = False,
    overwrite: Annotated[
        list[str] | None,
        typer.Option(
            "--overwrite",
            metavar="TABLE[.COLUMN]",
            help="Also put the restored values into rows that exist. Can be repeated.",
        ),
    ] = None,
    catalog: _Catalog = None,
    row: _Rows = None,
    yes: YesOption = False,
) -> None:
    """Copy the missing rows of a client into the live database. Existing rows keep their values, unless --overwrite
    names the values.

    With --overwrite, the command shows the live value and the restored value of the first 200 rows that differ, and the
    number of all such rows. It then asks for a confirmation. If a value changes before it is overwritten, the command
    fails. Stock, orders, and everything that determines access cannot be overwritten.

    Rows that give access or send data, e.g. members and webhooks, can have been deleted on purpose. The command only
    reports these rows, unless `--with-access` names their table.
    """
    from wecelebrate.clients.restored_tables import ACCESS

    access = set(with_access or ())
    for table in access:
        if table not in ACCESS:
            raise BadUsage(f"--with-access: `{table}` must be one of {', '.join(ACCESS)}")
    request = _request(
        client, overwrite, only=only, without=without, catalog=catalog, rows=row, skip_conflicts=skip_conflicts
    )
    report = _run(restored, live, env, request)
    _print(report["tables"])
    missing = {each["table"]: each["missing"] for each in report["tables"] if each["missing"]}
    held = {table: count for table, count in missing.items() if table in ACCESS.keys() - access}
    for table, count in held.items():
        output.note(f"{count} rows of {table} are not copied, because {ACCESS[table]}")
    count, different = sum(missing.values()) - sum(held.values()), report.get("different", 0)
    if not (count or different):
        output.note("no other rows are missing" if held else "no rows are missing")
        return
    question = f"Copy {count} rows of {client} into"
    if different:
        output.result()
        _print_differences(report)
        question = f"Copy {count} rows of {client}, and overwrite values in {different} rows of"
    output.confirm(f"{question} {env or NAMED.get() or 'the live database'}?", yes)
    options: dict[str, Any] = {"copy": True, "with_access": sorted(access)}
    if overwrite:
        options["shown"] = report["digest"]
    report = _run(restored, live, env, request | options)
    _print_result(client, report)


def _print_result(client: str, report: Mapping[str, Any]) -> None:
    copied, overwritten = report["copied"], report.get("overwritten", {})
    output.success(f"{sum(copied.values())} rows of {client} were copied into {len(copied)} tables")
    for table, count in overwritten.items():
        output.success(f"{count} rows of {table} have their restored values again")
    for each in report.get("skipped_rows", ()):
        output.warning(f"not copied: {each['table']} {each['key']}: {each['reason']}")
    if (skipped := report.get("skipped", 0)) > len(report.get("skipped_rows", ())):
        output.warning(f"{skipped} rows were not copied; the first ones are above")
    output.note("persons who were erased since the backup are back: `wecelebrate erasures replay` erases them again")


def _request(client: str, values: list[str] | None, **selection: Any) -> dict[str, Any]:
    """Return the request without its empty fields, because the function of an earlier release does not know all fields.

    The request for the comparison already contains all options. Therefore the command detects a function that does not
    know them before any row is copied.
    """
    if (selection["catalog"] or selection["rows"]) and not values:
        raise BadUsage("--catalog and --row select values: use them with --values or --overwrite")
    fields = {"values": values, **selection}
    return {"client": client, "copy": False, "with_access": []} | {name: each for name, each in fields.items() if each}


def _run(restored: str, live: str | None, env: str | None, request: dict[str, Any]) -> dict[str, Any]:
    """Compare two databases, on AWS or at the given URLs. If `copy` is true, also write to the live database."""
    named = env or NAMED.get()
    if (live is None) == (named is None):
        raise BadUsage("give --env with the name of the restored cluster, or --restored and --live with two URLs")
    if live is not None:
        return _run_by_url(restored, live, request)
    from infra.deploy.account import Account, AwsError, aws_errors
    from infra.deploy.client_restore import restore_client
    from wecelebrate.clients.restoration import VERSION

    # Only the comparison is checked, because the report of a completed copy must never look like a failure.
    with aws_errors():
        report = restore_client(Account(environment_named(env)), restored, request)
    if report.get("version", 1) < VERSION and not request["copy"] and request.keys() - _FIRST_FIELDS:
        raise AwsError(
            f"the release of {named} does not know these options: use the checkout of the release that runs"
            f" (`wecelebrate status --env {named}` prints it)"
        )
    return report


def _run_by_url(restored: str, live: str, request: dict[str, Any]) -> dict[str, Any]:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    from wecelebrate.clients.restoration import Request, run
    from wecelebrate.clients.restored_tables import TenantError

    for parameter, url in (("--restored", restored), ("--live", live)):
        try:
            conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            raise BadUsage(
                f"{parameter} is not the URL of a database: give e.g. postgresql://wc_migrate@{parameter[2:]}/wecelebrate"
            ) from error
    try:
        return run(restored, live, Request.parse(request))
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


def _has_more(report: Mapping[str, Any]) -> bool:
    return bool(report.get("different", 0) > len(report.get("differences", ())))


def _print_differences(report: Mapping[str, Any]) -> None:
    """Print each value that differs."""
    output.print_table(
        _DIFFERENCE_COLUMNS,
        [
            (each["table"], each["name"], column, pair["live"], pair["restored"])
            for each in report["differences"]
            for column, pair in each["values"].items()
        ],
    )
    if _has_more(report):
        output.note(
            f"{report['different']} rows differ; the first {len(report['differences'])} are above. `restore`"
            " overwrites all of them: --catalog, --row and single columns select fewer"
        )
    if any(
        "…" in value for each in report["differences"] for pair in each["values"].values() for value in pair.values()
    ):
        output.note("values with … are cut around their first difference")
