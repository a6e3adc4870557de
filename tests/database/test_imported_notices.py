"""Tests that the mails about imported orders have a limit for the client: an import can name many strangers."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.database.conftest import Database
from tests.database.world import A, B, ident

ORDER = ident("A's order")


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("update tiers set requests_per_hour = 12")
        connection.execute("delete from guest_mails")
        yield connection


def claims(superuser: psycopg.Connection, count: int) -> list[str | None]:
    """Claim mails about an order to different strangers, and return the refusals."""
    claim = (
        "select app.claim_notice_mail(jsonb_populate_record(o, jsonb_build_object('customer_email',"
        " 'stranger' || n || '@example.test'))) from orders o, generate_series(1, %s) n where o.id = %s"
    )
    return [refusal for (refusal,) in superuser.execute(claim, [count, ORDER])]


def mark_as_imported(superuser: psycopg.Connection) -> None:
    superuser.execute("update order_events set type = 'imported' where order_id = %s", [ORDER])
    superuser.execute(
        "insert into order_events (client_id, order_id, version, type, source, actor, happened_at)"
        " values (%s, %s, 1, 'imported', 'file', 'client', now())",
        [A, ORDER],
    )


@pytest.mark.parametrize("subject", [None, "buyer|1"])
def test_a_client_sends_a_limited_number_of_mails_about_imported_orders(
    superuser: psycopg.Connection, subject: str | None
) -> None:
    superuser.execute("set local session_replication_role = replica")
    superuser.execute("update orders set customer_subject = %s where id = %s", [subject, ORDER])
    mark_as_imported(superuser)
    superuser.execute("set local session_replication_role = origin")
    refusals = claims(superuser, 9)
    assert refusals[:6] == [None] * 6
    assert set(refusals[6:]) == {"The client sends at most 6 mails about imported orders in 24 hours."}
    superuser.execute("update guest_mails set created_at = now() - interval '25 hours'")
    assert claims(superuser, 1) == [None]
    superuser.execute("update guest_mails set created_at = now(), client_id = %s", [B])
    assert claims(superuser, 6) == [None] * 6, "other clients do not count"


def test_the_limit_for_imported_orders_does_not_apply_to_orders_of_a_shop(superuser: psycopg.Connection) -> None:
    assert claims(superuser, 30) == [None] * 30
