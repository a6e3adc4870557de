"""Tests that the status of an order changes only in allowed steps, and that its pieces return to the stock exactly
once."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from tests.database.callers import CALLERS, Caller
from tests.database.order_life import ADMIN, CUSTOMER, EDITOR, SYSTEM, VIEWER, Orders, orders
from tests.database.test_placing import act
from tests.database.world import A_EXCLUDED, A_PRODUCT, A_SITE, ident

__all__ = ["orders"]

NOW = datetime.now(UTC)
TWO_PRODUCTS = {A_PRODUCT: 3, A_EXCLUDED: 2}


def test_an_order_is_processed_and_shipped_and_delivered(orders: Orders) -> None:
    order = orders.place()
    assert orders.process(order, "ERP-1").types == ["processing"]
    assert orders.row(order, "status", "external_number", "version") == ("processing", "ERP-1", 2)
    assert orders.ship(order, carrier="DHL", tracking_number="T1").types == ["shipped"]
    assert orders.row(order, "status", "fulfilment") == ("shipped", "full")
    assert orders.deliver(order).types == ["shipment_delivered", "delivered"]
    assert orders.status(order) == "delivered"
    assert orders.events(order) == ["processing", "shipped", "shipment_delivered", "delivered"]
    assert orders.stock() == 7


def test_shipping_a_pending_order_writes_a_processing_event_and_a_shipped_event(orders: Orders) -> None:
    order = orders.place()
    assert orders.ship(order).types == ["processing", "shipped"]
    assert orders.row(order, "processed_at is not null", "shipped_at is not null") == (True, True)


def test_delivering_an_unshipped_order_adds_the_missing_shipment(orders: Orders) -> None:
    order = orders.place()
    assert orders.deliver(order, source="file").types == ["processing", "shipped", "shipment_delivered", "delivered"]
    shipments = orders.connection.execute("select number, status from shipments where order_id = %s", [order])
    assert shipments.fetchall() == [("1", "delivered")]


def test_an_order_of_two_parcels_is_partly_shipped_until_the_second_shipment(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    assert orders.ship(order, {1: 2}, number="A").types == ["processing", "shipped"]
    assert orders.row(order, "status", "fulfilment") == ("shipped", "partial")
    assert orders.deliver(order, "A").types == ["shipment_delivered"]
    assert orders.status(order) == "shipped"
    assert orders.ship(order, {1: 1, 2: 2}, number="B").types == ["shipment_added"]
    assert orders.row(order, "status", "fulfilment") == ("shipped", "full")
    assert orders.deliver(order, "B").types == ["shipment_delivered", "delivered"]


def test_a_shipment_cannot_contain_more_than_the_unshipped_pieces(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    outcome = orders.ship(order, {2: 1, 1: 4})
    assert (outcome.refusal, outcome.detail) == ("too_many", [{"at": 1, "left": 3}])
    assert orders.ship(order, {3: 1}).refusal == "unknown_lines"
    assert orders.ship(order, {1: 3, 2: 2}).refusal is None
    assert orders.ship(order).refusal == "nothing_left"
    assert orders.ship(order, {1: 1}).refusal == "too_many"


def test_repeated_news_does_not_change_an_order(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    for expected in (None, "unchanged"):
        assert orders.process(order, "ERP-1", source="file").refusal == expected
    for expected in (None, "unchanged"):
        assert orders.ship(order, {1: 2}, number="A", tracking_number="T", source="file").refusal == expected
    for expected in (None, "unchanged"):
        assert orders.deliver(order, "A", source="file").refusal == expected
    assert orders.pieces(order) == (2, 0, 0)
    assert orders.events(order) == ["processing", "shipped", "shipment_delivered"]


def test_tracking_data_and_lines_can_be_added_to_a_shipment_later(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    orders.ship(order, {1: 2}, number="A")
    assert orders.ship(order, {1: 2}, number="A", tracking_number="T").types == ["shipment_changed"]
    assert orders.ship(order, {1: 2, 2: 2}, number="A").types == ["shipment_added"]
    outcome = orders.ship(order, {2: 2, 1: 3}, number="A")
    assert (outcome.refusal, outcome.detail) == ("shipment_lines", [1])
    row = orders.connection.execute("select tracking_number from shipments where order_id = %s", [order]).fetchone()
    assert row == ("T",)


def test_two_orders_can_be_in_one_parcel(orders: Orders) -> None:
    for order in (orders.place({A_PRODUCT: 1}), orders.place({A_PRODUCT: 2})):
        assert orders.ship(order, number="T1", tracking_number="T1", source="file").refusal is None


def test_the_pieces_of_a_cancelled_order_return_to_the_stock_exactly_once(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    assert orders.stock() == 7
    assert orders.cancel(order).types == ["cancelled"]
    assert orders.row(order, "status", "cancel_reason") == ("cancelled", "a reason")
    assert (orders.stock(), orders.stock(A_EXCLUDED), orders.pieces(order)) == (10, 10, (0, 3, 0))
    assert orders.cancel(order).refusal == "unchanged"
    assert orders.stock() == 10


def test_a_shipped_order_cannot_be_cancelled(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    orders.ship(order, {1: 1})
    outcome = orders.cancel(order)
    assert (outcome.refusal, outcome.detail) == ("status", "shipped")
    assert (orders.status(order), orders.stock()) == ("shipped", 7)


def test_late_news_about_a_cancelled_order_is_only_recorded(
    orders: Orders,
) -> None:
    order = orders.place()
    orders.cancel(order)
    for _ in range(2):
        assert orders.ship(order, number="A", source="file", at=NOW).refusal == "status"
        assert orders.deliver(order, source="file", at=NOW).refusal == "status"
        assert orders.process(order, "ERP-1", source="file", at=NOW).refusal == "status"
    assert (orders.status(order), orders.stock(), orders.pieces(order)) == ("cancelled", 10, (0, 3, 0))
    assert orders.events(order) == ["cancelled", "late_news", "late_news", "late_news"]


def test_late_news_through_the_api_is_refused(orders: Orders) -> None:
    order = orders.place()
    orders.cancel(order)
    assert orders.ship(order).refusal == "status"
    assert orders.events(order) == ["cancelled"]


def test_an_order_whose_product_was_deleted_can_be_cancelled(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    orders.connection.execute("delete from products where id = %s", [A_PRODUCT])
    assert orders.cancel(order).refusal is None
    assert (orders.status(order), orders.stock(A_EXCLUDED), orders.pieces(order)) == ("cancelled", 10, (0, 3, 0))


def test_cancelling_lines_of_a_shipped_order_does_not_change_the_status(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    orders.ship(order, {1: 2})
    assert orders.cancel_lines(order, {2: 2}).types == ["lines_cancelled"]
    assert orders.row(order, "status", "total_amount::integer", "fulfilment") == ("shipped", 30, "partial")
    assert orders.stock(A_EXCLUDED) == 10
    assert orders.cancel_lines(order, {1: 2}).refusal == "too_many"
    assert orders.cancel_lines(order, {1: 1}).refusal is None
    assert orders.row(order, "status", "total_amount::integer", "fulfilment") == ("shipped", 20, "full")
    assert orders.stock() == 8
    assert orders.deliver(order).types == ["shipment_delivered", "delivered"]


def test_an_order_can_be_delivered_after_its_unshipped_pieces_are_cancelled(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    orders.ship(order, {1: 3})
    orders.deliver(order)
    orders.cancel_lines(order, {2: 2})
    assert orders.status(order) == "shipped"
    assert orders.deliver(order).types == ["delivered"]


def test_an_order_is_cancelled_if_all_its_pieces_are_cancelled(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    assert orders.cancel_lines(order, {1: 3}).types == ["lines_cancelled"]
    assert orders.row(order, "status", "total_amount::integer") == ("pending", 20)
    assert orders.cancel_lines(order, {2: 2}).types == ["cancelled"]
    assert orders.row(order, "status", "total_amount::integer") == ("cancelled", 20)
    assert (orders.stock(), orders.stock(A_EXCLUDED)) == (10, 10)


def test_cancelling_lines_of_an_order_reduces_the_totals_of_the_day(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    orders.ship(order, {1: 2})
    orders.cancel_lines(order, {2: 2})
    query = "select sum(amount)::integer from order_deltas where client_id = %s and status = %s"
    deltas = [
        orders.connection.execute(query, [ident("client A"), status]).fetchone() for status in ("pending", "shipped")
    ]
    assert deltas == [(0,), (30,)]


def test_an_exported_order_is_cancelled_only_after_the_erp_system_confirms(
    orders: Orders,
) -> None:
    order = orders.place()
    ((marked,),) = act(orders.connection, SYSTEM, "select app.mark_orders_exported(%s, now())", [order])
    assert (marked, orders.row(order, "version")) == (1, 1)
    assert orders.cancel(order).types == ["cancel_requested"]
    assert orders.cancel(order).refusal == "unchanged"
    assert (orders.status(order), orders.stock()) == ("pending", 7)
    assert orders.cancel_lines(order, {1: 1}).refusal == "exported"
    assert orders.cancel(order, source="file", caller=SYSTEM).types == ["cancelled"]
    assert (orders.status(order), orders.stock()) == ("cancelled", 10)


def test_a_shipment_by_the_erp_system_ends_a_cancellation_request(orders: Orders) -> None:
    order = orders.place()
    act(orders.connection, SYSTEM, "select app.mark_orders_exported(%s, now())", [order])
    orders.cancel(order)
    assert orders.ship(order, source="file", caller=SYSTEM).types == ["processing", "cancel_withdrawn", "shipped"]
    assert orders.row(order, "status", "cancel_requested_at") == ("shipped", None)


def test_an_order_with_a_problem_is_not_processed(orders: Orders) -> None:
    order = orders.place()
    assert orders.change(order, "no such street", problem="address").types == ["changed"]
    for outcome in (orders.process(order), orders.ship(order), orders.deliver(order)):
        assert (outcome.refusal, outcome.detail) == ("problem", "address")
    assert orders.events(order) == ["changed"]
    orders.change(order, problem=None)
    assert orders.ship(order).refusal is None


def test_a_processed_order_with_a_new_problem_is_not_shipped(orders: Orders) -> None:
    order = orders.place()
    orders.process(order)
    orders.change(order, problem="address")
    for outcome in (orders.ship(order), orders.deliver(order), orders.ship(order, source="file", caller=SYSTEM)):
        assert (outcome.refusal, outcome.detail) == ("problem", "address")
    assert orders.row(order, "status") == "processing"
    orders.change(order, problem=None)
    assert orders.ship(order, {1: 1}).refusal is None


def test_a_shipment_of_an_order_with_a_problem_can_get_only_tracking_data(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    orders.ship(order, {1: 2}, number="P1")
    orders.change(order, problem="address")
    assert orders.ship(order, {2: 1}, number="P1").refusal == "problem"
    assert orders.ship(order, number="P1", carrier="DHL").types == ["shipment_changed"]
    assert orders.deliver(order, "P1").types == ["shipment_delivered"]


def test_the_history_of_an_order_contains_at_most_100_events_for_late_news(orders: Orders) -> None:
    order = orders.place()
    orders.cancel(order)
    for number in range(102):
        assert orders.ship(order, number=f"P{number}", source="file", caller=SYSTEM).refusal == "status"
    assert orders.events(order).count("late_news") == 100


def test_the_event_of_a_change_contains_field_names_but_no_personal_data(orders: Orders) -> None:
    order = orders.place()
    outcome = orders.change(order, metadata={"greeting": "Dear Ann"}, external_number="ERP-1")
    assert outcome.news == [{"type": "changed", "fields": ["external_number", "metadata"], "external_number": "ERP-1"}]
    assert orders.change(order, external_number="ERP-1").refusal == "unchanged"
    assert orders.change(order, problem="unconfirmed").refusal == "reserved"


def test_every_change_of_an_order_has_a_separate_version_and_event(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    orders.process(order)
    orders.ship(order, {1: 1}, number="A")
    orders.ship(order, {1: 1}, number="A", tracking_number="T")
    orders.cancel_lines(order, {2: 1})
    query = "select version from order_events where order_id = %s order by created_at, id"
    versions = [version for (version,) in orders.connection.execute(query, [order])]
    assert versions == sorted(set(versions)) == [2, 3, 4, 5]
    assert orders.row(order, "version") == 5


def test_a_change_of_an_outdated_order_version_is_refused(orders: Orders) -> None:
    order = orders.place()
    read_at = orders.row(order, "updated_at")
    assert orders.process(order, expected=read_at - timedelta(seconds=1)).refusal == "changed"
    assert orders.process(order, expected=read_at).refusal is None


def test_the_time_of_order_news_is_after_the_order_and_not_in_the_future(orders: Orders) -> None:
    order = orders.place()
    orders.process(order, at=NOW - timedelta(days=400))
    orders.ship(order, at=NOW + timedelta(days=400))
    row = orders.row(order, "processed_at = created_at", "shipped_at <= clock_timestamp()")
    assert row == (True, True)


def test_order_events_cannot_be_changed_or_deleted(orders: Orders) -> None:
    order = orders.place()
    orders.process(order)
    for statement in ("update order_events set details = '{\"a\": 1}'", "delete from order_events"):
        for role in ("app_migrate", "app_definer", "postgres"):
            with pytest.raises(errors.InsufficientPrivilege), orders.connection.transaction():
                orders.connection.execute(f"set local role {role}".encode())
                orders.connection.execute(statement.encode())
    orders.connection.execute("delete from orders where id = %s", [order])
    assert orders.events(order) == []


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_only_writers_of_the_client_and_the_platform_can_change_an_order(orders: Orders, caller: Caller) -> None:
    order = orders.place()
    is_writer = caller.entered and (
        ident("client A") in caller.edits or caller.admin_role is not None or caller.role == "app_system"
    )
    if caller.role not in ("app_admin", "app_support", "app_client", "app_system") or not caller.entered:
        with pytest.raises(psycopg.Error), orders.connection.transaction():
            orders.process(order, caller=caller)
        return
    outcome = orders.process(order, caller=caller)
    if is_writer:
        assert outcome.types == ["processing"]
    else:
        assert outcome.refusal == ("forbidden" if ident("client A") in caller.clients else "not_found")
    assert orders.status(order) == ("processing" if is_writer else "pending")


def test_an_unknown_order_and_an_order_of_another_client_are_not_found(orders: Orders) -> None:
    foreign = ident("B's order")
    for order in (foreign, uuid4()):
        assert orders.ship(order).refusal == "not_found"
        assert orders.cancel(order).refusal == "not_found"
        assert orders.request_return(order).refusal == "not_found"
        assert orders.replace(order).refusal == "not_found"
    assert orders.status(foreign) == "pending"


FIXED = {
    "status": "'processing'",
    "site_id": f"'{ident(chr(65) + chr(39) + 's other site')}'",
    "client_id": f"'{ident('client B')}'",
    "order_number": "'NEW'",
    "currency": "'CHF'",
    "items": "'[{}]'",
    "total_amount": "1",
    "kind": "'replacement'",
    "version": "9",
    "problem": "'p'",
    "fulfilment": "'full'",
    "created_at": "now() + interval '1 day'",
}


@pytest.mark.parametrize("column", FIXED)
@pytest.mark.parametrize("caller", [EDITOR, ADMIN, SYSTEM], ids=lambda caller: caller.name)
def test_callers_who_execute_sql_cannot_change_protected_order_columns(
    orders: Orders, caller: Caller, column: str
) -> None:
    order = orders.place()
    statement = f"update orders set {column} = {FIXED[column]} where id = %s returning {column} = {FIXED[column]}"
    if column == "version":  # the trigger computes the version, and ignores the statement
        if caller is not SYSTEM:
            assert act(orders.connection, caller, statement, order) == [(False,)]
        return
    with pytest.raises(errors.InsufficientPrivilege):
        act(orders.connection, caller, statement, order)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (first, second)
        for first in ("pending", "processing", "shipped", "delivered", "cancelled")
        for second in ("pending", "processing", "shipped", "delivered", "cancelled")
        if first != second
    ],
)
def test_the_orders_table_refuses_a_forbidden_status_change(orders: Orders, first: str, second: str) -> None:
    allowed = {
        ("pending", "processing"), ("pending", "shipped"), ("processing", "shipped"), ("shipped", "delivered"),
        ("pending", "cancelled"), ("processing", "cancelled"),
    }  # fmt: skip
    order = orders.place()
    steps = {"pending": [], "shipped": ["shipped"], "delivered": ["shipped", "delivered"]}
    change = "update orders set status = %s where id = %s"
    for status in steps.get(first, [first]):
        orders.connection.execute(change, [status, order])
    if (first, second) in allowed:
        orders.connection.execute(change, [second, order])
    else:
        with pytest.raises(errors.CheckViolation), orders.connection.transaction():
            orders.connection.execute(change, [second, order])


def test_changing_the_address_of_an_order_directly_in_sql_writes_an_event(orders: Orders) -> None:
    order = orders.place()
    act(orders.connection, EDITOR, "update orders set customer_name = 'D' where id = %s returning id", order)
    query = "select type, actor, details from order_events where order_id = %s"
    assert orders.connection.execute(query, [order]).fetchall() == [
        ("changed", "client", {"fields": ["customer_name"]})
    ]


def test_the_client_decides_whether_a_returned_piece_returns_to_the_stock(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    orders.ship(order)
    first = orders.request_return(order, {1: 2})
    assert first.types == ["return_requested"]
    assert orders.request_return(order, {1: 2}).refusal == "too_many"
    assert orders.decide(first.created, "approved").types == ["return_approved"]
    pieces = [{"line": 1, "quantity": 2, "restock": 1}]
    assert orders.receive(first.created, pieces).types == ["return_received"]
    assert (orders.stock(), orders.pieces(order)) == (8, (3, 0, 2))
    assert orders.receive(first.created, pieces).refusal == "unchanged"
    assert orders.decide(first.created, "refused").refusal == "status"
    assert orders.stock() == 8


def test_refused_or_missing_pieces_of_a_return_can_be_returned_again(orders: Orders) -> None:
    order = orders.place()
    orders.ship(order)
    refused = orders.request_return(order, {1: 3})
    orders.decide(refused.created, "refused")
    assert orders.pieces(order) == (3, 0, 0)
    second = orders.request_return(order)
    assert orders.receive(second.created, [{"line": 1, "quantity": 1, "restock": 2}]).refusal == "too_many"
    assert orders.receive(second.created, [{"line": 1, "quantity": 1}]).refusal is None
    assert (orders.pieces(order), orders.stock()) == ((3, 0, 1), 7)
    third = orders.request_return(order, {1: 2})
    assert orders.receive(third.created, restock=True).refusal is None
    assert (orders.pieces(order), orders.stock()) == ((3, 0, 3), 9)


def test_only_shipped_pieces_can_be_returned_or_replaced(orders: Orders) -> None:
    order = orders.place(TWO_PRODUCTS)
    assert orders.request_return(order).refusal == "status"
    assert orders.replace(order).refusal == "status"
    orders.ship(order, {1: 1})
    assert orders.request_return(order, {2: 1}).refusal == "too_many"
    assert orders.replace(order, {2: 1}).refusal == "too_many"


def test_a_replacement_costs_nothing_and_takes_its_pieces_from_the_stock(orders: Orders) -> None:
    order = orders.place()
    orders.ship(order)
    returned = orders.request_return(order, {1: 2})
    outcome = orders.replace(order, return_id=returned.created)
    assert outcome.types == ["replaced"]
    replacement = outcome.created
    assert replacement is not None
    columns = ("kind", "status", "total_amount::integer", "replaces_order_id", "version")
    assert orders.row(replacement, *columns) == ("replacement", "pending", 0, order, 1)
    assert orders.stock() == 5
    row = orders.connection.execute("select replacement_order_id from returns where id = %s", [returned.created])
    assert row.fetchone() == (replacement,)
    assert orders.replace(order, return_id=returned.created).refusal == "unknown_return"
    assert orders.cancel(replacement).refusal is None
    assert orders.stock() == 7


def test_a_replacement_above_the_stock_creates_no_order(orders: Orders) -> None:
    order = orders.place({A_PRODUCT: 8})
    orders.ship(order)
    outcome = orders.replace(order, {1: 3})
    assert (outcome.refusal, outcome.detail) == ("out_of_stock", [{"at": 0, "left": 2}])
    count = orders.connection.execute("select count(*) from orders where replaces_order_id = %s", [order]).fetchone()
    assert (count, orders.stock()) == ((0,), 2)


def test_a_viewer_cannot_change_a_return(orders: Orders) -> None:
    order = orders.place()
    orders.ship(order)
    returned = orders.request_return(order).created
    assert orders.decide(returned, "approved", caller=VIEWER).refusal == "forbidden"
    assert orders.receive(returned, caller=VIEWER).refusal == "forbidden"
    assert orders.receive(uuid4()).refusal == "not_found"


CANCEL_OWN = "select refusal, detail, news from app.cancel_own_order(%s, 'changed my mind', %s)"


def test_a_customer_can_cancel_an_order_within_the_time_limit_of_the_site(orders: Orders) -> None:
    own, other = orders.place(caller=CUSTOMER), orders.place()
    assert orders.call(CANCEL_OWN, own, None, caller=CUSTOMER).refusal == "window"
    orders.connection.execute("update sites set cancel_window_minutes = 60 where id = %s", [A_SITE])
    assert orders.call(CANCEL_OWN, other, None, caller=CUSTOMER).refusal == "not_found"
    assert orders.call(CANCEL_OWN, own, None, caller=CUSTOMER).types == ["cancelled"]
    assert (orders.status(own), orders.status(other)) == ("cancelled", "pending")
    actors = orders.connection.execute("select actor, source from order_events where order_id = %s", [own]).fetchall()
    assert actors == [("customer", "storefront")]


def test_a_customer_cannot_cancel_an_order_that_is_processed(orders: Orders) -> None:
    orders.connection.execute("update sites set cancel_window_minutes = 60 where id = %s", [A_SITE])
    order = orders.place(caller=CUSTOMER)
    orders.process(order)
    outcome = orders.call(CANCEL_OWN, order, None, caller=CUSTOMER)
    assert (outcome.refusal, outcome.detail) == ("status", "processing")
