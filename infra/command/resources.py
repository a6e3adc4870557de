"""The shared code of the commands that list rows, show a row, and run an action for each id."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from infra.command import output
from infra.command.errors import BadUsage, CommandError, ExitCode, NotFound, exit_code_of
from infra.command.output import Cell, Column, Json

if TYPE_CHECKING:
    import httpx

ClientOption = Annotated[
    str | None, typer.Option("--client", help="Only rows of this client, given by its id or slug.")
]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="Maximum number of rows.")]

DEFAULT_LIMIT = 30
_PAGE_SIZE = 1000
_MAX_NAMES = 20
"""The maximum number of objects that an error message names."""

Clients = Mapping[str, str]
"""Maps the id of every client to its slug."""


class _ClientSlugs(Mapping[str, str]):
    """Reads the clients when the first slug is needed, because the audit log has an entry for each such read by
    staff."""

    def __init__(self, api: "httpx.Client") -> None:
        self._api = api

    @cached_property
    def _slugs(self) -> dict[str, str]:
        from infra.command.api import get_all

        return {client["id"]: client["slug"] for client in get_all(self._api, "/v1/clients")}

    def __getitem__(self, id: str) -> str:
        return self._slugs[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._slugs)

    def __len__(self) -> int:
        return len(self._slugs)


def client_slugs(api: "httpx.Client") -> Clients:
    """Return a mapping from the id of every client to its slug, which is read at its first use.

    Use the mapping only while `api` is open. A command reads a list before the slugs of its rows. Otherwise the list of
    the audit log would begin with the entry for reading the clients.
    """
    return _ClientSlugs(api)


def only(plural: str, verb: str, name: str, rows: Sequence[Json], not_found: str) -> Json:
    """Return the only row with a name. Raises NotFound if no row has the name, and BadUsage with the ids if several
    rows have it.

    plural and verb: the words for these rows in the message, e.g. `sites` and `are named`.
    """
    if not rows:
        raise NotFound(not_found)
    if len(rows) > 1:
        ids = " or ".join(str(row["id"]) for row in rows)
        raise BadUsage(f"{len(rows)} {plural} {verb} {output.printable(name)}: give one of their ids, {ids}")
    return rows[0]


def client_id(clients: Clients, client: str) -> str:
    """Return the id of the client with this id or this slug. An id has priority, and two clients cannot have the same
    slug. Raises NotFound."""
    if client in clients:
        return client
    for id, slug in clients.items():
        if client == slug:
            return id
    raise NotFound(f"client {client} does not exist: {names_hint('clients', client, clients.values())}")


def names_hint(plural: str, name: str, names: Iterable[str]) -> str:
    """Return a hint for a name that does not exist. The hint contains similar names, and the names of the first
    _MAX_NAMES objects.

    plural: a noun for the objects, e.g. `clients`.
    """
    from difflib import get_close_matches

    ordered = sorted(names)
    if not ordered:
        return f"there are no {plural} yet"
    by_lower = {each.lower(): each for each in ordered}
    slug = name.lower().replace(" ", "-")
    similar = [slug] if slug in by_lower else get_close_matches(slug, by_lower, n=3)
    if not similar:
        similar = sorted(each for each in by_lower if name.lower() in each)[:3]
    more = f" and {len(ordered) - _MAX_NAMES:,} more" if len(ordered) > _MAX_NAMES else ""
    all_names = f"the {plural} are {', '.join(map(output.printable, ordered[:_MAX_NAMES]))}{more}"
    if not similar:
        return all_names
    return f"did you mean {' or '.join(output.printable(by_lower[each]) for each in similar)}? ({all_names})"


def filters(clients: Clients, client: str | None, **parameters: str | int | None) -> dict[str, str | int]:
    """Return a query with all `parameters` that are not None. If `client` is not None, add the parameter `client_id`.

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
    as_json: bool,
    plural: str,
    columns: Sequence[Column],
    row: Callable[[Json, Clients], Sequence[Cell]],
    **parameters: str | None,
) -> None:
    """Print the first `limit` rows of a list that the API returns.

    plural: a noun for the rows, e.g. `jobs`, for the message that no row matches. row: a function that returns the
    cells of a row.
    """
    from infra.command.api import connect, get_all

    with connect() as connection:
        clients = client_slugs(connection.api)
        query = filters(clients, client, limit=min(limit + 1, _PAGE_SIZE), **parameters)
        rows = list(islice(get_all(connection.api, path, query), limit + 1))
        has_more, rows = len(rows) > limit, rows[:limit]
        cells = [] if as_json else [row(each, clients) for each in rows]
    if as_json:
        output.print_json_list(rows, has_more=has_more)
        return
    if rows:
        output.print_table(columns, cells)
    else:
        output.note(f"no {plural} match")
    if has_more:
        output.note(f"more {plural} match: --limit shows more than {limit}")


def print_one(
    path: str, *, as_json: bool, not_found: str, details: Callable[[Json, Clients], Mapping[str, Cell]]
) -> None:
    """Print one row that the API returns.

    Raises NotFound with the text in `not_found` if the row does not exist.
    """
    from infra.command.api import connect, get

    with connect() as connection:
        row = get(connection.api, path, not_found=not_found)
        if as_json:
            output.print_json(row)
        else:
            output.print_details(details(row, client_slugs(connection.api)))


def apply_to_each(ids: Iterable[UUID], action: Callable[[UUID], str]) -> None:
    """Run an action for each id and print its result.

    If the action failed for at least one id, the function exits with the exit code of the error. If the errors have
    different exit codes, the exit code is FAILED.

    action: a function that takes an id and returns the text to print.
    """
    codes = set()
    for id in ids:
        try:
            output.success(f"{id}  {action(id)}")
        except CommandError as error:
            codes.add(exit_code_of(error))
            output.failure(f"{id}  {error}")
    if codes:
        raise typer.Exit(codes.pop() if len(codes) == 1 else ExitCode.FAILED)
