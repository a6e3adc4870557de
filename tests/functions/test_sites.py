"""Sites are the shops of clients. A site can exclude products of its catalog."""

from uuid import uuid4

import pytest

from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem


@pytest.fixture
def product(platform: Platform, tenant: Tenant) -> Json:
    return platform.product(tenant)


def test_an_owner_creates_and_reads_and_changes_a_site(tenant: Tenant, other_tenant: Tenant) -> None:
    domain = f"{uuid4().hex[:12]}.test"
    new = {"client_id": tenant.client_id, "name": "Gifts", "domain": domain.upper(), "branding": {"color": "#fff"}}
    site = created(tenant.owner.post("/v1/sites", json=new))
    assert (site["domain"], site["status"], site["catalog_id"], site["settings"]) == (domain, "draft", None, {})
    path = f"/v1/sites/{site['id']}"
    assert ok(tenant.owner.get(path)) == site
    problem(other_tenant.owner.get(path), 404, "not_found")
    changed = ok(tenant.owner.patch(path, json={"status": "active", "branding": {"logo": "x", "color": None}}))
    assert (changed["status"], changed["branding"], changed["domain"]) == ("active", {"logo": "x"}, domain)
    replaced = ok(tenant.owner.put(path, json={"name": "Presents"}))
    assert (replaced["name"], replaced["domain"], replaced["status"]) == ("Presents", None, "draft")
    assert replaced["client_id"] == tenant.client_id


def test_the_client_of_a_site_cannot_be_changed(tenant: Tenant, other_tenant: Tenant) -> None:
    path = f"/v1/sites/{tenant.site_id}"
    for response in (
        tenant.owner.patch(path, json={"client_id": other_tenant.client_id}),
        tenant.owner.put(path, json={"name": "Mine", "client_id": other_tenant.client_id}),
    ):
        assert pointers(problem(response, 422, "invalid")) == ["/client_id"]


@pytest.mark.parametrize("domain", ["", "a b.test", "-a.test", "a.test/", "https://a.test", "ä..test", "a" * 254])
def test_an_invalid_domain_is_refused(tenant: Tenant, domain: str) -> None:
    response = tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"domain": domain})
    assert pointers(problem(response, 422, "invalid")) == ["/domain"]


def test_a_site_cannot_show_a_catalog_of_another_client(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    new = {"client_id": tenant.client_id, "name": "Mine", "catalog_id": other_tenant.catalog_id}
    site = f"/v1/sites/{tenant.site_id}"
    for response in (
        tenant.owner.post("/v1/sites", json=new),
        tenant.owner.patch(site, json={"catalog_id": other_tenant.catalog_id}),
        tenant.owner.put(site, json={"name": "Mine", "catalog_id": other_tenant.catalog_id}),
        platform.admin.patch(site, json={"catalog_id": other_tenant.catalog_id}),
    ):
        assert pointers(problem(response, 422, "invalid")) == ["/catalog_id"]


def test_a_member_cannot_create_a_site_for_another_client_with_any_catalog(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    for catalog in (other_tenant.catalog_id, tenant.catalog_id, None):
        new = {"client_id": other_tenant.client_id, "name": "Theirs", "catalog_id": catalog}
        problem(tenant.owner.post("/v1/sites", json=new), 403, "forbidden")


def test_an_owner_excludes_a_product_and_includes_it_again(tenant: Tenant, product: Json) -> None:
    path = f"/v1/sites/{tenant.site_id}/exclusions/{product['id']}"
    exclusion = ok(tenant.owner.put(path))
    assert (exclusion["product_id"], exclusion["reason"]) == (product["id"], None)
    updated = ok(tenant.owner.put(path, json={"reason": "too expensive"}))
    assert (updated["reason"], updated["created_at"]) == ("too expensive", exclusion["created_at"])
    assert updated in ok(tenant.owner.get(f"/v1/sites/{tenant.site_id}/exclusions"))["data"]
    assert tenant.owner.delete(path).status_code == 204
    problem(tenant.owner.delete(path), 404, "not_found")


def test_a_site_cannot_exclude_a_product_that_its_client_cannot_read(
    platform: Platform, tenant: Tenant, other_tenant: Tenant, product: Json
) -> None:
    member_of_both = platform.member(tenant.client_id)
    platform.database.execute(
        "insert into client_users (client_id, user_id, email, role) values (%s, %s, 'x@example.test', 'owner')",
        [other_tenant.client_id, member_of_both],
    )
    for api in (platform.api(member_of_both), platform.admin):
        response = api.put(f"/v1/sites/{other_tenant.site_id}/exclusions/{product['id']}")
        problem(response, 404, "not_found")
