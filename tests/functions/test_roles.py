"""Who may do what, asked of every route."""

import pytest

from tests.functions.calls import Call, calls, ids_of
from tests.platform import Platform, Tenant, ok, pointers, problem

NIL = "00000000-0000-7000-8000-000000000000"
CALLS = calls()
SIGNED_IN = [call for call in CALLS if call.required]
READS = [call for call in SIGNED_IN if call.verb == "GET" and not call.path.startswith("/v1/admin/")]
WRITES = [call for call in SIGNED_IN if call.verb != "GET"]

SUPPORT = {
    "list_products",
    "get_product",
    "create_product",
    "replace_product",
    "change_product",
    "deactivate_product",
    "list_catalogs",
    "get_catalog",
    "list_images",
    "get_image",
    "show_queues",
    "list_dead_letters",
    "get_dead_letter",
    "list_orders",
    "get_order",
    "list_mails",
    "get_mail",
    "list_suppressions",
    "list_jobs",
    "get_job",
    "get_job_first_api",
    "get_job_status_first_api",
    "list_webhooks",
    "get_webhook",
    "list_webhook_deliveries",
    "get_webhook_delivery",
    "me",
}
"""What the matrix of roles lets support do."""


def named(call: Call) -> str:
    return call.name


@pytest.fixture(scope="module")
def ids(platform: Platform, tenant: Tenant) -> dict[str, str]:
    return ids_of(platform, tenant)


@pytest.fixture(scope="module")
def foreign(platform: Platform, stranger: Tenant) -> dict[str, str]:
    return ids_of(platform, stranger)


@pytest.mark.parametrize("call", SIGNED_IN, ids=named)
def test_without_a_token_the_gateway_refuses(platform: Platform, call: Call, ids: dict[str, str]) -> None:
    answer = call.send(platform.api(), ids)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize("call", SIGNED_IN, ids=named)
def test_an_account_of_nobody_has_no_membership(platform: Platform, call: Call, ids: dict[str, str]) -> None:
    problem(call.send(platform.api("nobody"), ids), 403, "no_membership")


@pytest.mark.parametrize("call", READS, ids=named)
def test_a_viewer_reads(platform: Platform, tenant: Tenant, call: Call, ids: dict[str, str]) -> None:
    ok(call.send(platform.api(platform.member(tenant.client_id, "viewer")), ids))


@pytest.mark.parametrize("call", WRITES, ids=named)
def test_a_viewer_may_not_write_what_it_sees(
    platform: Platform, tenant: Tenant, call: Call, ids: dict[str, str]
) -> None:
    tenant.owner.put(f"/v1/sites/{tenant.site_id}/exclusions/{ids['product_id']}")
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    problem(call.send(viewer, ids), 403, "forbidden")


@pytest.mark.parametrize("call", SIGNED_IN, ids=named)
def test_support_does_what_the_matrix_says(platform: Platform, call: Call, ids: dict[str, str]) -> None:
    answer = call.send(platform.api("support"), ids)
    if call.name in SUPPORT:
        assert answer.is_success, answer.text
    else:
        problem(answer, 403, "forbidden")


ADMINS = ["create_client", "replace_client", "change_client", "grant_catalog", "list_flags", "set_flag", "show_cache"]


@pytest.mark.parametrize("name", [*ADMINS, "reset_flag"])
def test_what_is_the_platforms_is_no_owners(tenant: Tenant, name: str, ids: dict[str, str]) -> None:
    (call,) = (call for call in CALLS if call.name == name)
    problem(call.send(tenant.owner, ids), 403, "forbidden")


@pytest.mark.parametrize(
    ("call", "parameter"),
    [(call, name) for call in CALLS if not call.path.startswith("/v1/admin/") for name in call.ids],
    ids=lambda one: getattr(one, "name", one),
)
def test_an_id_of_another_client_is_not_found(
    tenant: Tenant, call: Call, parameter: str, ids: dict[str, str], foreign: dict[str, str]
) -> None:
    for strange in (foreign[parameter], NIL):
        problem(call.send(tenant.owner, ids | {parameter: strange}), 404, "not_found")
    answer = call.send(tenant.owner, ids | {parameter: "not-a-uuid"})
    assert pointers(problem(answer, 422, "invalid")) == [parameter]


@pytest.mark.parametrize("name", ["create_site", "create_catalog", "create_webhook", "create_schedule"])
def test_nothing_is_made_for_another_client(
    tenant: Tenant, name: str, ids: dict[str, str], foreign: dict[str, str]
) -> None:
    (call,) = (call for call in CALLS if call.name == name)
    for client in (foreign["client_id"], NIL):
        problem(call.send(tenant.owner, ids | {"client_id": client}), 403, "forbidden")


def test_a_header_names_no_tenant(tenant: Tenant, stranger: Tenant) -> None:
    claimed = {
        "x-client-id": stranger.client_id,
        "x-tenant-id": stranger.client_id,
        "x-user-id": "admin",
        "x-amzn-oidc-identity": "admin",
        "x-site-domain": stranger.domain,
        "x-original-host": stranger.domain,
        "x-forwarded-host": stranger.domain,
        "cookie": f"client_id={stranger.client_id}",
    }
    for path in ("/v1/me", "/v1/sites", "/v1/catalogs", "/v1/clients", f"/v1/storefront/{tenant.domain}"):
        plain, dressed = tenant.owner.get(path), tenant.owner.get(path, headers=claimed)
        assert ok(dressed) == ok(plain)


def test_me_names_the_memberships_in_order(platform: Platform, tenant: Tenant, stranger: Tenant) -> None:
    subject = platform.member(tenant.client_id, "viewer")
    platform.database.execute(
        "insert into client_users (client_id, user_id, email, role) values (%s, %s, 'x@example.test', 'editor')",
        [stranger.client_id, subject],
    )
    me = ok(platform.api(subject, email="X@example.test").get("/v1/me"))
    assert (me["subject"], me["email"], me["admin_role"]) == (subject, "X@example.test", None)
    roles = {tenant.client_id: "viewer", stranger.client_id: "editor"}
    assert {one["client_id"]: one["role"] for one in me["memberships"]} == roles
    names = [one["name"] for one in me["memberships"]]
    assert names == sorted(names)


def test_an_email_counts_only_when_it_is_verified(platform: Platform, tenant: Tenant) -> None:
    subject = platform.member(tenant.client_id)
    unverified = platform.api(subject, email="x@example.test", email_verified=False)
    assert ok(unverified.get("/v1/me"))["email"] is None


def test_an_admin_is_known_by_its_role(platform: Platform) -> None:
    me = ok(platform.admin.get("/v1/me"))
    assert (me["admin_role"], me["memberships"]) == ("super_admin", [])
