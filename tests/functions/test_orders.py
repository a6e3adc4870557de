"""Orders: placed whole or not at all, by customers and guests, read by whom they concern, and only so many an hour."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem

AT_ONCE = 30
SHIPPING = {"line1": "12 Main Street", "city": "Springfield", "postal_code": "62701", "country": "US"}


@pytest.fixture
def shop(platform: Platform) -> Tenant:
    """A tenant of its own."""
    return platform.tenant()


@pytest.fixture
def guest(platform: Platform) -> httpx.Client:
    return platform.api()


def orders_of(shop: Tenant) -> str:
    return f"/v1/storefront/{shop.domain}/orders"


def wanted(*lines: tuple[Json, int], **more: Any) -> Json:
    """The body of an order of so many pieces of each product."""
    return {
        "lines": [{"product_id": product["id"], "quantity": quantity} for product, quantity in lines],
        "customer_name": "Ann Lee",
        "customer_email": "ann@example.test",
        "shipping_address": SHIPPING,
        **more,
    }


def left(platform: Platform, product: Json) -> int:
    row = platform.database.execute("select inventory_count from products where id = %s", [product["id"]]).fetchone()
    assert row is not None
    return int(row["inventory_count"])


def test_a_guest_orders_at_the_prices_of_the_moment(platform: Platform, shop: Tenant, guest: httpx.Client) -> None:
    mug = platform.product(shop, price="12.50", images=["https://example.test/mug.png"])
    bag = platform.product(shop, price="3.00")
    placed = created(guest.post(orders_of(shop), json=wanted((mug, 2), (bag, 1), total_amount="28.00")))
    assert (placed["status"], placed["total_amount"], placed["currency"]) == ("pending", "28.00", "USD")
    assert placed["items"] == [
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
    assert placed["shipping_address"] == SHIPPING
    assert (left(platform, mug), left(platform, bag)) == (3, 4)
    ok(shop.owner.patch(f"/v1/products/{mug['id']}", json={"price": "99.00", "name": "Renamed"}))
    kept = ok(shop.owner.get(f"/v1/orders/{placed['id']}"))
    assert {name: kept[name] for name in placed} == placed
    assert (kept["client_id"], kept["site_id"], kept["customer_subject"]) == (shop.client_id, shop.site_id, None)


def test_the_customer_is_told_by_mail_and_the_client_by_webhook(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    platform.arrange(
        "insert into webhooks (client_id, url, events) values (%s, 'https://example.test/', '{order.*,inventory.low}')",
        [shop.client_id],
    )
    mug = platform.product(shop, inventory_count=7)
    placed = created(guest.post(orders_of(shop), json=wanted((mug, 2))))
    told = platform.database.execute(
        "select payload from webhook_deliveries where client_id = %s order by id", [shop.client_id]
    ).fetchall()
    events = {one["payload"]["type"]: one["payload"]["data"] for one in told}
    assert events["order.created"] == {
        "order_id": placed["id"],
        "order_number": placed["order_number"],
        "site_id": shop.site_id,
        "status": "pending",
    }
    assert [one["inventory_count"] for one in events["inventory.low"]["products"]] == [5]
    sent = "select state, recipient from mails where order_id = %s and template = 'order_confirmation'"

    def mailed() -> bool:
        rows = platform.database.execute(sent, [placed["id"]]).fetchall()
        return [(row["state"], row["recipient"]) for row in rows] == [("sent", "ann@example.test")]

    platform.eventually(mailed)


def test_what_is_not_sold_there_is_not_ordered(
    platform: Platform, shop: Tenant, stranger: Tenant, guest: httpx.Client
) -> None:
    mug, inactive, excluded = platform.product(shop), platform.product(shop, is_active=False), platform.product(shop)
    ok(shop.owner.put(f"/v1/sites/{shop.site_id}/exclusions/{excluded['id']}"))
    others = [inactive, excluded, platform.product(stranger), {"id": str(uuid4())}]
    answer = guest.post(orders_of(shop), json=wanted((mug, 1), *((one, 1) for one in others)))
    assert pointers(problem(answer, 422, "invalid")) == [f"/lines/{number}/product_id" for number in (1, 2, 3, 4)]
    assert left(platform, mug) == 5
    assert ok(shop.owner.get("/v1/orders"))["data"] == []


def test_more_than_there_is_is_not_ordered(platform: Platform, shop: Tenant, guest: httpx.Client) -> None:
    mug, bag = platform.product(shop), platform.product(shop, inventory_count=1)
    body = problem(guest.post(orders_of(shop), json=wanted((mug, 1), (bag, 2))), 409, "out_of_stock")
    assert body["errors"] == [{"pointer": "/lines/1/quantity", "detail": "1 are left"}]
    assert (left(platform, mug), left(platform, bag)) == (5, 1)


def test_what_costs_otherwise_than_the_customer_was_told_is_not_ordered(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    mug = platform.product(shop, price="10.00")
    body = problem(guest.post(orders_of(shop), json=wanted((mug, 2), total_amount="19.00")), 409, "total_changed")
    assert body["errors"] == [{"pointer": "/total_amount", "detail": "is 20.00 now"}]
    assert left(platform, mug) == 5


def test_an_order_has_one_currency_and_each_product_once(platform: Platform, shop: Tenant, guest: httpx.Client) -> None:
    mug, bag = platform.product(shop), platform.product(shop, currency="EUR")
    for lines, pointer in (((mug, 1), (bag, 1)), "/lines"), (((mug, 1), (mug, 1)), "/lines/1/product_id"):
        answer = guest.post(orders_of(shop), json=wanted(*lines))
        assert pointers(problem(answer, 422, "invalid")) == [pointer]
    assert left(platform, mug) == 5


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
        ({"metadata": {"note": "x" * 4096}}, "/metadata"),
    ],
    ids=lambda given: given if isinstance(given, str) else None,
)
def test_what_is_no_order_is_refused_by_its_field(
    platform: Platform, tenant: Tenant, guest: httpx.Client, change: Json, pointer: str
) -> None:
    answer = guest.post(
        orders_of(tenant), json=wanted() | {"lines": [{"product_id": str(uuid4()), "quantity": 1}]} | change
    )
    assert pointers(problem(answer, 422, "invalid")) == [pointer]


def test_at_a_domain_of_nobody_nothing_is_ordered(guest: httpx.Client) -> None:
    body = wanted() | {"lines": [{"product_id": str(uuid4()), "quantity": 1}]}
    problem(guest.post(f"/v1/storefront/{uuid4().hex}.test/orders", json=body), 404, "not_found")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield pool


def test_of_many_at_once_as_many_are_placed_as_there_are_pieces(
    platform: Platform, shop: Tenant, pool: ThreadPoolExecutor
) -> None:
    # In turn one product first and the other: who locks them crosswise waits for ever.
    mug, bag = platform.product(shop, inventory_count=AT_ONCE), platform.product(shop, inventory_count=10)
    guests = [platform.api() for _ in range(AT_ONCE)]

    def buy(number: int) -> int:
        lines = [(mug, 1), (bag, 1)] if number % 2 else [(bag, 1), (mug, 1)]
        while True:
            answer = guests[number].post(orders_of(shop), json=wanted(*lines))
            if answer.status_code != 503:  # more at once than the function's concurrency
                return answer.status_code

    answers = list(pool.map(buy, range(AT_ONCE)))
    assert sorted(answers) == [201] * 10 + [409] * (AT_ONCE - 10)
    assert (left(platform, mug), left(platform, bag)) == (AT_ONCE - 10, 0)
    placed = ok(shop.owner.get("/v1/orders", params={"limit": 100}))["data"]
    assert len({order["order_number"] for order in placed}) == 10
    figures = "select sum(orders)::int as orders, sum(amount) as amount from app.daily_order_totals(%s, %s, %s)"
    day = placed[0]["created_at"][:10]
    row = platform.database.execute(figures, [shop.client_id, day, day]).fetchone()
    assert row == {"orders": 10, "amount": 200}


def test_a_customer_reads_their_own_orders_of_a_site_and_nobody_elses(platform: Platform, shop: Tenant) -> None:
    mug = platform.product(shop)
    ann, bob, guest = platform.api("customer:ann"), platform.api("customer:bob"), platform.api()
    mine = [created(ann.post(orders_of(shop), json=wanted((mug, 1))))["id"] for _ in range(2)]
    his = created(bob.post(orders_of(shop), json=wanted((mug, 1))))["id"]
    nobodys = created(guest.post(orders_of(shop), json=wanted((mug, 1))))["id"]
    assert [order["id"] for order in ok(ann.get(orders_of(shop)))["data"]] == mine[::-1]
    first = ok(ann.get(orders_of(shop), params={"limit": 1}))
    second = ok(ann.get(orders_of(shop), params={"limit": 1, "cursor": first["next_cursor"]}))
    assert [page["data"][0]["id"] for page in (first, second)] == mine[::-1]
    answer = ann.get(f"{orders_of(shop)}/{mine[0]}")
    assert ok(answer)["id"] == mine[0]
    assert answer.headers["cache-control"] == "no-store"
    assert "client_id" not in ok(answer), "what the client alone is to know"
    for order in (his, nobodys, str(uuid4())):
        problem(ann.get(f"{orders_of(shop)}/{order}"), 404, "not_found")
    elsewhere = platform.site(shop.client_id, shop.catalog_id)["domain"]
    assert ok(ann.get(f"/v1/storefront/{elsewhere}/orders"))["data"] == []
    problem(ann.get(f"/v1/storefront/{elsewhere}/orders/{mine[0]}"), 404, "not_found")
    for path in (orders_of(shop), f"{orders_of(shop)}/{nobodys}"):
        problem(guest.get(path), 401, "unauthenticated")


def test_a_client_reads_the_orders_of_its_sites_and_no_other(
    platform: Platform, shop: Tenant, stranger: Tenant, guest: httpx.Client
) -> None:
    mug, theirs = platform.product(shop, inventory_count=20), platform.product(stranger)
    one = created(guest.post(orders_of(shop), json=wanted((mug, 1), metadata={"greeting": "Hi"})))
    two = created(guest.post(orders_of(shop), json=wanted((mug, 1), customer_email="bob@example.test")))
    other = created(guest.post(orders_of(stranger), json=wanted((theirs, 1))))
    platform.arrange("update orders set status = 'shipped' where id = %s", [two["id"]])

    def found(path: str = "/v1/orders", **query: str) -> list[str]:
        return [order["id"] for order in ok(shop.owner.get(path, params=query))["data"]]

    of_site = f"/v1/sites/{shop.site_id}/orders"
    both = [two["id"], one["id"]]
    assert found() == found(of_site) == found(client_id=shop.client_id) == found(site_id=shop.site_id) == both
    for path in ("/v1/orders", of_site):
        assert found(path, status="shipped") == [two["id"]]
        assert found(path, order_number=one["order_number"]) == [one["id"]]
        assert found(path, customer_email="bob@example.test") == [two["id"]]
        assert found(path, created_from=two["created_at"]) == [two["id"]]
        assert found(path, created_to=two["created_at"]) == [one["id"]]
    assert found(client_id=stranger.client_id) == []
    assert ok(shop.owner.get(f"/v1/orders/{one['id']}"))["metadata"] == {"greeting": "Hi"}
    problem(shop.owner.get(f"/v1/orders/{other['id']}"), 404, "not_found")
    problem(shop.owner.get(f"/v1/sites/{stranger.site_id}/orders"), 404, "not_found")


def test_what_the_cache_holds_of_orders_and_of_stock_ends_with_the_next_order(
    platform: Platform, shop: Tenant, guest: httpx.Client
) -> None:
    mug = platform.product(shop, inventory_count=2)
    product, shown = f"/v1/products/{mug['id']}", f"/v1/storefront/{shop.domain}/products"

    def seen() -> tuple[int, int, list[bool]]:
        stock = ok(shop.owner.get(product))["inventory_count"]
        assert [
            one["inventory_count"] for one in ok(shop.owner.get(f"/v1/catalogs/{shop.catalog_id}/products"))["data"]
        ] == [stock]
        in_stock = [one["in_stock"] for one in ok(guest.get(shown))["data"]]
        assert ok(guest.get(f"{shown}/{mug['id']}"))["in_stock"] == in_stock[0]
        return len(ok(shop.owner.get("/v1/orders"))["data"]), stock, in_stock

    assert [seen(), seen()] == [(0, 2, [True])] * 2
    created(guest.post(orders_of(shop), json=wanted((mug, 1))))
    assert seen() == (1, 1, [True])
    assert guest.get(shown).headers["cache-status"] == "wecelebrate; hit", "as many as before are in stock"
    created(guest.post(orders_of(shop), json=wanted((mug, 1))))
    assert seen() == (2, 0, [False])


def test_a_guests_key_places_one_order_and_answers_no_other_site(
    platform: Platform, shop: Tenant, stranger: Tenant
) -> None:
    mug, theirs = platform.product(shop), platform.product(stranger)
    headers = {"Idempotency-Key": uuid4().hex}
    body = wanted((mug, 1))
    first = platform.api().post(orders_of(shop), json=body, headers=headers)
    again = platform.api().post(orders_of(shop), json=body, headers=headers)
    created(first)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    problem(platform.api().post(orders_of(shop), json=wanted((mug, 2)), headers=headers), 422, "idempotency_key_reused")
    elsewhere = platform.api().post(orders_of(stranger), json=wanted((theirs, 1)), headers=headers)
    assert created(elsewhere)["id"] != first.json()["id"]
    signed_in = platform.api("customer:carol").post(orders_of(shop), json=body, headers=headers)
    assert created(signed_in)["id"] != first.json()["id"]
    assert left(platform, mug) == 3


def test_a_site_takes_so_many_orders_an_hour_whoever_sends_them(platform: Platform, shop: Tenant) -> None:
    mug = platform.product(shop, inventory_count=100)
    first, second = platform.api(), platform.api("customer:dave")

    def remaining(answer: httpx.Response) -> int:
        created(answer)
        told = dict(one.split(";")[:2] for one in answer.headers["ratelimit"].split(", "))
        return int(told['"orders"'].removeprefix("r="))

    assert [remaining(api.post(orders_of(shop), json=wanted((mug, 1)))) for api in (first, second)] == [999, 998]
    now = platform.redis.time()[0] // 60
    for minute in (now, now + 1):
        platform.redis.hincrby(f"v1:local:{shop.client_id}:limit:orders.{shop.site_id}", str(minute), 1_000)
    for api in (first, second):
        answer = api.post(orders_of(shop), json=wanted((mug, 1)))
        assert problem(answer, 429, "rate_limited")["detail"] == "All of 1000 orders of this site an hour are used up."
        assert 0 < int(answer.headers["retry-after"]) <= 3660
        assert '"orders";q=1000;w=3600' in answer.headers["ratelimit-policy"]
    assert left(platform, mug) == 98
    # Who only looks is not concerned, nor is another site of the client.
    ok(first.get(f"/v1/storefront/{shop.domain}/products"))
    elsewhere = platform.site(shop.client_id, shop.catalog_id)["domain"]
    assert remaining(first.post(f"/v1/storefront/{elsewhere}/orders", json=wanted((mug, 1)))) == 999
