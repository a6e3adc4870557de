"""The command `wecelebrate tenant`: copies one client from a restored database into the live database."""

from typing import Annotated

import psycopg
import typer

from infra import tenants
from infra.command import output
from infra.command.errors import BadUsage
from infra.command.help import SETTINGS, documented
from infra.command.output import Cell, Column, YesOption

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
_Restored = Annotated[str, typer.Option("--restored", help="The URL of the restored database.")]
_Live = Annotated[str, typer.Option("--live", help="The URL of the live database.")]
_Access = Annotated[
    list[str] | None,
    typer.Option(
        "--with-access",
        metavar="TABLE",
        help="Also copy the rows of a table that give access or send data. Repeatable.",
    ),
]
_EXAMPLE = (
    "--client acme --restored postgresql://wc_migrate@restored/wecelebrate"
    " --live postgresql://wc_migrate@live/wecelebrate"
)


@app.command("compare", cls=documented(f"wecelebrate tenant compare {_EXAMPLE}", environment=("NO_COLOR",)))
def compare(client: _Client, restored: _Restored, live: _Live) -> None:
    """Show which rows of a client the live database has lost or changed. Changes nothing."""
    with psycopg.connect(restored) as old, psycopg.connect(live) as new:
        _print(_compare(old, new, client))
        new.rollback()


@app.command("restore", cls=documented(f"wecelebrate tenant restore {_EXAMPLE}", environment=("NO_COLOR",)))
def restore(
    client: _Client, restored: _Restored, live: _Live, with_access: _Access = None, yes: YesOption = False
) -> None:
    """Copy the missing rows of a client into the live database. Rows that exist are not changed.

    Rows that give access or send data, e.g. of members and webhooks, can have been deleted on purpose. They are only
    reported, unless `--with-access` names their table.
    """
    access = set(with_access or ())
    for table in access:
        if table not in tenants.ACCESS:
            raise BadUsage(f"--with-access: `{table}` must be one of {', '.join(tenants.ACCESS)}")
    with psycopg.connect(restored) as old, psycopg.connect(live) as new:
        comparisons = _compare(old, new, client)
        _print(comparisons)
        held = {
            each.table.name: len(each.missing)
            for each in comparisons
            if each.missing and each.table.name in tenants.ACCESS.keys() - access
        }
        missing = sum(len(each.missing) for each in comparisons if each.table.name not in held)
        for table, count in held.items():
            output.note(f"{count} rows of {table} are not copied, because {tenants.ACCESS[table]}")
        if not missing:
            output.note("no other rows are missing" if held else "no rows are missing")
            return
        if not yes and not typer.confirm(f"Copy {missing} rows of {client}?"):
            raise typer.Abort
        try:
            copied = tenants.copy_missing(old, new, comparisons, access)
        except tenants.TenantError as error:
            raise BadUsage(f"{error}; nothing was copied") from error
    output.success(f"{sum(copied.values())} rows of {client} were copied into {len(copied)} tables")
    output.note("persons who were erased since the backup are back: POST /v1/admin/erasures/replay erases them again")


def _compare(old: psycopg.Connection, new: psycopg.Connection, client: str) -> list[tenants.Comparison]:
    old.read_only = True
    try:
        return tenants.compare(old, new, tenants.client_id(old, client))
    except tenants.TenantError as error:
        raise BadUsage(str(error)) from error


def _print(comparisons: list[tenants.Comparison]) -> None:
    output.print_table(
        _COLUMNS, [_row(each) for each in comparisons if each.missing or each.different or each.only_live]
    )


def _row(comparison: tenants.Comparison) -> tuple[Cell, ...]:
    keys = ["/".join(key) for key in comparison.different[: tenants.MAX_KEYS]]
    counts = (len(comparison.missing), comparison.equal, len(comparison.different), comparison.only_live)
    return comparison.table.name, *map(str, counts), ", ".join(keys)
