"""Tests the limits for guests: for the orders of a site, for the mails about orders, and for failed requests."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.functions.test_orders import order_body, orders_path, stock_of
from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem

ORDERS = 60


@pytest.fixture
def shop(platform: Platform) -> Tenant:
    """Return a new tenant with a site that sells products."""
    return platform.tenant()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(12) as pool:
        yield pool


def set_limits(shop: Tenant, **limits: Any) -> None:
    ok(shop.owner.patch(f"/v1/sites/{shop.site_id}", json=limits))


def send_all(pool: ThreadPoolExecutor, send: Callable[[int], httpx.Response], count: int) -> list[httpx.Response]:
    """Send requests concurrently. A request is repeated if all instances of the function are busy (503)."""

    def send_one(number: int) -> httpx.Response:
        while (response := send(number)).status_code == 503:
            pass
        return response

    return list(pool.map(send_one, range(count)))


def mails_of(shop: Tenant) -> list[Json]:
    data: list[Json] = ok(shop.owner.get("/v1/mails", params={"limit": 100}))["data"]
    return data


# Tests of mails.


@pytest.mark.parametrize("subject", [None, "customer:mallory"], ids=["guests", "a customer"])
def test_60_guest_orders_with_the_same_address_send_at_most_5_mails(
    platform: Platform, shop: Tenant, pool: ThreadPoolExecutor, subject: str | None
) -> None:
    mug = platform.product(shop, inventory_count=1000)
    set_limits(shop, max_daily_quantity=None, max_daily_quantity_per_address=None)
    victim = f"Victim.{uuid4().hex[:8]}@Example.test"
    spellings = [victim, victim.lower(), victim.replace("@", "+tag@"), victim.upper()]
    senders = [platform.api(subject) for _ in range(6)]

    def send(number: int) -> httpx.Response:
        body = order_body((mug, 1), customer_email=spellings[number % 4])
        return senders[number % 6].post(orders_path(shop), json=body)

    orders = {created(response)["id"] for response in send_all(pool, send, ORDERS)}
    assert len(orders) == ORDERS
    mails = mails_of(shop)
    assert {mail["order_id"] for mail in mails} == orders
    suppressed = [mail for mail in mails if mail["state"] == "suppressed"]
    assert len(suppressed) == ORDERS - 5
    assert {mail["job_id"] for mail in suppressed} == {None}
    assert all("at most 5 confirmations" in mail["reason"] for mail in suppressed)
    (filtered,) = ok(shop.owner.get("/v1/mails", params={"order_id": suppressed[0]["order_id"]}))["data"]
    assert filtered["state"] == "suppressed"


def test_a_site_can_set_the_maximum_number_of_mails_to_an_unverified_address(platform: Platform, shop: Tenant) -> None:
    mug, guest = platform.product(shop), platform.api()
    set_limits(shop, max_recipient_mails=0)
    created(guest.post(orders_path(shop), json=order_body((mug, 1))))
    assert [mail["state"] for mail in mails_of(shop)] == ["suppressed"]


def test_the_sites_of_many_clients_send_at_most_20_mails_to_one_unverified_address(platform: Platform) -> None:
    victim = f"{uuid4().hex[:12]}@example.test"
    states = []
    for _ in range(5):
        shop = platform.tenant()
        mug = platform.product(shop, inventory_count=100)
        for _ in range(5):
            created(platform.api().post(orders_path(shop), json=order_body((mug, 1), customer_email=victim)))
        states += ["suppressed" if mail["state"] == "suppressed" else "sent" for mail in mails_of(shop)]
    assert states.count("sent") == 20
    assert states.count("suppressed") == 5


def test_guest_orders_cannot_stop_the_mails_to_the_verified_owner_of_an_address(
    platform: Platform, shop: Tenant
) -> None:
    mug = platform.product(shop, inventory_count=100)
    email = f"{uuid4().hex[:12]}@example.test"
    body = order_body((mug, 1), customer_email=email)
    for _ in range(6):
        created(platform.api().post(orders_path(shop), json=body))
    owner = platform.api(f"customer:{email}", email=email, email_verified=True)
    pretender = platform.api("customer:pretender", email=email, email_verified=False)
    own = created(owner.post(orders_path(shop), json=body))["id"]
    others = created(pretender.post(orders_path(shop), json=body))["id"]
    states = {mail["order_id"]: mail["state"] for mail in mails_of(shop)}
    assert states[own] != "suppressed"
    assert states[others] == "suppressed"


def test_one_mailbox_gets_at_most_5_mails_for_20_spellings_of_its_address(platform: Platform, shop: Tenant) -> None:
    mug = platform.product(shop, inventory_count=1000)
    set_limits(shop, max_daily_quantity=None, max_daily_quantity_per_address=None)
    name = f"victim{uuid4().hex[:8]}"
    dotted = [f"{name[:at]}{sign}{name[at:]}" for at in range(1, 8) for sign in ".-_"][:20]
    guests = [platform.api() for _ in range(4)]
    for number, local in enumerate(dotted):
        email = f"{local}@{('proton.me', 'pm.me', 'protonmail.com')[number % 3]}"
        created(guests[number % 4].post(orders_path(shop), json=order_body((mug, 1), customer_email=email)))
    mails = mails_of(shop)
    assert [mail["state"] == "suppressed" for mail in mails].count(False) == 5
    assert len({mail["recipient"] for mail in mails}) == 20, "each mail is for the address as the guest wrote it"


@pytest.mark.parametrize(("pieces", "addresses"), [(7, 100), (250, 250), (None, 1000)])
def test_guests_of_one_ip_address_can_cause_mails_to_at_most_100_mailboxes(
    platform: Platform, shop: Tenant, pieces: int | None, addresses: int
) -> None:
    mug = platform.product(shop, inventory_count=100)
    set_limits(shop, max_daily_quantity_per_address=pieces)
    guest, catch_all = platform.api(), f"{uuid4().hex[:8]}.test"

    def states(api: httpx.Client, local: str) -> str:
        order = created(api.post(orders_path(shop), json=order_body((mug, 1), customer_email=f"{local}@{catch_all}")))
        (mail,) = ok(shop.owner.get("/v1/mails", params={"order_id": order["id"]}))["data"]
        return "suppressed" if mail["state"] == "suppressed" else "sent"

    assert states(guest, "first") == "sent"
    platform.arrange(
        "insert into guest_mails (client_id, mailbox, address, created_at)"
        " select m.client_id, 'v' || n || '@' || %s, m.address, now() - interval '2 hours'"
        " from guest_mails m, generate_series(3, %s) n where m.mailbox = 'first@' || %s",
        [catch_all, addresses, catch_all],
    )
    assert states(guest, "second") == "sent"
    assert states(guest, "third") == "suppressed"
    assert states(guest, "first") == "sent", "this address has already received a mail"
    assert states(platform.api(), "fourth") == "sent", "each visitor has a separate limit"


def test_a_verified_address_with_a_plus_suffix_does_not_verify_the_base_address(
    platform: Platform, shop: Tenant
) -> None:
    mug = platform.product(shop, inventory_count=100)
    set_limits(shop, max_recipient_mails=0)
    local = uuid4().hex[:12]
    email = f"{local}+other@example.test"
    other = platform.api(f"customer:{email}", email=email, email_verified=True)
    created(other.post(orders_path(shop), json=order_body((mug, 1), customer_email=f"{local}@example.test")))
    assert [mail["state"] for mail in mails_of(shop)] == ["suppressed"]
    created(other.post(orders_path(shop), json=order_body((mug, 1), customer_email=email.upper())))
    assert sorted(mail["state"] == "suppressed" for mail in mails_of(shop)) == [False, True]


# Tests of orders.


def test_the_storefront_shows_the_limits_of_its_site(platform: Platform, shop: Tenant) -> None:
    names = ["guest_orders", "max_line_quantity", "max_daily_quantity", "max_daily_quantity_per_address"]
    names.append("max_order_amount")

    def shown() -> list[Any]:
        site = ok(platform.api().get(f"/v1/storefront/{shop.domain}"))
        return [site[name] for name in names]

    assert shown() == [True, 10, 20, 100, None]
    values = [False, 3, None, 7, "12.5"]
    set_limits(shop, **dict(zip(names, values, strict=True)))
    assert shown() == values
    listed = ok(shop.owner.get("/v1/sites"))["data"]
    assert listed == [ok(shop.owner.get(f"/v1/sites/{shop.site_id}"))]
    assert listed[0]["max_order_amount"] == "12.5"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"max_line_quantity": 0}, "/max_line_quantity"),
        ({"max_line_quantity": 10_001}, "/max_line_quantity"),
        ({"max_line_quantity": None}, "/max_line_quantity"),
        ({"max_daily_quantity": 0}, "/max_daily_quantity"),
        ({"max_daily_quantity_per_address": "7"}, "/max_daily_quantity_per_address"),
        ({"max_order_amount": "0.00"}, "/max_order_amount"),
        ({"max_order_amount": "1.2345"}, "/max_order_amount"),
        ({"max_recipient_mails": 11}, "/max_recipient_mails"),
        ({"guest_orders": "no"}, "/guest_orders"),
    ],
    ids=str,
)
def test_an_invalid_limit_is_refused(shop: Tenant, change: Json, pointer: str) -> None:
    response = shop.owner.patch(f"/v1/sites/{shop.site_id}", json=change)
    assert pointers(problem(response, 422, "invalid")) == [pointer]


def test_a_site_that_forbids_guest_orders_accepts_orders_of_customers(platform: Platform, shop: Tenant) -> None:
    mug = platform.product(shop)
    set_limits(shop, guest_orders=False)
    response = platform.api().post(orders_path(shop), json=order_body((mug, 1)))
    problem(response, 401, "sign_in_required")
    assert response.headers["www-authenticate"].startswith("Bearer")
    created(platform.api("customer:ann").post(orders_path(shop), json=order_body((mug, 1))))
    assert stock_of(platform, mug) == 4


@pytest.mark.parametrize("subject", [None, "customer:ann"], ids=["guest", "customer"])
def test_an_order_above_the_maximum_quantity_or_amount_of_a_site_is_refused(
    platform: Platform, shop: Tenant, subject: str | None
) -> None:
    mug, bag = platform.product(shop, price="10.00"), platform.product(shop, inventory_count=100)
    api = platform.api(subject)
    body = problem(api.post(orders_path(shop), json=order_body((mug, 1), (bag, 11))), 422, "order_limit")
    assert body["errors"] == [{"pointer": "/lines/1/quantity", "detail": "must be at most 10"}]
    set_limits(shop, max_order_amount="29.99")
    body = problem(api.post(orders_path(shop), json=order_body((mug, 3))), 422, "order_limit")
    assert body["errors"] == [{"pointer": "/lines", "detail": "must have a total of at most 29.99"}]
    created(api.post(orders_path(shop), json=order_body((mug, 2))))
    assert (stock_of(platform, mug), stock_of(platform, bag)) == (3, 100)


@pytest.mark.parametrize("buyer", ["email", "customer", "address"])
def test_concurrent_orders_of_one_buyer_never_exceed_the_daily_quantity(
    platform: Platform, shop: Tenant, pool: ThreadPoolExecutor, buyer: str
) -> None:
    products = [platform.product(shop, inventory_count=1000) for _ in range(4)]
    if buyer == "address":
        set_limits(shop, max_daily_quantity_per_address=20)
    sender = platform.api("customer:carol" if buyer == "customer" else None)

    def send(number: int) -> httpx.Response:
        email = "ann@example.test" if buyer == "email" else f"guest{number}@example.test"
        api = sender if buyer in ("address", "customer") else platform_clients[number % 12]
        return api.post(orders_path(shop), json=order_body((products[number % 4], 3), customer_email=email))

    platform_clients = [platform.api() for _ in range(12)]
    responses = send_all(pool, send, 30)
    placed = [response for response in responses if response.status_code == 201]
    assert len(placed) == 6, "seven orders would have 21 pieces, and the limit is 20"
    for response in responses:
        if response not in placed:
            body = problem(response, 409, "daily_order_limit")
            assert pointers(body) == ["/customer_email" if buyer == "email" else "/lines"]
    assert sum(1000 - stock_of(platform, product) for product in products) == 18
    # The limit of this buyer does not affect other buyers or other sites.
    created(platform.api().post(orders_path(shop), json=order_body((products[0], 1), customer_email="b@example.test")))
    other = platform.tenant()
    mug = platform.product(other)
    created(sender.post(orders_path(other), json=order_body((mug, 1))))


def test_guests_cannot_use_up_the_daily_quantity_of_a_customer_with_the_same_address(
    platform: Platform, shop: Tenant
) -> None:
    mug = platform.product(shop, inventory_count=100)
    for _ in range(2):
        created(platform.api().post(orders_path(shop), json=order_body((mug, 10))))
    body = problem(platform.api().post(orders_path(shop), json=order_body((mug, 1))), 409, "daily_order_limit")
    assert "sign in to order more" in body["errors"][0]["detail"]
    created(platform.api("customer:ann").post(orders_path(shop), json=order_body((mug, 10))))


@pytest.mark.parametrize("stock", [12, 1000], ids=["too few in stock", "the limit of the address"])
def test_the_error_for_a_large_guest_order_states_two_possible_reasons(
    platform: Platform, shop: Tenant, stock: int
) -> None:
    mug, bag = platform.product(shop, inventory_count=stock), platform.product(shop, inventory_count=10)
    set_limits(shop, max_line_quantity=100)
    created(platform.api().post(orders_path(shop), json=order_body((bag, 9))))
    set_limits(shop, max_daily_quantity=20)
    for confirm, mails in (
        (False, ""),
        (True, ", and a limit for mails may allow no mail in which the guest confirms"),
    ):
        set_limits(shop, confirm_guest_orders=confirm)
        customer = {"customer_email": "new@example.test"} if stock == 12 else {}
        body = problem(
            platform.api().post(orders_path(shop), json=order_body((mug, 13), **customer)), 409, "not_available"
        )
        assert pointers(body) == ["/lines/0/quantity", "/customer_email"]
        assert "order at most 10 to get the exact reason" in body["errors"][0]["detail"]
        assert f"at most 20 pieces in 24 hours{mails}" in body["errors"][1]["detail"]
        assert "Sign in" in body["errors"][1]["detail"]
    set_limits(shop, confirm_guest_orders=False)
    api = platform.api("customer:ann")
    if stock == 12:
        body = problem(api.post(orders_path(shop), json=order_body((mug, 13))), 409, "out_of_stock")
        assert body["errors"][0]["detail"] == "exceeds the stock"
        created(platform.api().post(orders_path(shop), json=order_body((mug, 10), customer_email="new@example.test")))
    else:
        created(platform.api().post(orders_path(shop), json=order_body((mug, 10))))
        body = problem(platform.api().post(orders_path(shop), json=order_body((mug, 10))), 409, "daily_order_limit")
        assert pointers(body) == ["/customer_email"]
        created(api.post(orders_path(shop), json=order_body((mug, 13))))


@pytest.mark.parametrize("buyer", ["email", "customer", "address"])
def test_one_buyer_can_order_at_most_half_of_a_stock_that_several_clients_share(platform: Platform, buyer: str) -> None:
    first, second = platform.tenant(), platform.tenant()
    catalog = platform.catalog()["id"]
    sku = f"SKU-{uuid4().hex[:10]}"
    body = {"sku": sku, "name": sku, "price": "10.00", "inventory_count": 25}
    product = created(platform.admin.post(f"/v1/catalogs/{catalog}/products", json=body))
    sites = []
    for tenant in (first, second):
        ok(platform.admin.put(f"/v1/catalogs/{catalog}/grants/{tenant.client_id}"))
        sites.append(platform.site(tenant.client_id, catalog, max_line_quantity=100, max_daily_quantity=None))
    api = platform.api("customer:bulk" if buyer == "customer" else None)
    other_api = platform.api("customer:bulk" if buyer == "customer" else None)

    def order(site: Json, quantity: int, number: int) -> httpx.Response:
        email = "bulk@example.test" if buyer == "email" else f"bulk{number}@example.test"
        sender = api if buyer == "address" or number % 2 else other_api
        path = f"/v1/storefront/{site['domain']}/orders"
        return sender.post(path, json=order_body((product, quantity), customer_email=email))

    assert pointers(problem(order(sites[0], 25, 0), 409, "daily_order_limit")) == ["/lines/0/quantity"]
    created(order(sites[0], 10, 1))
    # A guest can enter the e-mail address of another person. Therefore the share of a guest at the second client must
    # not reveal the orders with this address at the first client.
    share = 8 if buyer == "email" else 3
    assert pointers(problem(order(sites[1], share + 1, 2), 409, "daily_order_limit")) == ["/lines/0/quantity"]
    created(order(sites[1], share, 6))
    problem(order(sites[0], 1, 4), 409, "daily_order_limit")
    assert stock_of(platform, product) == 15 - share


def test_all_guests_of_a_client_can_order_at_most_half_of_a_shared_stock(
    platform: Platform, pool: ThreadPoolExecutor
) -> None:
    catalog = platform.catalog()["id"]
    sku = f"SKU-{uuid4().hex[:10]}"
    body = {"sku": sku, "name": sku, "price": "10.00", "inventory_count": 100}
    product = created(platform.admin.post(f"/v1/catalogs/{catalog}/products", json=body))
    sites = []
    for tenant in (platform.tenant(), platform.tenant()):
        ok(platform.admin.put(f"/v1/catalogs/{catalog}/grants/{tenant.client_id}"))
        sites.append(platform.site(tenant.client_id, catalog))

    def order(site: Json, number: int, subject: str | None = None) -> httpx.Response:
        body = order_body((product, 10), customer_email=f"guest{number}@example.test")
        return platform.api(subject).post(f"/v1/storefront/{site['domain']}/orders", json=body)

    responses = send_all(pool, lambda number: order(sites[0], number), 10)
    assert sorted(response.status_code for response in responses) == [201] * 5 + [409] * 5
    for response in responses:
        if response.status_code == 409:
            assert pointers(problem(response, 409, "daily_order_limit")) == ["/lines/0/quantity"]
    assert stock_of(platform, product) == 50
    # Guests of the other client have a separate share, and so have customers with a token.
    created(order(sites[1], 20))
    created(order(sites[0], 21, f"customer:{uuid4().hex[:8]}"))
    assert stock_of(platform, product) == 30


# Tests of many requests in a short time.


def invalid_body(platform: Platform, shop: Tenant, attacker: httpx.Client) -> httpx.Response:
    return attacker.post(orders_path(shop), json={"lines": []})


def unknown_product(platform: Platform, shop: Tenant, attacker: httpx.Client) -> httpx.Response:
    return attacker.post(orders_path(shop), json=order_body(({"id": str(uuid4())}, 1)))


def malformed_json(platform: Platform, shop: Tenant, attacker: httpx.Client) -> httpx.Response:
    return attacker.post(orders_path(shop), content=b"{", headers={"Content-Type": "application/json"})


def bad_token(platform: Platform, shop: Tenant, attacker: httpx.Client) -> httpx.Response:
    return attacker.post(orders_path(shop), json={}, headers={"Authorization": "Bearer not.a.token"})


def unknown_page(platform: Platform, shop: Tenant, attacker: httpx.Client) -> httpx.Response:
    return attacker.get(f"/v1/storefront/{shop.domain}/products/{uuid4()}")


@pytest.mark.parametrize("subject", [None, "customer:mallory"], ids=["guest", "customer"])
@pytest.mark.parametrize("flood", [invalid_body, unknown_product, malformed_json, bad_token, unknown_page])
def test_failed_requests_use_up_only_the_limit_of_their_ip_address(
    platform: Platform, shop: Tenant, flood: Callable[..., httpx.Response], subject: str | None
) -> None:
    mug = platform.product(shop)
    # Failed requests also count against the customer, so each test has its own customer.
    attacker, other = platform.api(subject and f"{subject}-{uuid4()}"), platform.api()
    # The limit of the site is low: if failed orders counted, they would use up the limit.
    platform.redis.hset(f"v1:local:{shop.client_id}:limit:orders.{shop.site_id}", minute(platform), 990)
    statuses = [flood(platform, shop, attacker).status_code for _ in range(110)]
    assert 429 not in statuses[:90]
    assert set(statuses[-5:]) == {429}
    response = other.post(orders_path(shop), json=order_body((mug, 1)))
    created(response)
    assert '"orders";r=9;' in response.headers["ratelimit"]
    if subject is None:
        created(platform.api("customer:ann").post(orders_path(shop), json=order_body((mug, 1))))


def minute(platform: Platform) -> str:
    return str(int(platform.redis.time()[0]) // 60)


def test_orders_from_one_ip_address_cannot_block_orders_from_other_addresses(platform: Platform, shop: Tenant) -> None:
    mug = platform.product(shop, inventory_count=100)
    attacker, other = platform.api(), platform.api()
    created(attacker.post(orders_path(shop), json=order_body((mug, 1))))
    (share,) = platform.redis.keys(f"v1:local:{shop.client_id}:limit:orders-address.*")
    (bucket,) = platform.redis.hkeys(share)
    platform.redis.hset(share, bucket, 250)
    response = attacker.post(orders_path(shop), json=order_body((mug, 1)))
    detail = problem(response, 429, "rate_limited")["detail"]
    assert detail.startswith("The limit of 250 orders from one address per hour is used up.")
    assert '"orders-address";q=250;w=3600' in response.headers["ratelimit-policy"]
    created(other.post(orders_path(shop), json=order_body((mug, 1))))


def test_an_order_counts_as_one_request_per_16_kib_of_its_body(platform: Platform, shop: Tenant) -> None:
    body = json.dumps(order_body((platform.product(shop), 1))).encode().ljust(40_000)
    response = platform.api().post(orders_path(shop), content=body, headers={"content-type": "application/json"})
    created(response)
    remaining = dict(re.findall(r'"([\w-]+)";r=(\d+)', response.headers["ratelimit"]))
    assert remaining == {"address": "597", "storefront": "19997", "orders": "999"}


def test_a_repeated_order_with_the_same_idempotency_key_counts_once(platform: Platform, shop: Tenant) -> None:
    mug, api = platform.product(shop), platform.api()
    headers = {"Idempotency-Key": uuid4().hex}
    for _ in range(5):
        created(api.post(orders_path(shop), json=order_body((mug, 1)), headers=headers))
    last = api.post(orders_path(shop), json=order_body((mug, 1)))
    created(last)
    assert '"orders";r=998;' in last.headers["ratelimit"]
