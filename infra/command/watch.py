"""Watching a dropped file become products."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.command.api import Unavailable, get
from infra.command.console import console
from infra.local.control import supervised
from infra.local.hints import this_command
from infra.local.processes import LocalCloudError

Json = dict[str, Any]

_PATIENCE = 30.0
"""Seconds in which a part that ended may be back."""
_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    TaskProgressColumn(),
    TextColumn("{task.fields[rows]}"),
    TimeElapsedColumn(),
)


def watch(api: httpx.Client, state: Path, catalog_id: str, source: Mapping[str, str], timeout: int) -> Json:
    """Follow the job of a dropped file version to its end; the ended job."""
    deadline = time.monotonic() + timeout
    answered = time.monotonic()
    job: Json | None = None
    with Progress(*_COLUMNS, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("waiting", total=None, rows="")
        while job is None or job["status"] in ("pending", "processing"):
            now = time.monotonic()
            if now > deadline:
                raise LocalCloudError(
                    f"it is not done after {timeout} seconds; `{this_command()} status` shows what runs"
                )
            try:
                job = get(api, f"/v1/jobs/{job['id']}") if job else _job_of(api, catalog_id, source)
                answered = now
            except (httpx.TransportError, Unavailable) as error:
                if not supervised(state):
                    raise LocalCloudError(
                        f"the local cloud was stopped; run `{this_command()} up`, and the file goes on"
                    ) from error
                if now - answered > _PATIENCE:
                    raise
            if job:
                _show(progress, bar, job)
            time.sleep(0.1)
    return job


def report(job: Json, bucket: str) -> bool:
    """Say what became of a file; whether every row went in. `bucket` is the URL of the bucket of drops."""
    counts = job["counts"]
    if job["status"] != "completed":
        console.print(f"[red]✗[/] {job['status']}: {escape(str(job['error']))}")
        return False
    if not counts["read"]:
        console.print("[yellow]![/] the file holds no rows")
        return True
    console.print(
        f"[green]✓[/] {_rows(counts['read'])}: {counts['created']:,} created, {counts['updated']:,} updated,"
        f" {counts['unchanged']:,} unchanged, {counts['rejected']:,} rejected"
    )
    if not counts["rejected"]:
        return True
    table = Table("line", "SKU", "why", box=None, pad_edge=False, header_style="dim")
    for error in job["first_errors"]:
        table.add_row(str(error["line"]), escape(error["sku"] or ""), escape(error["reason"]))
    console.print(table)
    console.print(f"all of them: {bucket}/{quote(job['result']['error_file'])}", markup=False)
    return False


def _job_of(api: httpx.Client, catalog_id: str, source: Mapping[str, str]) -> Json | None:
    recent = get(api, "/v1/jobs", {"catalog_id": catalog_id, "type": "catalog_sync", "limit": 50})["data"]
    return next((job for job in recent if job["source"] == source), None)


def _show(progress: Progress, bar: Any, job: Json) -> None:
    total = job["progress"]["total"]
    progress.update(
        bar,
        description="waiting" if job["status"] == "pending" else "merging" if total else "reading",
        total=total,
        completed=job["progress"]["done"] if total else 0,
        rows=_rows(job["counts"]["read"]),
    )


def _rows(number: int) -> str:
    return f"{number:,} row" if number == 1 else f"{number:,} rows"
