"""The command `wecelebrate exports`: writes rows of the platform to files, and downloads them."""

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from infra.command import output
from infra.command.errors import BadUsage, CommandError
from infra.command.help import API, SETTINGS, documented
from infra.command.job_texts import age, count_rows, owner, until
from infra.command.output import Cell, Column, Json, JsonOption, Styled
from infra.command.resources import (
    DEFAULT_LIMIT,
    ClientOption,
    Clients,
    LimitOption,
    apply_to_each,
    client_id,
    client_slugs,
    print_list,
    print_one,
)

if TYPE_CHECKING:
    from infra.command.api import Connection

# `wecelebrate.exports.models` defines the same types. To import its package would take longer than the rest of the
# command. A test compares the types.
Kind = Literal["products", "orders", "order_lines", "events", "customers"]
Format = Literal["csv", "ndjson", "xlsx", "parquet"]

app = typer.Typer(
    no_args_is_help=True, help="Write products, orders, events or customers to files, and download them.", **SETTINGS
)

_DEFAULT_TIMEOUT = 3600
_COLORS = {"completed": "green", "failed": "red", "cancelled": "dim"}
_COLUMNS = (
    Column("export"),
    Column("client", shorten=True),
    Column("kind"),
    Column("format"),
    Column("state"),
    Column("rows", right=True),
    Column("size", right=True),
    Column("age"),
)
ExportId = Annotated[UUID, typer.Argument(help="Id of the export.")]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File or folder to write to. The default is the current folder."),
]
TimeoutOption = Annotated[int, typer.Option("--timeout", min=1, help="Maximum time to wait, in seconds.")]


@app.command(
    cls=documented(
        "wecelebrate exports create products --client acme --wait",
        "wecelebrate exports create orders --format xlsx --timezone Europe/Berlin --client acme --wait -o orders.xlsx",
        "wecelebrate exports create order_lines --format parquet --filter created_from=2026-01-01T00:00:00Z",
        environment=API,
    )
)
def create(  # noqa: PLR0917 — each parameter is an option
    kind: Annotated[Kind, typer.Argument(help="The rows to export.")],
    file_format: Annotated[Format, typer.Option("--format", "-f", help="Format of the file.")] = "csv",
    client: Annotated[
        str | None, typer.Option("--client", help="Id or slug of the client. Without it, an admin exports all clients.")
    ] = None,
    filters: Annotated[
        list[str] | None, typer.Option("--filter", metavar="NAME=VALUE", help="Filter of the API. Can be repeated.")
    ] = None,
    bom: Annotated[bool, typer.Option("--bom", help="Begin a CSV file with a byte order mark, for Excel.")] = False,
    timezone: Annotated[str, typer.Option("--timezone", help="Time zone of the times in an XLSX file.")] = "UTC",
    source_data: Annotated[
        bool, typer.Option("--source-data", help="Add the fields of a product that the files of an ERP system contain.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Show the progress, and download the file.")] = False,
    target: OutputOption = None,
    timeout: TimeoutOption = _DEFAULT_TIMEOUT,
    as_json: JsonOption = False,
) -> None:
    """Export all rows that you can see to a file.

    All rows in the file come from one point in time. The platform deletes the file after 7 days.
    """
    from infra.command.api import connect, post

    if target and not wait:
        raise BadUsage("--output needs --wait: without it, nothing is downloaded")
    body: Json = {"kind": kind, "format": file_format, "bom": bom, "timezone": timezone}
    body |= {"filters": _filters(filters or []), "include": ["source_data"] if source_data else []}
    with connect(expires_in=timeout + 60) as connection:
        if client is not None:
            body["client_id"] = client_id(client_slugs(connection.api), client)
        export: Json = post(connection.api, "/v1/exports", body)
        if wait:
            export = _finished(connection, export["id"], timeout)
            path = _download(export, target)
            if not as_json:
                output.success(f"{path}  {count_rows(export['file']['rows'])}, {_size(export['file']['size'])}")
        elif not as_json:
            output.success(f"{export['id']}  queued: `wecelebrate exports download {export['id']}` waits for the file")
        if as_json:
            output.print_json(export)


@app.command(
    "list",
    cls=documented("wecelebrate exports list --client acme", "wecelebrate exports list --kind orders", environment=API),
)
def list_exports(
    client: ClientOption = None,
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only exports of these rows.")] = None,
    limit: LimitOption = DEFAULT_LIMIT,
    as_json: JsonOption = False,
) -> None:
    """List exports, newest first."""
    print_list("/v1/exports", client, limit, as_json=as_json, plural="exports", columns=_COLUMNS, row=_row, kind=kind)


@app.command(cls=documented("wecelebrate exports show 01a20512-5e16-7075-8b8c-1b6a3ce1d0a5", environment=API))
def show(export_id: ExportId, as_json: JsonOption = False) -> None:
    """Show all details of an export."""
    print_one(f"/v1/exports/{export_id}", as_json=as_json, not_found=_not_found(export_id), details=_details)


@app.command(
    cls=documented(
        "wecelebrate exports download 01a20512-5e16-7075-8b8c-1b6a3ce1d0a5",
        "wecelebrate exports download 01a20512-5e16-7075-8b8c-1b6a3ce1d0a5 -o orders.csv",
        environment=API,
    )
)
def download(export_id: ExportId, target: OutputOption = None, timeout: TimeoutOption = _DEFAULT_TIMEOUT) -> None:
    """Wait until an export is complete, and download its file.

    The command checks the SHA-256 hash of the file, and removes an incomplete file.
    """
    from infra.command.api import connect

    with connect(expires_in=timeout + 60) as connection:
        export = _finished(connection, str(export_id), timeout)
        path = _download(export, target)
    output.success(f"{path}  {count_rows(export['file']['rows'])}, {_size(export['file']['size'])}")


@app.command(cls=documented("wecelebrate exports delete 01a20512-5e16-7075-8b8c-1b6a3ce1d0a5", environment=API))
def delete(export_ids: Annotated[list[UUID], typer.Argument(help="Ids of the exports.", show_default=False)]) -> None:
    """Delete exports and their files. Cancel exports that have not finished."""
    from infra.command.api import connect, require_success

    with connect() as connection:

        def remove(export_id: UUID) -> str:
            require_success(connection.api.delete(f"/v1/exports/{export_id}"), _not_found(export_id))
            return "deleted"

        apply_to_each(export_ids, remove)


def _filters(arguments: list[str]) -> dict[str, Any]:
    """Return the filters as fields of the JSON body. Raises BadUsage."""
    filters: dict[str, Any] = {}
    for argument in arguments:
        name, separator, value = argument.partition("=")
        if not (name and separator):
            raise BadUsage(f"--filter {argument} must have the form NAME=VALUE")
        filters[name] = {"true": True, "false": False}.get(value, value)
    return filters


def _finished(connection: "Connection", export_id: str, timeout: int) -> Json:
    """Wait until an export has ended. Raises CommandError if the export failed or was cancelled."""
    from infra.command.api import get
    from infra.command.watch import Watch

    path, missing = f"/v1/exports/{export_id}", _not_found(export_id)
    job_id = get(connection.api, path, not_found=missing)["job_id"]
    Watch(connection, None, False).one(lambda: get(connection.api, f"/v1/jobs/{job_id}", not_found=missing), timeout)
    export = get(connection.api, path, not_found=missing)
    if export["status"] != "completed":
        raise CommandError(f"the export is {export['status']}: {export['error']}")
    return export


def _download(export: Json, target: Path | None) -> Path:
    """Download the file of an export, and return its path. Raises CommandError if the content is not complete."""
    from infra.command.api import httpx

    name = str(export["file"]["name"])
    path = target / name if target is not None and target.is_dir() else target or Path(name)
    partial = path.with_name(f".{path.name}.part")
    digest = hashlib.sha256()
    try:
        with httpx.stream("GET", export["url"], timeout=60) as response, partial.open("wb") as file:
            if response.is_error:
                raise CommandError(f"the download failed: S3 returned {response.status_code}")
            for block in response.iter_bytes():
                digest.update(block)
                file.write(block)
        if digest.hexdigest() != export["file"]["sha256"]:
            raise CommandError("the downloaded file does not have the SHA-256 of the export: download it again")
        partial.replace(path)
    except (httpx.HTTPError, OSError) as error:
        raise CommandError(f"the download failed: {error}") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
    return path


def _row(export: Json, clients: Clients) -> tuple[Cell, ...]:
    file = export["file"] or {}
    rows, size = file.get("rows"), file.get("size")
    return (
        export["id"], owner(export, clients), export["kind"], export["format"], _state(export),
        "" if rows is None else f"{rows:,}", "" if size is None else _size(size), age(export["created_at"]),
    )  # fmt: skip


def _details(export: Json, clients: Clients) -> Mapping[str, Cell]:
    file = export["file"] or {}
    filters = ", ".join(f"{name}={value}" for name, value in export["filters"].items())
    return {
        "export": export["id"],
        "client": owner(export, clients),
        "requested by": export["requested_by"],
        "kind": export["kind"],
        "format": export["format"],
        "filters": filters or "none",
        "state": _state(export),
        "error": export["error"] or "",
        "job": export["job_id"],
        "file": file.get("name", ""),
        "rows": f"{file['rows']:,}" if file else "",
        "size": _size(file["size"]) if file else "",
        "sha256": file.get("sha256", ""),
        "snapshot": file.get("snapshot_at", ""),
        "deleted in": until(export["expires_at"]),
    }


def _state(export: Json) -> Styled:
    percent = export["progress"]["percent"]
    text = f"{percent:.0f} %" if export["status"] == "processing" and percent is not None else export["status"]
    return Styled(text, _COLORS.get(export["status"]))


def _size(size: int) -> str:
    """Return a number of bytes as text, e.g. `12.5 MB`."""
    for unit, length in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= length:
            return f"{size / length:.1f} {unit}"
    return f"{size} B"


def _not_found(export_id: object) -> str:
    return f"export {export_id} does not exist"
