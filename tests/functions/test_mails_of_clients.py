"""Tests the limits for the mails that the members of one client cause."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.functions.test_guest_limits import mails_of, set_limits
from tests.functions.test_orders import order_body, orders_path
from tests.platform import Json, Platform, Tenant, created, ok, problem

PIECES = 22


@pytest.fixture
def shop(platform: Platform) -> Tenant:
    """Return a new tenant whose site limits no order."""
    shop = platform.tenant()
    set_limits(shop, max_line_quantity=50, max_daily_quantity=None)
    return shop


def place(api: httpx.Client, shop: Tenant, product: Json, quantity: int, email: str) -> Json:
    """Place an order."""
    return created(api.post(orders_path(shop), json=order_body((product, quantity), customer_email=email)))


def shipped_in_parts(shop: Tenant, order: Json) -> list[Any]:
    """Ship PIECES pieces of an order one by one. Return the reason for the suppression of each mail, or None if the
    mail is not suppressed."""
    for number in range(PIECES):
        body = {"number": f"P-{number}", "lines": [{"line": 1, "quantity": 1}]}
        ok(shop.owner.post(f"/v1/orders/{order['id']}/ship", json=body, headers={"If-Match": "*"}))
    mails = [mail for mail in mails_of(shop) if mail["template"] == "order_shipped"]
    return [mail["reason"] if mail["state"] == "suppressed" else None for mail in mails]


def test_one_client_cannot_use_up_the_shared_limit_for_mails_to_one_address(platform: Platform, shop: Tenant) -> None:
    victim = f"{uuid4().hex[:12]}@example.test"
    # An earlier release allowed this value.
    platform.arrange("update sites set max_recipient_mails = 10 where id = %s", [shop.site_id])
    mug = platform.product(shop, inventory_count=100)
    for _ in range(12):
        created(platform.api().post(orders_path(shop), json=order_body((mug, 1), customer_email=victim)))
    suppressed = [mail for mail in mails_of(shop) if mail["state"] == "suppressed"]
    assert len(suppressed) == 2
    assert all("at most 10 confirmations" in mail["reason"] for mail in suppressed)
    other = platform.tenant()
    body = order_body((platform.product(other), 1), customer_email=victim)
    created(platform.api().post(orders_path(other), json=body))
    assert [mail["state"] for mail in mails_of(other)] != ["suppressed"]


def test_a_client_sends_at_most_20_shipping_mails_to_an_unverified_address(platform: Platform, shop: Tenant) -> None:
    mug, victim = platform.product(shop, inventory_count=100), f"{uuid4().hex[:12]}@example.test"
    reasons = shipped_in_parts(shop, place(platform.api(), shop, mug, PIECES, victim))
    assert len(reasons) == PIECES
    suppressed = [reason for reason in reasons if reason is not None]
    assert len(suppressed) == PIECES - 20
    assert all("at most 20 mails about shipments" in reason for reason in suppressed)
    # Mails that members cause do not count against the limit for visitors.
    place(platform.api(), shop, mug, 1, victim)
    states = {mail["state"] for mail in mails_of(shop) if mail["template"] == "order_confirmation"}
    assert "suppressed" not in states


@pytest.mark.parametrize(
    ("is_verified", "is_imported", "suppressed"),
    [(True, False, 0), (False, False, PIECES - 20), (True, True, PIECES - 20)],
)
def test_shipping_mails_are_unlimited_only_for_orders_of_verified_customers(
    platform: Platform, shop: Tenant, is_verified: bool, is_imported: bool, suppressed: int
) -> None:
    mug, email = platform.product(shop, inventory_count=100), f"{uuid4().hex[:12]}@example.test"
    customer = platform.api("customer:ann", email=email, email_verified=is_verified)
    order = place(customer, shop, mug, PIECES, email)
    if is_imported:
        platform.arrange(
            "insert into order_events (client_id, order_id, version, type, source, actor, happened_at)"
            " values (%s, %s, 1, 'imported', 'file', 'service', now())",
            [shop.client_id, order["id"]],
        )
    reasons = shipped_in_parts(shop, order)
    assert (len(reasons), len([reason for reason in reasons if reason])) == (PIECES, suppressed)


def test_an_order_whose_confirmation_mail_would_be_suppressed_is_refused(platform: Platform, shop: Tenant) -> None:
    set_limits(shop, confirm_guest_orders=True)
    mug, person = platform.product(shop, inventory_count=100), f"{uuid4().hex[:12]}@example.test"
    for _ in range(5):
        place(platform.api(), shop, mug, 1, person)
    body = order_body((mug, 1), customer_email=person)
    for _ in range(2):
        refused = problem(platform.api().post(orders_path(shop), json=body), 409, "confirmation_not_possible")
        assert "at most 5 confirmations" in refused["detail"]
    assert ok(shop.owner.get(f"/v1/products/{mug['id']}"))["inventory_count"] == 95
    assert len(ok(shop.owner.get("/v1/orders"))["data"]) == 5
    signed_in = platform.api(f"customer:{person}", email=person, email_verified=True)
    created(signed_in.post(orders_path(shop), json=body))
