"""The commands `wecelebrate files`: list the files of ERP systems in the drops bucket, and write them again."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from infra.command import output
from infra.command.aws import AWS
from infra.command.environment import RequiredEnvironment, required_environment
from infra.command.errors import BadUsage
from infra.command.help import SETTINGS, documented
from infra.command.output import Column, JsonOption, YesOption

app = typer.Typer(
    no_args_is_help=True, help="List the files of ERP systems in the drops bucket, and write them again.", **SETTINGS
)

SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="Only files written at this time or later (RFC 3339, with its zone)."),
]
FolderOption = Annotated[
    str,
    typer.Option("--folder", help="Only keys that begin with this text, e.g. the id of a catalog or orders/ID."),
]
_COLUMNS = (Column("written"), Column("bytes", right=True), Column("key"), Column("version"))


@app.callback()
def files() -> None:
    """List the files of ERP systems in the drops bucket, and write them again."""


@app.command(
    "list",
    cls=documented(
        "wecelebrate files list --env prod --since 2026-11-27T08:30:00Z",
        "wecelebrate files list --env prod --folder ca100000-0000-7000-8000-000000000001 --versions",
        environment=AWS,
    ),
)
def list_files(
    env: RequiredEnvironment = None,
    since: SinceOption = None,
    folder: FolderOption = "",
    versions: Annotated[
        bool, typer.Option("--versions", help="Also versions that a newer file of the same name has replaced.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List the files that came from outside, the oldest first. Files that the platform has written are left out.

    A file expires after 180 days, and a replaced version 30 days after its replacement.
    """
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.dropped_files import dropped_files

    with aws_errors():
        rows = dropped_files(
            Account(required_environment(env)), since=_time(since), folder=folder, old_versions=versions
        )
    if as_json:
        output.print_json_list(
            [
                {"key": row.key, "version": row.version, "size": row.size, "written_at": row.written_at.isoformat()}
                for row in rows
            ]
        )
    elif rows:
        output.print_table(
            _COLUMNS,
            [
                (f"{row.written_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}", f"{row.size:,}", row.key, row.version)
                for row in rows
            ],
        )
    else:
        output.note("no files match")


@app.command(
    "put-back",
    cls=documented(
        "wecelebrate files put-back --env prod --since 2026-11-27T08:30:00Z",
        "wecelebrate files put-back --env prod ca100000-0000-7000-8000-000000000001/incoming/full.csv",
        environment=AWS,
    ),
)
def put_back(  # noqa: PLR0917 - each parameter is an option
    keys: Annotated[list[str] | None, typer.Argument(metavar="KEY", help="Keys of files, in this order.")] = None,
    env: RequiredEnvironment = None,
    since: SinceOption = None,
    folder: FolderOption = "",
    version: Annotated[str | None, typer.Option("--version", help="With one KEY: an older version of it.")] = None,
    yes: YesOption = False,
) -> None:
    """Write files again, so that the platform reads them again, the oldest first.

    Name the files, or select them with --since. Options in the key (full/, delta/, dry-run/) and metadata stay as they
    are. The command can be repeated, because a file that was read twice changes nothing the second time.
    """
    from infra.deploy import dropped_files as drops
    from infra.deploy.account import Account, aws_errors

    if bool(keys) == bool(since):
        raise BadUsage("name the keys of files, or give --since")
    if version and len(keys or ()) != 1:
        raise BadUsage("--version belongs to one KEY")
    account, start = Account(required_environment(env)), _time(since)
    with aws_errors():
        chosen = (
            [drops.find_version(account, key, version) for key in keys]
            if keys
            else drops.dropped_files(account, since=start, folder=folder)
        )
    if not chosen:
        output.note("no files match")
        return
    output.confirm(f"Write {len(chosen)} files of {account.environment.name} again?", yes)
    for file in chosen:
        with aws_errors():
            drops.put_back(account, file)
        output.success(f"{file.key} is written again")


def _time(text: str | None) -> datetime | None:
    return None if text is None else time_since(text)


def time_since(text: str) -> datetime:
    """Return the time that the option --since states. Raises BadUsage unless the text is a time with a zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadUsage(f"--since {text} is not a time: give it as 2026-11-27T08:30:00Z") from error
    if time.tzinfo is None:
        raise BadUsage(f"--since {text} has no zone: give it as {text}Z for UTC")
    return time
