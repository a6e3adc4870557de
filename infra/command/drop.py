"""`wecelebrate drop`: put a file where an ERP system would, and watch what becomes of it."""

import time
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.command.console import console
from infra.local.endpoints import Endpoints, load_endpoints, state_directory
from infra.local.issuer import Issuer
from infra.local.processes import LocalCloudError

BUCKET = "drops"


def drop(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, TSV, JSON or NDJSON.")],
    catalog: Annotated[str, typer.Option(help="Id or name of the catalog.")],
    wait: Annotated[bool, typer.Option("--wait", help="Show its progress until it is done.")] = False,
    timeout: Annotated[int, typer.Option(min=1, help="Longest wait, in seconds.")] = 900,
) -> None:
    """Drop a file into a catalog. With --wait the exit code is 1 when it failed or rows were refused."""
    state = state_directory()
    endpoints = load_endpoints(state)
    admin = Issuer(state, endpoints.issuer).token("admin", email="admin@wecelebrate.test", expires_in=timeout + 60)
    with httpx.Client(base_url=endpoints.api, headers={"Authorization": f"Bearer {admin}"}, timeout=30) as api:
        catalog_id = _catalog(api, catalog)
        key = f"{catalog_id}/incoming/{file.name}"
        version = _upload(endpoints, file, key)
        console.print(f"[green]✓[/] dropped {key}")
        if wait and not _watch(api, catalog_id, key, version, timeout):
            raise typer.Exit(1)


def _catalog(api: httpx.Client, wanted: str) -> str:
    """The id of a catalog, by its id or its name."""
    try:
        return str(UUID(wanted))
    except ValueError:
        pass
    named, cursor = [], None
    while True:
        page = _get(api, "/v1/catalogs", {"limit": 1000, **({"cursor": cursor} if cursor else {})})
        named += [one for one in page["data"] if one["name"] == wanted]
        if not page["has_more"]:
            break
        cursor = page["next_cursor"]
    match named:
        case [one]:
            return str(one["id"])
        case []:
            raise LocalCloudError(f"there is no catalog called {wanted}")
    raise LocalCloudError(f"{len(named)} catalogs are called {wanted}: give an id: {[one['id'] for one in named]}")


def _upload(endpoints: Endpoints, file: Path, key: str) -> str:
    import boto3

    s3 = boto3.client(
        "s3",
        endpoint_url=endpoints.s3,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the local cloud has no accounts
    )
    bucket = next(one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"].endswith(f"-{BUCKET}"))
    with file.open("rb") as body:
        return str(s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"])


def _watch(api: httpx.Client, catalog_id: str, key: str, version: str, timeout: int) -> bool:
    """Follow the job of a dropped file version to its end; whether every row went in."""
    deadline = time.monotonic() + timeout
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]}"),
        TimeElapsedColumn(),
    )
    job: dict[str, Any] | None = None
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("waiting", total=None, rows="")
        while job is None or job["status"] in ("pending", "processing"):
            if time.monotonic() > deadline:
                raise LocalCloudError(f"it is not done after {timeout} seconds; `wecelebrate status` shows what runs")
            job = _job(api, catalog_id, key, version, job)
            if job:
                counts, total = job["counts"], job["progress"]["total"]
                progress.update(
                    bar,
                    description="reading" if job["status"] == "processing" and not total else job["status"],
                    total=total,
                    completed=job["progress"]["done"] if total else 0,
                    rows=f"{counts['read']:,} rows",
                )
            time.sleep(0.1)
    return _report(job)


def _job(
    api: httpx.Client, catalog_id: str, key: str, version: str, known: dict[str, Any] | None
) -> dict[str, Any] | None:
    if known:
        return _get(api, f"/v1/jobs/{known['id']}")
    recent = _get(api, "/v1/jobs", {"catalog_id": catalog_id, "type": "catalog_sync", "limit": 50})["data"]
    return next((job for job in recent if job["source"] == {"key": key, "version_id": version}), None)


def _report(job: dict[str, Any]) -> bool:
    if job["status"] != "completed":
        console.print(f"[red]✗[/] {job['status']}: {job['error']}")
        return False
    counts = job["counts"]
    console.print(
        f"[green]✓[/] {counts['read']:,} rows: {counts['created']:,} created, {counts['updated']:,} updated,"
        f" {counts['unchanged']:,} unchanged, {counts['rejected']:,} rejected"
    )
    if not counts["rejected"]:
        return True
    table = Table("line", "SKU", "why", box=None, pad_edge=False, header_style="dim")
    for error in job["first_errors"]:
        table.add_row(str(error["line"]), error["sku"] or "", error["reason"])
    console.print(table)
    console.print(f"all of them: s3://{BUCKET}/{job['result']['error_file']}")
    return False


def _get(api: httpx.Client, path: str, query: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = api.get(path, params=query)
    if answer.is_error:
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        said = problem.get("detail") or problem.get("title") or problem.get("message") or answer.reason_phrase
        raise LocalCloudError(f"the API answers {answer.status_code}: {said}")
    body: dict[str, Any] = answer.json()
    return body
