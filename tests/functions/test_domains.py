"""A domain leads to the site that has verified it in DNS. A claim without a verification has no effect."""

import os
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from infra.local.cloud import PLATFORM_DOMAIN
from infra.local.endpoints import dns_directory
from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem


@pytest.fixture
def domain() -> str:
    return f"gifts.{uuid4().hex[:12]}.test"


def claim(tenant: Tenant, domain: str | None, **more: object) -> Json:
    """Create an active site that claims a domain, but has not verified it."""
    new = {"client_id": tenant.client_id, "name": "Gifts", "domain": domain, "status": "active", **more}
    return created(tenant.owner.post("/v1/sites", json=new))


def visit(platform: Platform, host: str) -> httpx.Response:
    return platform.api().get(f"/v1/storefront/{host}")


def shown_site(platform: Platform, host: str) -> str | None:
    """Return the id of the site that the storefront shows for a host, or None."""
    response = visit(platform, host)
    return None if response.status_code == 404 else str(ok(response)["id"])


def verify(tenant: Tenant, site: Json) -> httpx.Response:
    return tenant.owner.post(f"/v1/sites/{site['id']}/verify-domain")


def record_of(tenant: Tenant, site: Json) -> tuple[str, str]:
    record = ok(tenant.owner.get(f"/v1/sites/{site['id']}/domain-verification"))
    assert record["record_type"] == "TXT"
    return record["record_name"], record["record_value"]


def test_a_site_with_an_unverified_domain_is_reachable_only_at_its_platform_host(
    platform: Platform, tenant: Tenant, domain: str
) -> None:
    site = claim(tenant, domain, name="Gifts & Käse  2026!")
    assert site["domain_verified_at"] is None
    assert site["slug"].startswith("gifts-k-se-2026-")
    host = f"{site['slug']}.{PLATFORM_DOMAIN}"
    assert ok(tenant.owner.get(f"/v1/sites/{site['id']}/domain-verification"))["host"] == host
    storefront = ok(visit(platform, host.upper()))
    assert (storefront["id"], storefront["domain"]) == (site["id"], host)
    assert ok(platform.api().get(f"/v1/storefront/{host}/products"))["data"] == []
    problem(visit(platform, domain), 404, "not_found")


def test_a_host_that_resembles_the_platform_host_gets_404(platform: Platform, tenant: Tenant) -> None:
    slug = claim(tenant, None)["slug"]
    others = (slug, f"www.{slug}.{PLATFORM_DOMAIN}", f"{slug}.localhost", f"{slug}.x.{PLATFORM_DOMAIN}")
    for host in (*others, PLATFORM_DOMAIN, f"api.{PLATFORM_DOMAIN}", f"{slug}.{PLATFORM_DOMAIN}.test"):
        problem(visit(platform, host), 404, "not_found")
    assert pointers(problem(visit(platform, f"@{slug}"), 422, "invalid")) == ["domain"]


def test_a_verified_domain_leads_to_the_site_at_once(platform: Platform, tenant: Tenant, domain: str) -> None:
    site = claim(tenant, domain)
    problem(visit(platform, domain), 404, "not_found")
    host = f"{site['slug']}.{PLATFORM_DOMAIN}"
    assert ok(visit(platform, host))["domain"] == host
    verified = platform.verified(tenant.owner, site["id"])
    assert verified["domain_verified_at"] is not None
    assert ok(tenant.owner.get(f"/v1/sites/{site['id']}")) == verified
    entries = ok(tenant.owner.get("/v1/audit", params={"object_id": site["id"]}))["data"]
    assert [entry["after"].keys() for entry in entries if entry["action"] == "site.change"] == [{"domain_verified_at"}]
    assert ok(visit(platform, domain))["domain"] == domain
    assert ok(visit(platform, host))["domain"] == domain


def test_the_error_for_a_missing_dns_record_lists_the_existing_records(
    platform: Platform, tenant: Tenant, domain: str
) -> None:
    site = claim(tenant, domain)
    name, value = record_of(tenant, site)
    assert name == f"_wecelebrate.{domain}"
    (error,) = problem(verify(tenant, site), 409, "domain_not_verified")["errors"]
    assert (error["pointer"], name in error["detail"], value in error["detail"]) == ("/domain", True, True)
    assert "no TXT record" in error["detail"]
    platform.set_txt(name, value[:-1], f"{value}0", f"x {value}", "\x1b[31mred\u202e", *["filler" * 100] * 60)
    (error,) = problem(verify(tenant, site), 409, "domain_not_verified")["errors"]
    assert "found 50 other" in error["detail"]
    assert f"'{value[:-1]}'" in error["detail"]
    assert error["detail"].isprintable()
    assert len(error["detail"]) < 1000
    assert shown_site(platform, domain) is None


def test_a_claim_of_another_client_does_not_prevent_the_verification_of_a_domain(
    platform: Platform, tenant: Tenant, other_tenant: Tenant, domain: str
) -> None:
    squatted = claim(other_tenant, domain)
    site = claim(tenant, domain)
    problem(verify(other_tenant, squatted), 409, "domain_not_verified")
    platform.verified(tenant.owner, site["id"])
    assert shown_site(platform, domain) == site["id"]
    assert ok(other_tenant.owner.get(f"/v1/sites/{squatted['id']}"))["domain"] == domain


def test_the_dns_record_of_one_site_does_not_verify_another_site(
    platform: Platform, tenant: Tenant, other_tenant: Tenant, domain: str
) -> None:
    site, others = claim(tenant, domain), [claim(tenant, domain), claim(other_tenant, domain)]
    platform.verified(tenant.owner, site["id"])
    problem(verify(tenant, others[0]), 409, "domain_not_verified")
    problem(verify(other_tenant, others[1]), 409, "domain_not_verified")
    assert shown_site(platform, domain) == site["id"]


def test_a_site_without_a_dns_record_keeps_its_domain_until_another_site_verifies_it(
    platform: Platform, tenant: Tenant, other_tenant: Tenant, domain: str
) -> None:
    site = claim(tenant, domain)
    verified = platform.verified(tenant.owner, site["id"])
    platform.set_txt(f"_wecelebrate.{domain}")
    problem(verify(tenant, site), 409, "domain_not_verified")
    assert ok(tenant.owner.get(f"/v1/sites/{site['id']}")) == verified
    entries = ok(tenant.owner.get("/v1/audit", params={"object_id": site["id"]}))["data"]
    assert [entry["after"].keys() for entry in entries if entry["action"] == "site.change"] == [{"domain_verified_at"}]
    assert shown_site(platform, domain) == site["id"]
    successor = claim(other_tenant, domain)
    assert shown_site(platform, domain) == site["id"]
    platform.verified(other_tenant.owner, successor["id"])
    assert shown_site(platform, domain) == successor["id"]
    loser = ok(tenant.owner.get(f"/v1/sites/{site['id']}"))
    assert (loser["domain"], loser["domain_verified_at"]) == (domain, None)
    assert shown_site(platform, f"{site['slug']}.{PLATFORM_DOMAIN}") == site["id"]


def test_the_audit_log_shows_the_loss_of_a_domain_but_not_the_new_owner(
    platform: Platform, tenant: Tenant, other_tenant: Tenant, domain: str
) -> None:
    site = claim(tenant, domain)
    verified = platform.verified(tenant.owner, site["id"])
    platform.verified(other_tenant.owner, claim(other_tenant, domain)["id"])
    entry, own, *_ = ok(tenant.owner.get("/v1/audit", params={"object_id": site["id"]}))["data"]
    assert (entry["action"], entry["client_id"]) == ("site.change", tenant.client_id)
    assert entry["before"] == {"domain_verified_at": verified["domain_verified_at"]}
    assert entry["after"] == {"domain_verified_at": None}
    assert (entry["subject"], entry["email"], entry["address"]) == ("another client", None, None)
    assert own["subject"] != "another client"


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_only_a_change_of_the_domain_ends_the_verification_of_a_site(
    platform: Platform, tenant: Tenant, domain: str, method: str
) -> None:
    site = claim(tenant, domain)
    verified = platform.verified(tenant.owner, site["id"])
    path, body = f"/v1/sites/{site['id']}", {"name": "Renamed", "status": "active"}
    updated_site = ok(tenant.owner.request(method, path, json=body | {"domain": domain.upper()}))
    assert updated_site["domain_verified_at"] == verified["domain_verified_at"]
    changed = ok(tenant.owner.request(method, path, json=body | {"domain": f"new.{domain}"}))
    assert (changed["domain_verified_at"], changed["slug"]) == (None, site["slug"])
    assert (shown_site(platform, domain), shown_site(platform, f"new.{domain}")) == (None, None)
    # The old DNS record does not verify the new domain. The site must also verify the old domain again.
    problem(verify(tenant, site), 409, "domain_not_verified")
    back = ok(tenant.owner.request(method, path, json=body | {"domain": domain}))
    assert back["domain_verified_at"] is None


def test_responses_do_not_depend_on_the_domains_of_other_clients(
    platform: Platform, tenant: Tenant, other_tenant: Tenant, domain: str
) -> None:
    claimed, free = f"a.{domain}", f"b.{domain}"
    for taken in (domain, claimed):
        site = claim(other_tenant, taken)
        if taken == domain:
            platform.verified(other_tenant.owner, site["id"])
    answers = set()
    for name in (domain, claimed, free):
        mine = claim(tenant, name)
        changed = ok(tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"domain": name}))
        answers.add((mine["domain"] == name, changed["domain"] == name, mine["domain_verified_at"]))
    assert answers == {(True, True, None)}
    assert shown_site(platform, domain) != tenant.site_id


@pytest.mark.parametrize(
    "domain",
    [
        *("localhost", "gifts", "a.localhost", "printer.local", "db.internal", "x.onion", "1.10.in-addr.arpa"),
        *("127.0.0.1", "169.254.169.254", "0x7f.0.0.1", "1.2.3.0x4", "10.1", "a.1"),
        *("com", "co.uk", "github.io", "test", "xn--fiqs8s", "s3.amazonaws.com"),
        *("a..test", "a.-b.test", "a.b-.test", f"{'a' * 64}.test", "a_b.test", "xn--a.test", f"{'a.' * 119}test"),
        *(PLATFORM_DOMAIN, f"api.{PLATFORM_DOMAIN}", f"a.b.{PLATFORM_DOMAIN}", PLATFORM_DOMAIN.upper()),
    ],
)
def test_a_site_cannot_claim_a_reserved_domain(tenant: Tenant, domain: str) -> None:
    new = {"client_id": tenant.client_id, "name": "Mine", "domain": domain}
    path = f"/v1/sites/{tenant.site_id}"
    for response in (
        tenant.owner.post("/v1/sites", json=new),
        tenant.owner.patch(path, json={"domain": domain}),
        tenant.owner.put(path, json={"name": "Mine", "domain": domain}),
    ):
        assert pointers(problem(response, 422, "invalid")) == ["/domain"]


@pytest.mark.parametrize("name", ["www", "api", "Admin", "CONSOLE", "mail", "---", "Ω", "xn--fiqs8s", "a" * 500])
def test_every_site_name_results_in_a_valid_slug(platform: Platform, tenant: Tenant, name: str) -> None:
    first, second = claim(tenant, None, name=name), claim(tenant, None, name=name)
    assert first["slug"] != second["slug"]
    for site in (first, second):
        assert len(site["slug"]) <= 63
        assert site["slug"] not in ("www", "api", "admin", "console", "mail")
        assert site["slug"][2:4] != "--"
        assert shown_site(platform, f"{site['slug']}.{PLATFORM_DOMAIN}") == site["id"]


def test_a_request_cannot_set_the_slug_or_the_verification_of_a_site(tenant: Tenant) -> None:
    path = f"/v1/sites/{tenant.site_id}"
    for field, value in (("slug", "www"), ("domain_verified_at", "2026-01-01T00:00:00Z"), ("domain_token", "x")):
        for response in (
            tenant.owner.post("/v1/sites", json={"client_id": tenant.client_id, "name": "Mine", field: value}),
            tenant.owner.patch(path, json={field: value}),
        ):
            assert pointers(problem(response, 422, "invalid")) == [f"/{field}"]


def test_only_a_caller_with_write_access_to_the_client_can_verify_a_domain(
    platform: Platform, tenant: Tenant, other_tenant: Tenant, domain: str
) -> None:
    site = claim(tenant, domain)
    platform.set_txt(*record_of(tenant, site))
    path = f"/v1/sites/{site['id']}"
    problem(other_tenant.owner.post(f"{path}/verify-domain"), 404, "not_found")
    problem(other_tenant.owner.get(f"{path}/domain-verification"), 404, "not_found")
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    problem(viewer.post(f"{path}/verify-domain"), 403, "forbidden")
    assert shown_site(platform, domain) is None
    editor = platform.api(platform.member(tenant.client_id, "editor"))
    assert ok(editor.post(f"{path}/verify-domain"))["domain_verified_at"]


def test_a_site_without_a_domain_cannot_verify_a_domain(tenant: Tenant) -> None:
    site = claim(tenant, None)
    assert ok(tenant.owner.get(f"/v1/sites/{site['id']}/domain-verification"))["record_name"] is None
    assert pointers(problem(verify(tenant, site), 422, "invalid")) == ["/domain"]


def test_only_one_of_two_concurrent_sites_can_verify_a_domain(
    platform: Platform, tenant: Tenant, other_tenant: Tenant, domain: str
) -> None:
    claims = [(owner, claim(owner, domain)) for owner in (tenant, other_tenant)]
    platform.set_txt(f"_wecelebrate.{domain}", *(record_of(*each)[1] for each in claims))
    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            responses = list(pool.map(lambda each: verify(*each), claims))
        assert [response.status_code for response in responses] == [200, 200]
        rows = [ok(owner.owner.get(f"/v1/sites/{site['id']}")) for owner, site in claims]
        (holder,) = [row["id"] for row in rows if row["domain_verified_at"]]
        assert shown_site(platform, domain) == holder


def test_a_client_can_verify_only_one_domain_at_a_time(
    platform: Platform, tenant: Tenant, other_tenant: Tenant, domain: str
) -> None:
    slow = claim(tenant, domain)
    # The DNS look-up reads this path. Because it is a pipe, the look-up waits until the test writes the record.
    record = dns_directory(platform.state) / f"_wecelebrate.{domain}"
    record.parent.mkdir(exist_ok=True)
    os.mkfifo(record)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(verify, tenant, slow)
        with record.open("w") as pipe:  # `open` waits until the first look-up has begun
            second = problem(verify(tenant, slow), 429, "rate_limited")
            assert second["detail"] == "Another domain of this client is being verified."
            assert pointers(
                problem(verify(other_tenant, claim(other_tenant, f"other.{domain}")), 409, "domain_not_verified")
            )
            pipe.write(record_of(tenant, slow)[1])
        assert ok(waiting.result())["domain_verified_at"]
    record.unlink()
