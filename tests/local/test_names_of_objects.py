"""Tests the commands that accept the name of an object. If several objects have the same name, a command refuses the
name and lists the ids."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import httpx
import pytest

from infra.command import drop, env, members, order_import, orders
from infra.command.errors import BadUsage
from infra.command.resources import client_id
from tests.local.test_transcripts import ALL
from tests.platform import Json

FIRST, SECOND, THIRD = (f"01a20512-5e16-7075-8b8c-{number:012}" for number in (1, 2, 3))
RESOLVED = {
    "catalog": "an id or a name of a catalog",
    "client": "an id or a slug of a client, which is unique",
    "site": "an id, a slug or a domain of a site; `env` also takes the name",
    "destination": "an id or a name of an order destination",
    "member": "an id, a subject or an address of a member",
    "order": "an id or a number of an order, which is unique for each client",
}
"""Maps the parameters that identify an existing object by its name to a description of the accepted values."""
OTHER = {
    "identity": "the subject of a token, with the slug of a client",
    "to": "a filter",
    "email": "an address to which a mail is sent",
    "restored": "a cluster of AWS",
    "delete_data_of": "a confirmation",
    "address": "an IP address",
    "remove": "an IP address",
    "row": "keys or names of rows of one client: all rows with the name are meant, and the preview shows them",
    "versions": "a choice; its help says which files of a name are meant",
    "skip_conflicts": "a choice; its help names what is in the way",
    "slug": "the slug of a new client",
    "name": "the name of a new grant",
}
"""Maps the parameters that accept another kind of name to a description of the accepted values."""
OTHER_NAMES = dict.fromkeys(("name", "slug", "domain", "subject", "email", "order_number"), "other")
WORDS = re.compile(r"\b(name|slug|host|domain|address)\b|\bId or\b")


def rows_of(*rows: Json) -> httpx.Client:
    """A simulated API in which each list contains the same rows. Only the list of orders filters its rows, by order
    number."""

    def respond(request: httpx.Request) -> httpx.Response:
        number = request.url.params.get("order_number")
        data = [row for row in rows if number in (None, row.get("order_number"))]
        return httpx.Response(200, json={"data": data, "next_cursor": None, "has_more": False})

    return httpx.Client(base_url="http://platform.test", transport=httpx.MockTransport(respond))


Find = Callable[[httpx.Client], Any]
CASES: dict[str, tuple[Find, Sequence[Json]]] = {
    "catalog": (
        lambda api: drop._catalog(api, "Gifts"),
        [{"id": FIRST, "name": "Gifts", "status": "active"}, {"id": SECOND, "name": "Gifts", "status": "draft"}],
    ),
    "site": (
        lambda api: order_import._site(api, "gifts"),
        [{"id": FIRST, "slug": "gifts", "domain": "a.test"}, {"id": SECOND, "slug": "x", "domain": "gifts"}],
    ),
    "site of env": (
        lambda api: env._chosen(
            [
                {"site": id, "domain": f"{n}.test", "host": f"{n}.host", "slug": str(n), "name": "Gifts"}
                for n, id in enumerate((FIRST, SECOND))
            ],
            "Gifts",
            "acme",
        ),
        [],
    ),
    "destination": (
        lambda api: orders._destination(api, "ERP"),
        [{"id": FIRST, "name": "ERP"}, {"id": SECOND, "name": "ERP"}],
    ),
    "member": (
        lambda api: members._find(api, "/v1/clients/1", "Ann@example.test"),
        [
            {"id": FIRST, "subject": "ann", "email": "ann@example.test"},
            {"id": SECOND, "subject": "ann-2", "email": "ANN@example.test"},
        ],
    ),
    "order": (
        lambda api: orders._order(api, "HX-1"),
        [{"id": FIRST, "order_number": "HX-1"}, {"id": SECOND, "order_number": "HX-1"}],
    ),
}


def test_each_parameter_that_accepts_a_name_is_declared_in_this_module() -> None:
    named = {
        parameter.name
        for command in ALL.values()
        for parameter in command.params
        if WORDS.search(getattr(parameter, "help", None) or "")
    }
    assert named == OTHER.keys() | RESOLVED.keys()
    assert {case.partition(" ")[0] for case in CASES} == RESOLVED.keys() - {"client"}


@pytest.mark.parametrize("case", CASES)
def test_the_error_for_an_ambiguous_name_lists_the_ids_of_the_objects(case: str) -> None:
    find, rows = CASES[case]
    third = [{**rows[0], "id": THIRD, **OTHER_NAMES}] if rows else []
    with rows_of(*rows, *third) as api, pytest.raises(BadUsage) as refused:
        find(api)
    assert all(id in str(refused.value) for id in (FIRST, SECOND))
    assert THIRD not in str(refused.value)


def test_the_id_of_a_client_takes_precedence_over_the_slug_of_another_client() -> None:
    assert client_id({FIRST: SECOND, SECOND: "acme"}, SECOND) == SECOND
    assert client_id({FIRST: SECOND, SECOND: "acme"}, "acme") == SECOND


def test_the_subject_of_a_member_takes_precedence_over_the_address_of_another_member() -> None:
    rows = (
        {"id": FIRST, "subject": "x", "email": "ann@a.test"},
        {"id": SECOND, "subject": "ann@a.test", "email": None},
    )
    with rows_of(*rows) as api:
        find = partial(members._find, api, "/v1/admin")
        assert (find("ann@a.test")["id"], find("ANN@a.test")["id"], find(FIRST)["id"]) == (SECOND, FIRST, FIRST)
