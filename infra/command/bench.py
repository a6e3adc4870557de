"""`wecelebrate bench`: measure, on a cloud of its own."""

from typing import Annotated

import typer

from infra.command.console import console
from infra.local.endpoints import state_directory
from infra.local.processes import LocalCloudError


def bench(only: Annotated[str | None, typer.Option(help="Name of one measure.")] = None) -> None:
    """Measure how fast the platform is here. The exit code is 1 when a row fails."""
    from infra.bench import measure
    from infra.bench.pages import cache, growth, neighbour, pages
    from infra.bench.syncs import sync

    measures = {"sync": sync, "pages": pages, "cache": cache, "neighbour": neighbour, "growth": growth}
    if only and only not in measures:
        raise LocalCloudError(f"there is no measure called {only}; there are {', '.join(measures)}")
    chosen = {name: rows for name, rows in measures.items() if only in (None, name)}
    home = state_directory() / "bench"
    if not measure(chosen, home, console.print):
        raise typer.Exit(1)
