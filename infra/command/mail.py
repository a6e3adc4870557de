"""`wecelebrate mail`: the mails that the local cloud would have sent."""

import webbrowser
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from infra.command.console import console
from infra.local.control import running_endpoints
from infra.local.endpoints import state_directory
from infra.local.hints import display_path, this_command
from infra.local.mailbox import SentMail, sent
from infra.local.processes import LocalCloudError

mail = typer.Typer(no_args_is_help=True, help="The mails that the local cloud would have sent.")


@mail.command("list")
def list_mails(
    to: Annotated[str | None, typer.Option(help="Only mails to this address.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest.")] = 20,
) -> None:
    """List them, newest first."""
    found = [one for one in _all() if to is None or to.lower() in (each.lower() for each in one.recipients)]
    if not found:
        console.print("no mail")
        return
    table = Table("mail", "at", "from", "to", "subject", box=None, pad_edge=False, header_style="dim")
    for one in found[:limit]:
        at = f"{one.at.astimezone():%Y-%m-%d %H:%M:%S}"
        table.add_row(_short(one), at, escape(one.sender), escape(", ".join(one.recipients)), escape(one.subject))
    console.print(table)
    if len(found) > limit:
        console.print(f"[dim]{len(found) - limit} more: --limit {len(found)}[/]")


@mail.command()
def show(
    which: Annotated[str | None, typer.Argument(help="How its id begins; without one, the newest.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Write its HTML to a file, and open that.")] = False,
) -> None:
    """Show a mail: its text, or with --html as a mail program would."""
    found = [one for one in _all() if one.id.startswith(which or "")]
    if not found:
        raise LocalCloudError(
            f"there is no mail {which}: `{this_command()} mail list`" if which else "there is no mail"
        )
    if which and len(found) > 1:
        raise LocalCloudError(f"{len(found)} mails begin with {which}: give more of the id")
    one = found[0]
    if html:
        file = state_directory() / "mails" / f"{_short(one)}.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(one.html, "utf-8")
        console.print(f"[green]✓[/] {escape(display_path(file))}")
        if console.is_terminal:
            webbrowser.open(file.as_uri())
        return
    for name, value in {"From": one.sender, "To": ", ".join(one.recipients), "Subject": one.subject}.items():
        console.print(f"{name + ':':<9}{value}", markup=False, highlight=False)
    console.print(f"\n{one.text}", markup=False, highlight=False)


def _all() -> list[SentMail]:
    return sent(running_endpoints(state_directory()).s3)


def _short(one: SentMail) -> str:
    return one.id.partition("@")[0]
