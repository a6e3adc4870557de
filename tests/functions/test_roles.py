"""Tests that every route allows a user only what the matrix of roles grants to the user's role."""

import pytest

from tests.functions.operations import Operation, all_operations, operation_id
from tests.functions.resources import create_resources
from tests.platform import Platform, Tenant, ok, pointers, problem

NIL = "00000000-0000-7000-8000-000000000000"
OPERATIONS = all_operations()
TOKEN_REQUIRED = [operation for operation in OPERATIONS if operation.requires_token]
MEMBERS_ONLY = [
    operation
    for operation in TOKEN_REQUIRED
    if operation.name not in ("accept_invitation", "accept_machine_membership")
]
"""The operations that need a membership. Every account can accept an invitation (`test_invitations.py`)."""
READS = [
    operation for operation in MEMBERS_ONLY if operation.method == "GET" and not operation.path.startswith("/v1/admin/")
]
WRITES = [operation for operation in MEMBERS_ONLY if operation.method != "GET"]

OF_EDITORS = ("get_product_price", "get_product_source", "get_product_stock")
"""The operations that only admins, and the editors and owners of the client that owns the catalog, are allowed to
use."""
SUPPORT_OPERATIONS = {
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
    "list_order_events",
    "list_order_lines",
    "list_shipments",
    "list_returns_of_order",
    "list_returns",
    "get_return",
    "change_order",
    "process_order",
    "ship_order",
    "deliver_order",
    "cancel_order",
    "cancel_order_lines",
    "request_return",
    "replace_order",
    "approve_return",
    "refuse_return",
    "receive_return",
    "list_order_destinations",
    "get_order_destination",
    "list_order_export_runs",
    "get_catalog_report",
    "list_mails",
    "get_mail",
    "list_suppressions",
    "list_jobs",
    "get_job",
    "list_rejected_rows",
    "get_job_first_api",
    "get_job_status_first_api",
    "list_webhooks",
    "get_webhook",
    "list_webhook_deliveries",
    "get_webhook_delivery",
    "me",
    "revoke_own_sessions",
}
"""The operations that the matrix of roles allows for the role `support`."""


@pytest.fixture(scope="module")
def other_ids(platform: Platform, other_tenant: Tenant) -> dict[str, str]:
    """Map each path parameter to the id of an existing resource of the other tenant."""
    return create_resources(platform, other_tenant)


@pytest.mark.parametrize("operation", TOKEN_REQUIRED, ids=operation_id)
def test_the_gateway_refuses_requests_without_a_token(
    platform: Platform, operation: Operation, ids: dict[str, str]
) -> None:
    response = operation.send(platform.api(), ids)
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize("operation", MEMBERS_ONLY, ids=operation_id)
def test_a_user_without_a_membership_is_refused(platform: Platform, operation: Operation, ids: dict[str, str]) -> None:
    problem(operation.send(platform.api(f"nobody {operation.name}"), ids), 403, "no_membership")


@pytest.mark.parametrize("operation", READS, ids=operation_id)
def test_a_viewer_is_allowed_to_read_everything_except_source_data_and_erasures(
    platform: Platform, tenant: Tenant, operation: Operation, ids: dict[str, str]
) -> None:
    response = operation.send(platform.api(platform.member(tenant.client_id, "viewer")), ids)
    # Exclude the export of the owner, and erasures, which only owners can see.
    if operation.name in (*OF_EDITORS, "get_export", "get_erasure"):
        problem(response, 404, "not_found")
    elif operation.shows_source_data or operation.name in ("list_erasures", "list_invitations", "get_invitation"):
        problem(response, 403, "forbidden")
    else:
        ok(response)


@pytest.mark.parametrize("operation", WRITES, ids=operation_id)
def test_a_viewer_is_not_allowed_to_write(
    platform: Platform, tenant: Tenant, operation: Operation, ids: dict[str, str]
) -> None:
    tenant.owner.put(f"/v1/sites/{tenant.site_id}/exclusions/{ids['product_id']}")
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    response = operation.send(viewer, ids)
    if operation.name == "create_export":  # a viewer can export readable rows
        assert response.status_code == 202
    elif operation.name in ("subscribe_to_report", "unsubscribe_from_report"):  # every member chooses own mails
        ok(response)
    elif operation.name == "revoke_own_sessions":
        assert response.status_code == 204
    elif operation.name == "delete_export":  # the export belongs to the owner
        problem(response, 404, "not_found")
    else:
        problem(response, 403, "forbidden")


@pytest.mark.parametrize("operation", MEMBERS_ONLY, ids=operation_id)
def test_the_support_role_is_allowed_only_what_the_matrix_of_roles_allows(
    platform: Platform, operation: Operation, ids: dict[str, str]
) -> None:
    response = operation.send(platform.api("support"), ids)
    if operation.name in OF_EDITORS:
        problem(response, 404, "not_found")
    elif operation.name in SUPPORT_OPERATIONS:
        # A previous operation can have changed the order to a state that does not allow this operation.
        assert response.is_success or response.status_code == 409, response.text
    else:
        problem(response, 403, "forbidden")


ADMIN_OPERATIONS = [
    "create_client",
    "replace_client",
    "change_client",
    "grant_catalog",
    "get_platform_report",
    "list_flags",
    "inspect_documents",
    "list_key_families",
    "get_kv_status",
    "list_kv_gates",
    "list_kv_stages",
    "list_row_security_suspensions",
    "restore_row_security",
    "set_flag",
    "suspend_row_security",
    "show_cache",
]


@pytest.mark.parametrize("name", [*ADMIN_OPERATIONS, "reset_flag"])
def test_an_owner_is_not_allowed_to_administer_the_platform(tenant: Tenant, name: str, ids: dict[str, str]) -> None:
    (operation,) = (operation for operation in OPERATIONS if operation.name == name)
    problem(operation.send(tenant.owner, ids), 403, "forbidden")


@pytest.mark.parametrize(
    ("operation", "parameter"),
    [
        (operation, name)
        for operation in OPERATIONS
        if not operation.path.startswith("/v1/admin/")
        for name in operation.id_parameters
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_caller_gets_404_for_a_resource_of_another_client(
    tenant: Tenant, operation: Operation, parameter: str, ids: dict[str, str], other_ids: dict[str, str]
) -> None:
    for other_id in (other_ids[parameter], NIL):
        problem(operation.send(tenant.owner, ids | {parameter: other_id}), 404, "not_found")
    response = operation.send(tenant.owner, ids | {parameter: "not-a-uuid"})
    assert pointers(problem(response, 422, "invalid")) == [parameter]


@pytest.mark.parametrize("name", ["create_site", "create_catalog", "create_webhook", "create_schedule"])
def test_creating_a_resource_for_another_client_is_forbidden(
    tenant: Tenant, name: str, ids: dict[str, str], other_ids: dict[str, str]
) -> None:
    (operation,) = (operation for operation in OPERATIONS if operation.name == name)
    for client in (other_ids["client_id"], NIL):
        problem(operation.send(tenant.owner, ids | {"client_id": client}), 403, "forbidden")


def test_headers_that_name_another_tenant_as_the_sender_are_ignored(tenant: Tenant, other_tenant: Tenant) -> None:
    forged = {
        "x-client-id": other_tenant.client_id,
        "x-tenant-id": other_tenant.client_id,
        "x-user-id": "admin",
        "x-amzn-oidc-identity": "admin",
        "x-site-domain": other_tenant.domain,
        "x-original-host": other_tenant.domain,
        "x-forwarded-host": other_tenant.domain,
        "cookie": f"client_id={other_tenant.client_id}",
    }
    for path in ("/v1/me", "/v1/sites", "/v1/catalogs", "/v1/clients", f"/v1/storefront/{tenant.domain}"):
        assert ok(tenant.owner.get(path, headers=forged)) == ok(tenant.owner.get(path))


def test_the_me_endpoint_returns_the_memberships_sorted_by_name(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    subject = platform.member(tenant.client_id, "viewer")
    platform.database.execute(
        "insert into client_users (client_id, user_id, email, role) values (%s, %s, 'x@example.test', 'editor')",
        [other_tenant.client_id, subject],
    )
    me = ok(platform.api(subject, email="X@example.test").get("/v1/me"))
    assert (me["subject"], me["email"], me["admin_role"]) == (subject, "X@example.test", None)
    roles = {tenant.client_id: "viewer", other_tenant.client_id: "editor"}
    assert {membership["client_id"]: membership["role"] for membership in me["memberships"]} == roles
    names = [membership["name"] for membership in me["memberships"]]
    assert names == sorted(names)


def test_the_me_endpoint_returns_no_unverified_email(platform: Platform, tenant: Tenant) -> None:
    subject = platform.member(tenant.client_id)
    unverified = platform.api(subject, email="x@example.test", email_verified=False)
    assert ok(unverified.get("/v1/me"))["email"] is None


def test_the_me_endpoint_returns_the_role_of_an_admin(platform: Platform) -> None:
    me = ok(platform.admin.get("/v1/me"))
    assert (me["admin_role"], me["memberships"]) == ("super_admin", [])
