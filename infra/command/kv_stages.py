"""The commands `wecelebrate kv cutover`, `rollback` and `shadow`. They decide whether the store or the tables lead."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from infra.command import output
from infra.command.help import API, documented
from infra.command.output import Column, JsonOption

if TYPE_CHECKING:
    import httpx


class Entity(StrEnum):
    """An entity whose documents become rows."""

    client = "client"
    catalog = "catalog"
    site = "site"
    product = "product"
    order = "order"


class GateName(StrEnum):
    """The conditions (gates) of a cutover."""

    mirror = "mirror"
    triggers = "triggers"
    backfill = "backfill"
    quarantine = "quarantine"
    comparison = "comparison"
    shadow = "shadow"
    transactions = "transactions"
    canary = "canary"


EntityArgument = Annotated[Entity, typer.Argument(help="The entity whose documents become rows.")]
ClientOption = Annotated[
    UUID | None, typer.Option("--client", help="The id of a client. Default: all clients.", show_default=False)
]
_STAGES = (
    Column("entity"),
    Column("client"),
    Column("leads"),
    Column("reads", right=True),
    Column("shadow", right=True),
    Column("compared", right=True),
    Column("differed", right=True),
)
_GATES = (Column("gate"), Column("state"), Column("noticed", shorten=True), Column("what to do", shorten=True))


def add_to(app: typer.Typer) -> None:
    """Add the commands to a group."""
    app.command(
        "cutover",
        cls=documented(
            "wecelebrate kv cutover product --reads 25 --override shadow --reason 'Nothing reads yet'",
            "wecelebrate kv cutover product --client 0197a5c0-6f3b-7d52-9c1e-5a8f2f7f1b3d --reads 100",
            environment=API,
        ),
    )(cutover)
    app.command("rollback", cls=documented("wecelebrate kv rollback product", environment=API))(rollback)
    app.command("shadow", cls=documented("wecelebrate kv shadow product --percent 10", environment=API))(shadow)


def cutover(  # noqa: PLR0917 — each parameter is an option
    entity: EntityArgument,
    reads: Annotated[
        int,
        typer.Option(min=0, max=100, help="The percentage of records for which reads return the rows of the tables."),
    ],
    client: ClientOption = None,
    override: Annotated[
        list[GateName] | None, typer.Option(help="A gate to ignore. The audit log records the override.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="The reason to ignore these gates.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Let the tables lead. The store then refuses invalid documents, and answers the reads of some records from the
    rows.

    The cutover has conditions (gates). If a gate fails, nothing changes, and the command says what to do. Repeat the
    command with a larger --reads until --reads is 100.
    """
    change = {"leads": "tables", "reads": reads, "overrides": [gate.value for gate in override or []]}
    changed = _change(entity, client, change | ({} if reason is None else {"reason": reason}))
    if as_json:
        output.print_json(changed)
        return
    print_gates(changed["gates"])
    output.success(f"the tables lead for each {entity}, and answer {reads} % of the reads")


def rollback(entity: EntityArgument, client: ClientOption = None, as_json: JsonOption = False) -> None:
    """Let the store lead again, and answer all reads from the store. The command checks no gates, and takes effect
    immediately.

    Without --client, the command rolls back all clients, including clients that have their own stage.
    """
    changed = _change(entity, client, {"leads": "kv"})
    if as_json:
        output.print_json(changed)
    else:
        output.success(f"the store leads for each {entity}, and answers all reads")


def shadow(
    entity: EntityArgument,
    percent: Annotated[int, typer.Option(min=0, max=100, help="The percentage of reads that compare both sides.")],
    client: ClientOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare documents with rows in a percentage of the reads. The counts start again at 0. Responses do not
    change."""
    changed = _change(entity, client, {"shadow": percent})
    if as_json:
        output.print_json(changed)
    else:
        output.success(f"{percent} % of the reads of each {entity} compare both sides")


def _change(entity: Entity, client: UUID | None, change: output.Json) -> output.Json:
    import httpx

    from infra.command.api import connect, require_success

    with connect() as connection:
        body = {**change, "client_id": None if client is None else str(client)}
        response = connection.api.put(f"/v1/admin/kv/stages/{entity}", json=body)
        if response.status_code == httpx.codes.CONFLICT:
            for gate in response.json().get("errors", []):
                output.warning(f"{gate['pointer']}: {gate['detail']}")
        require_success(response)
        changed: output.Json = response.json()
        return changed


def gates_of(api: "httpx.Client", stages: list[output.Json]) -> list[output.Json]:
    """Return the gates of each stage, with the entity and the client of the stage."""
    from infra.command.api import get

    gates = []
    for stage in stages:
        query = {} if stage["client_id"] is None else {"client_id": stage["client_id"]}
        data = get(api, f"/v1/admin/kv/stages/{stage['entity']}/gates", query)["data"]
        gates.append({"entity": stage["entity"], "client_id": stage["client_id"], "gates": data})
    return gates


def print_stages(stages: list[output.Json], gates: list[output.Json]) -> None:
    """Print the stages, and the gates that have not passed."""
    if not stages:
        return
    rows = [
        (
            stage["entity"],
            stage["client_id"] or "all",
            stage["leads"],
            f"{stage['reads']} %",
            f"{stage['shadow']} %",
            f"{stage['shadow_reads']:,}",
            f"{stage['mismatches']:,}",
        )
        for stage in stages
    ]
    output.print_table(_STAGES, rows)
    for each in gates:
        failed = [gate for gate in each["gates"] if gate["state"] == "failed"]
        if failed:
            output.result(f"gates of {each['entity']}, {each['client_id'] or 'all clients'}:")
            print_gates(failed)


def print_gates(gates: list[output.Json]) -> None:
    """Print a table of gates."""
    output.print_table(_GATES, [(gate["name"], gate["state"], gate["detail"], gate["advice"]) for gate in gates])
