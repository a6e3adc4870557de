"""The code that `wecelebrate jobs` and `wecelebrate dlq` share. This code lists rows, shows a row, and runs actions."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Annotated
from uuid import UUID

import httpx
import typer
from rich.markup import escape
from rich.table import Table

from infra.command.api import as_admin, get, get_all
from infra.command.console import console, print_unwrapped
from infra.command.progress import Json
from infra.local.processes import LocalCloudError

ClientOption = Annotated[
    str | None, typer.Option("--client", help="Only rows of this client, given by its id or slug.")
]
LimitOption = Annotated[int, typer.Option(min=1, help="Maximum number of rows.")]

DEFAULT_LIMIT = 30
_PAGE_SIZE = 1000

Clients = Mapping[str, str]
"""Id → slug of every client."""


def client_slugs(api: httpx.Client) -> Clients:
    """Return a mapping from the id of every client to its slug."""
    return {client["id"]: client["slug"] for client in get_all(api, "/v1/clients")}


def client_id(clients: Clients, client: str) -> str:
    """Return the id of the client with this id or slug. Raises LocalCloudError if the client does not exist."""
    for id, slug in clients.items():
        if client in (id, slug):
            return id
    raise LocalCloudError(f"client {client} does not exist: give the id or slug of a client")


def filters(clients: Clients, client: str | None, **parameters: str | int | None) -> dict[str, str | int]:
    """Return a query with all `parameters` that are not None. If `client` is not None, adds the parameter `client_id`.

    Raises the same errors as `client_id`.
    """
    query: dict[str, str | int] = {name: value for name, value in parameters.items() if value is not None}
    if client is not None:
        query["client_id"] = client_id(clients, client)
    return query


def print_list(
    path: str,
    client: str | None,
    limit: int,
    *,
    plural: str,
    table: Callable[[list[Json], Clients], Table],
    **parameters: str | None,
) -> None:
    """Print the first `limit` rows of a list that the API returns.

    plural: a noun for the rows, e.g. `jobs`. If no rows match, the printed message contains this noun.
    """
    with as_admin() as cloud:
        clients = client_slugs(cloud.api)
        query = filters(clients, client, limit=min(limit, _PAGE_SIZE), **parameters)
        rows = list(islice(get_all(cloud.api, path, query), limit))
        if rows:
            print_unwrapped(table(rows, clients))
        else:
            console.print(f"no {plural} match")


def print_one(path: str, *, not_found: str, details: Callable[[Json, Clients], Table]) -> None:
    """Print one row that the API returns.

    Raises LocalCloudError with the text in `not_found` if the row does not exist.
    """
    with as_admin() as cloud:
        row = get(cloud.api, path, not_found=not_found)
        console.print(details(row, client_slugs(cloud.api)))


def apply_to_each(ids: Iterable[UUID], action: Callable[[UUID], str]) -> None:
    """Run an action for each id and print its result. Exits with code 1 if the action failed for at least one id.

    action: a function that takes an id and returns the text to print.
    """
    failed = False
    for id in ids:
        try:
            console.print(f"[green]✓[/] {id}  {escape(action(id))}")
        except LocalCloudError as error:
            failed = True
            console.print(f"[red]✗[/] {id}  {escape(str(error))}")
    if failed:
        raise typer.Exit(1)
