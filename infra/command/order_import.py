"""The command `wecelebrate orders import`: imports the historical orders of a site from a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from infra.command import output
from infra.command.errors import ApiUnavailable, BadUsage
from infra.command.output import Cell, Column, Json, JsonOption
from infra.command.resources import only

if TYPE_CHECKING:
    from infra.command.api import Connection, httpx

# `wecelebrate.orders.models` defines the same type. To import its package would take longer than the rest of the
# command.
Status = Literal["pending", "processing", "shipped", "delivered", "cancelled"]
FILE_HELP = "CSV, XLSX, JSON or NDJSON, optionally compressed with gzip or zip."
_UPLOAD_TIMEOUT_SECONDS = 600
_OTHER_OPTIONS = {
    "currency": ", or --currency EUR is the currency of all orders",
    "status": ", or --status delivered is the status of all orders",
}
"""Maps a field to a hint for the option that states this field for the whole file."""
FileOption = Annotated[
    Path | None,
    typer.Option("--lines", exists=True, dir_okay=False, help="A second file with the lines of the orders."),
]


def import_orders(  # noqa: PLR0917 — each parameter is an option
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help=FILE_HELP)],
    site: Annotated[str, typer.Option("--site", help="Id, slug or domain of the site.")],
    source: Annotated[str, typer.Option("--source", help="Name of the system from which the orders come.")] = "file",
    lines: FileOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check the file.")] = False,
    currency: Annotated[str | None, typer.Option("--currency", help="Currency of rows without a currency.")] = None,
    status: Annotated[Status | None, typer.Option("--status", help="Status of orders without a status.")] = None,
    statuses: Annotated[
        list[str] | None,
        typer.Option(
            "--status-word",
            metavar="WORD=STATUS",
            help="The status that a word in the file stands for. Can be repeated.",
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="FIELD=COLUMN", help="The column that contains a field. Can be repeated."),
    ] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", help="Time zone of times without an offset.")] = None,
    date_format: Annotated[
        str | None, typer.Option("--date-format", help="How times are written, e.g. '%d.%m.%Y %H:%M'.")
    ] = None,
    decimal_mark: Annotated[
        Literal[",", "."] | None, typer.Option("--decimal-mark", help="The decimal mark of amounts.")
    ] = None,
    number_prefix: Annotated[
        str, typer.Option("--number-prefix", help="A text that is put before each order number.")
    ] = "",
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Only start the import, and print the id of its job.")] = (
        False
    ),
    timeout: Annotated[int, typer.Option("--timeout", min=1, help="Maximum time to wait, in seconds.")] = 3600,
    as_json: JsonOption = False,
) -> None:
    """Import the past orders of a site from a file. The import sends no mails, publishes no events and does not change
    the stock.

    The command shows the progress, the columns that were read and not read, and the rejected rows. Check the columns
    with --dry-run first, because a later import does not correct orders. The exit code is 1 if the job failed or
    rejected rows. Importing the same file again changes nothing.
    """
    from infra.command.api import connect, get, post
    from infra.command.watch import Watch, report

    stated = {
        "source": source, "dry_run": dry_run, "currency": currency, "status": status, "timezone": timezone,
        "date_format": date_format, "decimal_mark": decimal_mark, "number_prefix": number_prefix or None,
    }  # fmt: skip
    body: Json = {name: value for name, value in stated.items() if value is not None}
    body |= {"statuses": _pairs("--status-word", statuses), "columns": _pairs("--column", columns)}
    with connect(expires_in=timeout + 600) as connection:
        target = _site(connection.api, site)
        body["upload_id"] = _upload(connection.api, target, file)
        if lines is not None:
            body["lines_upload_id"] = _upload(connection.api, target, lines)
        job = post(connection.api, f"/v1/sites/{target['id']}/orders/import", body)
        if no_wait:
            if as_json:
                output.print_json(job)
            else:
                output.success(f"job {job['id']} is {job['status']}")
            return
        job = Watch(connection, None, False).one(lambda: get(connection.api, f"/v1/jobs/{job['id']}"), timeout)
        if as_json:
            output.print_json(job)
        if not report(connection, job, as_json):
            raise typer.Exit(1)


def is_import(job: Json) -> bool:
    """Return whether a completed job is an import of historical orders."""
    return "other_totals" in (job["result"] or {})


def print_import(connection: "Connection", job: Json) -> None:
    """Print the result of a completed import."""
    from infra.command.job_texts import count_orders, count_rows
    from infra.command.watch import print_rejections

    counts, result = job["counts"], job["result"]
    orders = result["orders"]
    verb = "would be created" if result["dry_run"] else "created"
    text = (
        f"{count_rows(counts['read'])} of {count_orders(orders['read'])}: {orders['created']:,} {verb},"
        f" {orders['unchanged']:,} unchanged, {orders['rejected']:,} rejected"
    )
    is_failure = counts["rejected"] and not orders["created"] and not orders["unchanged"]
    (output.failure if is_failure else output.success)(text)
    _print_columns(result)
    if orders["with_other_total"]:
        number = orders["with_other_total"]
        text = "1 order, whose total is" if number == 1 else f"{number:,} orders, of which the total is"
        output.warning(f"{text} not the sum of the lines, e.g.")
        columns = (Column("line"), Column("order"), Column("total", right=True), Column("lines", right=True))
        output.print_table(columns, map(_total_row, result["other_totals"]))
    print_rejections(connection, job)


def _print_columns(result: Json) -> None:
    """Print which columns were read as which fields, which columns were not read, and which fields have no column.

    Jobs of earlier releases only contain the columns that were read.
    """
    files = result["columns"]
    for at, of_file in enumerate(files):
        name = "  read" if len(files) == 1 else f"  read from file {at + 1}"
        pairs = (field if field == column else f"{field}={column}" for field, column in sorted(of_file.items()))
        output.note(f"{name}: {', '.join(pairs)}")
    for at, unread in enumerate(result.get("unread_columns", ())):
        if unread:
            name = "not read" if len(files) == 1 else f"not read from file {at + 1}"
            output.warning(f"{name}: {', '.join(unread)}")
    for fields in result.get("missing_fields", ()):
        name = fields[0]
        option = _OTHER_OPTIONS.get(name, "")
        names = " or ".join(f"`{field}`" for field in fields)
        output.warning(f"no column has {names}: --column {name}=COLUMN says which one{option}")


def _total_row(order: Json) -> tuple[Cell, ...]:
    amounts = (f"{order[name]} {order['currency']}" for name in ("total_amount", "lines_amount"))
    return str(order["line"]), order["order_number"], *amounts


def _site(api: "httpx.Client", name: str) -> Json:
    """Return the site with this id, slug or domain. Raises NotFound, and BadUsage if several sites match."""
    from infra.command.api import get, get_all

    try:
        return get(api, f"/v1/sites/{UUID(name)}", not_found=f"site {name} does not exist")
    except ValueError:
        sites = [site for site in get_all(api, "/v1/sites") if name in (site["slug"], site["domain"])]
    return only("sites", "are named", name, sites, f"site {name} does not exist")


def _upload(api: "httpx.Client", site: Json, file: Path) -> str:
    """Upload a file, and return the id of the upload. Raises ApiUnavailable."""
    from infra.command.api import httpx, post

    size = file.stat().st_size
    if not size:
        raise BadUsage(f"{file} is empty")
    upload = post(api, "/v1/uploads", {"name": file.name, "size": size, "client_id": site["client_id"]})
    with file.open("rb") as content:
        headers = {**upload["headers"], "Content-Length": str(size)}
        try:
            response = httpx.put(
                upload["url"], content=content, headers=headers, timeout=_UPLOAD_TIMEOUT_SECONDS, trust_env=False
            )
        except httpx.TransportError as error:
            raise ApiUnavailable(f"the upload of {file.name} failed: {error}") from error
    if response.is_error:
        raise ApiUnavailable(f"the upload of {file.name} failed with status {response.status_code}")
    return str(upload["id"])


def _pairs(option: str, texts: list[str] | None) -> dict[str, Any]:
    """Map each name to its value. The texts have the form NAME=VALUE. Raises BadUsage for any other form."""
    pairs = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise BadUsage(f"{option} {text} is not valid: give it as NAME=VALUE")
        pairs[name] = value
    return pairs
