"""Tests which role each caller gets from `app.enter`, and which callers are refused."""

from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.database.conftest import Database
from tests.database.world import A_SITE, A, B, ident
from wecelebrate.core.database import ENTER

REFUSED = "WC401"
NO_SITE = "WC404"


def enter(
    connection: psycopg.Connection, subject: str | None, domain: str | None = None, client: object = None
) -> tuple[Any, ...]:
    row = connection.execute(ENTER, [subject, None, domain, client, [], None, None, None, None]).fetchone()
    assert row
    return row


@pytest.mark.parametrize(
    ("login", "subject", "domain", "client", "code"),
    [
        # A service must use the login wc_worker.
        ("wc_public", "service:drops", "a.test", A, REFUSED),
        ("wc_public", "service:system", None, None, REFUSED),
        ("wc_public", "service:staging", None, None, REFUSED),
        ("wc_api", "service:drops", None, A, REFUSED),
        ("wc_api", "service:drops", None, None, REFUSED),
        ("wc_api", "service:system", None, None, REFUSED),
        ("wc_worker", "service:drops", None, ident("no client"), REFUSED),
        # Only the login of the key-value store can enter as the service of the key-value store. This login cannot enter
        # as another caller.
        ("wc_kv", "service:system", None, None, REFUSED),
        ("wc_kv", "service:drops", None, A, REFUSED),
        ("wc_kv", "super", None, None, REFUSED),
        ("wc_kv", "a-owner", None, None, REFUSED),
        ("wc_kv", "customer", "a.test", None, REFUSED),
        ("wc_kv", None, None, None, REFUSED),
        ("wc_worker", "service:kv", None, None, REFUSED),
        ("wc_worker", "service:kv", None, A, REFUSED),
        ("wc_api", "service:kv", None, None, REFUSED),
        ("wc_public", "service:kv", None, None, REFUSED),
        # The subject must not be empty. Only visitors are allowed to enter without a subject.
        ("wc_public", "", "a.test", None, REFUSED),
        ("wc_api", "", None, None, REFUSED),
        ("wc_api", None, None, None, REFUSED),
        ("wc_worker", "", None, None, REFUSED),
        ("wc_worker", None, None, None, REFUSED),
        # Only the logins wc_public and wc_worker can enter storefronts. An anonymous visitor must use wc_public.
        ("wc_api", "customer", "a.test", None, REFUSED),
        ("wc_api", None, "a.test", None, REFUSED),
        ("wc_api", "super", "a.test", None, REFUSED),
        ("wc_worker", None, "a.test", None, REFUSED),
        # The account or the site is unknown, or the account belongs to another client.
        ("wc_api", "stranger", None, None, REFUSED),
        ("wc_api", "a-owner", None, B, REFUSED),
        ("wc_public", None, "nowhere.test", None, NO_SITE),
        ("wc_worker", "customer", "nowhere.test", None, NO_SITE),
    ],
)
def test_an_invalid_caller_is_refused(
    database: Database, *, login: str, subject: str | None, domain: str | None, client: object, code: str
) -> None:
    with database.connect(login) as connection:
        with pytest.raises(psycopg.Error) as error:
            enter(connection, subject, domain, client)
        assert error.value.sqlstate == code
        connection.rollback()


@pytest.mark.parametrize("subject", ["super", "a-owner", "both", "customer"])
def test_every_account_has_the_role_customer_on_a_storefront(database: Database, subject: str) -> None:
    with database.connect("wc_public") as connection:
        role, admin_role, clients, editors, owned, site, *_ = enter(connection, subject, "A.test", A)
        assert (role, admin_role, clients, editors, owned, site) == ("app_customer", None, None, None, None, A_SITE)


def test_a_member_of_two_clients_can_restrict_a_session_to_one_client(database: Database) -> None:
    with database.connect("wc_api") as connection:
        assert sorted(enter(connection, "both")[2]) == sorted([A, B])
        connection.rollback()
        assert enter(connection, "both", client=B)[2:4] == ([B], None)


@pytest.mark.parametrize(
    "change",
    [
        "update admin_users set is_active = false where user_id = 'admin'",
        "update client_users set is_active = false where user_id = 'a-owner'",
        "update clients set is_active = false where slug = 'client-a'",
    ],
)
def test_a_deactivated_account_or_client_is_refused(database: Database, change: str) -> None:
    subject = "admin" if "admin_users" in change else "a-owner"
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(change.encode())
        connection.execute("set local session authorization wc_api")
        with pytest.raises(psycopg.Error, match="belongs to no active client"), connection.transaction():
            enter(connection, subject)


@pytest.mark.parametrize("status", ["draft", "inactive"])
def test_an_inactive_site_is_refused(database: Database, status: str) -> None:
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("update sites set status = %s where id = %s", [status, A_SITE])
        connection.execute("set local session authorization wc_public")
        with pytest.raises(psycopg.Error, match="no active site"), connection.transaction():
            enter(connection, None, "a.test")


@pytest.mark.parametrize(
    ("login", "subject", "timeout"),
    [("wc_api", "super", "25s"), ("wc_api", "a-owner", "15s"), ("wc_worker", "super", "1min")],
)
def test_the_tier_determines_the_statement_timeout(database: Database, login: str, subject: str, timeout: str) -> None:
    with database.connect(login) as connection:
        enter(connection, subject)
        assert connection.execute("show statement_timeout").fetchone() == (timeout,)
        connection.commit()
        assert connection.execute("show statement_timeout").fetchone() == ("0",)


@pytest.mark.parametrize("login", ["wc_public", "wc_api", "wc_worker", "wc_kv", "wc_migrate"])
@pytest.mark.parametrize(
    "call",
    [
        "select app.seal('app_admin')",
        "select app.resolve_caller('super', null, null)",
        "select app.context('client_ids')",
        "select app.client_ids()",
        "select app.catalog_ids()",
        "select app.create_event_partitions(current_date)",
        "select app.rollup_order_deltas()",
        "select * from app.daily_order_totals(gen_random_uuid(), current_date, current_date)",
        "select app.order_number()",
        "select app.may_read_product(gen_random_uuid(), gen_random_uuid())",
        "select app.row_tags('tiers', '{}')",
        "select app.transaction_writes()",
        "select app.claim_invalidations('0 s', 1)",
        "select app.write_replica_heartbeat()",
    ],
)
def test_a_login_cannot_call_functions_before_it_enters(database: Database, login: str, call: str) -> None:
    with database.connect(login) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(call.encode())


@pytest.mark.parametrize(
    "text",
    [
        "select app.establish_context('super', null, null, null, null)",
        "select role from app.enter('super')",
        "select role from app.enter('super', null, null, null, '{}', null)",
        "select role from app.enter(concat('su', 'per'))",
        "select (select role from app.enter(null)) from sites",
        "select role from app.enter($1) union select 'x'",
        "/* */ select role from app.enter($1)",
    ],
)
def test_app_enter_must_be_a_separate_statement_with_bound_parameters(database: Database, text: str) -> None:
    with database.connect("wc_api") as connection:
        values = [b"super"] if "$1" in text else []
        result = connection.pgconn.exec_params(text.encode(), values)
        assert b"a statement of its own" in result.error_message or b"permission denied" in result.error_message
