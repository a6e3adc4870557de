"""`wecelebrate drop`: put a file where an ERP system would, and watch what becomes of it."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import httpx
import typer
from rich.markup import escape

from infra.command.api import asking, get
from infra.command.console import console
from infra.command.watch import report, watch
from infra.local.control import running_endpoints
from infra.local.endpoints import Endpoints, state_directory
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
    if not file.name.isprintable():
        raise LocalCloudError(f"{file.name!r} is no name for a drop: rename the file")
    state = state_directory()
    endpoints = running_endpoints(state)
    admin = Issuer(state, endpoints.issuer).token("admin", email="admin@wecelebrate.test", expires_in=timeout + 60)
    with asking(endpoints.api, admin) as api:
        catalog_id = _catalog(api, catalog)
        key = f"{catalog_id}/incoming/{file.name}"
        bucket, version = _upload(endpoints, file, key)
        console.print(f"[green]✓[/] dropped {escape(key)}")
        if wait:
            job = watch(api, state, catalog_id, {"key": key, "version_id": version}, timeout)
            if not report(job, f"{endpoints.s3}/{bucket}"):
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
    named, cursor = [], None
    while True:
        page = get(api, "/v1/catalogs", {"limit": 1000, **({"cursor": cursor} if cursor else {})})
        named += [str(one["id"]) for one in page["data"] if one["name"] == name]
        if not page["has_more"]:
            break
        cursor = page["next_cursor"]
    match named:
        case [one]:
            return one
        case []:
            raise LocalCloudError(f"there is no catalog called {name}")
    raise LocalCloudError(f"{len(named)} catalogs are called {name}: give the id of one, {' or '.join(named)}")


def _upload(endpoints: Endpoints, file: Path, key: str) -> tuple[str, str]:
    """Put a file in the bucket of drops; the bucket's name, and the version that S3 gives the file."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    s3 = boto3.client(
        "s3",
        endpoint_url=endpoints.s3,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the local cloud has no accounts
        # A proxy of the machine does not lead to 127.0.0.1.
        config=Config(proxies={}),
    )
    try:
        bucket = next(one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"].endswith(f"-{BUCKET}"))
        with file.open("rb") as body:
            return bucket, str(s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"])
    except BotoCoreError as error:
        raise LocalCloudError(f"S3 does not take the file: {error}") from error
