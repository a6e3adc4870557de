"""The command `wecelebrate read`: shows how a product file is read, and which products a sync would get from it.

The command needs no local cloud, because it reads the file with the same code as a sync. The command does not know the
catalog. Only a dry run shows which products already exist, whether several rows have the same SKU, and whether the
catalog has another currency.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

import typer

from infra.command.errors import BadUsage, CommandError, ExitCode
from infra.command.help import FILE_FORMATS, command
from infra.command.output import JsonOption
from infra.command.read_settings import ReadSettings, read_settings

if TYPE_CHECKING:
    from wecelebrate.feeds import Feed, Proposal

RowFormat = Literal["table", "json", "ndjson", "csv"]

DEFAULT_CURRENCY = "USD"
"""The currency of a catalog for which no currency is set. `wecelebrate.ingestion.catalog_settings` defines the same
currency, but that module imports the database. A test compares the two definitions."""


@command(
    "wecelebrate read products.csv",
    "wecelebrate read artikel.csv --mapping mapping.json --currency EUR",
    "wecelebrate read artikel.csv --mapping sku=Nr --mapping price=VK --option decimal=, --currency EUR",
    "wecelebrate read all.xlsx --rejected --format csv > rejected.csv",
    "cat products.xml.gz | wecelebrate read - --json | jq .counts",
    environment=("NO_COLOR",),
)
def read(  # noqa: PLR0917 — each parameter is an option
    file: Annotated[Path, typer.Argument(help=f"{FILE_FORMATS} - reads stdin.")],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--mapping",
            metavar="FIELD=COLUMN",
            help="FIELD=COLUMN names the column of a field, and FIELD= leaves the field out. Or a JSON file with a"
            " mapping or with sync_settings.",
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="How to read the file, e.g. delimiter=; or decimal=,"),
    ] = None,
    currency: Annotated[
        str, typer.Option("--currency", help="Currency of the catalog, for prices without a currency.")
    ] = DEFAULT_CURRENCY,
    row_format: Annotated[RowFormat, typer.Option("--format", help="Format of the output.")] = "table",
    rejected: Annotated[bool, typer.Option("--rejected", help="Print only the rejected rows.")] = False,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=1, help="Maximum number of rows. The rest of the file is not read."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show how a product file is read, and the product or the error of each row.

    The command needs no cloud, and changes nothing. Use `drop --dry-run --wait` to compare the file with the products
    of a catalog, and with the way in which earlier files of the catalog were read. Only the dry run shows which
    questions a sync will ask.

    With --format ndjson or csv, stdout contains only the rows. With --json, stdout contains one document: the rows are
    in `data`, and other fields show how the file is read. The exit code is 1 if products are rejected, if a question
    about the file is open, or if the file cannot be read. Totals, notes and parents of variants do not count as
    products.
    """
    if as_json and row_format not in ("table", "json"):
        raise BadUsage("--json and --format exclude each other: give one of them")
    # These imports are inside the function, because they take longer than printing the help of the command.
    from infra.command.read_output import PRINTERS, rows_of
    from wecelebrate.feeds import UnreadableFeed

    settings = read_settings(mapping or (), option or ())
    currency = _checked_currency(currency)
    printer = PRINTERS["json" if as_json else row_format]()
    with ExitStack() as stack:
        stream, name = _opened(file, stack)
        try:
            proposal, feed = _open_feed(stream, name, settings, currency, printer.print_reading)
            questions = getattr(feed, "questions", ())
            with feed:
                printer.print_reading(proposal, questions)
                counts = printer.print_rows(rows_of(feed, only_rejected=rejected, limit=limit))
        except UnreadableFeed as error:
            raise CommandError(str(error)) from error
    if counts.faulty or questions:
        raise typer.Exit(ExitCode.FAILED)


def _checked_currency(text: str) -> str:
    """Return the code of a currency in upper case. Raises BadUsage."""
    from wecelebrate.core.types import currencies

    code = text.strip().upper()
    if code not in currencies():
        raise BadUsage(f"--currency {text} is not a currency: give an ISO 4217 code, e.g. EUR")
    return code


def _opened(file: Path, stack: ExitStack) -> tuple[BinaryIO, str]:
    """Open the file, and return it with its name. Copy stdin to a temporary file, because the content is read twice.
    Raises BadUsage if the file cannot be opened.
    """
    if str(file) != "-":
        try:
            return stack.enter_context(file.open("rb")), file.name
        except OSError as error:
            raise BadUsage(f"{file} cannot be read: {error.strerror}") from error
    import shutil
    import sys
    import tempfile

    copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 — the stack closes it
    shutil.copyfileobj(sys.stdin.buffer, copy)
    copy.seek(0)
    return copy, "stdin"


def _open_feed(
    stream: BinaryIO,
    name: str,
    settings: ReadSettings,
    currency: str,
    on_failure: "Callable[[Proposal, Sequence[Any]], None]",
) -> "tuple[Proposal, Feed]":
    """Return the proposal for reading the file, which comes from its first rows, and the feed of all rows. Raises
    UnreadableFeed.

    If the settings do not fit the file, the function calls `on_failure` with the proposal, which shows the columns of
    the file.
    """
    from wecelebrate import feeds

    proposal = feeds.propose(stream, name, settings.mapping, currency, disclosure=settings.disclosure)
    stream.seek(0)
    try:
        return proposal, feeds.open_feed(stream, name, settings.mapping, currency, disclosure=settings.disclosure)
    except feeds.UnreadableFeed:
        on_failure(replace(proposal, warnings=[]), ())  # the error already contains the warnings
        raise
