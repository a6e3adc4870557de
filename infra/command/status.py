"""The command `wecelebrate status`: shows the parts of the local cloud, or an environment on AWS."""

import contextlib
import dataclasses
from datetime import UTC, datetime
from typing import Annotated

import typer

from infra.command import output
from infra.command.errors import ExitCode
from infra.command.help import LOCAL, command
from infra.command.output import Column, JsonOption, Styled
from infra.command.target import LOCAL as TARGET_LOCAL
from infra.command.target import NAMED
from infra.local import control
from infra.local.endpoints import load_endpoints, state_directory
from infra.local.hints import this_command

_COLUMNS = (
    Column("part"),
    Column("state"),
    Column("pid", right=True),
    Column("port"),
    Column("memory", right=True),
    Column("since"),
)


@command(
    "wecelebrate status",
    "wecelebrate status --json | jq -r .stage",
    "wecelebrate status --watch",
    "wecelebrate status --env prod",
    environment=(*LOCAL, "AWS_PROFILE"),
)
def status(
    as_json: JsonOption = False,
    env: Annotated[
        str | None, typer.Option("--env", help="An environment on AWS: show its release, health and stacks.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show the figures of the local cloud again and again, until Ctrl-C.")
    ] = False,
    interval: Annotated[float, typer.Option("--interval", min=1, help="Seconds between two outputs of --watch.")] = 5,
    count: Annotated[
        int, typer.Option("--count", min=0, help="Exit after this number of readings. 0: do not exit.")
    ] = 0,
) -> None:
    """Show the parts of the local cloud, or an environment on AWS.

    The exit code is 0 if all parts are up, 3 if the local cloud is not running, and 1 if a part is down.

    --watch shows the same figures as the dashboard on AWS. The figures of routes count from the start of the cloud, and
    all other figures from the last output. With --count, the exit code is 1 if a part did not answer.
    """
    named = env or NAMED.get()
    if named not in (None, TARGET_LOCAL):
        if watch:
            raise typer.BadParameter(
                "--watch can only be used for the local cloud: on AWS, the dashboard has the figures"
            )
        if as_json:
            raise typer.BadParameter("--json can only be used for the local cloud")
        from infra.command.environment import exit_with, show

        exit_with(show(named))
    if watch:
        from infra.command.figures import watch_figures

        watch_figures(as_json, interval, count)
        return
    cloud_status = control.status(state_directory())
    if as_json:
        output.print_json(dataclasses.asdict(cloud_status))
    elif cloud_status.stage == "down":
        output.note(f"the local cloud is not up: run `{this_command()} up`")
    else:
        output.print_table(_COLUMNS, map(_row, cloud_status.parts))
        for table in _suspended_tables() if cloud_status.healthy else ():
            output.warning(f"row-level security of {table} is suspended: `{this_command()} switch` shows the reason")
        if cloud_status.stage == "lost":
            output.warning(
                f"the supervisor was killed: `{this_command()} down` stops the processes that are still running"
            )
    if cloud_status.stage == "down":
        raise typer.Exit(ExitCode.UNREACHABLE)
    raise typer.Exit(ExitCode.OK if cloud_status.healthy else ExitCode.FAILED)


def _suspended_tables() -> list[str]:
    import psycopg

    endpoints = load_endpoints(state_directory())
    query = "select table_name from row_security_suspensions where ended_at is null order by 1"
    with contextlib.suppress(psycopg.Error), psycopg.connect(endpoints.database, connect_timeout=2) as connection:
        return [name for (name,) in connection.execute(query)]
    return []


def _row(part: control.PartStatus) -> tuple[output.Cell, ...]:
    since = datetime.fromtimestamp(part.since, UTC).astimezone() if part.since else None
    return (
        part.name,
        Styled(part.state, "green" if part.state == "up" else "red"),
        str(part.pid or ""),
        ", ".join(map(str, part.ports.values())),
        f"{part.memory / 1e6:.0f} MB" if part.memory else "",
        f"{since:%Y-%m-%d %H:%M:%S}" if since else "",
    )
