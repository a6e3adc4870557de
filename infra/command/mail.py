"""The command `wecelebrate mail`: lists and shows the mails of the local cloud. No mail leaves this machine."""

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

app = typer.Typer(
    no_args_is_help=True, help="Mails of the local cloud, which never leave this machine: list and show them."
)


@app.command("list")
def list_mails(
    to: Annotated[str | None, typer.Option(help="Only mails to this address.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of mails.")] = 20,
) -> None:
    """List mails, newest first."""
    mails = [mail for mail in _all_mails() if to is None or to.lower() in map(str.lower, mail.recipients)]
    if not mails:
        console.print("no mail")
        return
    table = Table("mail", "at", "from", "to", "subject", box=None, pad_edge=False, header_style="dim")
    for mail in mails[:limit]:
        at = f"{mail.at.astimezone():%Y-%m-%d %H:%M:%S}"
        table.add_row(
            _short_id(mail), at, escape(mail.sender), escape(", ".join(mail.recipients)), escape(mail.subject)
        )
    console.print(table)
    if len(mails) > limit:
        console.print(f"[dim]{len(mails) - limit} more: --limit {len(mails)}[/]")


@app.command()
def show(
    id: Annotated[
        str | None,
        typer.Argument(help="Id of the mail, or the first characters of the id. Without it, show the newest mail."),
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="Write the HTML to a file and open it in the browser.")] = False,
) -> None:
    """Show the headers and the text of a mail, or its HTML with --html."""
    matches = [mail for mail in _all_mails() if mail.id.startswith(id or "")]
    if not matches:
        raise LocalCloudError(
            f"mail {id} does not exist: `{this_command()} mail list` shows all mails" if id else "no mail was sent yet"
        )
    if id and len(matches) > 1:
        raise LocalCloudError(f"{len(matches)} mails have an id that starts with {id}: give more characters of the id")
    mail = matches[0]
    if html:
        file = state_directory() / "mails" / f"{_short_id(mail)}.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(mail.html, "utf-8")
        console.print(f"[green]✓[/] {escape(display_path(file))}")
        if console.is_terminal:
            webbrowser.open(file.as_uri())
        return
    for name, value in {"From": mail.sender, "To": ", ".join(mail.recipients), "Subject": mail.subject}.items():
        console.print(f"{name + ':':<9}{value}", markup=False, highlight=False)
    console.print(f"\n{mail.text}", markup=False, highlight=False)


def _all_mails() -> list[SentMail]:
    return sent(running_endpoints(state_directory()).s3)


def _short_id(mail: SentMail) -> str:
    return mail.id.partition("@")[0]
