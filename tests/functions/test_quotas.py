"""Tests that each operation that creates objects has a quota, or a reason why it does not need a quota."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import LiteralString
from uuid import uuid4

import httpx
import pytest

from tests.functions.operations import all_operations
from tests.platform import Platform, Tenant, created, problem

Create = Callable[[Tenant, httpx.Client], httpx.Response]
QUOTAS = {
    "create_site": "too_many_sites",
    "create_catalog": "too_many_catalogs",
    "create_order_destination": "too_many_destinations",
    "create_schedule": "too_many_schedules",
    "create_webhook": "too_many_webhooks",
    "create_report_subscription": "too_many_report_subscriptions",
    "create_export": "too_many_exports",
    "create_erasure": "too_many_erasures",
    "create_upload": "too_many_uploads",
    "invite_member": "too_many_invitations",
    "invite_staff_member": "too_many_invitations",
    "add_machine": "too_many_members",
    "upload_image": "too_many_uploads",
    "create_order": "daily_order_limit",
}
"""Maps each operation with a quota to the code of the problem that reports a used-up quota. `test_schedules`,
`test_webhooks`, `test_invitations` and `test_guest_limits` test the quotas that this module does not test."""
STAFF = "only staff of the platform can use it"
KEYED = "it creates at most one object for each pair of existing objects"
ENDS = "jobs and deliveries end and are deleted, and the request limit of the tier bounds their number"
CHANGE = "it changes an existing object"
REASONS = {
    "create_client": STAFF,
    "replay_erasures": STAFF,
    "accept_invitation": "an invitation can be accepted once",
    "accept_machine_membership": "it creates nothing: an owner has added the machine before",
    "resend_invitation": "the mail of an invitation is sent at most five times",
    "resend_staff_invitation": "the mail of an invitation is sent at most five times",
    "revoke_sessions": "there is one row for each account",
    "revoke_own_sessions": "there is one row for each account",
    "grant_catalog": STAFF,
    "redrive_dead_letter": STAFF,
    "dismiss_dead_letter": STAFF,
    "set_flag": STAFF,
    "suspend_row_security": STAFF,
    "start_kv_run": STAFF,
    "continue_kv_run": STAFF,
    "switch_kv_mirror": STAFF,
    "change_kv_stage": STAFF,
    "change_kv_retirement": STAFF,
    "give_kv_revisions": STAFF,
    "start_kv_comparison": STAFF,
    "continue_kv_comparison": STAFF,
    "repair_kv_difference": STAFF,
    "exclude_product": KEYED,
    "create_product": "a catalog can have millions of products; the request limit of the tier bounds the requests",
    "import_products": ENDS,
    "import_products_first_api": ENDS,
    "import_orders": ENDS,
    "create_sync": ENDS,
    "create_report": ENDS,
    "record_events": "the limits of events bound them, and a client keeps them only for some months",
    "fetch_images": ENDS,
    "complete_image": ENDS,
    "retry_job": ENDS,
    "subscribe_to_report": KEYED,
    "unsubscribe_from_report": CHANGE,
    "unsubscribe_by_link": CHANGE,
    "run_schedule": "a schedule has at most one run at a time",
    "test_webhook": ENDS,
    "replay_webhook": ENDS,
    "replay_webhook_delivery": ENDS,
    "propose_mapping": "it stores nothing",
    "export_orders": "a destination has at most one waiting job",
    "look_up_order": "the limits of mails to strangers bound it",
    "request_return": "an order has at most as many returns as shipped pieces, and each refused return takes a request",
    "replace_order": "each replacement takes pieces from the stock",
    **dict.fromkeys(("approve_job", "cancel_job", "decide_job", "verify_domain", "rotate_webhook_secret"), CHANGE),
    **dict.fromkeys(
        (
            "process_order",
            "ship_order",
            "deliver_order",
            "cancel_order",
            "cancel_order_lines",
            "approve_return",
            "refuse_return",
            "receive_return",
            "cancel_own_order",
            "cancel_guest_order",
            "confirm_order",
        ),
        CHANGE,
    ),
    **dict.fromkeys(("replace_catalog", "replace_client", "replace_product", "replace_site"), CHANGE),
}

SITE_ROWS: LiteralString = """
  insert into sites (client_id, name)
  select %(client)s, 'site ' || n from generate_series(1, %(objects)s - (select count(*) from sites
                                                                        where client_id = %(client)s)) n"""
CATALOG_ROWS: LiteralString = """
  insert into catalogs (owner_client_id, name, type)
  select %(client)s, 'catalog ' || n, 'manual'
  from generate_series(1, %(objects)s - (select count(*) from catalogs where owner_client_id = %(client)s)) n"""
IMAGE_ROWS: LiteralString = """
  insert into images (catalog_id, origin, status, type, bytes, created_at)
  select %(catalog)s, 'uploaded', 'uploading', 'image/png', 20000000, now() - interval '20 minutes'
  from generate_series(1, %(objects)s) n"""

EXPORT_ROWS: LiteralString = """
  with new as (
    insert into jobs (client_id, type, requested_by, payload, status)
    select %(client)s, 'data_export', 'x', '{}', 'completed' from generate_series(1, %(objects)s) returning id)
  insert into exports (client_id, job_id, subject, kind, format)
  select %(client)s, id, 'x', 'orders', 'csv' from new"""


def arrange(platform: Platform, tenant: Tenant, statement: LiteralString, objects: int) -> None:
    """Create rows until the tenant has the number of objects in `objects`."""
    platform.arrange(statement, {"client": tenant.client_id, "catalog": tenant.catalog_id, "objects": objects})


def create_site(tenant: Tenant, api: httpx.Client) -> httpx.Response:
    return api.post("/v1/sites", json={"client_id": tenant.client_id, "name": f"site {uuid4()}"})


def create_catalog(tenant: Tenant, api: httpx.Client) -> httpx.Response:
    body = {"owner_client_id": tenant.client_id, "name": f"catalog {uuid4()}", "type": "manual"}
    return api.post("/v1/catalogs", json=body)


def upload_image(tenant: Tenant, api: httpx.Client) -> httpx.Response:
    return api.post(f"/v1/catalogs/{tenant.catalog_id}/images", json={"type": "image/png", "bytes": 20_000_000})


def test_each_create_operation_has_a_quota_or_a_reason_for_no_quota() -> None:
    writes = {operation.name for operation in all_operations() if operation.method in ("POST", "PUT")}
    assert writes == QUOTAS.keys() | REASONS.keys()
    assert not QUOTAS.keys() & REASONS.keys()


@pytest.mark.parametrize(
    ("create", "rows", "code"),
    [(create_site, SITE_ROWS, "too_many_sites"), (create_catalog, CATALOG_ROWS, "too_many_catalogs")],
)
def test_a_client_has_at_most_1000_sites_and_1000_catalogs(
    platform: Platform, other_tenant: Tenant, create: Create, rows: LiteralString, code: str
) -> None:
    tenant = platform.tenant()
    arrange(platform, tenant, rows, 998)
    with ThreadPoolExecutor(6) as threads:
        statuses = sorted(threads.map(lambda _: create(tenant, tenant.owner).status_code, range(6)))
    assert statuses == [201, 201, 409, 409, 409, 409]
    for api in (tenant.owner, platform.admin):
        detail = problem(create(tenant, api), 409, code)["detail"]
        assert detail.startswith("A client can have at most 1,000 ")
    created(create(other_tenant, other_tenant.owner))


def test_a_request_for_another_client_does_not_reveal_its_quota(platform: Platform, other_tenant: Tenant) -> None:
    tenant = platform.tenant()
    arrange(platform, tenant, SITE_ROWS, 1000)
    arrange(platform, tenant, CATALOG_ROWS, 1000)
    for create in (create_site, create_catalog):
        problem(create(tenant, other_tenant.owner), 403, "forbidden")
    problem(upload_image(tenant, other_tenant.owner), 404, "not_found")


def test_a_client_can_announce_at_most_200_images_within_an_hour(platform: Platform, other_tenant: Tenant) -> None:
    tenant = platform.tenant()
    second = platform.catalog(owner=tenant.client_id)["id"]
    arrange(platform, tenant, IMAGE_ROWS, 199)
    created(upload_image(tenant, tenant.owner))
    for catalog_id in (tenant.catalog_id, second):
        refused = tenant.owner.post(f"/v1/catalogs/{catalog_id}/images", json={"type": "image/png", "bytes": 1})
        problem(refused, 429, "too_many_uploads")
        assert 2_000 < int(refused.headers["retry-after"]) <= 2_400
    problem(upload_image(tenant, platform.admin), 429, "too_many_uploads")
    created(upload_image(other_tenant, other_tenant.owner))
    # Files have a separate quota.
    created(tenant.owner.post("/v1/uploads", json={"name": "a.csv", "size": 1, "content_type": "text/csv"}))
    platform.arrange(
        "update images set created_at = created_at - interval '1 hour' where catalog_id = %s", [tenant.catalog_id]
    )
    created(upload_image(tenant, tenant.owner))


def test_the_members_of_a_client_together_can_have_at_most_100_exports(
    platform: Platform, other_tenant: Tenant
) -> None:
    tenant = platform.tenant()
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    arrange(platform, tenant, EXPORT_ROWS, 99)
    body = {"kind": "orders", "format": "csv", "client_id": tenant.client_id}
    assert viewer.post("/v1/exports", json=body).status_code == 202
    for api in (viewer, tenant.owner, platform.admin):
        problem(api.post("/v1/exports", json=body), 409, "too_many_exports")
    problem(other_tenant.owner.post("/v1/exports", json=body), 403, "forbidden")


def test_a_user_has_at_most_25_exports_in_a_client(platform: Platform) -> None:
    tenant = platform.tenant()
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    body = {"kind": "orders", "format": "csv", "client_id": tenant.client_id}
    exports = [viewer.post("/v1/exports", json=body) for _ in range(25)]
    assert {response.status_code for response in exports} == {202}
    problem(viewer.post("/v1/exports", json=body), 409, "too_many_exports")
    assert tenant.owner.post("/v1/exports", json=body).status_code == 202
    assert viewer.delete(f"/v1/exports/{exports[0].json()['id']}").status_code == 204
    assert viewer.post("/v1/exports", json=body).status_code == 202


def test_concurrent_announcements_do_not_exceed_the_quota_of_images(platform: Platform) -> None:
    tenant = platform.tenant()
    arrange(platform, tenant, IMAGE_ROWS, 198)
    with ThreadPoolExecutor(6) as threads:
        statuses = sorted(threads.map(lambda _: upload_image(tenant, tenant.owner).status_code, range(6)))
    assert statuses == [201, 201, 429, 429, 429, 429]
