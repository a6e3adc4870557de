"""Members of a client change orders with the API. Buyers get mails, and the client gets webhook events."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from infra.local.mailbox import SentMail
from tests.functions.test_orders import order_body, orders_path, stock_of
from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem

ANY = {"If-Match": "*"}


@pytest.fixture
def shop(platform: Platform) -> Tenant:
    """Return a new tenant with a site that sells products."""
    return platform.tenant()


@pytest.fixture
def guest(platform: Platform) -> httpx.Client:
    """Return an API client without a token."""
    return platform.api()


def recipient() -> str:
    """Return a new e-mail address. The platform sends only a few mails per day to one address."""
    return f"ann-{uuid4().hex}@example.test"


def place(api: httpx.Client, shop: Tenant, *lines: tuple[Json, int], **fields: Any) -> Json:
    fields = {"customer_email": recipient(), **fields}
    return created(api.post(orders_path(shop), json=order_body(*lines, **fields)))


def post(shop: Tenant, path: str, **body: Any) -> httpx.Response:
    """Send a request of the owner with `If-Match: *`, which matches any state of the object."""
    return shop.owner.post(path, json=body, headers=ANY)


def events_of(platform: Platform, shop: Tenant) -> list[tuple[str, Json]]:
    """Return the type and the data of the webhook events that were published for a client."""
    rows = platform.database.execute(
        "select payload from webhook_deliveries where client_id = %s order by created_at, id", [shop.client_id]
    ).fetchall()
    return [(row["payload"]["type"], row["payload"]["data"]) for row in rows]


def mails_to(platform: Platform, email: str, count: int) -> list[SentMail]:
    """Wait until `count` mails have been sent to an address. Return these mails, oldest first."""
    return platform.mails_to(email, count=count)[::-1]


def test_an_order_can_be_processed_until_its_delivery_with_the_api(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    platform.arrange(
        "insert into webhooks (client_id, url, events) values (%s, 'https://example.test/', '{order.*,shipment.*}')",
        [shop.client_id],
    )
    mug, bag = platform.product(shop, price="10"), platform.product(shop, price="5")
    order = place(guest, shop, (mug, 2), (bag, 1))
    path = f"/v1/orders/{order['id']}"
    assert ok(post(shop, f"{path}/process", external_number="ERP-1"))["status"] == "processing"
    shipped = ok(
        post(shop, f"{path}/ship", carrier="DHL", tracking_number="T1", lines=[{"line": 1, "quantity": 1}, {"line": 2}])
    )
    assert (shipped["status"], shipped["fulfilment"], shipped["external_number"]) == ("shipped", "partial", "ERP-1")
    reduced = ok(post(shop, f"{path}/lines/cancel", lines=[{"line": 1}], reason="broken"))
    assert (reduced["status"], reduced["fulfilment"], reduced["total_amount"]) == ("shipped", "full", "15.00")
    assert ok(post(shop, f"{path}/deliver"))["status"] == "delivered"
    assert ok(shop.owner.get(path))["version"] == 6

    assert [event["type"] for event in ok(shop.owner.get(f"{path}/events"))["data"]] == [
        "delivered", "shipment_delivered", "lines_cancelled", "shipped", "processing", "placed",
    ]  # fmt: skip
    (shipment,) = ok(shop.owner.get(f"{path}/shipments"))["data"]
    assert (shipment["number"], shipment["status"], shipment["tracking_number"]) == ("1", "delivered", "T1")
    assert shipment["lines"] == [{"line": 1, "quantity": 1}, {"line": 2, "quantity": 1}]
    lines = ok(shop.owner.get(f"{path}/lines"))["data"]
    names = ("quantity", "shipped_quantity", "cancelled_quantity", "open_quantity")
    assert [tuple(line[name] for name in names) for line in lines] == [(2, 1, 1, 0), (1, 1, 0, 0)]

    assert [kind for kind, _ in events_of(platform, shop)] == [
        "order.created", "order.processed", "order.shipped", "shipment.updated", "order.updated",
        "shipment.updated", "order.delivered",
    ]  # fmt: skip
    mails = mails_to(platform, order["customer_email"], 3)
    assert [re.split(r" [A-Z0-9]{10} ?", mail.subject)[0] for mail in mails][:1] == ["Your order"]
    texts = "\n".join(mail.text for mail in mails)
    assert "DHL" in texts
    assert "T1" in texts
    assert "was delivered" in texts


def test_the_mail_about_a_delivery_omits_cancelled_pieces(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    order = place(guest, shop, (platform.product(shop, name="Rucksack"), 3))
    path = f"/v1/orders/{order['id']}"
    ok(post(shop, f"{path}/ship", number="P1", lines=[{"line": 1, "quantity": 2}]))
    ok(post(shop, f"{path}/lines/cancel", lines=[{"line": 1}], reason="sold out"))
    ok(post(shop, f"{path}/deliver", shipment="P1"))
    mails = mails_to(platform, order["customer_email"], 3)
    (text,) = [mail.text for mail in mails if "was delivered" in mail.subject]
    assert "2 × Rucksack" in text


def test_the_shipping_mail_lists_only_the_pieces_of_one_parcel(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    mug, bag = platform.product(shop, name="Blue mug"), platform.product(shop, name="Red bag")
    order = place(guest, shop, (mug, 3), (bag, 1))
    ok(post(shop, f"/v1/orders/{order['id']}/ship", lines=[{"line": 1, "quantity": 2}]))
    mails = mails_to(platform, order["customer_email"], 2)
    (text,) = [mail.text for mail in mails if "on its way" in mail.subject]
    assert "2 × Blue mug" in text
    assert "Red bag" not in text


def test_a_cancellation_returns_the_pieces_to_the_stock_and_sends_a_mail(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    mug = platform.product(shop, inventory_count=5)
    order = place(guest, shop, (mug, 5))
    assert stock_of(platform, mug) == 0
    cancelled = ok(post(shop, f"/v1/orders/{order['id']}/cancel", reason="sold out"))
    assert (cancelled["status"], cancelled["cancel_reason"], stock_of(platform, mug)) == ("cancelled", "sold out", 5)
    problem(post(shop, f"/v1/orders/{order['id']}/cancel"), 409, "order_state")
    assert stock_of(platform, mug) == 5
    assert any("was cancelled" in mail.subject for mail in mails_to(platform, order["customer_email"], 2))


def test_a_change_of_an_order_requires_the_current_etag(platform: Platform, shop: Tenant, guest: httpx.Client) -> None:
    order = place(guest, shop, (platform.product(shop), 1))
    path = f"/v1/orders/{order['id']}"
    problem(shop.owner.post(f"{path}/process", json={}), 428, "precondition_required")
    read = shop.owner.get(path)
    tag = {"If-Match": read.headers["etag"]}
    processed = shop.owner.post(f"{path}/process", json={}, headers=tag)
    assert ok(processed)["status"] == "processing"
    assert shop.owner.get(path).headers["etag"] == processed.headers["etag"]
    problem(shop.owner.post(f"{path}/cancel", json={}, headers=tag), 412, "precondition_failed")
    problem(shop.owner.patch(path, json={"problem": "address"}, headers=tag), 412, "precondition_failed")


def test_a_request_with_a_repeated_idempotency_key_has_no_second_effect(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    mug = platform.product(shop, inventory_count=5)
    order = place(guest, shop, (mug, 2))
    path = f"/v1/orders/{order['id']}"
    for if_match in ("*", None):
        tag = if_match or shop.owner.get(path).headers["etag"]
        headers = {"If-Match": tag, "Idempotency-Key": uuid4().hex}
        body = {"lines": [{"line": 1, "quantity": 1}]}
        first, second = (shop.owner.post(f"{path}/ship", json=body, headers=headers) for _ in range(2))
        assert ok(first) == ok(second)
        assert second.headers["idempotent-replayed"] == "true"
    assert ok(shop.owner.get(f"{path}/lines"))["data"][0]["shipped_quantity"] == 2
    key = {"If-Match": "*", "Idempotency-Key": uuid4().hex}
    first, second = (shop.owner.post(f"{path}/returns", json={"reason": "broken"}, headers=key) for _ in range(2))
    assert created(first) == created(second)


def test_a_retry_with_a_new_idempotency_key_ships_no_piece_twice(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    order = place(guest, shop, (platform.product(shop), 3))
    path = f"/v1/orders/{order['id']}"
    tag = shop.owner.get(path).headers["etag"]
    body = {"lines": [{"line": 1, "quantity": 1}]}
    headers = [{"If-Match": tag, "Idempotency-Key": uuid4().hex} for _ in range(2)]
    ok(shop.owner.post(f"{path}/ship", json=body, headers=headers[0]))
    problem(shop.owner.post(f"{path}/ship", json=body, headers=headers[1]), 412, "precondition_failed")
    assert ok(shop.owner.get(f"{path}/lines"))["data"][0]["shipped_quantity"] == 1


@pytest.mark.parametrize("path", ["/v1/orders/{}/cancel", "/v1/orders/{}/returns", "/v1/returns/{}/approve"])
def test_the_error_for_a_missing_body_states_the_required_body(tenant: Tenant, path: str) -> None:
    refused = tenant.owner.post(path.format(uuid4()), headers={"if-match": "*"})
    detail = "The request needs a JSON body. If all its fields are optional, send {}."
    assert problem(refused, 422, "invalid")["errors"] == [{"pointer": "", "detail": detail}]


def test_the_error_for_a_refused_change_of_an_order_names_the_field(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    order = place(guest, shop, (platform.product(shop), 3))
    path = f"/v1/orders/{order['id']}"
    lines = [{"line": 1, "quantity": 4}]
    assert pointers(problem(post(shop, f"{path}/ship", lines=lines), 409, "pieces_not_left")) == ["/lines/0/quantity"]
    assert pointers(problem(post(shop, f"{path}/ship", lines=[{"line": 2}]), 422, "invalid")) == ["/lines/0/line"]
    twice = [{"line": 1, "quantity": 1}] * 2
    assert pointers(problem(post(shop, f"{path}/ship", lines=twice), 422, "invalid")) == ["/lines/1/line"]
    assert pointers(problem(post(shop, f"{path}/deliver", shipment="X"), 422, "invalid")) == ["/shipment"]
    unconfirmed = shop.owner.patch(path, json={"problem": "unconfirmed"}, headers=ANY)
    assert pointers(problem(unconfirmed, 422, "invalid")) == ["/problem"]
    ok(shop.owner.patch(path, json={"problem": "address", "note": "no such street"}, headers=ANY))
    problem(post(shop, f"{path}/process"), 409, "order_has_problem")


def test_a_client_gets_404_for_the_orders_of_another_client(
    platform: Platform, shop: Tenant, other_tenant: Tenant, guest: httpx.Client
) -> None:
    order = place(guest, shop, (platform.product(shop), 3))
    path = f"/v1/orders/{order['id']}"
    for action in ("process", "ship", "deliver", "cancel", "returns", "replacements"):
        problem(other_tenant.owner.post(f"{path}/{action}", json={}, headers=ANY), 404, "not_found")
    for action in ("events", "lines", "shipments", "returns"):
        problem(other_tenant.owner.get(f"{path}/{action}"), 404, "not_found")
    ok(post(shop, f"{path}/ship"))
    opened = created(post(shop, f"{path}/returns"))
    problem(other_tenant.owner.get(f"/v1/returns/{opened['id']}"), 404, "not_found")
    problem(other_tenant.owner.post(f"/v1/returns/{opened['id']}/receive", json={}, headers=ANY), 404, "not_found")
    assert ok(other_tenant.owner.get("/v1/returns"))["data"] == []


def test_orders_can_be_filtered_by_the_time_of_the_last_change(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    mug = platform.product(shop)
    first, second = (place(guest, shop, (mug, 1)) for _ in range(2))
    changed = ok(post(shop, f"/v1/orders/{first['id']}/process", external_number="ERP-7"))

    def ids(**query: str) -> list[str]:
        return [order["id"] for order in ok(shop.owner.get("/v1/orders", params=query))["data"]]

    assert ids(updated_since=changed["updated_at"]) == [first["id"]]
    assert ids(external_number="ERP-7") == [first["id"]]
    ok(post(shop, f"/v1/orders/{second['id']}/ship", number="A"))
    ok(post(shop, f"/v1/orders/{first['id']}/ship"))
    shipped = ok(shop.owner.get(f"/v1/orders/{first['id']}"))
    ok(post(shop, f"/v1/orders/{second['id']}/ship", number="A", tracking_number="T"))
    assert ids(updated_since=shipped["updated_at"]) == [second["id"], first["id"]]


def test_returned_pieces_go_back_to_the_stock_and_can_be_replaced(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    platform.arrange(
        "insert into webhooks (client_id, url, events) values (%s, 'https://example.test/', '{return.*}')",
        [shop.client_id],
    )
    mug = platform.product(shop, inventory_count=5)
    order = place(guest, shop, (mug, 3))
    path = f"/v1/orders/{order['id']}"
    ok(post(shop, f"{path}/ship"))
    opened = created(post(shop, f"{path}/returns", lines=[{"line": 1, "quantity": 2}], reason="broken"))
    assert (opened["status"], opened["number"]) == ("requested", 1)
    problem(
        shop.owner.post(f"/v1/returns/{opened['id']}/approve", json={}, headers={"If-Match": '"x"'}),
        412,
        "precondition_failed",
    )
    assert ok(post(shop, f"/v1/returns/{opened['id']}/approve", note="free of charge"))["status"] == "approved"
    lines = [{"line": 1, "quantity": 1, "restock": 2}]
    refused = problem(post(shop, f"/v1/returns/{opened['id']}/receive", lines=lines), 409, "pieces_not_left")
    assert refused["errors"] == [{"pointer": "/lines/0/restock", "detail": "exceeds the 1 piece left"}]
    both = post(shop, f"/v1/returns/{opened['id']}/receive", restock=True, lines=[{"line": 1, "quantity": 1}])
    assert pointers(problem(both, 422, "invalid")) == ["/restock"]
    received = ok(post(shop, f"/v1/returns/{opened['id']}/receive", lines=[{"line": 1, "quantity": 2, "restock": 1}]))
    assert (received["status"], received["lines"][0]["restocked_quantity"]) == ("received", 1)
    assert stock_of(platform, mug) == 3
    replacement = created(post(shop, f"{path}/replacements", return_id=opened["id"]))
    assert (replacement["kind"], replacement["total_amount"], replacement["status"]) == (
        "replacement", "0.00", "pending",
    )  # fmt: skip
    assert replacement["replaces_order_id"] == order["id"]
    assert stock_of(platform, mug) == 1
    assert ok(shop.owner.get(f"/v1/returns/{opened['id']}"))["replacement_order_id"] == replacement["id"]
    assert [kind for kind, _ in events_of(platform, shop)] == ["return.requested", "return.approved", "return.received"]
    assert [found["id"] for found in ok(shop.owner.get("/v1/returns", params={"status": "received"}))["data"]] == [
        opened["id"]
    ]
    again = problem(post(shop, f"{path}/replacements", lines=[{"line": 1, "quantity": 3}]), 409, "pieces_not_left")
    assert again["errors"] == [{"pointer": "/lines/0/quantity", "detail": "exceeds the 1 piece left"}]
    place(guest, shop, (mug, 1))
    problem(post(shop, f"{path}/replacements", lines=[{"line": 1, "quantity": 1}]), 409, "out_of_stock")


def test_every_change_invalidates_the_cached_order_and_its_lists(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    order = place(guest, shop, (platform.product(shop), 3))
    path = f"/v1/orders/{order['id']}"
    for action, status in (("process", "processing"), ("ship", "shipped"), ("deliver", "delivered")):
        ok(shop.owner.get(path))
        ok(shop.owner.get("/v1/orders"))
        ok(post(shop, f"{path}/{action}"))
        assert ok(shop.owner.get(path))["status"] == status
        assert ok(shop.owner.get("/v1/orders"))["data"][0]["status"] == status


# Tests of buyers.


def test_a_customer_can_cancel_an_order_within_the_cancellation_period(platform: Platform, shop: Tenant) -> None:
    ann, bob = platform.api("customer:ann-cancel"), platform.api("customer:bob-cancel")
    mug = platform.product(shop, inventory_count=5)
    order = place(ann, shop, (mug, 2))
    path = f"{orders_path(shop)}/{order['id']}"
    problem(ann.post(f"{path}/cancel", json={}, headers=ANY), 409, "cancel_window_closed")
    ok(shop.owner.patch(f"/v1/sites/{shop.site_id}", json={"cancel_window_minutes": 60}))
    assert ok(platform.api().get(f"/v1/storefront/{shop.domain}"))["cancel_window_minutes"] == 60
    problem(platform.api().post(f"{path}/cancel", json={}, headers=ANY), 401, "unauthenticated")
    problem(bob.post(f"{path}/cancel", json={}, headers=ANY), 404, "not_found")
    problem(ann.post(f"{path}/cancel", json={}), 428, "precondition_required")
    tag = ann.get(path).headers["etag"]
    cancelled = ok(ann.post(f"{path}/cancel", json={"reason": "changed my mind"}, headers={"If-Match": tag}))
    assert (cancelled["status"], stock_of(platform, mug)) == ("cancelled", 5)
    assert ok(ann.get(orders_path(shop)))["data"][0]["status"] == "cancelled"
    assert len(mails_to(platform, order["customer_email"], 2)) == 2


def token_in(text: str) -> tuple[str, dict[str, list[str]]]:
    """Return the URL of the link in a mail without its query, and the parameters of the query."""
    (link,) = re.findall(r"https://\S+", text)
    url = urlsplit(link)
    return f"https://{url.netloc}{url.path}", parse_qs(url.query)


def test_a_guest_can_read_an_order_with_the_link_in_a_mail(
    platform: Platform, shop: Tenant, other_tenant: Tenant, guest: httpx.Client
) -> None:
    order = place(guest, shop, (platform.product(shop), 2))
    email, number = order["customer_email"], order["order_number"]
    lookup = f"{orders_path(shop)}/lookup"
    accepted = guest.post(lookup, json={"order_number": number.lower(), "email": email.upper()})
    assert accepted.status_code == 202
    wrong = [(number, recipient()), ("7KQ2M9D4XT", email)]
    answers = [guest.post(lookup, json={"order_number": number, "email": mail}) for number, mail in wrong]
    answers.append(guest.post(f"{orders_path(other_tenant)}/lookup", json={"order_number": number, "email": email}))
    assert [(answer.status_code, answer.json()) for answer in answers] == [(202, accepted.json())] * 3
    # The response time does not show whether the order exists.
    assert min(answer.elapsed.total_seconds() for answer in [accepted, *answers]) >= 0.05

    (mail,) = [mail for mail in mails_to(platform, email, 2) if "link" in mail.subject]
    page, query = token_in(mail.text)
    assert page == f"https://{shop.domain}/orders/guest"
    path = f"{orders_path(shop)}/guest"
    ok(post(shop, f"/v1/orders/{order['id']}/ship", tracking_number="T1"))
    shown = ok(guest.get(path, params={"token": query["token"][0]}))
    assert (shown["id"], shown["status"], shown["shipments"][0]["tracking_number"]) == (order["id"], "shipped", "T1")
    assert "metadata" not in shown
    forged = query["token"][0][:-1] + ("0" if query["token"][0][-1] != "0" else "1")
    for token in (forged, "x", "v" + "0" * 80):
        problem(guest.get(path, params={"token": token}), 404, "link_not_valid")
    foreign = guest.get(f"{orders_path(other_tenant)}/guest", params={"token": query["token"][0]})
    problem(foreign, 404, "link_not_valid")


def test_a_guest_gets_no_link_to_the_order_of_a_customer(platform: Platform, shop: Tenant, guest: httpx.Client) -> None:
    order = place(platform.api("customer:lookup"), shop, (platform.product(shop), 1))
    body = {"order_number": order["order_number"], "email": order["customer_email"]}
    assert guest.post(f"{orders_path(shop)}/lookup", json=body).status_code == 202
    mails = ok(shop.owner.get("/v1/mails", params={"order_id": order["id"]}))["data"]
    assert [mail["template"] for mail in mails] == ["order_confirmation"]


def test_the_log_of_mails_shows_a_link_without_its_token(platform: Platform, shop: Tenant, guest: httpx.Client) -> None:
    order = place(guest, shop, (platform.product(shop), 1))
    body = {"order_number": order["order_number"], "email": order["customer_email"]}
    assert guest.post(f"{orders_path(shop)}/lookup", json=body).status_code == 202
    mails = ok(shop.owner.get("/v1/mails", params={"order_id": order["id"], "template": "order_lookup"}))["data"]
    text = ok(shop.owner.get(f"/v1/mails/{mails[0]['id']}"))["text"]
    assert f"https://{shop.domain}/orders/guest" in text
    assert "token" not in text


def test_lookup_mails_count_against_the_limit_of_mails_to_an_unverified_address(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    order = place(guest, shop, (platform.product(shop), 1))
    body = {"order_number": order["order_number"], "email": order["customer_email"]}
    for _ in range(7):
        assert guest.post(f"{orders_path(shop)}/lookup", json=body).status_code == 202
    mails = ok(shop.owner.get("/v1/mails", params={"order_id": order["id"]}))["data"]
    assert len(mails) == 5


def test_the_response_to_a_lookup_does_not_reveal_whether_the_order_exists(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    order = place(guest, shop, (platform.product(shop), 1))
    names = []
    for body in (
        {"order_number": order["order_number"], "email": order["customer_email"]},
        {"order_number": order["order_number"], "email": "another@example.test"},
        {"order_number": "ORD-UNKNOWN1", "email": order["customer_email"]},
    ):
        response = guest.post(f"{orders_path(shop)}/lookup", json=body)
        assert response.status_code == 202
        names.append({name for name in response.headers if name.lower() not in {"date", "server"}})
    assert names[0] == names[1] == names[2]
    assert "job-dispatch" not in {name.lower() for name in names[0]}


def test_an_order_of_a_guest_is_processed_only_after_its_confirmation(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    page = "https://gifts.example.test/my-order?lang=en"
    settings = {"confirm_guest_orders": True, "order_page_url": page, "cancel_window_minutes": 60}
    ok(shop.owner.patch(f"/v1/sites/{shop.site_id}", json=settings))
    mug = platform.product(shop, inventory_count=5)
    order = place(guest, shop, (mug, 2))
    assert order["confirm_by"] is not None
    assert ok(shop.owner.get(f"/v1/orders/{order['id']}"))["problem"] == "unconfirmed"
    problem(post(shop, f"/v1/orders/{order['id']}/process"), 409, "order_has_problem")
    (mail,) = mails_to(platform, order["customer_email"], 1)
    url, query = token_in(mail.text)
    assert (url, query["lang"], query["action"]) == ("https://gifts.example.test/my-order", ["en"], ["confirm"])
    body = {"token": query["token"][0]}
    for _ in range(2):
        assert ok(guest.post(f"{orders_path(shop)}/confirm", json=body))["confirm_by"] is None
    assert ok(post(shop, f"/v1/orders/{order['id']}/process"))["status"] == "processing"
    assert len(mails_to(platform, order["customer_email"], 2)) == 2
    problem(guest.post(f"{orders_path(shop)}/guest/cancel", json=body), 409, "order_state")


def test_a_guest_cancels_an_order_with_the_link_in_the_mail(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    ok(shop.owner.patch(f"/v1/sites/{shop.site_id}", json={"cancel_window_minutes": 60}))
    mug = platform.product(shop, inventory_count=5)
    order = place(guest, shop, (mug, 2))
    body = {"order_number": order["order_number"], "email": order["customer_email"]}
    assert guest.post(f"{orders_path(shop)}/lookup", json=body).status_code == 202
    (mail,) = [mail for mail in mails_to(platform, order["customer_email"], 2) if "link" in mail.subject]
    token = {"token": token_in(mail.text)[1]["token"][0], "reason": "too late"}
    assert ok(guest.post(f"{orders_path(shop)}/guest/cancel", json=token))["status"] == "cancelled"
    assert stock_of(platform, mug) == 5
    problem(guest.post(f"{orders_path(shop)}/guest/cancel", json=token), 409, "order_state")
    assert len(mails_to(platform, order["customer_email"], 3)) == 3


def test_a_customer_with_a_token_does_not_have_to_confirm_an_order(platform: Platform, shop: Tenant) -> None:
    ok(shop.owner.patch(f"/v1/sites/{shop.site_id}", json={"confirm_guest_orders": True}))
    order = place(platform.api("customer:confirmed"), shop, (platform.product(shop), 1))
    assert order["confirm_by"] is None


def test_an_order_that_is_not_confirmed_in_time_is_cancelled_without_a_mail(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    ok(shop.owner.patch(f"/v1/sites/{shop.site_id}", json={"confirm_guest_orders": True}))
    mug = platform.product(shop, inventory_count=5)
    order = place(guest, shop, (mug, 2))
    platform.arrange("update orders set confirm_by = now() where id = %s", [order["id"]])
    platform.eventually(lambda: ok(shop.owner.get(f"/v1/orders/{order['id']}"))["status"] == "cancelled")
    assert stock_of(platform, mug) == 5
    mails = ok(shop.owner.get("/v1/mails", params={"order_id": order["id"]}))["data"]
    assert [mail["template"] for mail in mails] == ["order_confirm_request"]
    (cancelled, _) = ok(shop.owner.get(f"/v1/orders/{order['id']}/events"))["data"]
    assert (cancelled["type"], cancelled["source"], cancelled["actor"]) == ("cancelled", "system", "service")
