"""Sites: shops of clients, and the products that each leaves out."""

from uuid import uuid4

import pytest

from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem


@pytest.fixture
def product(platform: Platform, tenant: Tenant) -> Json:
    return platform.product(tenant)


def test_an_owner_makes_reads_and_changes_a_site(tenant: Tenant, stranger: Tenant) -> None:
    domain = f"{uuid4().hex[:12]}.test"
    new = {"client_id": tenant.client_id, "name": "Gifts", "domain": domain.upper(), "branding": {"color": "#fff"}}
    site = created(tenant.owner.post("/v1/sites", json=new))
    assert (site["domain"], site["status"], site["catalog_id"], site["settings"]) == (domain, "draft", None, {})
    path = f"/v1/sites/{site['id']}"
    assert ok(tenant.owner.get(path)) == site
    problem(stranger.owner.get(path), 404, "not_found")
    changed = ok(tenant.owner.patch(path, json={"status": "active", "branding": {"logo": "x", "color": None}}))
    assert (changed["status"], changed["branding"], changed["domain"]) == ("active", {"logo": "x"}, domain)
    replaced = ok(tenant.owner.put(path, json={"name": "Presents"}))
    assert (replaced["name"], replaced["domain"], replaced["status"]) == ("Presents", None, "draft")
    assert replaced["client_id"] == tenant.client_id


def test_a_site_stays_with_its_client(tenant: Tenant, stranger: Tenant) -> None:
    path = f"/v1/sites/{tenant.site_id}"
    for answer in (
        tenant.owner.patch(path, json={"client_id": stranger.client_id}),
        tenant.owner.put(path, json={"name": "Mine", "client_id": stranger.client_id}),
    ):
        assert pointers(problem(answer, 422, "invalid")) == ["/client_id"]


def test_a_domain_is_taken_once_whatever_its_case(tenant: Tenant, stranger: Tenant) -> None:
    taken = {"client_id": tenant.client_id, "name": "Mine", "domain": stranger.domain.upper()}
    for answer in (
        tenant.owner.post("/v1/sites", json=taken),
        tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"domain": stranger.domain}),
    ):
        assert pointers(problem(answer, 409, "already_exists")) == ["/domain"]


@pytest.mark.parametrize("domain", ["", "a b.test", "-a.test", "a.test/", "https://a.test", "ä.test", "a" * 254])
def test_what_is_no_domain_is_refused(tenant: Tenant, domain: str) -> None:
    answer = tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"domain": domain})
    assert pointers(problem(answer, 422, "invalid")) == ["/domain"]


def test_a_site_points_at_no_catalog_of_another_client(platform: Platform, tenant: Tenant, stranger: Tenant) -> None:
    new = {"client_id": tenant.client_id, "name": "Mine", "catalog_id": stranger.catalog_id}
    site = f"/v1/sites/{tenant.site_id}"
    for answer in (
        tenant.owner.post("/v1/sites", json=new),
        tenant.owner.patch(site, json={"catalog_id": stranger.catalog_id}),
        tenant.owner.put(site, json={"name": "Mine", "catalog_id": stranger.catalog_id}),
        platform.admin.patch(site, json={"catalog_id": stranger.catalog_id}),
    ):
        assert pointers(problem(answer, 422, "invalid")) == ["/catalog_id"]


def test_which_catalogs_another_client_may_use_is_not_told(tenant: Tenant, stranger: Tenant) -> None:
    for catalog in (stranger.catalog_id, tenant.catalog_id, None):
        new = {"client_id": stranger.client_id, "name": "Theirs", "catalog_id": catalog}
        problem(tenant.owner.post("/v1/sites", json=new), 403, "forbidden")


def test_a_product_is_left_out_and_shown_again(tenant: Tenant, product: Json) -> None:
    path = f"/v1/sites/{tenant.site_id}/exclusions/{product['id']}"
    made = ok(tenant.owner.put(path))
    assert (made["product_id"], made["reason"]) == (product["id"], None)
    again = ok(tenant.owner.put(path, json={"reason": "too dear"}))
    assert (again["reason"], again["created_at"]) == ("too dear", made["created_at"])
    assert again in ok(tenant.owner.get(f"/v1/sites/{tenant.site_id}/exclusions"))["data"]
    assert tenant.owner.delete(path).status_code == 204
    problem(tenant.owner.delete(path), 404, "not_found")


def test_a_product_that_the_sites_client_cannot_read_cannot_be_left_out(
    platform: Platform, tenant: Tenant, stranger: Tenant, product: Json
) -> None:
    both = platform.member(tenant.client_id)
    platform.database.execute(
        "insert into client_users (client_id, user_id, email, role) values (%s, %s, 'x@example.test', 'owner')",
        [stranger.client_id, both],
    )
    for api in (platform.api(both), platform.admin):
        answer = api.put(f"/v1/sites/{stranger.site_id}/exclusions/{product['id']}")
        problem(answer, 404, "not_found")
