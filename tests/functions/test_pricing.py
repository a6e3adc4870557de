"""The selling price is the same in lists, pages, facets, filters, sort orders, orders, reports and exports."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.exports.exporting import csv_rows, exported
from tests.platform import Json, Platform, Tenant, ok, pointers, problem

RULES = {
    "markup_percent": "20",
    "fixed_amount": "1.5",
    "rounding": {"step": "1", "ending": "0.99", "direction": "up"},
    "minimum": "5",
}
PRICES = {"1.00": "5.00", "10.00": "13.99", "10.20": "13.99", "10.40": "13.99", "12.00": "15.99", "100.00": "121.99"}
"""Maps each base price to the selling price that RULES compute."""
YEN = {"conversion": {"from": "USD", "to": "JPY", "rate": "150.5", "date": "2026-02-28"}}


@pytest.fixture
def shop(platform: Platform) -> Tenant:
    """A tenant with one product for each price in PRICES."""
    tenant = platform.tenant()
    for price in PRICES:
        platform.product(tenant, price=price, category="Home", brand="Acme")
    return tenant


def set_rules(tenant: Tenant, rules: Any) -> Json:
    return ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"pricing_rules": rules}))


def listed(platform: Platform, tenant: Tenant, **query: Any) -> list[str]:
    return [product["price"] for product in platform.storefront_products(tenant.domain, **query)]


def test_a_change_of_the_price_rules_is_visible_on_all_storefront_pages_at_once(
    platform: Platform, shop: Tenant
) -> None:
    path = f"/v1/storefront/{shop.domain}"
    before = sorted(PRICES, key=float)
    product = next(each for each in platform.storefront_products(shop.domain) if each["price"] == "10.20")
    assert listed(platform, shop, sort="price") == before
    assert ok(platform.api().get(f"{path}/products/{product['id']}"))["price"] == "10.20"
    assert set_rules(shop, RULES)["pricing_status"] == "applied"
    # The pages with the earlier prices are in the cache.
    after = [PRICES[price] for price in before]
    assert listed(platform, shop, sort="price") == after
    assert listed(platform, shop, sort="-price") == after[::-1]
    assert ok(platform.api().get(f"{path}/products/{product['id']}"))["price"] == "13.99"
    page = ok(platform.api().get(f"{path}/products"))
    assert page["facets"]["price"] == {"min": "5.00", "max": "121.99", "currency": "USD"}
    for query, expected in [
        ({"price_min": "13.99"}, after[1:]), ({"price_min": "14"}, after[4:]), ({"price_max": "13.98"}, after[:1]),
        ({"price_max": "13.99"}, after[:4]), ({"price_min": "5", "price_max": "5"}, after[:1]),
        ({"price_min": "122"}, []), ({"price_max": "4.99"}, []),
    ]:  # fmt: skip
        assert listed(platform, shop, sort="price", **query) == expected, query
        facets = ok(platform.api().get(f"{path}/products", params=query))["facets"]
        assert sum(each["count"] for each in facets["category"]) == len(expected), query
        # Price filters do not change the price range in the facets.
        assert facets["price"]["min"] == "5.00", query
    assert listed(platform, shop, q="product", sort="price", price_min="14") == after[4:]
    set_rules(shop, None)
    assert listed(platform, shop, sort="price") == before


def test_pages_sorted_by_price_contain_each_product_once_and_no_base_price(platform: Platform, shop: Tenant) -> None:
    set_rules(shop, {"rounding": {"step": "10", "ending": "9.99"}})
    for sort in ("price", "-price"):
        for limit in (1, 2, 5):
            ids, cursor = [], None
            while True:
                query = {"sort": sort, "limit": limit, "facets": False} | ({"cursor": cursor} if cursor else {})
                page = ok(platform.api().get(f"/v1/storefront/{shop.domain}/products", params=query))
                ids += [product["id"] for product in page["data"]]
                if (cursor := page["next_cursor"]) is None:
                    break
                content = base64.urlsafe_b64decode(cursor.split(".")[0] + "==")
                assert not any(price.encode() in content for price in PRICES), content
            assert len(ids) == len(set(ids)) == len(PRICES), (sort, limit)


def test_a_price_change_between_two_page_requests_does_not_hide_another_product(
    platform: Platform, shop: Tenant
) -> None:
    set_rules(shop, {"rounding": {"step": "10", "ending": "9.99"}})
    query: dict[str, Any] = {"sort": "price", "limit": 2, "facets": False}
    page = ok(platform.api().get(f"/v1/storefront/{shop.domain}/products", params=query))
    ids = {product["id"] for product in page["data"]}
    ok(shop.owner.patch(f"/v1/products/{page['data'][-1]['id']}", json={"price": "500"}))
    while page["next_cursor"]:
        path = f"/v1/storefront/{shop.domain}/products"
        page = ok(platform.api().get(path, params=query | {"cursor": page["next_cursor"]}))
        ids |= {product["id"] for product in page["data"]}
    assert len(ids) == len(PRICES)


def test_an_order_keeps_its_selling_price(platform: Platform, shop: Tenant) -> None:
    set_rules(shop, RULES)
    product = platform.storefront_products(shop.domain, sort="price")[1]
    order = platform.order(shop, (product, 2), total_amount="27.98")
    assert (order["items"][0]["unit_price"], order["total_amount"]) == ("13.99", "27.98")
    set_rules(shop, {"markup_percent": "50"})
    state = platform.order_state(shop, order)
    assert (state["items"][0]["unit_price"], state["total_amount"]) == ("13.99", "27.98")
    body = {"lines": [{"product_id": product["id"], "quantity": 2}], "total_amount": "27.98"}
    body |= {"customer_name": "A", "customer_email": "a@example.test", "shipping_address": order["shipping_address"]}
    problem(platform.api().post(f"/v1/storefront/{shop.domain}/orders", json=body), 409, "total_changed")


def test_the_rules_convert_prices_to_another_currency_at_the_given_rate(platform: Platform, shop: Tenant) -> None:
    path = f"/v1/catalogs/{shop.catalog_id}"
    set_rules(shop, YEN | {"rounding": {"step": "100", "ending": "80"}})
    assert ok(platform.api().get(f"/v1/storefront/{shop.domain}"))["currency"] == "JPY"
    products = platform.storefront_products(shop.domain, sort="price")
    assert [(each["price"], each["currency"]) for each in products][:2] == [("180", "JPY"), ("1480", "JPY")]
    facet = ok(platform.api().get(f"/v1/storefront/{shop.domain}/products"))["facets"]["price"]
    assert facet == {"min": "180", "max": "15080", "currency": "JPY"}
    order = platform.order(shop, (products[1], 3))
    assert (order["total_amount"], order["currency"]) == ("4440", "JPY")
    value = ok(shop.owner.get(f"/v1/reports/catalogs/{shop.catalog_id}"))["stock_value"]
    pieces = [5, 2, *[5] * 4]
    total = sum(int(each["price"]) * count for each, count in zip(products, pieces, strict=True))
    assert value == [{"currency": "JPY", "pieces": 27, "value": str(total)}]
    # The products and the catalog keep their currency, so the ERP system continues to write USD.
    assert ok(shop.owner.get(path))["currency"] == "USD"
    assert {each["currency"] for each in ok(shop.owner.get(f"{path}/products"))["data"]} == {"USD"}


def test_the_maximum_amount_of_an_order_is_in_the_currency_of_the_catalog(platform: Platform, shop: Tenant) -> None:
    ok(shop.owner.patch(f"/v1/sites/{shop.site_id}", json={"max_order_amount": "20.50"}))
    product = next(each for each in platform.storefront_products(shop.domain) if each["price"] == "10.20")
    set_rules(shop, YEN)
    assert platform.order(shop, (product, 2))["total_amount"] == "3070"
    placed = platform.order(shop, (product, 1))
    body: Json = {"lines": [{"product_id": product["id"], "quantity": 3}]}
    body |= {"customer_name": "A", "customer_email": "a@example.test", "shipping_address": placed["shipping_address"]}
    refused = problem(platform.api().post(f"/v1/storefront/{shop.domain}/orders", json=body), 422, "order_limit")
    assert "20.50" in str(refused)
    # If there is no conversion, the limit applies to the selling price.
    set_rules(shop, {"conversion": None, "markup_percent": "20"})
    body["lines"] = [{"product_id": product["id"], "quantity": 2}]
    problem(platform.api().post(f"/v1/storefront/{shop.domain}/orders", json=body), 422, "order_limit")


def test_an_import_of_base_prices_computes_the_selling_prices_again(platform: Platform, shop: Tenant) -> None:
    set_rules(shop, RULES)
    assert listed(platform, shop, sort="-price")[0] == "121.99"
    product = ok(shop.owner.get(f"/v1/catalogs/{shop.catalog_id}/products?sort=-price"))["data"][0]
    row = {"sku": product["sku"], "name": product["name"], "price": "200.00"}
    job = ok(shop.owner.post("/v1/products/bulk-import", json={"catalog_id": shop.catalog_id, "rows": [row]}))
    assert platform.ended_job(job["id"])["status"] == "completed"
    assert listed(platform, shop, sort="-price")[0] == "241.99"
    assert ok(shop.owner.get(f"/v1/products/{product['id']}"))["price"] == "200.00"


def test_a_grantee_sees_selling_prices_and_no_base_price(platform: Platform, shop: Tenant) -> None:
    seller = platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{shop.catalog_id}/grants/{seller.client_id}"))
    site = platform.site(seller.client_id, shop.catalog_id)
    path = f"/v1/catalogs/{shop.catalog_id}"
    products = f"{path}/products?sort=price"
    first = ok(seller.owner.get(products))["data"][1]
    product_path = f"/v1/products/{first['id']}"
    assert ok(seller.owner.get(product_path))["price"] == first["price"] == "10.00"
    set_rules(shop, RULES | {"fixed_amount": "2"})
    after = ["5.00", "14.99", "14.99", "14.99", "16.99", "122.99"]
    responses = [seller.owner.get(each) for each in (products, product_path, path, f"{products}&price_min=14.99")]
    assert [each["price"] for each in ok(responses[0])["data"]] == after
    assert ok(responses[1])["price"] == "14.99"
    catalog = ok(responses[2])
    assert (catalog["pricing_rules"], catalog["pricing_status"]) == ({}, None)
    assert [each["price"] for each in ok(responses[3])["data"]] == after[1:]
    assert [each["price"] for each in platform.storefront_products(site["domain"], sort="price")] == after
    ids, cursor = [], None
    while True:
        page = ok(seller.owner.get(f"{products}&limit=1" + (f"&cursor={cursor}" if cursor else "")))
        ids += [each["id"] for each in page["data"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert len(ids) == len(set(ids)) == len(PRICES)
    for response in responses:
        assert not any(f'"{price}"' in response.text for price in PRICES if price != "5.00"), response.text
    problem(seller.owner.get(f"{product_path}/price"), 404, "not_found")
    set_rules(shop, None)
    set_rules(shop, YEN)
    assert ok(seller.owner.get(path))["currency"] == "JPY"
    assert (ok(seller.owner.get(product_path))["price"], ok(seller.owner.get(product_path))["currency"]) == (
        "1505",
        "JPY",
    )


def test_a_grantee_finds_all_products_with_changed_prices(platform: Platform, shop: Tenant) -> None:
    other = platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{shop.catalog_id}/grants/{other.client_id}"))
    with platform.database.transaction():
        platform.database.execute("set local session_replication_role = replica")
        platform.database.execute(
            "update products set created_at = '2026-01-01Z', updated_at = '2026-01-02Z' where catalog_id = %s",
            [shop.catalog_id],
        )
    platform.wait_for_replica()
    path, query = f"/v1/catalogs/{shop.catalog_id}/products", {"updated_since": "2026-02-01T00:00:00Z"}

    def changed(tenant: Tenant, **more: str) -> list[Json]:
        data: list[Json] = ok(tenant.owner.get(path, params=query | more))["data"]
        return data

    def exported_rows(tenant: Tenant) -> int:
        filters = query | {"catalog_id": shop.catalog_id}
        return len(csv_rows(exported(tenant.owner, "products", "csv", filters=filters)))

    assert changed(other) == changed(shop) == []
    set_rules(shop, RULES)
    today = str(datetime.now(UTC).date())
    assert sorted(row["price"] for row in changed(other)) == sorted(PRICES.values())
    assert {row["updated_at"][:10] for row in changed(other)} == {today}
    assert len(changed(other, q=ok(other.owner.get(path))["data"][0]["name"])) > 0
    assert len(changed(other, category="Home")) == len(PRICES)
    assert exported_rows(other) == len(PRICES)
    assert (changed(shop), exported_rows(shop)) == ([], 0), "the owner sees base prices, which have not changed"
    query["updated_since"] = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    assert changed(other) == []
    query["updated_since"] = "2026-02-01T00:00:00Z"
    set_rules(shop, None)
    assert sorted(row["price"] for row in changed(other)) == sorted(PRICES)


def test_the_explanation_of_a_price_lists_each_calculation_step(platform: Platform, shop: Tenant) -> None:
    product = ok(shop.owner.get(f"/v1/catalogs/{shop.catalog_id}/products?sort=price"))["data"][1]
    path = f"/v1/products/{product['id']}/price"
    plain = ok(shop.owner.get(path))
    assert (plain["base_price"], plain["price"], plain["pricing_status"], plain["steps"]) == (
        "10.00",
        "10.00",
        "none",
        [],
    )
    set_rules(
        shop, YEN | {"markup_percent": "-12.5", "fixed_amount": "0", "rounding": {"step": "50"}, "minimum": "2000"}
    )
    explained = ok(shop.owner.get(path))
    assert (explained["base_price"], explained["base_currency"]) == ("10.00", "USD")
    assert (explained["price"], explained["currency"]) == ("2000", "JPY")
    assert [(step["rule"], step["price"], step["explanation"]) for step in explained["steps"]] == [
        ("conversion", "1505", "1 USD costs 150.5 JPY on 2026-02-28"),
        ("markup_percent", "1316.875", "minus 12.5 %"),
        ("fixed_amount", "1316.875", "plus 0 JPY"),
        ("rounding", "1300", "rounded to a multiple of 50, to the nearest, half up"),
        ("minimum", "2000", "a product that is not free costs at least 2000 JPY"),
    ]
    assert {each["price"] for each in platform.storefront_products(shop.domain, price_max="2000")} == {"2000"}
    other = platform.tenant()
    problem(other.owner.get(path), 404, "not_found")
    problem(platform.api(platform.member(shop.client_id, "viewer")).get(path), 404, "not_found")
    assert ok(platform.admin.get(path)) == explained


def test_a_product_with_the_base_price_zero_remains_free(platform: Platform, shop: Tenant) -> None:
    product = platform.product(shop, price="0")
    set_rules(shop, RULES)
    assert ok(platform.api().get(f"/v1/storefront/{shop.domain}/products/{product['id']}"))["price"] == "0.00"
    assert listed(platform, shop, price_max="0") == ["0.00"]


TOMORROW = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
WRONG: list[tuple[Any, list[str]]] = [
    ({"margin": "10"}, ["margin"]),
    ({"markup_percent": "-100"}, ["markup_percent"]),
    ({"markup_percent": "ten"}, ["markup_percent"]),
    ({"markup_percent": True}, ["markup_percent"]),
    ({"markup_percent": "10001"}, ["markup_percent"]),
    ({"markup_percent": 0.00001}, ["markup_percent"]),
    ({"fixed_amount": "-1"}, ["minimum"]),
    ({"fixed_amount": "0.001"}, ["fixed_amount"]),
    ({"minimum": "-1"}, ["minimum"]),
    ({"minimum": "1.999"}, ["minimum"]),
    ({"rounding": {"ending": "0.99"}}, ["rounding/step"]),
    ({"rounding": {"step": "0"}}, ["rounding/step"]),
    ({"rounding": {"step": "0.005", "ending": "0.001"}}, ["rounding/step", "rounding/ending"]),
    ({"rounding": {"step": "1", "ending": "1"}}, ["rounding/ending"]),
    ({"rounding": {"step": "1", "direction": "sideways"}}, ["rounding/direction"]),
    ({"rounding": "0.99"}, ["rounding"]),
    ({"conversion": {"from": "USD", "to": "EUR"}}, ["conversion/rate", "conversion/date"]),
    ({"conversion": YEN["conversion"] | {"rate": "0"}}, ["conversion/rate"]),
    ({"conversion": YEN["conversion"] | {"date": TOMORROW}}, ["conversion/date"]),
    ({"conversion": YEN["conversion"] | {"from": "EUR"}}, ["conversion/from"]),
    ({"conversion": YEN["conversion"] | {"to": "USD"}}, ["conversion/to"]),
    (YEN | {"minimum": "1.5"}, ["minimum"]),
]


@pytest.fixture(scope="module")
def priced(platform: Platform) -> Tenant:
    """A tenant whose catalog has one product with a price in USD."""
    tenant = platform.tenant()
    platform.product(tenant)
    return tenant


@pytest.mark.parametrize(("rules", "names"), WRONG, ids=str)
def test_the_error_for_invalid_price_rules_points_to_the_invalid_values(
    platform: Platform, priced: Tenant, rules: Any, names: list[str]
) -> None:
    path = f"/v1/catalogs/{priced.catalog_id}"
    expected = [f"/pricing_rules/{name}" for name in names]
    content = {"name": "Catalog", "type": "erp", "currency": "USD", "pricing_rules": rules}
    new = content | {"owner_client_id": priced.client_id}
    for response in (
        priced.owner.patch(path, json={"pricing_rules": rules}),
        priced.owner.put(path, json=content),
        priced.owner.post("/v1/catalogs", json=new),
    ):
        assert pointers(problem(response, 422, "invalid")) == expected
    assert ok(priced.owner.get(path))["pricing_rules"] == {}


def test_a_patch_is_merged_into_the_price_rules_before_the_validation(platform: Platform, priced: Tenant) -> None:
    set_rules(priced, {"markup_percent": 10, "rounding": {"step": "1", "ending": "0.95"}})
    catalog = set_rules(priced, {"rounding": {"step": "5"}, "minimum": "3.50"})
    assert catalog["pricing_rules"] == {
        "markup_percent": "10", "rounding": {"step": "5", "ending": "0.95", "direction": "nearest"}, "minimum": "3.5",
    }  # fmt: skip
    path = f"/v1/catalogs/{priced.catalog_id}"
    refused = priced.owner.patch(path, json={"pricing_rules": {"rounding": {"step": "0.5"}}})
    assert pointers(problem(refused, 422, "invalid")) == ["/pricing_rules/rounding/ending"]
    assert set_rules(priced, {"rounding": None, "minimum": None})["pricing_rules"] == {"markup_percent": "10"}
    assert ok(priced.owner.get(path)) == set_rules(priced, {})
    assert set_rules(priced, None)["pricing_status"] == "none"


def test_the_currency_of_a_catalog_must_match_its_price_rules(platform: Platform) -> None:
    tenant = platform.tenant()
    path = f"/v1/catalogs/{tenant.catalog_id}"
    refused = tenant.owner.patch(path, json={"pricing_rules": RULES})
    assert pointers(problem(refused, 422, "invalid")) == ["/currency"]
    ok(tenant.owner.patch(path, json={"pricing_rules": RULES, "currency": "EUR"}))
    for currency in ("CHF", None):
        refused = tenant.owner.patch(path, json={"currency": currency})
        assert pointers(problem(refused, 422, "invalid")) == ["/pricing_rules"]
    refused = tenant.owner.patch(path, json={"currency": "JPY", "pricing_rules": {"minimum": "100"}})
    assert set(pointers(problem(refused, 422, "invalid"))) == {
        "/pricing_rules/fixed_amount", "/pricing_rules/rounding/ending",
    }  # fmt: skip
    changed = ok(tenant.owner.patch(path, json={"currency": "CHF", "pricing_rules": {"minimum": "6"}}))
    assert (changed["currency"], changed["pricing_status"]) == ("CHF", "applied")


def test_price_notes_of_an_earlier_release_have_no_effect(platform: Platform, shop: Tenant) -> None:
    notes = {"markup_percent": "10", "margin": "secret"}
    platform.arrange("update catalogs set pricing_rules = %s where id = %s", [json.dumps(notes), shop.catalog_id])
    path = f"/v1/catalogs/{shop.catalog_id}"
    catalog = ok(shop.owner.get(path))
    assert (catalog["pricing_rules"], catalog["pricing_status"]) == (notes, "unread")
    assert catalog in ok(shop.owner.get("/v1/catalogs"))["data"]
    renamed = ok(shop.owner.patch(path, json={"name": "Renamed"}))
    assert (renamed["pricing_rules"], renamed["pricing_status"]) == (notes, "unread")
    product = ok(shop.owner.get(f"{path}/products"))["data"][0]
    explained = ok(shop.owner.get(f"/v1/products/{product['id']}/price"))
    assert (explained["pricing_status"], explained["price"]) == ("unread", product["price"])
    assert sorted(listed(platform, shop), key=float) == sorted(PRICES, key=float)
    refused = shop.owner.put(path, json={"name": "N", "type": "erp", "pricing_rules": notes})
    assert pointers(problem(refused, 422, "invalid")) == ["/pricing_rules/margin"]
    assert set_rules(shop, {"minimum": "7"})["pricing_rules"] == {"minimum": "7"}
    # A note with the documented format also has no effect until an owner sends the note again.
    platform.arrange(
        "update catalogs set pricing_rules = %s, pricing = null where id = %s",
        [json.dumps({"markup_percent": "10"}), shop.catalog_id],
    )
    assert ok(shop.owner.get(path))["pricing_status"] == "unread"
    assert set_rules(shop, {"markup_percent": "10"})["pricing_status"] == "applied"


def test_an_export_of_the_owner_contains_base_prices(platform: Platform, shop: Tenant) -> None:
    set_rules(shop, RULES)
    rows = csv_rows(exported(shop.owner, "products", "csv", filters={"catalog_id": shop.catalog_id}))
    assert sorted(row["price"] for row in rows) == sorted(PRICES)
