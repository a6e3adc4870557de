"""Tests that only owners and super admins can erase persons, and that the functions show personal data only to members
who may see personal data."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
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
"""Maps each caller to the clients of which it is only a viewer."""
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
    "phrases_to_search": (ident("A's erasure"),),
    "erase_job_of_file": (ident("A's erasure"), "orders/x/incoming/news.csv", "v"),
    "has_number_of_others": (ident("A's erasure"), ["x"]),
    "continue_erasure": (ident("A's erasure"),),
    "has_waiting_order_files": (ident("A's erasure"),),
    "complete_erasure": (ident("A's erasure"), "{}", 2),
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
    """Call a function as a caller. Return None if the call is refused."""
    with superuser.transaction(force_rollback=True):
        superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(caller.login)))
        with entered(superuser, caller):
            try:
                return superuser.execute(statement.encode(), values).fetchall()
            except errors.InsufficientPrivilege:
                return None


@each_caller
@pytest.mark.parametrize("client", [A, B], ids=["A", "B"])
def test_only_owners_and_super_admins_can_request_an_erasure(
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
def test_only_the_service_of_the_platform_can_run_the_steps_of_an_erasure(
    superuser: psycopg.Connection, name: str
) -> None:
    values = STEPS[name]
    statement = f"select 1 from app.{name}({', '.join(['%s'] * len(values))})"
    allowed = [
        caller.name for caller in (*ENTERED, *BY_HAND) if call(superuser, caller, statement, *values) is not None
    ]
    assert allowed == ["system"]


@each_caller
def test_members_without_access_to_personal_data_get_masked_data(superuser: psycopg.Connection, caller: Caller) -> None:
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


def test_an_erasure_of_a_client_does_not_change_orders_of_another_client(superuser: psycopg.Connection) -> None:
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
            superuser.execute("select app.prepare_erasure(%s)", [ident("A's erasure")])
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
def test_a_masked_email_address_shows_only_first_characters_and_the_top_level_domain(
    superuser: psycopg.Connection, address: str, masked: str
) -> None:
    assert superuser.execute("select app.masked_email(%s)", [address]).fetchone() == (masked,)


def test_the_harmless_details_of_an_event_contain_no_personal_texts(superuser: psycopg.Connection) -> None:
    details = json.dumps({"lines": [{"line": 1}], "reason": "Ann", "note": "Ann", "tracking_number": "1", "x": "Ann"})
    row = superuser.execute("select app.harmless_details(%s)", [details]).fetchone()
    assert row == ({"lines": [{"line": 1}]},)


def mentions(superuser: psycopg.Connection, content: Any, *needles: str, subjects: tuple[str, ...] = ()) -> bool:
    row = superuser.execute(
        "select app.mentions(e, %s) from (select (jsonb_populate_record(null::erasures, jsonb_build_object("
        "'needles', %s::text[], 'emails', %s::text[], 'subjects', %s::text[]))).*) e",
        [
            json.dumps(content),
            list(needles),
            [needle for needle in needles if "@" in needle],
            list(subjects),
        ],
    ).fetchone()
    assert row is not None
    return bool(row[0])


@pytest.mark.parametrize(
    ("content", "needle"),
    [
        ({"name": "Zoë Quartermain"}, "zoë quartermain"),
        ([{"x": ["mail to Ann@Example.test."]}], "ann@example.test"),
        ("ring +4930123456 at 5", "+4930123456"),
        ("Straße 1 (hinten)", "straße 1 (hinten)"),
        ("The parcel of 李小龙先生一号街", "李小龙先生一号"),
        ({"name": "Schmidt"}, "schmidt"),
    ],
)
def test_a_document_that_contains_the_words_of_a_person_is_found(
    superuser: psycopg.Connection, content: Any, needle: str
) -> None:
    assert mentions(superuser, content, needle)


def encoded(content: Any, levels: int) -> Any:
    """Return a value as JSON in a string. Each level puts the string into a list, and encodes the list as JSON
    again.
    """
    for _ in range(levels):
        content = [json.dumps(content)]
    return content


@pytest.mark.parametrize("levels", range(1, 9))
@pytest.mark.parametrize(
    "content",
    [{"name": 'Zoë "Zo" O\'Quartermain'}, [["x", {"to": 'zoë "zo" o\'quartermain'}]], 'Zoë "Zo" O\'Quartermain'],
)
def test_a_person_is_found_in_json_that_is_encoded_in_strings_at_any_depth(
    superuser: psycopg.Connection, content: Any, levels: int
) -> None:
    """Python writes `ë` as `\\u00eb`, and each level adds backslashes."""
    assert mentions(superuser, encoded(content, levels), 'zoë "zo" o\'quartermain')
    assert mentions(superuser, json.dumps(encoded(content, levels)), 'zoë "zo" o\'quartermain')
    assert not mentions(superuser, encoded(content, levels), 'zoë "zo" quartermain')
    assert mentions(superuser, encoded({"user": "buyer|1"}, levels), subjects=("buyer|1",))


def test_nested_json_is_searched_in_linear_time(superuser: psycopg.Connection) -> None:
    content: Any = {"text": 'a "quoted" text', "items": [{"id": n} for n in range(10)]}
    while len(json.dumps(content)) < 500_000:
        content = [json.dumps(content)]
    began = time.monotonic()
    assert not mentions(superuser, content, "quartermain")
    assert not mentions(superuser, [json.dumps({"a": n}) for n in range(20_000)], "quartermain")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("content", "needle"),
    [
        ({"created_at": "x", "cancelled": "y"}, "cancelled"),
        ({"created_at": "x"}, "created_at"),
        ({"status": "cancelled"}, "cancelled"),
        ({"id": "01987654-7abc-7def-8abc-0123456789ab"}, "01987654"),
        ({"at": "2026-11-27", "until": "2026-11-27 20:05:21.5+00"}, "2026-11-27"),
        ("joann@example.test", "ann@example.test"),
        ("ann@example.testing", "ann@example.test"),
        ("order 1234567", "123456"),
    ],
)
def test_personal_data_matches_only_whole_words_of_texts(
    superuser: psycopg.Connection, content: Any, needle: str
) -> None:
    assert not mentions(superuser, content, needle)


def test_a_subject_matches_only_equal_values_and_no_ordinary_word(
    superuser: psycopg.Connection,
) -> None:
    subject = "01987654-7abc-7def-8abc-0123456789ab"
    assert mentions(superuser, {"user_id": subject}, subjects=(subject,))
    assert not mentions(superuser, {"status": "pending"}, subjects=("pending",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("role", False), ("2026", False), ("0198", False), ("1-2-3-", False), ("123456", True), ("a@b.co", True),
     ("Ann Lee", True), ("a b c d", False), ("Мария Ив", True)],
)  # fmt: skip
def test_an_erasure_searches_only_for_specific_texts(superuser: psycopg.Connection, text: str, expected: bool) -> None:
    assert superuser.execute("select app.is_needle(%s)", [text]).fetchone() == (expected,)


@pytest.mark.parametrize("text", ["plain", '{"a": "\\u0000"}', "[" * 20_000, '{"a": 1} x', '"'])
def test_a_text_that_is_not_a_json_document_becomes_a_json_string(superuser: psycopg.Connection, text: str) -> None:
    assert superuser.execute("select app.as_document(%s)", [text]).fetchone() == (text,)
    assert superuser.execute("""select app.as_document('{"a": ["b"]}')""").fetchone() == ({"a": ["b"]},)


@pytest.fixture
def erasing(superuser: psycopg.Connection) -> psycopg.Connection:
    """Return the connection. It has an open erasure of A for the person `c@test` with the subject `buyer|1`."""
    superuser.execute(
        "update erasures set completed_at = null, cause = 'request', emails = '{c@test}', subjects = '{buyer|1}',"
        " needles = '{c@test,buyer|1,ann buyer}', salt = 's', orders_before = now() where id = %s",
        [ident("A's erasure")],
    )
    return superuser


def step(connection: psycopg.Connection, statement: str, *values: Any) -> Any:
    """Run a step of the erasure as the service of the platform, and return its result."""
    system = next(caller for caller in CALLERS if caller.name == "system")
    with connection.transaction(force_rollback=True):
        connection.execute("set local session authorization wc_worker")
        with entered(connection, system):
            row = connection.execute(statement.encode(), [ident("A's erasure"), *values]).fetchone()
            assert row is not None
            return row[0]


def after(
    connection: psycopg.Connection, statement: str, query: str, values: list[Any] | None = None
) -> list[tuple[Any, ...]]:
    """Run a step of the erasure as the service of the platform, and return the result of a query after this step."""
    system = next(caller for caller in CALLERS if caller.name == "system")
    with connection.transaction(force_rollback=True):
        connection.execute("set local session authorization wc_worker")
        with entered(connection, system):
            connection.execute(statement.encode(), [ident("A's erasure")])
            connection.execute("set local session authorization default")
            return connection.execute(query.encode(), values).fetchall()


@pytest.mark.parametrize(
    ("stored", "sent", "is_kept"),
    [
        (("P-1", None), ("P-1", "TRACK1"), True),
        (("P-1", "TRACK1"), ("P-1", None), True),
        (("erased-1", None), ("TRACK1", "TRACK1"), False),
        (("TRACK1", "TRACK1"), ("TRACK1", None), False),
        (("TRACK1", "TRACK2"), ("TRACK1", "TRACK1"), False),
        (("P-2", None), ("TRACK1", None), False),
    ],
)
def test_erasures_and_masks_replace_the_shipment_numbers_in_webhook_deliveries(
    erasing: psycopg.Connection, stored: tuple[str, str], sent: tuple[str, str], is_kept: bool
) -> None:
    shipment_id = str(ident("A's shipment"))
    erasing.execute(
        "update shipments set number = %s, tracking_number = %s where id = %s", [*stored, ident("A's shipment")]
    )
    tracking = {"tracking_number": sent[1], "tracking_url": "https://t.test/TRACK1"}
    data = {"shipment_id": shipment_id, "shipment_number": sent[0], "note": "for Ann Buyer"} | tracking
    erasing.execute("update webhook_deliveries set payload = %s where client_id = %s", [json.dumps({"data": data}), A])
    query = "select distinct (payload -> 'data') - 'note' from webhook_deliveries where client_id = %s"
    [(kept,)] = after(erasing, "select app.erase_mentions(%s, 'webhook_deliveries', null, 1000)", query, [A])
    assert kept == {"shipment_id": shipment_id, "shipment_number": sent[0] if is_kept else f"erased-{shipment_id}"}
    [(masked,)] = erasing.execute("select app.masked_payload(%s) -> 'data'", [json.dumps({"data": data})]).fetchall()
    masked_number = sent[0] if is_kept else f"{sent[0][0]}***"
    assert masked == {"shipment_id": shipment_id, "shipment_number": masked_number, "note": "for Ann Buyer"}


def test_an_erasure_deletes_only_stored_responses_about_the_person(
    erasing: psycopg.Connection,
) -> None:
    bodies = {
        "of A": {"client_id": str(A), "note": "for Ann Buyer"},
        "of B": {"client_id": str(B), "note": "for Ann Buyer"},
        "of A, another person": {"client_id": str(A), "created_at": "x"},
        "of the subject": {"client_id": str(B)},
    }
    for key, body in bodies.items():
        erasing.execute(
            "insert into idempotency_keys (subject, key, request_hash, status, headers, body)"
            " values (%s, %s, 'h', 201, '{}', %s)",
            ["buyer|1" if key == "of the subject" else "machine:b", key, json.dumps(body)],
        )
    query = "select key from idempotency_keys where key = any (%s) and body is not null"
    remaining = after(erasing, "select app.erase_responses(%s, 0)", query, [list(bodies)])
    assert {key for (key,) in remaining} == bodies.keys() - {"of A"}


def test_a_message_without_a_client_is_erased_if_it_contains_the_address(
    erasing: psycopg.Connection,
) -> None:
    for queue, body in {"mail": {"to": "C@test"}, "name": {"to": "Ann Buyer"}, "part": {"to": "cc@test"}}.items():
        erasing.execute(
            "insert into dead_letters (queue, body, code, reason) values (%s, %s, 'message_failed', 'x')",
            [queue, json.dumps(body)],
        )
    query = "select queue from dead_letters where client_id is null and body ? 'to'"
    remaining = after(erasing, "select app.erase_mentions(%s, 'dead_letters', null, 1000)", query)
    assert {queue for (queue,) in remaining} >= {"name", "part"}
    assert "mail" not in {queue for (queue,) in remaining}


def test_an_erasure_keeps_unrelated_audit_entries(
    erasing: psycopg.Connection,
) -> None:
    member, order = "a-owner", str(ident("A's order"))
    erasing.execute(
        "update erasures set subjects = array['buyer|1', %s, %s], needles = array['c@test', 'buyer|1', %s, %s]",
        [member, order, member, order],
    )
    values = [
        (member, "order.change", order, {"note": "x"}),
        ("buyer|1", "order.cancel", order, {"note": "x"}),
        ("a-editor", "order.change", "o", {"note": "for c@test"}),
        ("a-editor", "member.create", "m", {"note": "for c@test"}),
        ("a-editor", "mail.release", "c@test", {"note": "x"}),
    ]
    # The entry keeps this actor, because the triggers are disabled.
    erasing.execute("set local session_replication_role = replica")
    for subject, action, object_id, details in values:
        erasing.execute(
            "insert into audit_log (client_id, subject, action, object_id, details, email)"
            " values (%s, %s, %s, %s, %s, 'who@test')",
            [A, subject, action, object_id, json.dumps(details)],
        )
    pseudonym = (
        "update orders o set erasure_id = e.id, erased_at = now(), customer_subject = app.pseudonym(e, 'buyer|1')"
    )
    erasing.execute(
        f"{pseudonym} from erasures e where e.id = %s and o.client_id = %s".encode(), [ident("A's erasure"), A]
    )
    erasing.execute("set local session_replication_role = origin")
    rows = after(
        erasing,
        "select app.erase_mentions(%s, 'audit_log', null, 10000)",
        "select subject like 'erased-%%', email, object_id, details from audit_log where client_id = %s"
        " and action in ('order.change', 'order.cancel', 'member.create', 'mail.release')"
        " and (email = 'who@test' or email is null) and details <> '{}' order by id",
        [A],
    )
    expected = [
        (False, "who@test", order, {"note": "x"}),
        (True, None, order, {"note": "x"}),
        (False, "who@test", "o", {"erased": True}),
        (False, "who@test", "m", {"note": "for c@test"}),
        (False, "who@test", "erased", {"note": "x"}),
    ]
    assert [row for row in expected if row not in rows] == []


def test_an_erasure_ignores_a_subject_about_which_the_client_has_no_data(superuser: psycopg.Connection) -> None:
    owner = next(caller for caller in ENTERED if caller.admin_role == "super_admin")
    superuser.execute("set local session authorization default")
    with superuser.transaction(force_rollback=True):
        superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(owner.login)))
        with entered(superuser, owner):
            statement = "select erasure_id from app.request_erasure(%s, null, 'created_at')"
            [(erasure_id,)] = superuser.execute(statement.encode(), [A]).fetchall()
            superuser.execute("set local session authorization default")
            row = superuser.execute("select subjects from erasures where id = %s", [erasure_id]).fetchone()
    assert row == ([],)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into analytics_events (client_id, site_id, event_type, event_data, user_id, accepted_at)"
        " select client_id, id, 'page_view', '{}', 'Returned@Example.test', %s from sites where client_id = %s limit 1",
        "insert into mail_suppressions (created_at, client_id, address, cause)"
        " values (%s, %s, 'returned@example.test', 'bounce')",
    ],
    ids=["an event with the address in capitals", "a suppression"],
)
@pytest.mark.parametrize("is_earlier", [True, False])
def test_a_completed_erasure_is_reopened_if_rows_of_the_person_exist_again(
    superuser: psycopg.Connection, statement: str, *, is_earlier: bool
) -> None:
    system = next(caller for caller in ENTERED if caller.name == "system")
    superuser.execute("set local session_replication_role = replica")
    row = superuser.execute(
        "insert into erasures (client_id, cause, requested_by, counts, completed_at)"
        " values (%s, 'request', 'a', '{\"orders\": 3}', now()) returning id, orders_before, completed_at",
        [A],
    ).fetchone()
    assert row
    erasure_id, before, completed_at = row
    superuser.execute(statement.encode(), [before + timedelta(hours=-1 if is_earlier else 1), A])
    superuser.execute("set local session_replication_role = origin")
    superuser.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(system.login)))
    with entered(superuser, system):
        restore = "select app.restore_erasure(%s, %s, '{returned@example.test}', '{}', %s, now())"
        [(job,)] = superuser.execute(restore, [erasure_id, A, before]).fetchall()
        superuser.execute("set local session authorization default")
        entries = superuser.execute(
            "select (details ->> 'completed_at')::timestamptz, details -> 'counts' from audit_log"
            " where action = 'erasure.reopen' and object_id = %s and client_id = %s",
            [str(erasure_id), A],
        ).fetchall()
    assert (job is not None, entries) == (is_earlier, [(completed_at, {"orders": 3})] if is_earlier else [])


PHRASES = "{the zip archive,acme gifts renamed,order feed to warehouse}"
"""Texts that a guest has written into an order. The guest wants to erase texts of the platform and of the client."""


def test_texts_in_a_guest_order_do_not_erase_equal_texts_of_other_people(
    erasing: psycopg.Connection,
) -> None:
    erasing.execute("update erasures set phrases = %s where id = %s", [PHRASES, ident("A's erasure")])
    text = "The ZIP archive is damaged"
    entry = {"name": "Acme Gifts renamed", "note": "Order feed to warehouse"}
    erasing.execute("set local session_replication_role = replica")
    erasing.execute(
        "update jobs set status = 'failed', type = 'catalog_sync', error = %s, result = %s where client_id = %s",
        [text, json.dumps(entry), A],
    )
    erasing.execute(
        "insert into audit_log (client_id, subject, action, object_id, before, after) values (%s, 'a-owner',"
        " 'site.change', 'a site', %s, %s)",
        [A, json.dumps(entry), json.dumps(entry)],
    )
    erasing.execute(
        "update webhook_deliveries set payload = '{}', last_body = %s, log = %s where client_id = %s",
        [text, json.dumps([{"error": text}]), A],
    )
    erasing.execute(
        "insert into dead_letters (client_id, queue, body, code, reason)"
        " values (%s, 'phrases', %s, 'message_failed', %s)",
        [A, json.dumps(entry), text],
    )
    erasing.execute("set local session_replication_role = origin")
    kept = {
        "jobs": (
            "select distinct error, result from jobs where client_id = %s and type = 'catalog_sync'",
            (text, entry),
        ),
        "audit_log": (
            "select before, after from audit_log where client_id = %s and object_id = 'a site'",
            (entry, entry),
        ),
        "webhook_deliveries": ("select distinct last_body from webhook_deliveries where client_id = %s", (text,)),
        "dead_letters": (
            "select body, reason from dead_letters where queue = 'phrases' and client_id = %s",
            (entry, text),
        ),
    }
    for table, (query, expected) in kept.items():
        statement = f"select app.erase_mentions(%s, '{table}', null, 10000)"
        assert after(erasing, statement, query, [A]) == [expected], table


def test_a_guest_name_does_not_erase_other_results_of_order_files(erasing: psycopg.Connection) -> None:
    """The guest has the name of a carrier. Only the result that contains an order of the guest is erased."""
    order, number = str(ident("A's order")), "2026-GUEST001"
    erasing.execute("update erasures set phrases = '{dhl express}', order_ids = array[%s::uuid]", [order])
    erasing.execute("set local session_replication_role = replica")
    erasing.execute("update orders set order_number = %s where id = %s", [number, order])
    query = "select distinct error, first_errors from jobs where client_id = %s and type = 'order_file'"
    for reason, expected in (("DHL Express is unknown", False), (f"The order `{number}` is new", True)):
        errors = [{"line": 1, "reason": reason}]
        erasing.execute(
            "update jobs set status = 'failed', type = 'order_file', error = %s, first_errors = %s"
            " where client_id = %s",
            [reason, json.dumps(errors), A],
        )
        rows = after(erasing, "select app.erase_mentions(%s, 'jobs', null, 10000)", query, [A])
        assert rows == ([("The data of a person were erased.", [])] if expected else [(reason, errors)])


def test_the_job_search_function_of_the_previous_release_works(erasing: psycopg.Connection) -> None:
    erasing.execute("update erasures set phrases = '{own street 1}' where id = %s", [ident("A's erasure")])
    query = "select app.job_mentions(e, %s, '[\"Own Street 1\"]') from erasures e where id = %s"
    assert erasing.execute(query, ["order_file", ident("A's erasure")]).fetchone() == (True,)
    assert erasing.execute(query, ["import", ident("A's erasure")]).fetchone() == (False,)


def test_only_the_job_of_a_file_with_the_person_is_erased(erasing: psycopg.Connection) -> None:
    erasing.execute("set local session_replication_role = replica")
    text = "Zoe is unknown"
    erasing.execute(
        "update jobs set status = 'failed', type = 'order_file', error = %s where client_id in (%s, %s)", [text, A, B]
    )
    ids: dict[Any, Any] = dict(
        erasing.execute("select distinct on (client_id) client_id, id from jobs order by client_id, id").fetchall()
    )
    for client, expected in ((A, "The data of a person were erased."), (B, text)):
        key = f"orders/x/results/news.csv.{ids[client]}.errors.csv"
        statement = f"select app.erase_job_of_file(%s, '{key}', 'v')"
        query = "select error, id = %s from jobs where type = 'order_file'"
        rows = after(erasing, statement, query, [ids[client]])
        assert [error for error, is_named in rows if is_named] == [expected]
        assert {error for error, is_named in rows if not is_named} == {text}


def test_a_name_is_erased_in_entries_about_the_orders_of_the_person(erasing: psycopg.Connection) -> None:
    erasing.execute("update erasures set phrases = '{zoe buyer}' where id = %s", [ident("A's erasure")])
    erasing.execute("set local session_replication_role = replica")
    order, other = str(ident("A's order")), "an order of another person"
    erasing.execute("update orders set erasure_id = %s, erased_at = now() where id = %s", [ident("A's erasure"), order])
    for object_id in (order, other):
        erasing.execute(
            "insert into audit_log (client_id, subject, action, object_id, details) values (%s, 'a-owner',"
            " 'order.change', %s, '{\"note\": \"for Zoe Buyer\"}')",
            [A, object_id],
        )
    erasing.execute("set local session_replication_role = origin")
    query = "select details from audit_log where client_id = %s and object_id = %s and action = 'order.change'"
    statement = "select app.erase_mentions(%s, 'audit_log', null, 10000)"
    assert ({"erased": True},) in after(erasing, statement, query, [A, order])
    assert after(erasing, statement, query, [A, other]) == [({"note": "for Zoe Buyer"},)]


def test_an_erasure_erases_only_the_reasons_of_refused_orders_of_the_person(erasing: psycopg.Connection) -> None:
    erasing.execute("update erasures set phrases = '{is too long}' where id = %s", [ident("A's erasure")])
    ((own,),) = erasing.execute("select order_number from orders where id = %s", [ident("A's order")]).fetchall()
    erasing.execute("update orders set erasure_id = %s where id = %s", [ident("A's erasure"), ident("A's order")])
    refused = [
        {"order_number": own, "reason": "Ann is too long"},
        {"order_number": "another", "reason": "Bob is too long"},
        {"order_number": "a third", "reason": "c@test is too long"},
    ]
    erasing.execute("update order_export_runs set refused = %s where client_id = %s", [json.dumps(refused), A])
    query = "select distinct refused from order_export_runs where client_id = %s"
    [(kept,)] = after(erasing, "select app.erase_mentions(%s, 'order_export_runs', null, 1000)", query, [A])
    erased = "The data of the person were erased."
    assert [each["reason"] for each in kept] == [erased, "Bob is too long", erased]


def test_an_erasure_changes_only_export_runs_that_contain_the_person(erasing: psycopg.Connection) -> None:
    runs = "select id, seq, destination_id, refused, ctid::text from order_export_runs where client_id = %s order by id"
    refused = [{"order_number": "another", "reason": "Bob is too long"}]
    erasing.execute("update order_export_runs set refused = %s where client_id = %s", [json.dumps(refused), A])
    before = erasing.execute(runs.encode(), [A]).fetchall()
    assert before == after(erasing, "select app.erase_mentions(%s, 'order_export_runs', null, 1000)", runs, [A])
    erasing.execute(
        "update order_export_runs set refused = %s where id = %s",
        [json.dumps([*refused, {"order_number": "x", "reason": "c@test is too long"}]), before[0][0]],
    )
    changed = after(erasing, "select app.erase_mentions(%s, 'order_export_runs', null, 1000)", runs, [A])
    assert [row[3] for row in changed] == [
        [*refused, {"order_number": "x", "reason": "The data of the person were erased."}],
        *(row[3] for row in before[1:]),
    ]


def test_a_step_of_an_erasure_reads_at_most_eight_megabytes(erasing: psycopg.Connection) -> None:
    refused = json.dumps([{"order_number": "another", "reason": "x" * 900}] * 950)
    erasing.execute(
        "insert into order_export_runs (client_id, destination_id, seq, settings, refused)"
        " select client_id, id, n, '{}', %s from order_destinations, generate_series(1001, 1020) n"
        " where id = (select min(id::text)::uuid from order_destinations where client_id = %s)",
        [refused, A],
    )
    runs = "select id, octet_length(r::text) from order_export_runs r where client_id = %s order by id"
    sizes: dict[UUID, int] = dict(erasing.execute(runs.encode(), [A]).fetchall())
    pages: list[int] = []
    last: UUID | None = None
    while following := step(erasing, "select app.erase_mentions(%s, 'order_export_runs', %s, 10000)", last):
        pages.append(sum(size for key, size in sizes.items() if (last is None or key > last) and key <= following))
        last = following
    assert sum(pages) == sum(sizes.values())
    assert max(pages) <= 8_000_000 and len(pages) == 3


def test_a_repeated_preparation_keeps_the_free_texts_of_a_person_without_other_texts(
    erasing: psycopg.Connection,
) -> None:
    erasing.execute(
        "update erasures set needles = '{}', phrases = '{the zip archive}', first_order_at = now(), emails = '{c@t}',"
        " subjects = '{}' where id = %s",
        [ident("A's erasure")],
    )
    query = "select needles, phrases, first_order_at is not null from erasures where id = %s"
    [kept] = after(erasing, "select app.prepare_erasure(%s)", query, [ident("A's erasure")])
    assert kept == ([], ["the zip archive"], True)


def test_free_texts_and_identifying_texts_of_a_person_are_stored_separately(
    erasing: psycopg.Connection,
) -> None:
    address = {"line1": "Order feed to warehouse", "country": "DE", "phone": "+49 30 1234567"}
    erasing.execute("update erasures set needles = '{}' where id = %s", [ident("A's erasure")])
    erasing.execute("set local session_replication_role = replica")
    erasing.execute(
        "update orders set customer_email = 'c@test', customer_name = 'The ZIP archive', shipping_address = %s,"
        " erased_at = null, created_at = now() - interval '1 day' where id = %s",
        [json.dumps(address), ident("A's order")],
    )
    erasing.execute("set local session_replication_role = origin")
    query = "select needles, phrases from erasures where id = %s"
    [(needles, phrases)] = after(erasing, "select app.prepare_erasure(%s)", query, [ident("A's erasure")])
    assert {"order feed to warehouse", "the zip archive"} <= set(phrases)
    assert {"c@test", "+49 30 1234567"} <= set(needles)
    assert not set(needles) & {"order feed to warehouse", "the zip archive"}


def many_orders(erasing: psycopg.Connection, count: int, address: dict[str, str]) -> None:
    """Place closed orders for the person, and restart the erasure."""
    erasing.execute("set local session_replication_role = replica")
    erasing.execute("update orders set customer_email = 'other@test', customer_subject = null")
    erasing.execute("update erasures set needles = '{}', orders_before = now() where id = %s", [ident("A's erasure")])
    erasing.execute(
        "insert into orders (client_id, site_id, order_number, customer_name, customer_email, total_amount,"
        " shipping_address, items, status, created_at)"
        " select client_id, site_id, 'MANY-' || n, n || left(%s, 100), 'c@test', 1, %s, '[]', 'cancelled',"
        " now() - interval '1 day'"
        " from orders o, generate_series(1, %s) n where o.id = %s",
        [address["line1"], json.dumps(address), count, ident("A's order")],
    )
    erasing.execute("set local session_replication_role = origin")


@pytest.mark.parametrize(("count", "length", "parts"), [(5, 10, 1), (1001, 10, 2), (400, 2000, 2)])
def test_a_person_with_very_large_texts_is_erased_in_several_steps(
    erasing: psycopg.Connection, count: int, length: int, parts: int
) -> None:
    many_orders(erasing, count, {"line1": "😀" * length, "country": "DE"})
    erasure = ident("A's erasure")
    system = next(caller for caller in CALLERS if caller.name == "system")
    erasing.execute("set local session authorization wc_worker")
    sizes = []
    with entered(erasing, system):
        while True:
            erasing.execute("select app.prepare_erasure(%s)", [erasure])
            [[erased]] = erasing.execute("select app.erase_orders(%s, 1000)", [erasure])
            sizes.append(erased)
            [[is_left]] = erasing.execute("select app.continue_erasure(%s)", [erasure])
            if not is_left:
                break
            with pytest.raises(errors.ObjectNotInPrerequisiteState), erasing.transaction():
                erasing.execute("select app.complete_erasure(%s, '{}', 2)", [erasure])
        erasing.execute("select app.complete_erasure(%s, '{}', 2)", [erasure])
        erasing.execute("set local session authorization default")
    assert (len(sizes), sum(sizes)) == (parts, count)


@pytest.mark.parametrize("parameters", ["'{}'", "'{}', 1", "'{}', null"])
def test_a_worker_of_the_previous_release_cannot_complete_an_erasure(
    erasing: psycopg.Connection, parameters: str
) -> None:
    many_orders(erasing, 0, {"line1": "Street"})
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="another release"):
        step(erasing, f"select app.complete_erasure(%s, {parameters})")
    assert step(erasing, "select app.complete_erasure(%s, '{}', 2)")


def test_an_erasure_of_the_previous_release_searches_for_its_order_numbers(
    erasing: psycopg.Connection,
) -> None:
    many_orders(erasing, 2, {"line1": "Street", "country": "DE"})
    erasure = ident("A's erasure")
    # The previous release erased all orders at once, and did not store their ids.
    erasing.execute("update erasures set needles = '{c@test}', first_order_at = now() where id = %s", [erasure])
    erasing.execute("set local session_replication_role = replica")
    erasing.execute(
        "update orders set erased_at = now(), erasure_id = %s, customer_email = 'x@erased.invalid',"
        " external_number = case order_number when 'MANY-1' then '4711' end where order_number like 'MANY-%%'",
        [erasure],
    )
    erasing.execute("set local session_replication_role = origin")
    texts = step(erasing, "select to_jsonb(texts) from app.files_to_search(%s)")
    assert set(texts) == {"c@test", "many-1", "many-2"}
    assert step(erasing, "select to_jsonb(numbers) from app.phrases_to_search(%s)") == ["4711"]


def test_large_tracking_data_fits_without_the_url_that_contains_the_number(erasing: psycopg.Connection) -> None:
    many_orders(erasing, 1, {"line1": "Street", "country": "DE", "phone": "2026-11-27"})
    erasing.execute("set local session_replication_role = replica")
    erasing.execute(
        "insert into shipments (client_id, order_id, number, source, shipped_at, tracking_number, tracking_url)"
        " select client_id, id, 'S' || n, 'api', now(), 'TRACK' || n, 'https://t.test/' || repeat('x', 1500) || n"
        " from orders, generate_series(1, 4000) n where order_number = 'MANY-1'"
    )
    erasing.execute("set local session_replication_role = origin")
    query = "select needles, phrases from erasures where id = %s"
    [(needles, phrases)] = after(erasing, "select app.prepare_erasure(%s)", query, [ident("A's erasure")])
    assert {"c@test", "track1", "track4000"} <= set(needles)
    assert sum(map(len, needles)) < 3_000_000
    assert "2026-11-27" in phrases, "a buyer can write any number into the field, also a date"
    erasing.execute("update shipments set tracking_url = 'https://t.test/' || tracking_number")
    [(needles, _)] = after(erasing, "select app.prepare_erasure(%s)", query, [ident("A's erasure")])
    assert len(needles) == 4002


@pytest.mark.parametrize(
    ("number", "url", "is_left_out"),
    [
        ("00340999", "https://t.test/?id=00340999", True),
        (" ABC1234 ", "https://t.test/abc1234/", True),
        ("00340999", "https://t.test/?id=XY00340999", False),
        ("12345", "https://t.test/?id=12345", False),
        ("", "https://t.test/?id=99", False),
        (None, "https://t.test/?id=98", False),
    ],
)
def test_a_tracking_url_is_omitted_only_if_it_contains_the_number(
    erasing: psycopg.Connection, number: str | None, url: str, is_left_out: bool
) -> None:
    many_orders(erasing, 1, {"line1": "Street", "country": "DE"})
    erasing.execute("set local session_replication_role = replica")
    erasing.execute(
        "insert into shipments (client_id, order_id, number, source, shipped_at, tracking_number, tracking_url)"
        " select client_id, id, 'S', 'api', now(), %s, %s from orders where order_number = 'MANY-1'",
        [number, url],
    )
    erasing.execute("set local session_replication_role = origin")
    query = "select needles from erasures where id = %s"
    [(needles,)] = after(erasing, "select app.prepare_erasure(%s)", query, [ident("A's erasure")])
    assert (url.lower() not in needles) == is_left_out
    assert not is_left_out or str(number).strip().lower() in needles


def test_a_phrase_in_data_about_other_orders_is_not_unique_to_the_person(erasing: psycopg.Connection) -> None:
    phrases = "{dhl express,blue mug,zoe quartermain,bob buyer,other street,own street}"
    erasing.execute("update erasures set phrases = %s where id = %s", [phrases, ident("A's erasure")])
    erasing.execute("set local session_replication_role = replica")
    erasing.execute(
        "update orders set customer_name = 'Bob Buyer', customer_email = 'other@test', customer_subject = null,"
        ' shipping_address = \'{"line1": "Other Street 1"}\''
    )
    erasing.execute(
        "update orders set customer_name = 'Zoe Quartermain', erased_at = now(), erasure_id = %s where id = %s",
        [ident("A's erasure"), ident("A's order")],
    )
    erasing.execute("update order_lines set name = 'A Blue Mug'")
    erasing.execute("update shipments set carrier = 'DHL Express'")
    query = "select app.own_phrases(e) from erasures e where id = %s"
    assert erasing.execute(query, [ident("A's erasure")]).fetchone() == (["zoe quartermain", "own street"],)
    erasing.execute(
        "update erasures set phrases = array(select 'phrase ' || n from generate_series(1, 101) n) where id = %s",
        [ident("A's erasure")],
    )
    assert erasing.execute(query, [ident("A's erasure")]).fetchone() == ([],)


def test_a_phrase_in_later_orders_of_the_person_is_unique_to_the_person(erasing: psycopg.Connection) -> None:
    many_orders(erasing, 2, {"line1": "Own Street 1", "country": "DE"})
    erasing.execute("set local session_replication_role = replica")
    erasing.execute(
        "update orders set erased_at = now(), erasure_id = %s, customer_email = 'x@erased.invalid',"
        " customer_name = 'Erased person', shipping_address = '{}' where order_number = 'MANY-1'",
        [ident("A's erasure")],
    )
    erasing.execute("update orders set customer_name = 'Zoe Quartermain' where order_number = 'MANY-2'")
    phrases = "{zoe quartermain,own street 1}"
    erasing.execute("update erasures set phrases = %s where id = %s", [phrases, ident("A's erasure")])
    query = "select app.own_phrases(e) from erasures e where id = %s"
    assert erasing.execute(query, [ident("A's erasure")]).fetchone() == (["zoe quartermain", "own street 1"],)
    erasing.execute("update orders set customer_email = 'other@test' where order_number = 'MANY-2'")
    assert erasing.execute(query, [ident("A's erasure")]).fetchone() == ([],)


def test_the_number_of_an_order_of_another_person_is_found(erasing: psycopg.Connection) -> None:
    [[own]] = erasing.execute("select order_number from orders where id = %s", [ident("A's order")])
    erasing.execute("set local session_replication_role = replica")
    erasing.execute("update orders set erasure_id = %s where id = %s", [ident("A's erasure"), ident("A's order")])
    others = erasing.execute(
        "select order_number, client_id from orders where id <> %s", [ident("A's order")]
    ).fetchall()
    system = next(caller for caller in CALLERS if caller.name == "system")
    erasing.execute("set local session authorization wc_worker")
    with entered(erasing, system):
        for number, client in [(own, None), ("UNKNOWN-1", None), *others]:
            query = "select app.has_number_of_others(%s, %s)"
            [[is_others]] = erasing.execute(query, [ident("A's erasure"), ["shipped", number.lower()]])
            assert is_others == (client == A), number
        erasing.execute("set local session authorization default")
