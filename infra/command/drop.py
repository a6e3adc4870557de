"""The command `wecelebrate drop`: uploads a file as an ERP system would do it, and watches the job of the file."""

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from rich.markup import escape

from infra.command.api import AdminClient, as_admin, get, get_all
from infra.command.console import console
from infra.command.watch import follow, report
from infra.local.processes import LocalCloudError

BUCKET = "drops"
FORMATS = "CSV, TSV, JSON, NDJSON, XLSX or XML, optionally compressed with gzip or zip."


def drop(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help=FORMATS)],
    catalog: Annotated[str, typer.Option(help="Id or name of the catalog.")],
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until the job has finished, and show its progress.")
    ] = False,
    timeout: Annotated[int, typer.Option(min=1, help="Maximum time to wait, in seconds.")] = 900,
) -> None:
    """Upload a file for a catalog, as an ERP system would do it.

    With --wait, the exit code is 1 if the job failed or rejected rows.
    """
    if not file.name.isprintable():
        raise LocalCloudError(
            f"the file name {file.name!r} contains characters that are not printable: rename the file"
        )
    with as_admin(expires_in=timeout + 60) as cloud:
        catalog_id = _catalog(cloud.api, catalog)
        key = f"{catalog_id}/incoming/{file.name}"
        source = {"key": key, "version_id": _put(cloud, file, key)}
        console.print(f"[green]✓[/] dropped {escape(key)}")
        if wait:
            job = follow(cloud, lambda: _job_of(cloud.api, catalog_id, source), timeout)
            if not report(cloud, job):
                raise typer.Exit(1)


def _catalog(api: httpx.Client, id_or_name: str) -> str:
    """Return the id of the catalog with this id or name. Raises LocalCloudError if the catalog does not exist."""
    try:
        catalog_id = UUID(id_or_name)
    except ValueError:
        return _catalog_by_name(api, id_or_name)
    catalog = get(api, f"/v1/catalogs/{catalog_id}", not_found=f"catalog {catalog_id} does not exist")
    return str(catalog["id"])


def _catalog_by_name(api: httpx.Client, name: str) -> str:
    ids = [str(catalog["id"]) for catalog in get_all(api, "/v1/catalogs") if catalog["name"] == name]
    match ids:
        case [id]:
            return id
        case []:
            raise LocalCloudError(f"catalog {name} does not exist")
    raise LocalCloudError(f"{len(ids)} catalogs are named {name}: give one of their ids, {' or '.join(ids)}")


def _put(cloud: AdminClient, file: Path, key: str) -> str:
    """Upload a file to the bucket of drops. Returns the S3 version id of the object."""
    from botocore.exceptions import BotoCoreError

    try:
        with file.open("rb") as body:
            return str(cloud.s3.put_object(Bucket=cloud.bucket(BUCKET), Key=key, Body=body)["VersionId"])
    except BotoCoreError as error:
        raise LocalCloudError(f"the upload to S3 failed: {error}") from error


def _job_of(api: httpx.Client, catalog_id: str, source: dict[str, str]) -> dict[str, Any] | None:
    recent = get(api, "/v1/jobs", {"catalog_id": catalog_id, "type": "catalog_sync", "limit": 50})["data"]
    return next((job for job in recent if job["source"] == source), None)
