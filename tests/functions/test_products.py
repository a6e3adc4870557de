"""Tests how the owner of a catalog reads and changes its products."""

from uuid import uuid4

import pytest

from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem


@pytest.fixture
def product(platform: Platform, tenant: Tenant) -> Json:
    more = {"description": "old", "category": "Bags", "brand": "Acme", "images": ["a.jpg"], "attributes": {"size": "L"}}
    return platform.product(tenant, **more)


def test_a_read_returns_the_product_exactly_as_it_was_created(tenant: Tenant) -> None:
    new = {
        "sku": uuid4().hex,
        "name": "Größe \N{WRAPPED PRESENT}",
        "description": "line\nline",
        "category": "A & B",
        "brand": "C",
        "price": "0.10",
        "currency": "EUR",
        "images": ["https://a.test/1.jpg", "/2.jpg"],
        "attributes": {"a": {"b": [1, None]}},
        "inventory_count": 2_147_483_647,
        "is_active": False,
    }
    product = created(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=new))
    assert new.items() <= product.items()
    assert ok(tenant.owner.get(f"/v1/products/{product['id']}")) == product


@pytest.mark.parametrize(
    ("price", "stored"),
    [("19.9", "19.90"), (19.9, "19.90"), (0, "0.00"), ("0", "0.00"), (7, "7.00"), ("99999999.99", "99999999.99")],
)
def test_a_price_is_returned_as_a_string_with_two_decimals(
    tenant: Tenant, product: Json, price: str | float, stored: str
) -> None:
    path = f"/v1/products/{product['id']}"
    assert ok(tenant.owner.patch(path, json={"price": price}))["price"] == stored
    assert ok(tenant.owner.get(path))["price"] == stored


def test_a_patch_changes_only_the_fields_in_its_body(tenant: Tenant, product: Json) -> None:
    patch = {"price": "12.00", "category": None, "attributes": {"color": "red", "size": None}, "images": ["b.jpg"]}
    changed = ok(tenant.owner.patch(f"/v1/products/{product['id']}", json=patch))
    expected = product | {"price": "12.00", "category": None, "attributes": {"color": "red"}, "images": ["b.jpg"]}
    assert changed == expected | {"updated_at": changed["updated_at"]}
    assert changed["updated_at"] > product["updated_at"]


def test_a_put_request_resets_fields_that_are_missing_in_the_body(tenant: Tenant, product: Json) -> None:
    new = {"sku": uuid4().hex, "name": "New", "price": "2.00"}
    replaced = ok(tenant.owner.put(f"/v1/products/{product['id']}", json=new))
    defaults: Json = {"description": None, "category": None, "brand": None, "images": [], "attributes": {}}
    assert (new | defaults | {"inventory_count": 0, "is_active": True}).items() <= replaced.items()


def test_a_put_request_keeps_the_source_data(platform: Platform, tenant: Tenant, product: Json) -> None:
    platform.arrange("update products set source_data = '{\"row\": 1}' where id = %s", [product["id"]])
    new = {"sku": product["sku"], "name": "New", "price": "2.00"}
    response = tenant.owner.put(f"/v1/products/{product['id']}", json=new)
    assert "source_data" not in ok(response)
    assert ok(tenant.owner.get(f"/v1/products/{product['id']}/source"))["source_data"] == {"row": 1}


def test_a_sku_is_unique_in_its_catalog(
    platform: Platform, tenant: Tenant, other_tenant: Tenant, product: Json
) -> None:
    other = platform.product(tenant)
    same = {"sku": product["sku"], "name": "Again", "price": "1.00"}
    for response in (
        tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=same),
        tenant.owner.put(f"/v1/products/{other['id']}", json=same),
        tenant.owner.patch(f"/v1/products/{other['id']}", json={"sku": product["sku"]}),
    ):
        assert pointers(problem(response, 409, "already_exists")) == ["/sku"]
    created(other_tenant.owner.post(f"/v1/catalogs/{other_tenant.catalog_id}/products", json=same))


def test_a_deactivated_product_is_hidden_on_the_storefront_and_remains_in_the_catalog(
    platform: Platform, tenant: Tenant
) -> None:
    product = platform.product(tenant)
    path = f"/v1/products/{product['id']}"
    assert tenant.owner.delete(path).status_code == 204
    assert tenant.owner.delete(path).status_code == 204
    assert ok(tenant.owner.get(path))["is_active"] is False
    problem(platform.api().get(f"/v1/storefront/{tenant.domain}/products/{product['id']}"), 404, "not_found")
