"""The command `wecelebrate load`: sends the requests of many visitors to a separate local cloud."""

from typing import Annotated

import typer

from infra.command import output
from infra.command.help import LOCAL, command
from infra.local.endpoints import state_directory


@command(
    "wecelebrate load --users 1000",
    "wecelebrate load --ramp",
    environment=LOCAL,
)
def load(
    users: Annotated[
        int | None,
        typer.Option("--users", min=1, max=20_000, help="Number of visitors: 500, or 100 in the first step of a ramp."),
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="How long to measure.")] = 60.0,
    ramp: Annotated[
        bool, typer.Option("--ramp", help="Add visitors until a figure is beyond its limit, and report this figure.")
    ] = False,
) -> None:
    """Measure how fast this machine serves many visitors of storefronts.

    A visitor reads products and lists, and 2 % of the requests place an order. Between two requests, a visitor waits
    for 1 to 5 seconds. The command also writes the report to .local/load/load.json. The exit code is 1 if a figure is
    beyond its limit.
    """
    from infra.bench.users import FIRST_USERS, run_load

    count = users or (FIRST_USERS if ramp else 500)
    if not run_load(state_directory() / "load", count, seconds, ramp=ramp, print_line=output.result):
        raise typer.Exit(1)
