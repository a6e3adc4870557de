"""`wecelebrate drop`: put a file where an ERP system would, and watch what becomes of it."""

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from rich.markup import escape

from infra.command.api import Cloud, as_admin, every, get
from infra.command.console import console
from infra.command.watch import follow, report
from infra.local.processes import LocalCloudError

BUCKET = "drops"
KINDS = "CSV, TSV, JSON, NDJSON, XLSX or XML, in a gzip or zip if you like."


def drop(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help=KINDS)],
    catalog: Annotated[str, typer.Option(help="Id or name of the catalog.")],
    wait: Annotated[bool, typer.Option("--wait", help="Show its progress until it is done.")] = False,
    timeout: Annotated[int, typer.Option(min=1, help="Longest wait, in seconds.")] = 900,
) -> None:
    """Drop a file into a catalog. With --wait the exit code is 1 when it failed or rows were refused."""
    if not file.name.isprintable():
        raise LocalCloudError(f"{file.name!r} is no name for a drop: rename the file")
    with as_admin(expires_in=timeout + 60) as cloud:
        catalog_id = _catalog(cloud.api, catalog)
        key = f"{catalog_id}/incoming/{file.name}"
        source = {"key": key, "version_id": _upload(cloud, file, key)}
        console.print(f"[green]✓[/] dropped {escape(key)}")
        if wait:
            job = follow(cloud, lambda: _job_of(cloud.api, catalog_id, source), timeout)
            if not report(cloud, job):
                raise typer.Exit(1)


def _catalog(api: httpx.Client, wanted: str) -> str:
    """The id of a catalog that is there, by its id or its name."""
    try:
        catalog_id = UUID(wanted)
    except ValueError:
        return _catalog_called(api, wanted)
    found = get(api, f"/v1/catalogs/{catalog_id}", missing=f"there is no catalog {catalog_id}")
    return str(found["id"])


def _catalog_called(api: httpx.Client, name: str) -> str:
    named = [str(one["id"]) for one in every(api, "/v1/catalogs") if one["name"] == name]
    match named:
        case [one]:
            return one
        case []:
            raise LocalCloudError(f"there is no catalog called {name}")
    raise LocalCloudError(f"{len(named)} catalogs are called {name}: give the id of one, {' or '.join(named)}")


def _upload(cloud: Cloud, file: Path, key: str) -> str:
    """Put a file in the bucket of drops; the version that S3 gives it."""
    from botocore.exceptions import BotoCoreError

    try:
        with file.open("rb") as body:
            return str(cloud.s3.put_object(Bucket=cloud.bucket(BUCKET), Key=key, Body=body)["VersionId"])
    except BotoCoreError as error:
        raise LocalCloudError(f"S3 does not take the file: {error}") from error


def _job_of(api: httpx.Client, catalog_id: str, source: dict[str, str]) -> dict[str, Any] | None:
    recent = get(api, "/v1/jobs", {"catalog_id": catalog_id, "type": "catalog_sync", "limit": 50})["data"]
    return next((job for job in recent if job["source"] == source), None)
