"""Products: what a catalog's owner does with them."""

from uuid import uuid4

import pytest

from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem


@pytest.fixture
def product(platform: Platform, tenant: Tenant) -> Json:
    more = {"description": "old", "category": "Bags", "brand": "Acme", "images": ["a.jpg"], "attributes": {"size": "L"}}
    return platform.product(tenant, **more)


def test_a_product_is_read_as_it_was_made(tenant: Tenant) -> None:
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
    made = created(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=new))
    assert new.items() <= made.items()
    assert ok(tenant.owner.get(f"/v1/products/{made['id']}")) == made


@pytest.mark.parametrize(
    ("given", "kept"),
    [("19.9", "19.90"), (19.9, "19.90"), (0, "0.00"), ("0", "0.00"), (7, "7.00"), ("99999999.99", "99999999.99")],
)
def test_money_is_a_decimal_string(tenant: Tenant, product: Json, given: str | float, kept: str) -> None:
    path = f"/v1/products/{product['id']}"
    assert ok(tenant.owner.patch(path, json={"price": given}))["price"] == kept
    assert ok(tenant.owner.get(path))["price"] == kept


def test_a_patch_changes_what_it_names(tenant: Tenant, product: Json) -> None:
    patch = {"price": "12.00", "category": None, "attributes": {"color": "red", "size": None}, "images": ["b.jpg"]}
    changed = ok(tenant.owner.patch(f"/v1/products/{product['id']}", json=patch))
    expected = product | {"price": "12.00", "category": None, "attributes": {"color": "red"}, "images": ["b.jpg"]}
    assert changed == expected | {"updated_at": changed["updated_at"]}
    assert changed["updated_at"] > product["updated_at"]


def test_put_replaces_the_whole(tenant: Tenant, product: Json) -> None:
    new = {"sku": uuid4().hex, "name": "New", "price": "2.00"}
    replaced = ok(tenant.owner.put(f"/v1/products/{product['id']}", json=new))
    defaults: Json = {"description": None, "category": None, "brand": None, "images": [], "attributes": {}}
    assert (new | defaults | {"inventory_count": 0, "is_active": True}).items() <= replaced.items()


def test_what_the_source_said_survives_a_put(platform: Platform, tenant: Tenant, product: Json) -> None:
    platform.arrange("update products set source_data = '{\"row\": 1}' where id = %s", [product["id"]])
    new = {"sku": product["sku"], "name": "New", "price": "2.00"}
    answer = tenant.owner.put(f"/v1/products/{product['id']}", json=new)
    assert "source_data" not in ok(answer)
    kept = platform.database.execute("select source_data from products where id = %s", [product["id"]]).fetchone()
    assert kept == {"source_data": {"row": 1}}


def test_a_sku_is_taken_once_in_a_catalog(platform: Platform, tenant: Tenant, stranger: Tenant, product: Json) -> None:
    other = platform.product(tenant)
    same = {"sku": product["sku"], "name": "Again", "price": "1.00"}
    for answer in (
        tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=same),
        tenant.owner.put(f"/v1/products/{other['id']}", json=same),
        tenant.owner.patch(f"/v1/products/{other['id']}", json={"sku": product["sku"]}),
    ):
        assert pointers(problem(answer, 409, "already_exists")) == ["/sku"]
    created(stranger.owner.post(f"/v1/catalogs/{stranger.catalog_id}/products", json=same))


def test_deactivating_takes_a_product_off_the_storefront_and_keeps_it(platform: Platform, tenant: Tenant) -> None:
    product = platform.product(tenant)
    path = f"/v1/products/{product['id']}"
    assert tenant.owner.delete(path).status_code == 204
    assert tenant.owner.delete(path).status_code == 204
    assert ok(tenant.owner.get(path))["is_active"] is False
    problem(platform.api().get(f"/v1/storefront/{tenant.domain}/products/{product['id']}"), 404, "not_found")
