"""Only owners and super admins erase persons, and only members with the right see them. The functions check this."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import ROWS, A, B, ident

ENTERED = [caller for caller in CALLERS if caller.entered]
BY_HAND = [caller for caller in CALLERS if not caller.entered and caller.login in ("wc_public", "wc_api", "wc_worker")]
ORDERS = {row.values["id"]: row.client for row in ROWS if row.table == "orders"}
VIEWED = {"A's viewer": {A}, "owner of A and viewer of B": {B}, "both, for B only": {B}}
"""The clients of which a caller is only a viewer."""
STEPS = {
    "prepare_erasure": (ident("A's erasure"),),
    "set_erasure_hashes": (ident("A's erasure"), ["h"]),
    "erase_orders": (ident("A's erasure"), 10),
    "erase_addresses": (ident("A's erasure"),),
    "erase_events": (ident("A's erasure"), 10),
    "erase_responses": (ident("A's erasure"), 0),
    "erase_mentions": (ident("A's erasure"), "jobs", None, 10),
    "end_exports": (ident("A's erasure"),),
    "list_runs_to_rewrite": (ident("A's erasure"),),
    "list_remaining_orders": (ident("A's erasure"), ident("A's run")),
    "set_run_file": (ident("A's erasure"), ident("A's run"), None, None, None),
    "files_to_search": (ident("A's erasure"),),
    "has_waiting_order_files": (ident("A's erasure"),),
    "complete_erasure": (ident("A's erasure"), "{}"),
    "list_identities": (A, "", 10),
    "start_retention_erasures": (),
}

each_caller = pytest.mark.parametrize("caller", ENTERED, ids=lambda caller: caller.name)


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that can act as any caller, in a transaction that is rolled back."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("set local session_replication_role = replica")
        connection.execute("update orders set status = 'cancelled'")
        connection.execute("update returns set status = 'refused'")
        connection.execute("set local session_replication_role = origin")
        yield connection


def call(superuser: psycopg.Connection, caller: Caller, statement: str, *values: Any) -> list[tuple[Any, ...]] | None:
    """Call a function as a caller. Returns None if the call is refused."""
    with superuser.transaction(force_rollback=True):
        superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
        with entered(superuser, caller):
            try:
                return superuser.execute(statement.encode(), values).fetchall()
            except errors.InsufficientPrivilege:
                return None


@each_caller
@pytest.mark.parametrize("client", [A, B], ids=["A", "B"])
def test_only_owners_and_super_admins_request_an_erasure(
    superuser: psycopg.Connection, caller: Caller, client: UUID
) -> None:
    statement = "select refusal, job_id is not null from app.request_erasure(%s, 'c@test', null)"
    result = call(superuser, caller, statement, client)
    if caller.role not in ("app_admin", "app_client"):
        assert result is None
    elif caller.admin_role == "super_admin" or client in caller.owns:
        assert result == [(None, True)]
    elif caller.admin_role is not None or client in caller.clients:
        assert result == [("forbidden", False)]
    else:
        assert result == [("not_found", False)]


@pytest.mark.parametrize("name", STEPS)
def test_only_the_service_of_the_platform_runs_the_steps_of_an_erasure(
    superuser: psycopg.Connection, name: str
) -> None:
    values = STEPS[name]
    statement = f"select 1 from app.{name}({', '.join(['%s'] * len(values))})"
    allowed = [
        caller.name for caller in (*ENTERED, *BY_HAND) if call(superuser, caller, statement, *values) is not None
    ]
    assert allowed == ["system"]


@each_caller
def test_an_order_is_masked_for_members_without_the_right_and_a_filter_does_not_reveal_it(
    superuser: psycopg.Connection, caller: Caller
) -> None:
    shown = call(superuser, caller, "select id, customer_email from app.order_view")
    if caller.role in ("app_admin", "app_support", "app_client"):
        hidden = VIEWED.get(caller.name, set())
        expected = {id: "c***@t***" if client in hidden else "c@test" for id, client in ORDERS.items()
                    if caller.admin_role or client in caller.clients}  # fmt: skip
        assert dict(shown or []) == expected
        [(ids,)] = call(superuser, caller, "select app.order_ids_of('C@test')") or [([],)]
        assert set(ids) == {id for id, email in expected.items() if email == "c@test"}
    else:
        assert call(superuser, caller, "select app.order_ids_of('C@test')") is None
        assert all(email == "c@test" for _, email in shown or [])


def test_an_erasure_of_a_client_changes_no_order_of_another_client(superuser: psycopg.Connection) -> None:
    superuser.execute(
        "update erasures set completed_at = null, emails = '{c@test}', salt = 's', orders_before = now()"
        " where client_id = %s",
        [A],
    )
    before = superuser.execute("select * from orders where client_id = %s order by id", [B]).fetchall()
    system = next(caller for caller in CALLERS if caller.name == "system")
    with superuser.transaction(force_rollback=True):
        superuser.execute("set local session authorization wc_worker")
        with entered(superuser, system):
            count = superuser.execute("select app.erase_orders(%s, 100)", [ident("A's erasure")]).fetchone()
            superuser.execute("set local session authorization default")
            after = superuser.execute("select * from orders where client_id = %s order by id", [B]).fetchall()
            erased = superuser.execute(
                "select distinct customer_name, customer_email like 'erased-%%@erased.invalid' from orders"
                " where client_id = %s", [A]
            ).fetchall()  # fmt: skip
    assert count == (sum(client == A for client in ORDERS.values()),)
    assert (after, erased) == (before, [("Erased person", True)])


@pytest.mark.parametrize(
    ("name", "masked"),
    [("Ann Lee", "A*** L***"), ("李 小龙", "李*** 小***"), ("  ", "  "), ("", ""), ("O'Neil-Smith", "O***")],
)
def test_a_masked_name_has_the_first_character_of_each_word(
    superuser: psycopg.Connection, name: str, masked: str
) -> None:
    assert superuser.execute("select app.masked_name(%s)", [name]).fetchone() == (masked,)


@pytest.mark.parametrize(
    ("address", "masked"),
    [("ann@example.com", "a***@e***.com"), ("a@b.co.uk", "a***@b***.uk"), ("x", "x***@***"), ("a@host", "a***@h***")],
)
def test_a_masked_address_has_only_first_characters_and_the_top_level_domain(
    superuser: psycopg.Connection, address: str, masked: str
) -> None:
    assert superuser.execute("select app.masked_email(%s)", [address]).fetchone() == (masked,)


def test_harmless_details_have_no_texts_of_persons(superuser: psycopg.Connection) -> None:
    details = json.dumps({"lines": [{"line": 1}], "reason": "Ann", "note": "Ann", "tracking_number": "1", "x": "Ann"})
    row = superuser.execute("select app.harmless_details(%s)", [details]).fetchone()
    assert row == ({"lines": [{"line": 1}]},)
