"""The commands `wecelebrate kv …`: the key-value store of the platform's predecessor."""

from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from infra.command import kv_comparison, kv_mirror, kv_retirement, kv_stages, output
from infra.command.help import API, LOCAL, SETTINGS, documented
from infra.command.output import Column, JsonOption

if TYPE_CHECKING:
    import httpx

app = typer.Typer(no_args_is_help=True, help="Move the documents of the old key-value store to the tables.", **SETTINGS)
app.add_typer(kv_mirror.app, name="mirror")
kv_comparison.register(app)
kv_stages.add_to(app)
kv_retirement.add_to(app)


_FAMILIES = (
    Column("family", shorten=True),
    Column("becomes"),
    Column("documents", right=True),
    Column("bytes", right=True),
)
_ENTITIES = (
    Column("entity"),
    Column("documents", right=True),
    Column("rows", right=True),
    Column("aliases", right=True),
    Column("quarantine", right=True),
)
_DAMAGE = (Column("damage"), Column("count", right=True), Column("becomes"), Column("e.g.", shorten=True))
_PAGE_SIZE = 1000
_REPORT_SECONDS = 5.0
"""The time between two progress reports."""
_INSPECTED = ("client", "site", "catalog", "product", "order", "list")


@app.command(
    "inspect",
    cls=documented("wecelebrate kv inspect", "wecelebrate kv inspect --json | jq '.damage'", environment=API),
)
def inspect(as_json: JsonOption = False) -> None:
    """Count the documents of each family of keys, and the damaged documents by kind. The command prints no values and
    no secret keys.

    The command reads all documents of clients, sites, catalogs, products and orders. If an application writes to the
    store at the same time, the counts can include the written documents or not.
    """
    from infra.command.api import connect, get
    from infra.command.kv_inspection import Inspection

    with connect() as connection, Inspection() as inspection:
        families = get(connection.api, "/v1/admin/kv/families")["data"]
        total = sum(row["documents"] for row in families if row["meaning"] in _INSPECTED)
        done, reported, cursor = 0, monotonic(), None
        while True:
            query: dict[str, str | int] = {"limit": _PAGE_SIZE}
            if cursor is not None:
                query["cursor"] = cursor
            page = get(connection.api, "/v1/admin/kv/documents", query)
            inspection.add(page["data"])
            done += sum(document["first_entry"] == 0 and not document["in_list"] for document in page["data"])
            cursor = page["next_cursor"]
            if cursor is None:
                break
            if monotonic() - reported > _REPORT_SECONDS:
                reported = monotonic()
                output.note(f"… {done:,} of {total:,} documents")
        inspection.compare()
        entities, damage = list(inspection.entities()), list(inspection.damage())
    if as_json:
        output.print_json({"families": families, "entities": entities, "damage": damage})
    else:
        _print(families, entities, damage)


def _print(families: list[output.Json], entities: list[output.Json], damage: list[output.Json]) -> None:
    rows = [(row["family"], row["meaning"], f"{row['documents']:,}", f"{row['bytes']:,}") for row in families]
    if rows:
        output.print_table(_FAMILIES, rows)
    else:
        output.note("the store has no documents")
    if entities:
        output.result()
        output.print_table(
            _ENTITIES, [(row["entity"], *(f"{row[c.title]:,}" for c in _ENTITIES[1:])) for row in entities]
        )
    if damage:
        output.result()
        output.print_table(
            _DAMAGE, [(row["damage"], f"{row['count']:,}", row["becomes"], row["examples"][0]) for row in damage]
        )


_PHASES = {
    "index": "reading the keys",
    "lists": "reading the lists",
    "client": "clients",
    "catalog": "catalogs",
    "site": "sites",
    "product": "gifts",
    "setting": "settings of sites",
    "order": "orders",
    "end": "accounting",
}
_QUARANTINE_COLUMNS = (
    Column("entity"),
    Column("quarantine"),
    Column("documents", right=True),
    Column("what to do", shorten=True),
)
_SETTINGS_COLUMNS = (
    Column("settings not copied"),
    Column("documents", right=True),
    Column("what to do", shorten=True),
)
_ENTITY_COLUMNS = (
    Column("entity"),
    Column("rows", right=True),
    Column("aliases", right=True),
    Column("quarantine", right=True),
    Column("pending", right=True),
)


@app.command(
    "backfill",
    cls=documented("wecelebrate kv backfill", "wecelebrate kv backfill --currency EUR --json", environment=API),
)
def backfill(
    environment: Annotated[
        list[str] | None,
        typer.Option("--environment", help="An environment whose documents become rows. Default: production."),
    ] = None,
    currency: Annotated[str | None, typer.Option(help="The currency of prices without a currency, e.g. EUR.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Copy clients, catalogs, sites, gifts and orders from the store to the tables of the platform.

    If the command is stopped, start it again: the run continues. A later run copies only documents that have changed,
    and documents that were in quarantine. The backfill sends no mails and no webhooks.
    """
    from infra.command.api import connect

    new = {"environments": environment or ["production"], "currency": currency}
    with connect() as connection:
        run = _post(connection.api, "/v1/admin/kv/runs", new)
        phase = ""
        while run["status"] == "running":
            if run["phase"] != phase and not as_json:
                phase = run["phase"]
                output.note(f"{_PHASES[phase]}  {run['done']:,} of {run['total']:,} documents")
            run = _post(connection.api, f"/v1/admin/kv/runs/{run['id']}/batches")
    if as_json:
        output.print_json(run)
    else:
        counts = run["counts"]
        left_over = sum(counts["left_over"].values())
        output.success(
            f"{counts['documents']:,} documents: {counts['rows']:,} rows, {counts['aliases']:,} aliases, "
            f"{counts['quarantined']:,} in quarantine, {left_over:,} left over"
        )
    if run["status"] == "incomplete":
        arrived = run["counts"]["unaccounted"]
        output.warning(f"{arrived:,} documents were written during the run: run the command again")
        raise typer.Exit(1)


def _post(api: "httpx.Client", path: str, body: output.Json | None = None) -> output.Json:
    """Send a request, and return the run in the response. Raises the errors that `require_success` raises."""
    from infra.command.api import require_success

    response = api.post(path, json=body)
    require_success(response)
    run: output.Json = response.json()
    return run


@app.command(
    "status",
    cls=documented("wecelebrate kv status", "wecelebrate kv status --json | jq '.quarantine'", environment=API),
)
def status(as_json: JsonOption = False) -> None:
    """Show the last backfill, the counts of documents and rows, the leading side, and how to fix documents in
    quarantine."""
    from infra.command.api import connect, get

    with connect() as connection:
        state = get(connection.api, "/v1/admin/kv/status")
        state["stages"] = get(connection.api, "/v1/admin/kv/stages")["data"]
        state["gates"] = kv_stages.gates_of(connection.api, state["stages"])
    if as_json:
        output.print_json(state)
        return
    run = state["run"]
    output.result("no backfill has run" if run is None else f"last run: {run['status']}, started {run['started_at']}")
    rows = [
        (entity["entity"], *(f"{entity[name]:,}" for name in ("rows", "aliases", "quarantined", "pending")))
        for entity in state["entities"]
    ]
    if rows:
        output.print_table(_ENTITY_COLUMNS, rows)
    kv_mirror.print_mirror(state["mirror"])
    kv_comparison.print_comparisons(state["comparisons"])
    kv_stages.print_stages(state["stages"], state["gates"])
    kv_retirement.print_retirements(state["retirements"], state["traffic"])
    if state["quarantine"]:
        reasons = [
            (row["entity"], row["reason"], f"{row['documents']:,}", row["advice"]) for row in state["quarantine"]
        ]
        output.print_table(_QUARANTINE_COLUMNS, reasons)
    if state["settings"]:
        settings = [(row["reason"], f"{row['documents']:,}", row["advice"]) for row in state["settings"]]
        output.print_table(_SETTINGS_COLUMNS, settings)


@app.command("key", cls=documented("wecelebrate kv key", "wecelebrate kv key --new", environment=LOCAL))
def key(
    new: Annotated[bool, typer.Option("--new", help="Print a new key and its hash, for a deployed platform.")] = False,
) -> None:
    """Print the key with which the old applications use the store of the local cloud.

    A deployed platform knows only the hashes of its keys. The hashes are in `kv_key_hashes` of
    `environments/<env>.toml`.
    """
    from wecelebrate.kv.api_keys import hash_of, new_key

    if new:
        created = new_key()
        output.result(f"key   {created}")
        output.result(f"hash  {hash_of(created)}")
        return
    from infra.command.api import local_cloud
    from infra.local.credentials import Credentials

    output.result(Credentials.of(local_cloud("kv key").state).kv_key)
