"""Tests the limits for mails that members cause. The limits are necessary, because a member can import orders with any
e-mail address.
"""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from tests.database.conftest import Database
from tests.database.world import A, B, ident

ORDER = ident("A's order")


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("update tiers set requests_per_hour = 12")
        connection.execute("delete from guest_mails")
        yield connection


def claims(superuser: psycopg.Connection, count: int, order: object = ORDER) -> list[str | None]:
    """Claim mails about an order to different strangers, and return the refusals."""
    claim = (
        "select app.claim_notice_mail(jsonb_populate_record(o, jsonb_build_object('customer_email',"
        " 'stranger' || n || '@example.test'))) from orders o, generate_series(1, %s) n where o.id = %s"
    )
    return [refusal for (refusal,) in superuser.execute(claim, [count, order])]


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


def test_the_limit_for_imported_orders_does_not_apply_to_orders_of_a_site(superuser: psycopg.Connection) -> None:
    assert claims(superuser, 30) == [None] * 30


def replace(superuser: psycopg.Connection, order: object) -> object:
    """Create the replacement of an order, and return its id."""
    create = "select (app.create_replacement(o, '[]')).replacement.id from orders o where o.id = %s"
    [[replacement]] = superuser.execute(create, [order])
    return replacement


def test_a_replacement_counts_as_imported_if_its_origin_was_imported(superuser: psycopg.Connection) -> None:
    superuser.execute("set local session_replication_role = replica")
    mark_as_imported(superuser)
    superuser.execute("set local session_replication_role = origin")
    order: object = ORDER
    for _ in range(8):
        order = replace(superuser, order)
    refusals = claims(superuser, 9, order)
    assert refusals[:6] == [None] * 6
    assert set(refusals[6:]) == {"The client sends at most 6 mails about imported orders in 24 hours."}


def verify(superuser: psycopg.Connection) -> None:
    superuser.execute("set local session_replication_role = replica")
    superuser.execute("update orders set has_verified_email = true where id = %s", [ORDER])
    superuser.execute("set local session_replication_role = origin")


def to_one_address(superuser: psycopg.Connection, count: int, order: object) -> list[str | None]:
    claim = "select app.claim_notice_mail(o) from orders o, generate_series(1, %s) where o.id = %s"
    return [refusal for (refusal,) in superuser.execute(claim, [count, order])]


def test_only_verified_addresses_have_no_limit(superuser: psycopg.Connection) -> None:
    superuser.execute("set local session_replication_role = replica")
    superuser.execute("update orders set customer_subject = 'buyer|1' where id = %s", [ORDER])
    superuser.execute("set local session_replication_role = origin")
    refusals = to_one_address(superuser, 22, ORDER)
    assert (
        refusals
        == [None] * 20
        + [
            "The client sends at most 20 mails about shipments, deliveries and cancellations to an address in 24 hours,"
            " unless the address was verified when the order was placed."
        ]
        * 2
    )
    verify(superuser)
    assert to_one_address(superuser, 30, ORDER) == [None] * 30
    assert to_one_address(superuser, 30, replace(superuser, ORDER)) == [None] * 30
    superuser.execute("update orders set customer_email = 'stranger@example.test' where id = %s", [ORDER])
    assert to_one_address(superuser, 21, ORDER)[20] is not None, "the verified address was another one"


def test_a_client_sends_a_limited_number_of_mails_to_unverified_addresses(
    superuser: psycopg.Connection,
) -> None:
    verify(superuser)
    assert claims(superuser, 200) == [None] * 200
    superuser.execute("update orders set has_verified_email = false where id = %s", [ORDER])
    assert claims(superuser, 145) == [None] * 144 + [
        "The client sends at most 144 mails about shipments, deliveries and cancellations in 24 hours to addresses that"
        " were not verified when the order was placed."
    ]
    superuser.execute("update tiers set requests_per_hour = 1000")
    superuser.execute("update guest_mails set is_sample = true")
    assert claims(superuser, 1) == [None]
    superuser.execute(
        "insert into guest_mails (client_id, mailbox, created_at, is_notice, is_sample)"
        " select %s, 'x', now(), true, true from generate_series(1, 750)",
        [A],
    )
    assert claims(superuser, 1) != [None]
    superuser.execute("update guest_mails set is_verified = true")
    assert claims(superuser, 1) == [None]


LIMITED = (
    "The client sends at most 144 mails about shipments, deliveries and cancellations in 24 hours to addresses that"
    " were not verified when the order was placed."
)


def write_mail(superuser: psycopg.Connection, template: str, **values: object) -> None:
    row = {"client_id": A, "order_id": ORDER, "template": template, "recipient": "C@Test", "state": "sent"} | values
    columns = sql.SQL(", ").join(map(sql.Identifier, row))
    insert = sql.SQL("insert into mails ({}) values ({})").format(
        columns, sql.SQL(", ").join(map(sql.Literal, row.values()))
    )
    superuser.execute(insert)


def use_up_the_limit_of_the_client(superuser: psycopg.Connection) -> None:
    assert claims(superuser, 145) == [None] * 144 + [LIMITED]


def claim(superuser: psycopg.Connection, template: str, order: object = ORDER) -> str | None:
    query = "select app.claim_notice_mail(o, %s) from orders o where o.id = %s"
    [[refusal]] = superuser.execute(query, [template, order])
    assert refusal is None or isinstance(refusal, str)
    return refusal


@pytest.mark.parametrize("template", ["order_shipped", "order_delivered", "order_cancelled"])
@pytest.mark.parametrize("first", ["order_confirmation", "order_confirm_request"])
def test_the_first_mails_about_a_site_order_do_not_count_against_the_client_limit(
    superuser: psycopg.Connection, first: str, template: str
) -> None:
    write_mail(superuser, first)
    assert claim(superuser, template) is None
    use_up_the_limit_of_the_client(superuser)
    assert claim(superuser, template) is None
    write_mail(superuser, template)
    assert claim(superuser, template) == LIMITED, "an order has any number of shipments"
    assert claim(superuser, "order_confirmation") == LIMITED
    superuser.execute("update tiers set requests_per_hour = 1000")
    superuser.execute("update guest_mails set is_sample = true")
    add = (
        "insert into guest_mails (client_id, mailbox, created_at, is_notice, is_sample, is_expected)"
        " select %s, 'x', now(), true, true, true from generate_series(1, 750)"
    )
    superuser.execute(add, [A])
    assert claims(superuser, 1) == [None], "the samples of expected mails do not count"


def test_the_first_mails_about_a_site_order_count_against_the_mailbox_limit(
    superuser: psycopg.Connection,
) -> None:
    write_mail(superuser, "order_confirmation")
    assert [claim(superuser, "order_shipped") for _ in range(21)].index(
        "The client sends at most 20 mails about shipments, deliveries and cancellations to an address in 24 hours,"
        " unless the address was verified when the order was placed."
    ) == 20


def test_orders_without_a_first_mail_to_their_address_have_the_client_limit(
    superuser: psycopg.Connection,
) -> None:
    use_up_the_limit_of_the_client(superuser)
    assert claim(superuser, "order_shipped") == LIMITED
    write_mail(superuser, "order_confirmation", state="suppressed")
    assert claim(superuser, "order_shipped") == LIMITED
    write_mail(superuser, "order_confirm_request", recipient="other@test")
    assert claim(superuser, "order_shipped") == LIMITED
    write_mail(superuser, "order_confirm_request")
    assert claim(superuser, "order_shipped") is None
    superuser.execute("update orders set customer_email = 'stranger@example.test' where id = %s", [ORDER])
    assert claim(superuser, "order_shipped") == LIMITED


@pytest.mark.parametrize("is_replacement", [False, True])
def test_imported_orders_and_replacements_always_have_the_client_limit(
    superuser: psycopg.Connection, is_replacement: bool
) -> None:
    use_up_the_limit_of_the_client(superuser)
    order = replace(superuser, ORDER) if is_replacement else ORDER
    write_mail(superuser, "order_confirmation", order_id=order)
    if not is_replacement:
        superuser.execute("set local session_replication_role = replica")
        mark_as_imported(superuser)
        superuser.execute("set local session_replication_role = origin")
    assert claim(superuser, "order_shipped", order) == LIMITED


def test_mails_to_a_verified_address_do_not_count_against_the_mailbox_limit(
    superuser: psycopg.Connection,
) -> None:
    verify(superuser)
    assert to_one_address(superuser, 30, ORDER) == [None] * 30
    superuser.execute("update orders set has_verified_email = false where id = %s", [ORDER])
    assert to_one_address(superuser, 1, ORDER) == [None]
    superuser.execute("update orders set has_verified_email = true where id = %s", [ORDER])
    query = "select has_verified_email from orders where id = %s"
    assert superuser.execute(query, [ORDER]).fetchone() == (False,), "no change verifies an address"
