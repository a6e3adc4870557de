"""The command `wecelebrate drop`: uploads a file in the same way as an ERP system, and watches the job of the file."""

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from infra.command import output
from infra.command.api import Connection, connect, get, get_all, httpx
from infra.command.errors import BadUsage, CommandError, DecisionNeeded, NotFound
from infra.command.help import API, FILE_FORMATS, command
from infra.command.output import JsonOption
from infra.command.resources import names_hint
from infra.command.watch import Watch, report

BUCKET = "drops"


@command(
    "wecelebrate drop products.csv --catalog acme-gifts --wait",
    "wecelebrate drop all.xlsx --catalog acme-gifts --full --dry-run --wait",
    "wecelebrate drop all.xlsx --catalog acme-gifts --wait --json | jq .counts",
    environment=(*API, "WECELEBRATE_DROPS_BUCKET"),
)
def drop(  # noqa: PLR0917 — each parameter is an option
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help=FILE_FORMATS)],
    catalog: Annotated[str, typer.Option("--catalog", help="Id or name of the catalog.")],
    full: Annotated[
        bool, typer.Option("--full", help="The file is the whole catalog: missing products are deactivated.")
    ] = False,
    delta: Annotated[
        bool, typer.Option("--delta", help="The file has only changes: missing products are not touched.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only report what the file would change, in the result of the job.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until the job has finished, and show its progress.")
    ] = False,
    timeout: Annotated[int, typer.Option("--timeout", min=1, help="Maximum time to wait, in seconds.")] = 900,
    bucket: Annotated[
        str | None,
        typer.Option(
            "--bucket",
            envvar="WECELEBRATE_DROPS_BUCKET",
            show_envvar=False,
            help="S3 bucket for dropped files of a deployed platform. The local cloud does not need it.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Upload a file for a catalog, in the same way as an ERP system.

    Without --full and --delta, the settings of the catalog and the content of the file determine whether the file is
    the whole catalog. On a deployed platform, the command uploads the file with your AWS credentials, so it needs
    --bucket.

    With --dry-run --wait, the command also says whether the real run would ask questions or fail.

    With --wait, the exit code is 1 if the job failed or rejected rows. If the job has questions about the file, the
    command asks them on the terminal. Without a terminal, the exit code is 7. With --json, the command prints the
    finished job or, without --wait, the uploaded object.
    """
    if full and delta:
        raise BadUsage("--full and --delta exclude each other: give one of them")
    if not file.name.isprintable():
        raise BadUsage(f"the file name {file.name!r} contains characters that are not printable: rename the file")
    with connect(expires_in=timeout + 60) as connection:
        if connection.local is None and bucket is None:
            raise BadUsage(
                "drop uploads to S3, and the bucket of the deployed platform is not known: give --bucket, or use the"
                " local cloud"
            )
        row = _catalog(connection.api, catalog)
        catalog_id = str(row["id"])
        mode = "full/" if full else "delta/" if delta else ""
        key = f"{catalog_id}/incoming/{'dry-run/' if dry_run else ''}{mode}{file.name}"
        source = {"key": key, "version_id": put(connection, bucket, file, key)}
        if not as_json:
            output.success(f"dropped {key}")
        if row["status"] == "draft":
            output.warning(f"the catalog {row['name']} is a draft: no storefront shows its products")
        if wait:
            watch = Watch(connection, None, False)
            try:
                job = watch.one(lambda: _job_of(connection.api, catalog_id, source), timeout)
            except DecisionNeeded:
                if as_json:
                    output.print_json(_job_of(connection.api, catalog_id, source))
                raise
            if as_json:
                output.print_json(job)
            succeeded = report(connection, job, as_json)
            if dry_run and not as_json and job["status"] == "completed":
                output.note("dry run: nothing was changed")
            if not succeeded:
                raise typer.Exit(1)
        elif as_json:
            output.print_json({"catalog_id": catalog_id, "source": source})


def _catalog(api: httpx.Client, id_or_name: str) -> dict[str, Any]:
    """Return the catalog with this id or name. Raises NotFound if the catalog does not exist."""
    try:
        catalog_id = UUID(id_or_name)
    except ValueError:
        return _catalog_by_name(api, id_or_name)
    return get(api, f"/v1/catalogs/{catalog_id}", not_found=f"catalog {catalog_id} does not exist")


def _catalog_by_name(api: httpx.Client, name: str) -> dict[str, Any]:
    catalogs = list(get_all(api, "/v1/catalogs"))
    same = [catalog for catalog in catalogs if catalog["name"] == name]
    # Catalogs cannot be deleted, so an inactive catalog can have the same name as an active catalog. The name then
    # means the active catalog.
    named = [catalog for catalog in same if catalog["status"] != "inactive"] or same
    match named:
        case [catalog]:
            return catalog
        case []:
            names = [catalog["name"] for catalog in catalogs]
            raise NotFound(f"catalog {name} does not exist: {names_hint('catalogs', name, names)}")
    ids = " or ".join(str(catalog["id"]) for catalog in named)
    raise BadUsage(
        f"{len(named)} catalogs are named {name}: give one of their ids, {ids}, or give one of them another name or the"
        " status inactive with PATCH /v1/catalogs/ID"
    )


def put(connection: Connection, bucket: str | None, file: Path, key: str) -> str:
    """Upload a file to the bucket of drops, and return the S3 version id of the object."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        if connection.local:
            s3, bucket = connection.local.s3, connection.local.bucket(BUCKET)
        else:
            s3 = boto3.client("s3")
        with file.open("rb") as body:
            return str(s3.put_object(Bucket=bucket or "", Key=key, Body=body)["VersionId"])
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"the upload to S3 failed: {error}") from error


def _job_of(api: httpx.Client, catalog_id: str, source: dict[str, str]) -> dict[str, Any] | None:
    recent = get(api, "/v1/jobs", {"catalog_id": catalog_id, "type": "catalog_sync", "limit": 50})["data"]
    return next((job for job in recent if job["source"] == source), None)
