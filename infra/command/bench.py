"""The command `wecelebrate bench`: runs the benchmarks on a separate local cloud."""

from typing import Annotated

import typer

from infra.command import output
from infra.command.errors import BadUsage
from infra.command.help import LOCAL, command
from infra.local.endpoints import state_directory


@command("wecelebrate bench --only sync", environment=LOCAL)
def bench(only: Annotated[str | None, typer.Option("--only", help="Run only this benchmark.")] = None) -> None:
    """Measure the performance of the platform on this machine. The exit code is 1 if a row of the report fails."""
    from infra.bench import measure
    from infra.bench.events import events
    from infra.bench.exports import export_million
    from infra.bench.function_cpu import function_cpu
    from infra.bench.function_init import function_init
    from infra.bench.imports import import_inline, import_uploaded
    from infra.bench.jobs import next_job
    from infra.bench.kv import kv
    from infra.bench.neighbours import neighbours
    from infra.bench.orders import orders
    from infra.bench.pages import cache, growth, pages
    from infra.bench.peers.orders import directus
    from infra.bench.reports import reports
    from infra.bench.syncs import sync, sync_million

    measures = {
        "sync": sync,
        "import-10k": import_inline,
        "import-100k": import_uploaded,
        "next-job": next_job,
        "pages": pages,
        "cache": cache,
        "neighbours": neighbours,
        "orders": orders,
        "function-cpu": function_cpu,
        "function-init": function_init,
        "directus": directus,
        "growth": growth,
        "events": events,
        "export-1m": export_million,
        "reports": reports,
        "kv": kv,
        "sync-1m": sync_million,
    }
    if only and only not in measures:
        raise BadUsage(f"benchmark {only} does not exist: use one of {', '.join(measures)}")
    selected = {name: rows for name, rows in measures.items() if only in (None, name)}
    home = state_directory() / "bench"
    if not measure(selected, home, output.result):
        raise typer.Exit(1)
