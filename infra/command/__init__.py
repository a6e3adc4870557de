"""The `wecelebrate` command. This module registers all subcommands, which are functions in the other modules."""

from typing import Any

import httpx
import psycopg
import typer
from rich.markup import escape
from typer.core import TyperGroup

from infra.command import cloud, dlq, jobs, mail
from infra.command.audit import audit
from infra.command.bench import bench
from infra.command.console import console
from infra.command.dns import dns
from infra.command.drop import drop
from infra.command.env import env
from infra.command.listen import listen
from infra.command.migrate import migrate
from infra.command.openapi import openapi
from infra.command.schema import schema
from infra.command.switch import switch
from infra.command.token import token
from infra.local.hints import this_command
from infra.local.processes import LocalCloudError


class _Commands(TyperGroup):
    """The group of all subcommands.

    If a subcommand raises an expected error, this group prints one line instead of a traceback.
    """

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (LocalCloudError, PermissionError, httpx.TransportError, psycopg.OperationalError) as error:
            console.print(f"[red]✗[/] {escape(_one_line(error))}")
            raise typer.Exit(1) from error


def _one_line(error: Exception) -> str:
    match error:
        case LocalCloudError():
            return str(error)
        case PermissionError():
            return f"{error.filename} belongs to another user: run the command as that user"
    first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return f"the local cloud does not respond: `{this_command()} status` shows what is running ({first_line})"


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Run the wecelebrate platform on this machine.",
)
app.command()(cloud.up)
app.command()(cloud.down)
app.command()(cloud.status)
app.command()(migrate)
app.command()(token)
app.command()(env)
app.command()(drop)
app.command()(dns)
app.command()(listen)
app.command()(openapi)
app.command()(schema)
app.command()(switch)
app.command()(audit)
app.add_typer(mail.app, name="mail")
app.command()(bench)
app.add_typer(jobs.app, name="jobs")
app.add_typer(dlq.app, name="dlq")
