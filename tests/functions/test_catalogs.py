"""The owner of a catalog can change the catalog. A client with a grant can only read the catalog."""

import pytest

from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem


@pytest.fixture(scope="module")
def granted_catalog(platform: Platform, tenant: Tenant) -> Json:
    """Create a catalog of the platform with one product. Grant the catalog to the tenant, and return the catalog."""
    catalog = platform.catalog()
    ok(platform.admin.put(f"/v1/catalogs/{catalog['id']}/grants/{tenant.client_id}"))
    created(platform.admin.post(f"/v1/catalogs/{catalog['id']}/products", json={"sku": "1", "name": "N", "price": 1}))
    return catalog


def test_an_owner_creates_and_changes_a_catalog(tenant: Tenant) -> None:
    new = {"owner_client_id": tenant.client_id, "name": "Own", "type": "erp", "sync_settings": {"currency": "EUR"}}
    catalog = created(tenant.owner.post("/v1/catalogs", json=new))
    defaults = {"options": {}, "mode": "delta", "most_deactivated_percent": 20.0, "fetch_images": False}
    defaults |= {"default_inventory_policy": "untracked", "attributes": {}, "private_columns": []}
    defaults |= {"on_doubt": "ask", "plausibility": {}}
    defaults |= {"stock_means": "free", "stock_delay_minutes": 15, "hold_hours": None}
    assert catalog["sync_settings"] == {"mapping": {}, "currency": "EUR"} | defaults
    path = f"/v1/catalogs/{catalog['id']}"
    mapped = ok(tenant.owner.patch(path, json={"sync_settings": {"mapping": {"sku": "Artikel", "name": "Text"}}}))
    assert mapped["sync_settings"] == {"mapping": {"sku": "Artikel", "name": "Text"}, "currency": "EUR"} | defaults
    unmapped = ok(tenant.owner.patch(path, json={"sync_settings": {"mapping": {"name": None}}}))
    assert unmapped["sync_settings"] == {"mapping": {"sku": "Artikel"}, "currency": "EUR"} | defaults
    with_options = ok(
        tenant.owner.patch(path, json={"sync_settings": {"options": {"delimiter": "\t", "decimal": ","}}})
    )
    assert with_options["sync_settings"]["options"] == {"delimiter": "\t", "decimal": ","}
    response = tenant.owner.patch(path, json={"sync_settings": {"options": {"decimal": "dot"}}})
    assert pointers(problem(response, 422, "invalid")) == ["/sync_settings/options/decimal"]
    replaced = ok(tenant.owner.put(path, json={"name": "Own", "type": "manual"}))
    assert (replaced["type"], replaced["sync_settings"]) == ("manual", {"mapping": {}, "currency": "USD"} | defaults)
    assert replaced["owner_client_id"] == tenant.client_id


def test_a_mapping_that_names_an_unknown_field_is_refused(tenant: Tenant) -> None:
    body = {"sync_settings": {"mapping": {"weight": "kg"}}}
    response = tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=body)
    assert pointers(problem(response, 422, "invalid")) == ["/sync_settings/mapping/weight"]


def test_only_admins_create_catalogs_of_the_platform(tenant: Tenant) -> None:
    new = {"name": "Everyone's", "type": "erp", "owner_client_id": None}
    problem(tenant.owner.post("/v1/catalogs", json=new), 403, "forbidden")


def test_the_default_owner_of_a_new_catalog_is_the_only_client_of_the_caller(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    new = {"name": "Mine", "type": "erp"}
    assert created(tenant.owner.post("/v1/catalogs", json=new))["owner_client_id"] == tenant.client_id
    assert created(platform.admin.post("/v1/catalogs", json=new))["owner_client_id"] is None
    viewer = platform.member(tenant.client_id, "viewer")
    problem(platform.api(viewer).post("/v1/catalogs", json=new), 403, "forbidden")
    member = platform.member(tenant.client_id)
    platform.database.execute(
        "insert into client_users (client_id, user_id, email, role) values (%s, %s, %s, 'editor')",
        [other_tenant.client_id, member, f"{member}@example.test"],
    )
    both = platform.api(member)
    assert pointers(problem(both.post("/v1/catalogs", json=new), 422, "invalid")) == ["/owner_client_id"]


def test_a_grant_lets_a_client_read_a_catalog(tenant: Tenant, other_tenant: Tenant, granted_catalog: Json) -> None:
    path = f"/v1/catalogs/{granted_catalog['id']}"
    assert ok(tenant.owner.get(path))["id"] == granted_catalog["id"]
    (product,) = ok(tenant.owner.get(f"{path}/products"))["data"]
    assert ok(tenant.owner.get(f"/v1/products/{product['id']}")) == product
    problem(other_tenant.owner.get(path), 404, "not_found")
    problem(other_tenant.owner.get(f"{path}/products"), 404, "not_found")
    problem(other_tenant.owner.get(f"/v1/products/{product['id']}"), 404, "not_found")


def test_a_grant_does_not_let_a_client_write_a_catalog(tenant: Tenant, granted_catalog: Json) -> None:
    path = f"/v1/catalogs/{granted_catalog['id']}"
    (product,) = ok(tenant.owner.get(f"{path}/products"))["data"]
    new = {"sku": "2", "name": "Mine", "price": "1.00"}
    for response in (
        tenant.owner.patch(path, json={"name": "Mine"}),
        tenant.owner.put(path, json={"name": "Mine", "type": "erp"}),
        tenant.owner.put(f"{path}/grants/{tenant.client_id}"),
        tenant.owner.delete(f"{path}/grants/{tenant.client_id}"),
        tenant.owner.post(f"{path}/products", json=new),
        tenant.owner.put(f"/v1/products/{product['id']}", json=new),
        tenant.owner.patch(f"/v1/products/{product['id']}", json={"price": "0.01"}),
        tenant.owner.delete(f"/v1/products/{product['id']}"),
    ):
        problem(response, 403, "forbidden")


def test_a_client_sees_only_its_own_grants(platform: Platform, tenant: Tenant, granted_catalog: Json) -> None:
    other = platform.client()
    path = f"/v1/catalogs/{granted_catalog['id']}/grants"
    first = ok(platform.admin.put(f"{path}/{other['id']}"))
    assert ok(platform.admin.put(f"{path}/{other['id']}")) == first
    assert {grant["client_id"] for grant in ok(platform.admin.get(path))["data"]} == {tenant.client_id, other["id"]}
    assert [grant["client_id"] for grant in ok(tenant.owner.get(path))["data"]] == [tenant.client_id]
    assert platform.admin.delete(f"{path}/{other['id']}").status_code == 204
    problem(platform.admin.delete(f"{path}/{other['id']}"), 404, "not_found")


def test_a_grant_that_a_site_uses_cannot_be_revoked(platform: Platform) -> None:
    catalog, client = platform.catalog(), platform.client()
    grant = f"/v1/catalogs/{catalog['id']}/grants/{client['id']}"
    ok(platform.admin.put(grant))
    site = platform.site(client["id"], catalog["id"])
    problem(platform.admin.delete(grant), 409, "grant_in_use")
    ok(platform.admin.patch(f"/v1/sites/{site['id']}", json={"catalog_id": None}))
    assert platform.admin.delete(grant).status_code == 204


def test_a_grant_does_not_show_the_source_config_of_a_catalog(platform: Platform, tenant: Tenant) -> None:
    catalog = platform.catalog(source_config={"host": "erp.internal"})
    ok(platform.admin.put(f"/v1/catalogs/{catalog['id']}/grants/{tenant.client_id}"))
    assert ok(tenant.owner.get(f"/v1/catalogs/{catalog['id']}"))["source_config"] == {}
    listed = {each["id"]: each for each in ok(tenant.owner.get("/v1/catalogs"))["data"]}
    assert listed[catalog["id"]]["source_config"] == {}
    assert ok(platform.admin.get(f"/v1/catalogs/{catalog['id']}"))["source_config"] == {"host": "erp.internal"}
