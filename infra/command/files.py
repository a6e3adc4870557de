"""The commands `wecelebrate files`: list the files of ERP systems in the drops bucket, and write them again."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from infra.command import output
from infra.command.aws import AWS
from infra.command.environment import RequiredEnvironment, required_environment
from infra.command.errors import BadUsage
from infra.command.help import SETTINGS, documented
from infra.command.output import Column, JsonOption, YesOption

if TYPE_CHECKING:
    from infra.deploy.account import Account

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
    """List the files that ERP systems have written, the oldest first. The list does not contain files of the platform.

    With --since, replaced versions are listed, too. A file expires after 180 days, and a replaced version 30 days after
    its replacement.
    """
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.dropped_files import dropped_files

    with aws_errors():
        rows = dropped_files(
            Account(required_environment(env)),
            since=_time(since),
            folder=folder,
            old_versions=versions or since is not None,
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
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="All files that a restore to this time has forgotten (RFC 3339)."),
    ] = None,
    folder: FolderOption = "",
    version: Annotated[str | None, typer.Option("--version", help="With one KEY: an older version of it.")] = None,
    yes: YesOption = False,
) -> None:
    """Write files again, so that the platform reads them again.

    With --since, the command writes all versions of files that the restored database does not know, and all files that
    arrived after them. It also writes versions that a newer file has replaced. After each file of a catalog or
    destination, the command waits until the file is registered, so the queue `drops` must run. If the command is
    interrupted, run it again: it continues. Options in the key (full/, delta/, dry-run/) and metadata do not change.

    The stock in a file counts from the time of the copy, and not from the time of the original file. Pieces that were
    ordered between these times count as stock again.
    """
    from infra.deploy.account import Account

    if bool(keys) == bool(since):
        raise BadUsage("name the keys of files, or give --since")
    if version and len(keys or ()) != 1:
        raise BadUsage("--version needs exactly one KEY")
    start, account = _time(since), Account(required_environment(env))
    if start:
        _put_back_forgotten(account, start, folder, yes)
    else:
        _put_back_named(account, keys or [], version, yes)


def _put_back_forgotten(account: "Account", since: datetime, folder: str, yes: bool) -> None:
    from infra.deploy.account import aws_errors
    from infra.deploy.forgotten_files import ForgottenFiles

    forgotten = ForgottenFiles(account, since, folder)
    with aws_errors():
        waiting, unknown = forgotten.waiting()
    for owner in unknown:
        output.warning(f"{owner} does not exist in the database, so its files are left out")
    if not waiting:
        output.note("the database has forgotten no files")
        return
    output.confirm(f"Write {len(waiting)} files of {account.environment.name} again?", yes)
    with aws_errors():
        for file in forgotten.put_back():
            output.success(f"{file.key} of {file.written_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} is written again")


def _put_back_named(account: "Account", keys: list[str], version: str | None, yes: bool) -> None:
    from infra.deploy.account import aws_errors
    from infra.deploy.dropped_files import find_version
    from infra.deploy.dropped_files import put_back as write
    from infra.deploy.forgotten_files import wait_until_registered

    with aws_errors():
        for key in keys:
            find_version(account, key, version)
    output.confirm(f"Write {len(keys)} files of {account.environment.name} again?", yes)
    for number, key in enumerate(keys, 1):
        with aws_errors():
            # Look up the latest version again, because the ERP system can have written a newer file in the meantime.
            copy = write(account, find_version(account, key, version))
            output.success(f"{key} is written again")
            if number < len(keys):
                wait_until_registered(account, [copy])


def _time(text: str | None) -> datetime | None:
    return None if text is None else time_since(text)


def time_since(text: str) -> datetime:
    """Return the time of the option --since. Raises BadUsage if the text is not a time with a time zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadUsage(f"--since {text} is not a time: give it as 2026-11-27T08:30:00Z") from error
    if time.tzinfo is None:
        raise BadUsage(f"--since {text} has no time zone: for UTC, give it as {text}Z")
    return time
