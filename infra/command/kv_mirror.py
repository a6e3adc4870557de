"""The commands `wecelebrate kv mirror …`: switch the mirror between documents and rows on or off, and show its
state."""

from typing import TYPE_CHECKING, Annotated

import typer

from infra.command import output
from infra.command.help import API, SETTINGS, documented
from infra.command.output import Column, JsonOption

if TYPE_CHECKING:
    import httpx

app = typer.Typer(no_args_is_help=True, help="Mirror writes between documents and rows.", **SETTINGS)

_CONFLICTS = (
    Column("conflict"),
    Column("count", right=True),
    Column("e.g.", shorten=True),
    Column("what to do", shorten=True),
)


@app.command(
    "on",
    cls=documented("wecelebrate kv mirror on", "wecelebrate kv mirror on --currency EUR --json", environment=API),
)
def on(
    environment: Annotated[
        list[str] | None,
        typer.Option("--environment", help="An environment whose documents become rows. Default: production."),
    ] = None,
    currency: Annotated[str | None, typer.Option(help="The currency of prices without a currency, e.g. EUR.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Switch the mirror on: each write of a document changes its row, and each write of a row changes its document.

    After that, run `wecelebrate kv backfill` to copy the documents that were written before. If `wecelebrate kv mirror
    on` stops before all documents have a revision, run it again.
    """
    from infra.command.api import connect

    with connect() as connection:
        mirror = _switch(
            connection.api,
            {"enabled": True, "environments": environment or ["production"], "currency": currency},
        )
        _give_revisions(connection.api)
    if as_json:
        output.print_json(mirror)
    else:
        output.success(f"the mirror is on for {', '.join(mirror['environments'])}")


@app.command("off", cls=documented("wecelebrate kv mirror off", environment=API))
def off(as_json: JsonOption = False) -> None:
    """Switch the mirror off. Documents and rows stay as they are. A later write changes only the document or only the
    row."""
    from infra.command.api import connect

    with connect() as connection:
        mirror = _switch(connection.api, {"enabled": False})
    if as_json:
        output.print_json(mirror)
    else:
        output.success("the mirror is off")


@app.command(
    "status",
    cls=documented(
        "wecelebrate kv mirror status", "wecelebrate kv mirror status --json | jq '.conflicts'", environment=API
    ),
)
def status(as_json: JsonOption = False) -> None:
    """Show whether the mirror is on, and the conflicts that it could not resolve."""
    from infra.command.api import connect, get

    with connect() as connection:
        mirror = get(connection.api, "/v1/admin/kv/status")["mirror"]
    if as_json:
        output.print_json(mirror)
    else:
        print_mirror(mirror)


def print_mirror(mirror: output.Json) -> None:
    """Print whether the mirror is on, and its conflicts."""
    state = f"on for {', '.join(mirror['environments'])}" if mirror["enabled"] else "off"
    output.result(f"mirror: {state}")
    if mirror["unwritten"]:
        output.result(f"{mirror['unwritten']:,} rows of bulk writes have documents that are not updated yet")
    if mirror["conflicts"]:
        rows = [(c["kind"], f"{c['conflicts']:,}", c["keys"][0], c["advice"]) for c in mirror["conflicts"]]
        output.print_table(_CONFLICTS, rows)


def _switch(api: "httpx.Client", mirror: output.Json) -> output.Json:
    """Switch the mirror on or off, and return its state. Raises the errors that `require_success` raises."""
    from infra.command.api import require_success

    response = api.put("/v1/admin/kv/mirror", json=mirror)
    require_success(response)
    state: output.Json = response.json()
    return state


def _give_revisions(api: "httpx.Client") -> None:
    """Give revisions to all documents that have no revision."""
    from infra.command.api import post

    after: str | None = ""
    while after is not None:
        after = post(api, "/v1/admin/kv/revisions", {"after": after})["after"]
