"""A client with a grant for a catalog, the grantee, sees only the data that is necessary to sell the products."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import LiteralString
from uuid import uuid4

import httpx
import pytest

from tests.functions.operations import request_body
from tests.functions.resources import create_resources
from tests.functions.test_orders import order_body
from tests.platform import Json, Platform, Tenant, created, ok, problem

MAX_STOCK = 10
"""The largest stock that a grantee can see."""
PRIVATE = "only for the owner"


@dataclass(frozen=True)
class Sharing:
    """A catalog with one product, its owner, and a client with a grant."""

    platform: Platform
    owner: Tenant
    grantee: Tenant
    product: Json
    site: Json
    """A site of the grantee that shows the catalog."""

    @property
    def catalog_path(self) -> str:
        return f"/v1/catalogs/{self.owner.catalog_id}"

    def set_stock(self, stock: int) -> None:
        ok(self.owner.owner.patch(f"/v1/products/{self.product['id']}", json={"inventory_count": stock}))

    @contextmanager
    def as_grantee(self) -> Iterator[None]:
        """Run a transaction as a user with the role `owner` in the grantee, with the login of the API."""
        subject = self.platform.member(self.grantee.client_id, "owner")
        with self.platform.database.transaction(force_rollback=True):
            self.platform.database.execute("set local session authorization wc_api")
            self.platform.database.execute(
                "select role from app.enter(%s, %s, %s, %s, %s, %s)", [subject, None, None, None, [], None]
            )
            yield


@pytest.fixture
def sharing(platform: Platform) -> Sharing:
    owner, grantee = platform.tenant(), platform.tenant()
    secrets = {
        "source": PRIVATE,
        "source_config": {"url": PRIVATE},
        "sync_settings": {"mapping": {"name": PRIVATE}},
        "low_inventory": 77,
    }
    ok(owner.owner.patch(f"/v1/catalogs/{owner.catalog_id}", json=secrets))
    notes = (
        "update catalogs set pricing_rules = %s where id = %s"  # an earlier release accepted any object in this field
    )
    platform.arrange(notes, [json.dumps({"margin": PRIVATE}), owner.catalog_id])
    product = platform.product(owner, inventory_count=12_345)
    platform.arrange('update products set source_data = \'{"cost": "4711"}\' where id = %s', [product["id"]])
    ok(platform.admin.put(f"/v1/catalogs/{owner.catalog_id}/grants/{grantee.client_id}"))
    limits = {"max_line_quantity": 10_000, "max_daily_quantity": None, "max_daily_quantity_per_address": None}
    site = platform.site(grantee.client_id, owner.catalog_id, **limits)
    return Sharing(platform, owner, grantee, product, site)


def reads(sharing: Sharing) -> list[httpx.Response]:
    """Read the catalog and its products as the grantee in all possible ways. Return the responses."""
    api, query = sharing.grantee.owner, {"q": sharing.product["name"]}
    products = f"{sharing.catalog_path}/products"
    paths = [sharing.catalog_path, "/v1/catalogs?limit=1000", f"/v1/products/{sharing.product['id']}"]
    lists = [api.get(products), api.get(products, params=query), api.get(products, params={"sort": "-price"})]
    return [*map(api.get, paths), *lists, api.get(f"{sharing.catalog_path}/images")]


def test_responses_to_a_grantee_do_not_contain_the_stock_or_price_rules_or_settings(sharing: Sharing) -> None:
    for response in reads(sharing):
        ok(response)
        for text in ("12345", PRIVATE, "4711", '"low_inventory":77', "source_data"):
            assert text not in response.text, response.request.url


def test_a_grantee_sees_the_data_that_it_needs_to_sell_a_product(sharing: Sharing) -> None:
    api = sharing.grantee.owner
    product = ok(api.get(f"/v1/products/{sharing.product['id']}"))
    (listed,) = ok(api.get(f"{sharing.catalog_path}/products"))["data"]
    assert product == listed
    shown = {
        "sku",
        "name",
        "description",
        "category",
        "brand",
        "price",
        "currency",
        "images",
        "attributes",
        "is_active",
    }
    assert {name: product[name] for name in shown} == {name: sharing.product[name] for name in shown}
    catalog = ok(api.get(sharing.catalog_path))
    assert (catalog["pricing_rules"], catalog["sync_settings"], catalog["low_inventory"]) == ({}, {}, None)
    assert catalog["id"] in {each["id"] for each in ok(api.get("/v1/catalogs", params={"limit": 1000}))["data"]}


@pytest.mark.parametrize(("stock", "shown"), [(0, 0), (3, 3), (10, 10), (11, 10), (2_000_000, 10)])
def test_a_grantee_sees_at_most_ten_pieces(sharing: Sharing, stock: int, shown: int) -> None:
    sharing.set_stock(stock)
    product = ok(sharing.grantee.owner.get(f"/v1/products/{sharing.product['id']}"))
    assert product["inventory_count"] == shown
    assert ok(sharing.owner.owner.get(f"/v1/products/{sharing.product['id']}"))["inventory_count"] == stock


def test_a_change_of_a_large_stock_is_not_visible_to_a_grantee(sharing: Sharing) -> None:
    path = f"/v1/products/{sharing.product['id']}"
    before = sharing.grantee.owner.get(path)
    sharing.set_stock(12_344)
    assert sharing.grantee.owner.get(path).content == before.content
    assert sharing.grantee.owner.get(path).headers["etag"] == before.headers["etag"]


def cache_statuses(sharing: Sharing, api: httpx.Client) -> list[str]:
    """Read the product, and a list of the catalog. Return the parameters of the Cache-Status headers."""
    paths = [f"/v1/products/{sharing.product['id']}", f"{sharing.catalog_path}/products"]
    return [api.get(path).headers["cache-status"].removeprefix("wecelebrate; ") for path in paths]


def test_the_cache_does_not_reveal_a_sale_of_another_shop_to_a_grantee(sharing: Sharing) -> None:
    owner, grantee, admin = sharing.owner.owner, sharing.grantee.owner, sharing.platform.admin
    hits, misses = ["hit"] * 2, ["fwd=miss"] * 2

    def sell(quantity: int) -> None:
        path = f"/v1/storefront/{sharing.owner.domain}/orders"
        created(sharing.platform.api().post(path, json=order_body((sharing.product, quantity))))

    def warm() -> None:
        for api in (owner, grantee, admin):
            cache_statuses(sharing, api)
            assert cache_statuses(sharing, api) == hits

    # A grantee sees only the day of `updated_at`. Therefore the first change of a day changes the visible value.
    sell(1)
    for _ in range(3):
        warm()
        sell(1)
        assert cache_statuses(sharing, grantee) == hits
        assert cache_statuses(sharing, owner) == misses
        assert cache_statuses(sharing, admin) == misses
    sharing.set_stock(11)
    for stock, expected in ((10, hits), (9, misses), (8, misses)):
        warm()
        sell(1)
        assert cache_statuses(sharing, grantee) == expected
        assert ok(grantee.get(f"/v1/products/{sharing.product['id']}"))["inventory_count"] == stock
        assert ok(owner.get(f"/v1/products/{sharing.product['id']}"))["inventory_count"] == stock


def test_the_updated_since_filter_does_not_reveal_a_stock_change_to_a_grantee(sharing: Sharing) -> None:
    sharing.set_stock(12_344)
    path = f"{sharing.catalog_path}/products"
    query = {"updated_since": (datetime.now(UTC) + timedelta(seconds=5)).isoformat()}
    assert ok(sharing.owner.owner.get(path, params=query))["data"] == []
    assert len(ok(sharing.grantee.owner.get(path, params=query))["data"]) == 1


@pytest.mark.parametrize("search", [None, "mug"])
def test_a_grantee_cannot_read_the_time_of_a_product_change_with_sql(sharing: Sharing, search: str | None) -> None:
    function, column = ("find_products", "found") if search else ("list_granted_products", "id")
    statement = f"select {column} as id from app.{function}(%s, %s{', null' * 6}, %s, 'name', null, null, 9) as found"
    ok(sharing.owner.owner.patch(f"/v1/products/{sharing.product['id']}", json={"name": "Mug"}))
    values = [sharing.owner.catalog_id, search, datetime.now(UTC) + timedelta(seconds=5)]
    with sharing.as_grantee():
        rows = sharing.platform.database.execute(statement.encode(), values).fetchall()
    assert [str(row["id"]) for row in rows] == [sharing.product["id"]]


def test_a_grantee_can_search_products_by_name_and_sku(sharing: Sharing) -> None:
    changes = {"sku": "CAFÉ-1", "name": "Tasse Crème"}
    ok(sharing.owner.owner.patch(f"/v1/products/{sharing.product['id']}", json=changes))
    path = f"{sharing.catalog_path}/products"
    for query, count in [
        ({"q": "creme TASSE"}, 1),
        ({"q": "cafe"}, 1),
        ({"q": "creme teller"}, 0),
        ({"sku": "CAFÉ-1"}, 1),
        ({"sku": "cafe-1"}, 0),
        ({"sku": "CAFÉ-1", "q": "tasse"}, 1),
    ]:
        rows = ok(sharing.grantee.owner.get(path, params=query))["data"]
        assert [row["inventory_count"] for row in rows] == [MAX_STOCK] * count, query


def test_the_owner_and_admins_see_all_data_of_a_shared_catalog(sharing: Sharing) -> None:
    for api in (sharing.owner.owner, sharing.platform.admin):
        assert ok(api.get(f"/v1/products/{sharing.product['id']}"))["inventory_count"] == 12_345
        assert ok(api.get(sharing.catalog_path))["pricing_rules"] == {"margin": PRIVATE}


def test_a_grantee_gets_403_for_every_change_of_the_catalog(sharing: Sharing) -> None:
    api = sharing.grantee.owner
    problem(api.patch(sharing.catalog_path, json={"name": "Mine"}), 403, "forbidden")
    problem(api.patch(f"/v1/products/{sharing.product['id']}", json={"name": "Mine"}), 403, "forbidden")
    new = {"sku": "S", "name": "Mug", "price": "1.00"}
    problem(api.post(f"{sharing.catalog_path}/products", json=new), 403, "forbidden")
    body = {"catalog_id": sharing.owner.catalog_id, "rows": [new]}
    problem(api.post("/v1/products/bulk-import", json=body), 403, "forbidden")


def test_a_grantee_can_exclude_a_shared_product_from_its_site(sharing: Sharing) -> None:
    path = f"/v1/sites/{sharing.site['id']}/exclusions/{sharing.product['id']}"
    ok(sharing.grantee.owner.put(path))
    assert sharing.platform.storefront_products(sharing.site["domain"]) == []


TABLES: list[LiteralString] = [
    "select pricing_rules, sync_settings, source_config from catalogs where owner_client_id <> all (app.client_ids())",
    "select inventory_count, source_data from products where catalog_id <> all (app.owned_catalog_ids())",
]
PAGE: LiteralString = "_products(%(catalog)s, null, null, null, null, null, null, null, null, 'name', null, null, 9)"
VIEWS: list[LiteralString] = [
    "select * from app.catalog_view",
    "select * from app.granted_catalogs()",
    "select * from app.granted_product(%(product)s)",
    "select * from app.list_visible" + PAGE,
    "select * from app.list_granted" + PAGE,
]


CHANGING = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d[T ][\d:.+]+")
"""Matches ids and times, because they can contain the digits of a private value by chance."""


@pytest.mark.parametrize("statement", TABLES)
def test_a_grantee_cannot_read_the_tables_of_the_catalog_with_sql(sharing: Sharing, statement: LiteralString) -> None:
    with sharing.as_grantee():
        assert sharing.platform.database.execute(statement).fetchall() == []


@pytest.mark.parametrize("statement", VIEWS)
def test_a_grantee_cannot_read_private_columns_of_views_or_functions_with_sql(
    sharing: Sharing, statement: LiteralString
) -> None:
    parameters = {"product": sharing.product["id"], "catalog": sharing.owner.catalog_id}
    with sharing.as_grantee():
        rows = sharing.platform.database.execute(statement, parameters).fetchall()
    assert rows
    text = CHANGING.sub("", json.dumps(rows, default=str))
    assert not [secret for secret in ("12345", PRIVATE, "4711", "77,") if secret in text]


def test_a_client_without_a_grant_gets_404_for_the_catalog_and_its_products(sharing: Sharing, tenant: Tenant) -> None:
    problem(tenant.owner.get(sharing.catalog_path), 404, "not_found")
    problem(tenant.owner.get(f"/v1/products/{sharing.product['id']}"), 404, "not_found")
    problem(tenant.owner.get(f"{sharing.catalog_path}/products"), 404, "not_found")


def test_a_client_cannot_read_a_catalog_after_its_grant_was_revoked(sharing: Sharing) -> None:
    api = sharing.grantee.owner
    ok(api.patch(f"/v1/sites/{sharing.site['id']}", json={"catalog_id": None}))
    path = f"{sharing.catalog_path}/grants/{sharing.grantee.client_id}"
    assert sharing.platform.admin.delete(path).status_code == 204
    problem(api.get(sharing.catalog_path), 404, "not_found")
    problem(api.get(f"/v1/products/{sharing.product['id']}"), 404, "not_found")


def order(sharing: Sharing, quantity: int, **more: object) -> httpx.Response:
    ids = create_resources(sharing.platform, sharing.grantee) | {"product_id": sharing.product["id"]}
    body = request_body("create_order", ids) | {"lines": [{"product_id": sharing.product["id"], "quantity": quantity}]}
    return sharing.platform.api().post(f"/v1/storefront/{sharing.site['domain']}/orders", json=body | more)


def test_a_refused_order_does_not_reveal_the_size_of_a_large_stock(sharing: Sharing) -> None:
    sharing.set_stock(MAX_STOCK + 1)
    body = problem(order(sharing, MAX_STOCK + 2), 409, "daily_order_limit")
    assert str(MAX_STOCK + 1) not in json.dumps(body["errors"])
    sharing.set_stock(MAX_STOCK)
    body = problem(order(sharing, 11), 409, "out_of_stock")
    assert body["errors"][0]["detail"] == "exceeds the stock of 10"


@pytest.mark.parametrize("quantity", [499, 501])
def test_the_error_for_a_wrong_total_does_not_depend_on_the_stock(sharing: Sharing, quantity: int) -> None:
    sharing.set_stock(500)
    problem(order(sharing, quantity, total_amount="0.01"), 409, "total_changed")


def test_an_order_above_half_of_a_shared_stock_does_not_reveal_the_whole_stock(
    sharing: Sharing,
) -> None:
    sharing.set_stock(7_321)
    refusals = [
        problem(order(sharing, quantity), 409, "daily_order_limit") for quantity in (3_662, 7_321, 7_322, 9_999)
    ]
    assert [refusal["errors"] for refusal in refusals] == [refusals[0]["errors"]] * 4
    sharing.set_stock(MAX_STOCK)
    problem(order(sharing, MAX_STOCK + 1), 409, "out_of_stock")


def test_a_grantee_gets_no_webhook_event_about_the_stock(sharing: Sharing) -> None:
    hook = {"client_id": sharing.grantee.client_id, "url": "https://example.com/hooks", "events": ["*"]}
    created(sharing.grantee.owner.post("/v1/webhooks", json=hook))
    sharing.set_stock(1)
    deliveries = ok(sharing.grantee.owner.get("/v1/webhook-deliveries"))["data"]
    assert "inventory.low" not in {delivery["event"] for delivery in deliveries}
    sharing.set_stock(100)
    created(order(sharing, 40))
    deliveries = ok(sharing.grantee.owner.get("/v1/webhook-deliveries"))["data"]
    events = {delivery["event"] for delivery in deliveries}
    assert "order.created" in events
    assert "inventory.low" not in events


def test_a_member_of_both_the_owner_and_the_grantee_sees_all_data(sharing: Sharing) -> None:
    subject = f"both-{uuid4()}"
    for client in (sharing.owner.client_id, sharing.grantee.client_id):
        sharing.platform.arrange(
            "insert into client_users (client_id, user_id, email, role) values (%s, %s, 'x@example.test', 'viewer')",
            [client, subject],
        )
    api = sharing.platform.api(subject)
    assert ok(api.get(f"/v1/products/{sharing.product['id']}"))["inventory_count"] == 12_345
    assert [each["id"] for each in ok(api.get("/v1/catalogs"))["data"]].count(sharing.owner.catalog_id) == 1
