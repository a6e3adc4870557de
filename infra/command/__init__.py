"""The `wecelebrate` command. Each command is a function in a module of this package, and is registered here."""

from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from infra.command import cloud
from infra.command.bench import bench
from infra.command.console import console
from infra.command.drop import drop
from infra.command.migrate import migrate
from infra.command.openapi import openapi
from infra.command.token import token
from infra.local.processes import LocalCloudError


class _Commands(TyperGroup):
    """Says in one line what cannot be done, and why."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except LocalCloudError as error:
            console.print(f"[red]✗[/] {escape(str(error))}", highlight=False)
            raise typer.Exit(1) from error
        except PermissionError as error:
            console.print(f"[red]✗[/] {escape(str(error.filename))} belongs to another user: run this as that user")
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="The cloud of wecelebrate, on this machine.",
)
app.command()(cloud.up)
app.command()(cloud.down)
app.command()(cloud.status)
app.command()(migrate)
app.command()(token)
app.command()(drop)
app.command()(openapi)
app.command()(bench)
