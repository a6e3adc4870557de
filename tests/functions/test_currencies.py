"""All prices of a catalog are in one currency, so that lists, filters and facets never compare two currencies."""

from threading import Barrier, Thread
from typing import Any

import pytest

from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem

COMPARISONS: list[tuple[dict[str, str], list[str]]] = [
    ({"price_min": "1"}, ["price_min"]),
    ({"price_max": "9"}, ["price_max"]),
    ({"sort": "price"}, ["sort"]),
    ({"sort": "-price", "price_min": "1", "price_max": "9"}, ["price_min", "price_max", "sort"]),
]
"""Pairs: the parameters of a list request that compares prices, and the parameters that its error response names."""


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture
def mixed(platform: Platform, tenant: Tenant) -> Tenant:
    """A tenant whose catalog has prices in two currencies."""
    platform.allow_several_currencies(tenant)
    platform.product(tenant, currency="JPY", price="1200")
    return tenant


def catalog_of(tenant: Tenant) -> Json:
    return ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}"))


def change_catalog(tenant: Tenant, **changes: Any) -> Any:
    return tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=changes)


def post_product(tenant: Tenant, sku: str, **more: Any) -> Any:
    new = {"sku": sku, "name": sku, "price": "10", **more}
    return tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=new)


def test_the_first_product_sets_the_currency_of_its_catalog(platform: Platform, tenant: Tenant) -> None:
    assert catalog_of(tenant)["currency"] is None
    assert ok(platform.api().get(f"/v1/storefront/{tenant.domain}"))["currency"] is None
    platform.product(tenant, currency="KWD", price="1.250")
    assert catalog_of(tenant)["currency"] == "KWD"
    assert ok(platform.api().get(f"/v1/storefront/{tenant.domain}"))["currency"] == "KWD"


def test_the_default_currency_of_the_first_product_is_usd(platform: Platform, tenant: Tenant) -> None:
    assert platform.product(tenant)["currency"] == "USD"
    assert catalog_of(tenant)["currency"] == "USD"


def test_a_product_without_a_currency_gets_the_currency_of_its_catalog(platform: Platform, tenant: Tenant) -> None:
    ok(change_catalog(tenant, currency="JPY"))
    product = platform.product(tenant, price="1200")
    assert (product["currency"], product["price"]) == ("JPY", "1200")
    body = {"sku": product["sku"], "name": "Other", "price": "1300"}
    assert ok(tenant.owner.put(f"/v1/products/{product['id']}", json=body))["currency"] == "JPY"
    assert pointers(problem(post_product(tenant, "finer", price="12.50"), 422, "invalid")) == ["/price"]
    fine = tenant.owner.put(f"/v1/products/{product['id']}", json={**body, "price": "12.50"})
    assert pointers(problem(fine, 422, "invalid")) == ["/price"]


def test_a_product_in_a_different_currency_than_its_catalog_is_refused(platform: Platform, tenant: Tenant) -> None:
    product = platform.product(tenant, currency="EUR")
    path, body = f"/v1/products/{product['id']}", {"sku": product["sku"], "name": "N", "price": "1", "currency": "USD"}
    for response in (
        post_product(tenant, "other", currency="USD"),
        tenant.owner.patch(path, json={"currency": "USD"}),
        tenant.owner.patch(path, json={"currency": "JPY", "price": "1200"}),
        tenant.owner.put(path, json=body),
    ):
        document = problem(response, 422, "other_currency")
        assert document["errors"] == [{"pointer": "/currency", "detail": "must be EUR, the currency of the catalog"}]
    assert ok(tenant.owner.get(path))["currency"] == "EUR"


def test_a_create_request_can_set_the_currency_of_a_catalog(platform: Platform) -> None:
    client = platform.client()
    assert platform.catalog(client["id"], currency="CHF")["currency"] == "CHF"
    new = {"name": "Catalog", "type": "erp", "owner_client_id": client["id"]}
    for currency in ("XXX", "chf", "CLF", ""):
        response = platform.admin.post("/v1/catalogs", json={**new, "currency": currency})
        assert pointers(problem(response, 422, "invalid")) == ["/currency"]


def test_the_currency_of_a_catalog_with_products_can_be_changed_in_three_steps(
    platform: Platform, tenant: Tenant
) -> None:
    products = [platform.product(tenant, currency="EUR") for _ in range(2)]
    refused = problem(change_catalog(tenant, currency="CHF"), 409, "currency_in_use")
    assert pointers(refused) == ["/currency"]
    ok(change_catalog(tenant, currency=None))
    for product in products:
        ok(tenant.owner.patch(f"/v1/products/{product['id']}", json={"currency": "CHF", "price": "11"}))
    assert ok(change_catalog(tenant, currency="CHF"))["currency"] == "CHF"
    problem(post_product(tenant, "other", currency="EUR"), 422, "other_currency")


def test_a_catalog_with_products_in_two_currencies_cannot_get_a_currency(mixed: Tenant) -> None:
    for currency in ("USD", "JPY", "EUR"):
        problem(change_catalog(mixed, currency=currency), 409, "currency_in_use")
    assert catalog_of(mixed)["currency"] is None


def test_a_new_product_does_not_restore_a_currency_that_the_owner_has_removed(mixed: Tenant) -> None:
    for sku, currency in (("A", "EUR"), ("B", "CHF")):
        created(post_product(mixed, sku, currency=currency))
    assert catalog_of(mixed)["currency"] is None


def test_replacing_a_catalog_without_a_currency_field_keeps_the_currency(platform: Platform, tenant: Tenant) -> None:
    platform.product(tenant, currency="EUR")
    path, body = f"/v1/catalogs/{tenant.catalog_id}", {"name": "Other", "type": "erp"}
    assert ok(tenant.owner.put(path, json=body))["currency"] == "EUR"
    problem(tenant.owner.put(path, json={**body, "currency": "USD"}), 409, "currency_in_use")
    assert ok(tenant.owner.put(path, json={**body, "currency": None}))["currency"] is None


@pytest.mark.parametrize(("parameters", "named"), COMPARISONS)
def test_a_list_refuses_to_compare_prices_in_several_currencies(
    platform: Platform, mixed: Tenant, parameters: dict[str, str], named: list[str]
) -> None:
    shop, admin_list = f"/v1/storefront/{mixed.domain}/products", f"/v1/catalogs/{mixed.catalog_id}/products"
    for api, path in ((platform.api(), shop), (mixed.owner, admin_list), (platform.admin, admin_list)):
        assert pointers(problem(api.get(path, params=parameters), 422, "several_currencies")) == named
        assert len(ok(api.get(path))["data"]) == 2


def test_a_list_compares_prices_if_the_catalog_has_one_currency_or_no_products(
    platform: Platform, tenant: Tenant
) -> None:
    shop, admin_list = f"/v1/storefront/{tenant.domain}/products", f"/v1/catalogs/{tenant.catalog_id}/products"
    for count in (0, 1):
        for parameters, _ in COMPARISONS:
            query = {**parameters, "price_max": "99"}
            assert len(ok(platform.api().get(shop, params=query))["data"]) == count
            assert len(ok(tenant.owner.get(admin_list, params=query))["data"]) == count
        if count == 0:
            platform.product(tenant, currency="EUR")


def test_the_error_for_a_hidden_catalog_does_not_reveal_its_currencies(platform: Platform, mixed: Tenant) -> None:
    stranger = platform.tenant().owner
    path = f"/v1/catalogs/{mixed.catalog_id}/products"
    problem(stranger.get(path, params={"sort": "price"}), 404, "not_found")


def test_the_price_facet_contains_the_currency_of_its_range(platform: Platform, tenant: Tenant) -> None:
    visitor, path = platform.api(), f"/v1/storefront/{tenant.domain}/products"
    empty = {"min": None, "max": None, "currency": None}
    assert ok(visitor.get(path))["facets"]["price"] == empty
    platform.product(tenant, currency="EUR", price="10")
    assert ok(visitor.get(path))["facets"]["price"] == {"min": "10.00", "max": "10.00", "currency": "EUR"}
    ok(change_catalog(tenant, currency=None))
    platform.product(tenant, currency="JPY", price="1200")
    assert ok(visitor.get(path))["facets"]["price"] == empty


def test_a_client_with_a_grant_sees_the_currency_of_the_catalog(platform: Platform, tenant: Tenant) -> None:
    platform.product(tenant, currency="EUR")
    grantee = platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{tenant.catalog_id}/grants/{grantee.client_id}"))
    assert ok(grantee.owner.get(f"/v1/catalogs/{tenant.catalog_id}"))["currency"] == "EUR"
    rows = ok(grantee.owner.get("/v1/catalogs"))["data"]
    assert {row["id"]: row["currency"] for row in rows} == {tenant.catalog_id: "EUR", grantee.catalog_id: None}


def test_only_one_of_several_concurrent_first_products_in_different_currencies_is_created(
    platform: Platform, tenant: Tenant
) -> None:
    currencies = ["EUR", "USD", "JPY", "CHF"]
    barrier = Barrier(len(currencies))
    owners = [platform.api(platform.member(tenant.client_id)) for _ in currencies]
    statuses: list[int] = []

    def add(number: int) -> None:
        barrier.wait()
        new = {"sku": f"S-{number}", "name": "N", "price": "10", "currency": currencies[number]}
        response = owners[number].post(f"/v1/catalogs/{tenant.catalog_id}/products", json=new)
        statuses.append(response.status_code)

    threads = [Thread(target=add, args=[number]) for number in range(len(currencies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 422, 422, 422]
    (product,) = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    assert catalog_of(tenant)["currency"] == product["currency"]
