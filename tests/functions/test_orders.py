"""Guests and customers place orders. Customers and clients read orders. Each site has an hourly limit for orders."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem

CONCURRENT_GUESTS = 30
SHIPPING = {"line1": "12 Main Street", "city": "Springfield", "region": "IL", "postal_code": "62701", "country": "US"}


@pytest.fixture
def shop(platform: Platform) -> Tenant:
    """Return a new tenant with a site that sells products."""
    return platform.tenant()


@pytest.fixture
def guest(platform: Platform) -> httpx.Client:
    """Return an API client without a token."""
    return platform.api()


def orders_path(shop: Tenant) -> str:
    return f"/v1/storefront/{shop.domain}/orders"


def order_body(*lines: tuple[Json, int], **fields: Any) -> Json:
    """Return the request body for a new order. Each line is a product with its quantity."""
    return {
        "lines": [{"product_id": product["id"], "quantity": quantity} for product, quantity in lines],
        "customer_name": "Ann Lee",
        "customer_email": "ann@example.test",
        "shipping_address": SHIPPING,
        **fields,
    }


def stock_of(platform: Platform, product: Json) -> int:
    """Return how many pieces of the product are in stock."""
    row = platform.database.execute("select inventory_count from products where id = %s", [product["id"]]).fetchone()
    assert row is not None
    return int(row["inventory_count"])


def test_an_order_keeps_its_prices_and_names_when_the_products_change(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    mug = platform.product(shop, price="12.50", images=["https://example.test/mug.png"])
    bag = platform.product(shop, price="3.00")
    order = created(guest.post(orders_path(shop), json=order_body((mug, 2), (bag, 1), total_amount="28.00")))
    assert (order["status"], order["total_amount"], order["currency"]) == ("pending", "28.00", "USD")
    assert order["items"] == [
        {
            "line": number,
            "product_id": product["id"],
            "sku": product["sku"],
            "name": product["name"],
            "quantity": quantity,
            "unit_price": product["price"],
            "image": image,
        }
        for number, (product, quantity, image) in enumerate(
            [(mug, 2, "https://example.test/mug.png"), (bag, 1, None)], start=1
        )
    ]
    assert order["shipping_address"] == SHIPPING
    assert (stock_of(platform, mug), stock_of(platform, bag)) == (3, 4)
    ok(shop.owner.patch(f"/v1/products/{mug['id']}", json={"price": "99.00", "name": "Renamed"}))
    stored = ok(shop.owner.get(f"/v1/orders/{order['id']}"))
    assert {name: stored[name] for name in order} == order
    assert (stored["client_id"], stored["site_id"], stored["customer_subject"]) == (shop.client_id, shop.site_id, None)


def test_an_order_sends_a_mail_to_the_customer_and_webhooks_to_the_client(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    platform.arrange(
        "insert into webhooks (client_id, url, events) values (%s, 'https://example.test/', '{order.*,inventory.low}')",
        [shop.client_id],
    )
    mug = platform.product(shop, inventory_count=7)
    # Use a new address, because the platform sends only a few mails per day to one address.
    recipient = f"ann-{uuid4().hex}@example.test"
    order = created(guest.post(orders_path(shop), json=order_body((mug, 2), customer_email=recipient)))
    deliveries = platform.database.execute(
        "select payload from webhook_deliveries where client_id = %s order by id", [shop.client_id]
    ).fetchall()
    events = {row["payload"]["type"]: row["payload"]["data"] for row in deliveries}
    assert events["order.created"] == {
        "order_id": order["id"],
        "order_number": order["order_number"],
        "site_id": shop.site_id,
        "status": "pending",
    }
    assert [product["inventory_count"] for product in events["inventory.low"]["products"]] == [5]
    mails = "select state, recipient from mails where order_id = %s and template = 'order_confirmation'"

    def is_mailed() -> bool:
        rows = platform.database.execute(mails, [order["id"]]).fetchall()
        return [(row["state"], row["recipient"]) for row in rows] == [("sent", recipient)]

    platform.eventually(is_mailed)


def test_an_order_with_products_that_the_site_does_not_sell_is_refused(
    platform: Platform, shop: Tenant, other_tenant: Tenant, guest: httpx.Client
) -> None:
    mug, inactive, excluded = platform.product(shop), platform.product(shop, is_active=False), platform.product(shop)
    ok(shop.owner.put(f"/v1/sites/{shop.site_id}/exclusions/{excluded['id']}"))
    not_sold = [inactive, excluded, platform.product(other_tenant), {"id": str(uuid4())}]
    response = guest.post(orders_path(shop), json=order_body((mug, 1), *((product, 1) for product in not_sold)))
    assert pointers(problem(response, 422, "invalid")) == [f"/lines/{number}/product_id" for number in (1, 2, 3, 4)]
    assert stock_of(platform, mug) == 5
    assert ok(shop.owner.get("/v1/orders"))["data"] == []


def test_an_order_that_exceeds_the_stock_is_refused(platform: Platform, shop: Tenant, guest: httpx.Client) -> None:
    mug, bag = platform.product(shop), platform.product(shop, inventory_count=1)
    body = problem(guest.post(orders_path(shop), json=order_body((mug, 1), (bag, 2))), 409, "out_of_stock")
    assert body["errors"] == [{"pointer": "/lines/1/quantity", "detail": "exceeds the stock of 1"}]
    assert (stock_of(platform, mug), stock_of(platform, bag)) == (5, 1)


def test_an_order_with_an_outdated_total_is_refused(platform: Platform, shop: Tenant, guest: httpx.Client) -> None:
    mug = platform.product(shop, price="10.00")
    body = problem(guest.post(orders_path(shop), json=order_body((mug, 2), total_amount="19.00")), 409, "total_changed")
    assert body["errors"] == [{"pointer": "/total_amount", "detail": "is now 20.00"}]
    assert stock_of(platform, mug) == 5


def test_an_order_with_two_currencies_or_a_duplicate_product_is_refused(
    platform: Platform, guest: httpx.Client
) -> None:
    shop = platform.tenant()
    platform.allow_several_currencies(shop)
    mug, bag = platform.product(shop), platform.product(shop, currency="EUR")
    for lines, pointer in (((mug, 1), (bag, 1)), "/lines"), (((mug, 1), (mug, 1)), "/lines/1/product_id"):
        response = guest.post(orders_path(shop), json=order_body(*lines))
        assert pointers(problem(response, 422, "invalid")) == [pointer]
    assert stock_of(platform, mug) == 5


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"lines": []}, "/lines"),
        ({"lines": [{"product_id": str(uuid4()), "quantity": 0}]}, "/lines/0/quantity"),
        ({"lines": [{"product_id": str(uuid4()), "quantity": 1}] * 101}, "/lines"),
        ({"customer_email": "ann at example"}, "/customer_email"),
        ({"customer_email": "ann@example.test\r\nBcc: all@example.test"}, "/customer_email"),
        ({"shipping_address": {**SHIPPING, "country": "usa"}}, "/shipping_address/country"),
        ({"shipping_address": {**SHIPPING, "line1": ""}}, "/shipping_address/line1"),
        ({"status": "delivered"}, "/status"),
        ({"metadata": {"note": "x" * 8192}}, "/metadata"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_an_invalid_order_is_refused_with_a_pointer_to_the_invalid_field(
    platform: Platform, tenant: Tenant, guest: httpx.Client, change: Json, pointer: str
) -> None:
    response = guest.post(
        orders_path(tenant), json=order_body() | {"lines": [{"product_id": str(uuid4()), "quantity": 1}]} | change
    )
    assert pointers(problem(response, 422, "invalid")) == [pointer]


def test_an_order_for_an_unknown_domain_gets_404(guest: httpx.Client) -> None:
    body = order_body() | {"lines": [{"product_id": str(uuid4()), "quantity": 1}]}
    problem(guest.post(f"/v1/storefront/{uuid4().hex}.test/orders", json=body), 404, "not_found")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CONCURRENT_GUESTS) as pool:
        yield pool


def test_concurrent_orders_never_sell_more_pieces_than_the_stock(
    platform: Platform, shop: Tenant, pool: ThreadPoolExecutor
) -> None:
    # Half of the orders have their lines in reverse order. If each order locked its products in the order of its lines,
    # the transactions would deadlock.
    mug, bag = platform.product(shop, inventory_count=CONCURRENT_GUESTS), platform.product(shop, inventory_count=10)
    guests = [platform.api() for _ in range(CONCURRENT_GUESTS)]

    def buy(number: int) -> int:
        lines = [(mug, 1), (bag, 1)] if number % 2 else [(bag, 1), (mug, 1)]
        while True:
            response = guests[number].post(orders_path(shop), json=order_body(*lines))
            if response.status_code != 503:  # 503 means that all instances of the function are busy.
                return response.status_code

    statuses = list(pool.map(buy, range(CONCURRENT_GUESTS)))
    assert sorted(statuses) == [201] * 10 + [409] * (CONCURRENT_GUESTS - 10)
    assert (stock_of(platform, mug), stock_of(platform, bag)) == (CONCURRENT_GUESTS - 10, 0)
    orders = ok(shop.owner.get("/v1/orders", params={"limit": 100}))["data"]
    assert len({order["order_number"] for order in orders}) == 10
    totals = "select sum(orders)::int as orders, sum(amount) as amount from app.daily_order_totals(%s, %s, %s)"
    day = orders[0]["created_at"][:10]
    row = platform.database.execute(totals, [shop.client_id, day, day]).fetchone()
    assert row == {"orders": 10, "amount": 200}


def test_a_customer_cannot_read_orders_of_other_customers_or_of_other_sites(platform: Platform, shop: Tenant) -> None:
    mug = platform.product(shop)
    ann, bob, guest = platform.api("customer:ann"), platform.api("customer:bob"), platform.api()
    own_orders = [created(ann.post(orders_path(shop), json=order_body((mug, 1))))["id"] for _ in range(2)]
    bobs_order = created(bob.post(orders_path(shop), json=order_body((mug, 1))))["id"]
    guest_order = created(guest.post(orders_path(shop), json=order_body((mug, 1))))["id"]
    assert [order["id"] for order in ok(ann.get(orders_path(shop)))["data"]] == own_orders[::-1]
    first = ok(ann.get(orders_path(shop), params={"limit": 1}))
    second = ok(ann.get(orders_path(shop), params={"limit": 1, "cursor": first["next_cursor"]}))
    assert [page["data"][0]["id"] for page in (first, second)] == own_orders[::-1]
    response = ann.get(f"{orders_path(shop)}/{own_orders[0]}")
    assert ok(response)["id"] == own_orders[0]
    assert response.headers["cache-control"] == "no-store"
    assert "client_id" not in ok(response), "the customer must not see the fields that only the client may see"
    for order_id in (bobs_order, guest_order, str(uuid4())):
        problem(ann.get(f"{orders_path(shop)}/{order_id}"), 404, "not_found")
    other_site = platform.site(shop.client_id, shop.catalog_id)["domain"]
    assert ok(ann.get(f"/v1/storefront/{other_site}/orders"))["data"] == []
    problem(ann.get(f"/v1/storefront/{other_site}/orders/{own_orders[0]}"), 404, "not_found")
    for path in (orders_path(shop), f"{orders_path(shop)}/{guest_order}"):
        problem(guest.get(path), 401, "unauthenticated")


def test_a_client_can_read_and_filter_only_orders_of_its_own_sites(
    platform: Platform, shop: Tenant, other_tenant: Tenant, guest: httpx.Client
) -> None:
    mug, other_mug = platform.product(shop, inventory_count=20), platform.product(other_tenant)
    first = created(guest.post(orders_path(shop), json=order_body((mug, 1), metadata={"greeting": "Hi"})))
    second = created(guest.post(orders_path(shop), json=order_body((mug, 1), customer_email="bob@example.test")))
    foreign_order = created(guest.post(orders_path(other_tenant), json=order_body((other_mug, 1))))
    platform.arrange("update orders set status = 'shipped' where id = %s", [second["id"]])

    def list_ids(path: str = "/v1/orders", **query: str) -> list[str]:
        return [order["id"] for order in ok(shop.owner.get(path, params=query))["data"]]

    site_path = f"/v1/sites/{shop.site_id}/orders"
    newest_first = [second["id"], first["id"]]
    assert list_ids() == list_ids(site_path) == newest_first
    assert list_ids(client_id=shop.client_id) == list_ids(site_id=shop.site_id) == newest_first
    for path in ("/v1/orders", site_path):
        assert list_ids(path, status="shipped") == [second["id"]]
        assert list_ids(path, order_number=first["order_number"]) == [first["id"]]
        assert list_ids(path, customer_email="bob@example.test") == [second["id"]]
        assert list_ids(path, created_from=second["created_at"]) == [second["id"]]
        assert list_ids(path, created_to=second["created_at"]) == [first["id"]]
    assert list_ids(client_id=other_tenant.client_id) == []
    assert ok(shop.owner.get(f"/v1/orders/{first['id']}"))["metadata"] == {"greeting": "Hi"}
    problem(shop.owner.get(f"/v1/orders/{foreign_order['id']}"), 404, "not_found")
    problem(shop.owner.get(f"/v1/sites/{other_tenant.site_id}/orders"), 404, "not_found")


def test_a_new_order_invalidates_the_cached_orders_and_the_cached_stock(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    mug = platform.product(shop, inventory_count=2)
    product_path, storefront = f"/v1/products/{mug['id']}", f"/v1/storefront/{shop.domain}/products"

    def read() -> tuple[int, int, list[bool]]:
        """Return the number of orders, the stock of `mug`, and the field `in_stock` of each storefront product."""
        stock = ok(shop.owner.get(product_path))["inventory_count"]
        products = ok(shop.owner.get(f"/v1/catalogs/{shop.catalog_id}/products"))["data"]
        assert [each["inventory_count"] for each in products] == [stock]
        in_stock = [each["in_stock"] for each in ok(guest.get(storefront))["data"]]
        assert ok(guest.get(f"{storefront}/{mug['id']}"))["in_stock"] == in_stock[0]
        return len(ok(shop.owner.get("/v1/orders"))["data"]), stock, in_stock

    assert [read(), read()] == [(0, 2, [True])] * 2
    created(guest.post(orders_path(shop), json=order_body((mug, 1))))
    assert read() == (1, 1, [True])
    assert guest.get(storefront).headers["cache-status"] == "wecelebrate; hit", (
        "`in_stock` did not change, so the page must still be cached"
    )
    created(guest.post(orders_path(shop), json=order_body((mug, 1))))
    assert read() == (2, 0, [False])


def test_guests_of_two_sites_can_use_the_same_idempotency_key(
    platform: Platform, shop: Tenant, other_tenant: Tenant
) -> None:
    mug, other_mug = platform.product(shop), platform.product(other_tenant)
    headers = {"Idempotency-Key": uuid4().hex}
    body = order_body((mug, 1))
    first = platform.api().post(orders_path(shop), json=body, headers=headers)
    replayed = platform.api().post(orders_path(shop), json=body, headers=headers)
    created(first)
    assert (replayed.content, replayed.headers["idempotent-replayed"]) == (first.content, "true")
    problem(
        platform.api().post(orders_path(shop), json=order_body((mug, 2)), headers=headers),
        422,
        "idempotency_key_reused",
    )
    other_site = platform.api().post(orders_path(other_tenant), json=order_body((other_mug, 1)), headers=headers)
    assert created(other_site)["id"] != first.json()["id"]
    signed_in = platform.api("customer:carol").post(orders_path(shop), json=body, headers=headers)
    assert created(signed_in)["id"] != first.json()["id"]
    assert stock_of(platform, mug) == 3


def test_orders_of_all_callers_count_against_the_hourly_limit_of_the_site(platform: Platform, shop: Tenant) -> None:
    mug = platform.product(shop, inventory_count=100)
    first, second = platform.api(), platform.api("customer:dave")

    def remaining(response: httpx.Response) -> int:
        created(response)
        counts = dict(item.split(";")[:2] for item in response.headers["ratelimit"].split(", "))
        return int(counts['"orders"'].removeprefix("r="))

    assert [remaining(api.post(orders_path(shop), json=order_body((mug, 1)))) for api in (first, second)] == [999, 998]
    now = platform.redis.time()[0] // 60
    for minute in (now, now + 1):
        platform.redis.hincrby(f"v1:local:{shop.client_id}:limit:orders.{shop.site_id}", str(minute), 1_000)
    for api in (first, second):
        response = api.post(orders_path(shop), json=order_body((mug, 1)))
        detail = problem(response, 429, "rate_limited")["detail"]
        assert detail.startswith("The limit of 1000 orders of this site per hour is used up.")
        assert 0 < int(response.headers["retry-after"]) <= 3660
        assert '"orders";q=1000;w=3600' in response.headers["ratelimit-policy"]
    assert stock_of(platform, mug) == 98
    # The limit does not affect reads. It does not affect orders at a second site of the same client.
    ok(first.get(f"/v1/storefront/{shop.domain}/products"))
    other_site = platform.site(shop.client_id, shop.catalog_id)["domain"]
    assert remaining(first.post(f"/v1/storefront/{other_site}/orders", json=order_body((mug, 1)))) == 999
