"""The command `wecelebrate mail`: lists and shows the mails of the local cloud. No mail leaves this machine."""

import sys
import time
import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer

from infra.command import output
from infra.command.errors import NotFound
from infra.command.help import LOCAL, SETTINGS, documented
from infra.command.output import Column, Json, JsonOption
from infra.command.resources import LimitOption
from infra.local.endpoints import state_directory
from infra.local.hints import display_path, this_command

if TYPE_CHECKING:
    from infra.local.mailbox import SentMail

app = typer.Typer(
    no_args_is_help=True, help="List and show the mails of the local cloud. They never leave this machine.", **SETTINGS
)

_WAIT_SECONDS = 15.0
"""The maximum duration of --wait, in seconds. A mail is sent about two seconds after the order."""
ToOption = Annotated[str | None, typer.Option("--to", help="Only mails to this address.")]
WaitOption = Annotated[
    bool, typer.Option("--wait", help=f"If there is no such mail yet, wait up to {_WAIT_SECONDS:.0f} seconds for it.")
]

_COLUMNS = (Column("mail"), Column("at"), Column("from", shorten=True), Column("to"), Column("subject"))


@app.command(
    "list",
    cls=documented(
        "wecelebrate mail list --to ann@example.com",
        "wecelebrate mail list --json | jq -r '.data[0].subject'",
        environment=LOCAL,
    ),
)
def list_mails(
    to: ToOption = None,
    wait: WaitOption = False,
    limit: LimitOption = 20,
    as_json: JsonOption = False,
) -> None:
    """List mails, newest first. The command needs the local cloud."""
    mails = _mails("mail list", to, wait)
    if as_json:
        output.print_json_list([_json(mail) for mail in mails[:limit]], has_more=len(mails) > limit)
        return
    if not mails:
        output.note("no mail")
        return
    rows = [
        (
            _short_id(mail),
            f"{mail.at.astimezone():%Y-%m-%d %H:%M:%S}",
            mail.sender,
            ", ".join(mail.recipients),
            mail.subject,
        )
        for mail in mails[:limit]
    ]
    output.print_table(_COLUMNS, rows)
    if len(mails) > limit:
        output.note(f"{len(mails) - limit} more: --limit {len(mails)}")


@app.command(
    cls=documented(
        "wecelebrate mail show",
        "wecelebrate mail show --to ann@example.com --wait",
        "wecelebrate mail show --json | jq -r .html > mail.html",
        environment=LOCAL,
    )
)
def show(
    id: Annotated[
        str | None,
        typer.Argument(help="Id of the mail, or the first characters of the id. Without it, show the newest mail."),
    ] = None,
    to: ToOption = None,
    wait: WaitOption = False,
    html: Annotated[bool, typer.Option("--html", help="Write the HTML to a file and open it in the browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the headers and the text of a mail, or its HTML with --html. The command needs the local cloud."""
    matches = [mail for mail in _mails("mail show", to, wait) if mail.id.startswith(id or "")]
    if not matches:
        none_yet = f"no mail was sent to {to} yet" if to else "no mail was sent yet"
        raise NotFound(f"mail {id} does not exist: `{this_command()} mail list` shows all mails" if id else none_yet)
    if id and len(matches) > 1:
        raise NotFound(f"{len(matches)} mails have an id that starts with {id}: give more characters of the id")
    mail = matches[0]
    if as_json:
        output.print_json(_json(mail))
    elif html:
        file = state_directory() / "mails" / f"{_short_id(mail)}.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(mail.html, "utf-8")
        output.success(display_path(file))
        if sys.stdout.isatty():
            webbrowser.open(file.as_uri())
    else:
        for name, value in {"From": mail.sender, "To": ", ".join(mail.recipients), "Subject": mail.subject}.items():
            output.result(f"{name + ':':<9}{output.printable(value)}")
        output.result(f"\n{output.printable(mail.text, keep_lines=True)}")


def _mails(purpose: str, to: str | None, wait: bool) -> "list[SentMail]":
    """Return the mails to an address or to all addresses, newest first. If `wait` is true, wait for the first mail."""
    from infra.command.api import local_cloud
    from infra.local.mailbox import sent

    endpoint = local_cloud(purpose).endpoints.s3
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        mails = [mail for mail in sent(endpoint) if to is None or to.lower() in map(str.lower, mail.recipients)]
        if mails or not wait or time.monotonic() > deadline:
            return mails
        time.sleep(0.2)


def _json(mail: "SentMail") -> Json:
    document: Json = mail.model_dump(mode="json")
    return document


def _short_id(mail: "SentMail") -> str:
    return mail.id.partition("@")[0]
