"""The command `wecelebrate kv compare`: shows the differences between the documents of the store and the rows of the
tables."""

from collections import Counter
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from infra.command import output
from infra.command.help import API, documented
from infra.command.output import Column, JsonOption

if TYPE_CHECKING:
    import httpx

_REPORT_SECONDS = 5.0
"""The time between two progress reports."""
_COLUMNS = (
    Column("entity"),
    Column("compared", right=True),
    Column("equal", right=True),
    Column("kept", right=True),
    Column("aliases", right=True),
    Column("quarantine", right=True),
    Column("differences", right=True),
)
_DIFFERENCES = (
    Column("entity"),
    Column("difference"),
    Column("field"),
    Column("count", right=True),
    Column("e.g.", shorten=True),
)
_OUTCOMES = ("repaired", "unchanged", "quarantined", "newer")
_MAX_KEYS = 5
"""The command prints at most this number of keys of newer documents."""


class ComparedEntity(StrEnum):
    """An entity whose documents become rows. Each entity comes after the entities on which it depends."""

    CLIENT = "client"
    CATALOG = "catalog"
    SITE = "site"
    PRODUCT = "product"
    ORDER = "order"


class Source(StrEnum):
    """The source of the values for a repair: the documents of the store, or the rows of the tables."""

    KV = "from=kv"
    TABLES = "from=tables"


def register(app: typer.Typer) -> None:
    """Add the command to the group `wecelebrate kv`."""
    app.command(
        "compare",
        cls=documented(
            "wecelebrate kv compare",
            "wecelebrate kv compare --entity product --repair from=kv",
            "wecelebrate kv compare --sample 1000 --json",
            environment=API,
        ),
    )(compare)


def compare(  # noqa: PLR0917 — each parameter is an option
    entity: Annotated[ComparedEntity | None, typer.Option(help="The entity to compare. Default: all entities.")] = None,
    client: Annotated[UUID | None, typer.Option(help="The id of the client whose records are compared.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Compare all documents. This is the default.")] = False,
    sample: Annotated[int | None, typer.Option(min=1, help="Compare about this many documents of an entity.")] = None,
    repair: Annotated[
        Source | None,
        typer.Option(help="Repair the differences: map the documents again, or write them from the rows."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the documents of the store with the rows of the platform. The output contains no values. The exit code is
    1 if differences exist.

    If the command is stopped, start it again: the comparison continues. If an application writes a document during the
    comparison, the command reads the document again. The write therefore does not count as a difference.
    """
    from infra.command.api import connect

    if full and sample is not None:
        raise typer.BadParameter("Use either --full or --sample.")
    comparisons, repairs, newer = [], Counter[str](), list[str]()
    with connect() as connection:
        entities = _with_documents(connection.api) if entity is None else [entity]
        for each in entities:
            scope = {"entity": each.value, "client_id": client and str(client), "sample": sample}
            comparison = _compare(connection.api, scope, quiet=as_json)
            if repair is not None and comparison["found"]:
                repairs += _repair(connection.api, comparison, repair, newer, quiet=as_json)
                comparison = _post(connection.api, f"/v1/admin/kv/comparisons/{comparison['id']}/pages")
            comparisons.append(comparison)
    if as_json:
        result: output.Json = {"comparisons": comparisons}
        if repair is not None:
            result["repairs"] = {outcome: repairs[outcome] for outcome in _OUTCOMES}
            result["newer"] = newer[:_MAX_KEYS]
        output.print_json(result)
    else:
        print_comparisons(comparisons)
        if repair is not None:
            output.result(", ".join(f"{repairs[outcome]:,} {outcome}" for outcome in _OUTCOMES))
        if newer:
            output.note(
                "documents that the command did not change, because they are newer than their rows: "
                f"{', '.join(newer[:_MAX_KEYS])}{' …' if newer[_MAX_KEYS:] else ''}. "
                "Repair them with --repair from=kv, or change the rows again."
            )
    if any(comparison["found"] for comparison in comparisons):
        raise typer.Exit(1)
    if not as_json:
        output.success("documents and rows agree")


def _with_documents(api: "httpx.Client") -> list[ComparedEntity]:
    """Return the entities whose documents are not retired."""
    from infra.command.api import get

    retired = {each["entity"] for each in get(api, "/v1/admin/kv/status")["retirements"] if each["status"] != "waiting"}
    return [entity for entity in ComparedEntity if entity.value not in retired]


def print_comparisons(comparisons: list[output.Json]) -> None:
    """Print the counts of comparisons, and the differences that are not repaired."""
    if comparisons:
        output.print_table(_COLUMNS, [_numbers(comparison) for comparison in comparisons])
    differences = [
        (comparison["entity"], found["kind"], found["field"] or "", f"{found['differences']:,}", found["keys"][0])
        for comparison in comparisons
        for found in comparison["found"]
    ]
    if differences:
        output.print_table(_DIFFERENCES, differences)


def _numbers(comparison: output.Json) -> tuple[str, ...]:
    counts: Counter[str] = Counter(comparison["counts"])
    is_open = sum(found["differences"] for found in comparison["found"])
    numbers = (
        comparison["compared"], counts["equal"], counts["kept"], counts["aliases"], counts["quarantined"], is_open,
    )  # fmt: skip
    return comparison["entity"], *(f"{number:,}" for number in numbers)


def _compare(api: "httpx.Client", scope: output.Json, *, quiet: bool) -> output.Json:
    comparison = _post(api, "/v1/admin/kv/comparisons", scope)
    reported = monotonic()
    while comparison["status"] == "running":
        comparison = _post(api, f"/v1/admin/kv/comparisons/{comparison['id']}/pages")
        if not quiet and monotonic() - reported > _REPORT_SECONDS:
            reported = monotonic()
            output.note(
                f"… {comparison['entity']}: {comparison['compared']:,} documents and rows compared, "
                f"{comparison['differences']:,} differences"
            )
    return comparison


def _repair(
    api: "httpx.Client", comparison: output.Json, source: Source, newer: list[str], *, quiet: bool
) -> Counter[str]:
    """Repair all differences, and count the outcomes. If a document is newer than its row, add its key to `newer`."""
    outcomes = Counter[str]()
    total = sum(found["differences"] for found in comparison["found"])
    reported = monotonic()
    body: output.Json = {"source": source.value.removeprefix("from="), "after": None}
    while True:
        repair = _post(api, f"/v1/admin/kv/comparisons/{comparison['id']}/repairs", body)
        if repair["after"] is None:
            return outcomes
        outcomes[repair["outcome"]] += 1
        if not quiet and monotonic() - reported > _REPORT_SECONDS:
            reported = monotonic()
            output.note(f"… {comparison['entity']}: {outcomes.total():,} records repaired, of {total:,} differences")
        if repair["outcome"] == "newer":
            newer.append(repair["key"])
        body["after"] = repair["after"]


def _post(api: "httpx.Client", path: str, body: output.Json | None = None) -> output.Json:
    """Send a request, and return the response. Raises the errors that `require_success` raises."""
    from infra.command.api import require_success

    response = api.post(path, json=body)
    require_success(response)
    content: output.Json = response.json()
    return content
