"""Tests that every change, and every read of personal data by staff, leaves an entry in the audit log."""

import re
from typing import LiteralString
from uuid import uuid4

import httpx
import pytest
from psycopg import errors, sql

from tests.functions.operations import Operation, all_operations, operation_id, request_body
from tests.functions.resources import Resources
from tests.platform import Json, Platform, Tenant, created, ok, problem

OPERATIONS = {operation.name: operation for operation in all_operations()}
ACTIONS: dict[str, set[str]] = {
    "import_products_first_api": {"job.create"},
    "redrive_dead_letter": {"dead_letter.redrive", "job.retry"},
    "dismiss_dead_letter": {"dead_letter.dismiss"},
    "reset_flag": {"flag.reset"},
    "set_flag": {"flag.set"},
    "create_catalog": {"catalog.create"},
    "create_order_destination": {"order_destination.create"},
    "change_order_destination": {"order_destination.change"},
    "delete_order_destination": {"order_destination.delete"},
    "export_orders": {"job.create"},
    "change_catalog": {"catalog.change"},
    "replace_catalog": {"catalog.change"},
    "revoke_catalog": {"grant.delete"},
    "grant_catalog": {"grant.create"},
    "upload_image": {"image.create"},
    "complete_image": {"job.create"},
    "fetch_images": {"job.create"},
    "create_product": {"product.create"},
    "replace_product": {"product.change"},
    "change_product": {"product.change"},
    "deactivate_product": {"product.change"},
    "create_client": {"client.create"},
    "change_client": {"client.change"},
    "replace_client": {"client.change"},
    "approve_job": {"job.approve"},
    "cancel_job": {"job.cancel"},
    "decide_job": {"job.decide", "catalog.change"},
    "reset_reading": {"catalog_reading.delete"},
    "retry_job": {"job.retry"},
    "release_suppression": {"mail_suppression.release"},
    "import_products": {"job.create"},
    "import_orders": {"job.create"},
    "create_erasure": {"erasure.create", "job.create"},
    "replay_erasures": {"job.create"},
    "create_export": {"export.create", "job.create"},
    "delete_export": {"export.delete"},
    "create_schedule": {"schedule.create"},
    "change_schedule": {"schedule.change"},
    "delete_schedule": {"schedule.delete"},
    "run_schedule": {"schedule.run"},
    "create_report_subscription": {"report_subscription.create", "report_recipient.create"},
    "change_report_subscription": {"report_subscription.change"},
    "delete_report_subscription": {"report_subscription.delete", "report_recipient.delete"},
    "create_site": {"site.create"},
    "invite_member": {"invitation.create"},
    "invite_staff_member": {"invitation.create"},
    "resend_invitation": {"invitation.resend"},
    "resend_staff_invitation": {"invitation.resend"},
    "revoke_invitation": {"invitation.revoke"},
    "revoke_staff_invitation": {"invitation.revoke"},
    "add_machine": {"member.create"},
    "change_member": {"member.change"},
    "remove_member": {"member.delete", "report_recipient.delete"},
    "change_staff_member": {"admin_user.change"},
    "remove_staff_member": {"admin_user.delete"},
    "revoke_sessions": {"session.revoke"},
    "revoke_own_sessions": {"session.revoke"},
    "create_report": {"job.create"},
    "create_sync": {"job.create"},
    "change_site": {"site.change"},
    "replace_site": {"site.change"},
    "exclude_product": {"exclusion.create"},
    "include_product": {"exclusion.delete"},
    "create_upload": {"upload.create"},
    "replay_webhook_delivery": {"webhook.replay"},
    "create_webhook": {"webhook.create", "webhook.reveal"},
    "change_webhook": {"webhook.change"},
    "delete_webhook": {"webhook.delete"},
    "replay_webhook": {"webhook.replay"},
    "rotate_webhook_secret": {"webhook.reveal"},
    "test_webhook": {"webhook.test"},
    **{
        name: {"order.change"}
        for name in (
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
        )
    },
}
"""Maps each operation that changes data to the actions in its audit entries."""
TESTED_ELSEWHERE = {
    "verify_domain",
    "accept_invitation",
    "accept_machine_membership",
    "subscribe_to_report",
    "unsubscribe_from_report",
    "unsubscribe_by_link",
    "switch_kv_mirror",
    "start_kv_comparison",
    "repair_kv_difference",
    "change_kv_stage",
    "change_kv_retirement",
    "suspend_row_security",
    "restore_row_security",
}
"""The operations that need a DNS record, a code, a certain state, or a separate local cloud. The following modules test
the audit entries of these operations: `test_domains.py`, `test_members.py`, `test_invitations.py`,
`test_report_subscriptions.py` and `test_row_security.py`.
"""
UNRECORDED = {
    "create_order": "The order itself records who placed it; a visitor is neither staff nor a member.",
    "cancel_own_order": "The history of the order records it; a customer is neither staff nor a member.",
    "cancel_guest_order": "The history of the order records it; a guest is neither staff nor a member.",
    "confirm_order": "The history of the order records it; a guest is neither staff nor a member.",
    "look_up_order": "It changes nothing, and the log of mails records the mail.",
    "record_events": "An event of a visitor changes no object that members can change.",
    "start_kv_run": "The run records who started it, and the rows that it writes have separate entries.",
    "give_kv_revisions": "It adds a field to documents that the platform itself reads.",
    "continue_kv_comparison": "It changes no document and no row.",
    "continue_kv_run": "The rows that it writes have entries of their own.",
    "propose_mapping": "It changes nothing: it only reads a file that the caller may read.",
}
"""Maps each operation that leaves no audit entry to the reason. The method of these operations is not GET."""
PERSONAL_READS = {
    "list_orders": "order.list",
    "get_order": "order.read",
    "list_site_orders": "order.list",
    "list_order_events": "order_event.list",
    "list_returns_of_order": "return.list",
    "list_returns": "return.list",
    "get_return": "return.read",
    "list_events": "event.list",
    "list_exports": "export.list",
    "get_export": "export.read",
    "list_mails": "mail.list",
    "get_mail": "mail.read",
    "list_suppressions": "mail_suppression.list",
    "list_clients": "client.list",
    "list_members": "member.list",
    "get_member": "member.read",
    "list_invitations": "invitation.list",
    "get_invitation": "invitation.read",
    "get_client": "client.read",
    "list_dead_letters": "dead_letter.list",
    "get_dead_letter": "dead_letter.read",
    "list_rejected_rows": "rejected_row.list",
    "get_error_file": "error_file.read",
    "get_result_file": "result_file.read",
    "list_shipments": "shipment.list",
    "get_webhook_delivery": "webhook_delivery.read",
}
"""Maps each read operation that returns personal data to staff to the action in its audit entry."""
HARMLESS_READS = {
    "get_domain_verification": "a DNS record of the site",
    "get_job_first_api": "counts of a job",
    "get_job_status_first_api": "counts of a job",
    "show_cache": "figures",
    "list_flags": "the kill switches",
    "list_row_security_suspensions": "the kill switches",
    "list_key_families": "figures",
    "inspect_documents": "keys and kinds of damage, without values",
    "get_kv_status": "figures",
    "list_kv_gates": "figures",
    "list_kv_stages": "figures",
    "show_queues": "figures",
    "list_audit": "the log itself; personal data is redacted in it, and only super admins and owners read it",
    "list_catalogs": "no data about persons",
    "get_catalog": "no data about persons",
    "list_grants": "no data about persons",
    "get_reading": "names of columns and of a file",
    "list_images": "pictures of products",
    "get_image": "pictures of products",
    "get_product_source": "columns of products, not of persons",
    "get_product_price": "prices and rules, without persons",
    "get_product_stock": "numbers of orders, without names and addresses",
    "list_products": "no data about persons",
    "get_product": "no data about persons",
    "get_usage": "figures",
    "get_catalog_report": "figures",
    "get_client_report": "figures",
    "get_fulfilment_report": "figures",
    "get_platform_report": "figures",
    "get_report_file": "figures",
    "health": "no data",
    "list_problems": "public",
    "get_problem": "public",
    "get_upload": "the name of a file",
    "list_jobs": "rows about products; the requester is the subject of an account, without name or address",
    "get_job": "rows about products; the requester is the subject of an account, without name or address",
    "me": "the caller's own account",
    "list_staff": "the colleagues of the caller",
    "get_staff_member": "the colleagues of the caller",
    "list_staff_invitations": "the colleagues of the caller",
    "get_staff_invitation": "the colleagues of the caller",
    "list_order_destinations": "no data about persons",
    "get_order_destination": "no data about persons",
    "list_order_export_runs": "numbers of orders",
    "list_erasures": "no data about persons, not even a hash",
    "get_erasure": "no data about persons, not even a hash",
    "get_address_format": "public",
    "list_report_subscriptions": "ids of members, without names and addresses",
    "get_report_subscription": "ids of members, without names and addresses",
    "show_unsubscribe_page": "only the recipient has the link",
    "list_schedules": "no data about persons",
    "get_schedule": "no data about persons",
    "list_sites": "no data about persons",
    "get_site": "no data about persons",
    "list_exclusions": "no data about persons",
    "list_webhooks": "addresses of servers",
    "get_webhook": "addresses of servers",
    "list_webhook_deliveries": "ids and states",
    "get_storefront": "public",
    "list_shown_products": "public",
    "get_shown_product": "public",
    "list_own_orders": "the customer's own orders",
    "get_own_order": "the customer's own orders",
    "list_own_shipments": "the customer's own orders",
    "get_guest_order": "the guest's own order",
    "list_order_lines": "products and quantities",
}
"""Maps each read operation that leaves no audit entry to the reason."""
SHIP: LiteralString = """
with shipped as (update orders set status = 'shipped', fulfilment = 'full' where id = %(order_id)s returning id)
update order_lines set shipped_quantity = 1 where order_id in (select id from shipped)
"""
PLATFORM_WIDE = {
    "replay_erasures",
    "set_flag",
    "reset_flag",
    "create_client",
    "invite_staff_member",
    "resend_staff_invitation",
    "revoke_staff_invitation",
    "change_staff_member",
    "remove_staff_member",
    "revoke_sessions",
    "revoke_own_sessions",
}
"""The operations whose audit entries belong to no client."""
BY_ADMINS = {"create_client", "change_client", "replace_client", "grant_catalog", "revoke_catalog"}
PREPARE: dict[str, LiteralString] = {
    "approve_job": "update jobs set status = 'pending', approval = 'needed' where id = %(job_id)s",
    "decide_job": """update jobs set status = 'pending', approval = 'needed', decision = 'needed', questions =
      '[{"key": "decimal", "kind": "question", "subject": "money", "setting": "options", "text": "?", "seen": [],
         "before": null, "now": null, "choices": [{"value": ",", "label": "?", "examples": []},
         {"value": ".", "label": "?", "examples": []}]}]'
      where id = %(job_id)s""",
    "reset_reading": "insert into catalog_readings (catalog_id, file, reading) values (%(catalog_id)s, 'f', '{}')",
    "cancel_job": "update jobs set status = 'pending', due_at = now() + interval '1 hour' where id = %(job_id)s",
    "retry_job": "update jobs set status = 'failed' where id = %(job_id)s",
    "redrive_dead_letter": "update jobs set status = 'failed' where id = %(job_id)s",
    "revoke_catalog": "insert into catalog_grants (catalog_id, client_id) values (%(catalog_id)s, %(client_id)s)",
    "include_product": """insert into site_product_exclusions (client_id, site_id, product_id)
      values (%(client_id)s, %(site_id)s, %(product_id)s)""",
    "request_return": SHIP,
    "replace_order": SHIP,
    "reset_flag": "insert into kill_switches (name, value) values ('reads', 'primary')",
    "set_flag": "delete from kill_switches where name = 'reads'",
    "fetch_images": """update catalogs set sync_settings = '{"fetch_images": true}' where id = %(catalog_id)s""",
}
"""Maps some operations to the SQL statement that prepares the resource for the operation."""

NEEDED = {"create_product": "product_id", "remove_member": "subscription_id", "replay_webhook": "delivery_id"}
"""Maps an operation to another resource that must exist before the call. For example, the first product of a catalog
also changes the catalog.
"""


def entries(platform: Platform, response: httpx.Response) -> list[Json]:
    """Return the audit entries with the request id of a response, newest first."""
    query: dict[str, str | int] = {"request_id": response.headers["x-request-id"], "limit": 1000}
    return list(ok(platform.admin.get("/v1/audit", params=query))["data"])


def send(platform: Platform, tenant: Tenant, operation: Operation) -> httpx.Response:
    ids = Resources(platform, tenant)
    if operation.name in NEEDED:
        assert ids[NEEDED[operation.name]]
    if operation.name in PREPARE:
        statement = PREPARE[operation.name]
        # Create the resources first, because the connection cannot create resources while it executes the statement.
        platform.arrange(statement, {name: ids[name] for name in re.findall(r"%\((\w+)\)s", statement)})
    if operation.name == "fetch_images":
        platform.product(tenant, images=[f"https://example.com/{uuid4()}.jpg"])
    api = platform.admin if operation.path.startswith("/v1/admin/") or operation.name in BY_ADMINS else tenant.owner
    body = request_body(operation.name, ids)
    if operation.method == "PATCH":
        body = {operation.name_field: f"renamed {uuid4()}"}
    return operation.send(api, ids, **({"json": body} if "requestBody" in operation.definition else {}))


def test_every_operation_is_recorded_or_is_declared_as_unrecorded() -> None:
    changes = {name for name, operation in OPERATIONS.items() if operation.method != "GET"}
    assert ACTIONS.keys() | UNRECORDED.keys() | TESTED_ELSEWHERE == changes
    reads = {name for name, operation in OPERATIONS.items() if operation.method == "GET"}
    assert PERSONAL_READS.keys() | HARMLESS_READS.keys() == reads


@pytest.mark.parametrize("operation", [OPERATIONS[name] for name in ACTIONS], ids=operation_id)
def test_a_change_leaves_an_audit_entry_with_the_caller_and_the_request(
    platform: Platform, operation: Operation
) -> None:
    tenant = platform.tenant()
    response = send(platform, tenant, operation)
    assert response.is_success, response.text
    recorded = entries(platform, response)
    assert {entry["action"] for entry in recorded} == ACTIONS[operation.name]
    for entry in recorded:
        is_admin = operation.path.startswith("/v1/admin/") or operation.name in BY_ADMINS
        assert entry["admin_role"] == ("super_admin" if is_admin else None)
        assert (entry["subject"] == "admin") == is_admin
        assert entry["address"].startswith("127.")
        assert entry["is_verified"]
        assert operation.name in PLATFORM_WIDE or entry["client_id"] == tenant.client_id
    platform.arrange("delete from kill_switches")


@pytest.mark.parametrize("operation", [OPERATIONS[name] for name in UNRECORDED], ids=operation_id)
def test_an_operation_that_is_declared_as_unrecorded_leaves_no_audit_entry(
    platform: Platform, tenant: Tenant, operation: Operation
) -> None:
    response = operation.send(tenant.owner if operation.requires_token else platform.api(),
                              Resources(platform, tenant))  # fmt: skip
    assert entries(platform, response) == []


def test_a_refused_change_leaves_no_audit_entry(platform: Platform, tenant: Tenant) -> None:
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    response = viewer.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"name": "Mine"})
    problem(response, 403, "forbidden")
    assert entries(platform, response) == []


def test_an_audit_entry_contains_old_and_new_values_of_only_the_changed_columns(
    platform: Platform, tenant: Tenant
) -> None:
    response = platform.admin.patch(
        f"/v1/clients/{tenant.client_id}", json={"tier": "professional", "contact_email": "new@example.test"}
    )
    (entry,) = entries(platform, response)
    assert entry["before"] == {"tier": "standard", "contact_email": None}
    assert entry["after"] == {"tier": "professional", "contact_email": "[redacted]"}


def test_a_long_value_is_truncated_in_the_audit_entry(platform: Platform, tenant: Tenant) -> None:
    settings = {"text": "x" * 200_000}
    response = tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"branding": settings})
    (entry,) = entries(platform, response)
    assert entry["before"] == {"branding": {}}
    assert len(entry["after"]["branding"]) == 1001


@pytest.mark.parametrize("subject", ["admin", "support"])
@pytest.mark.parametrize("operation", [OPERATIONS[name] for name in PERSONAL_READS], ids=operation_id)
def test_a_cached_read_of_personal_data_by_staff_leaves_an_audit_entry(
    platform: Platform, operation: Operation, ids: dict[str, str], subject: str
) -> None:
    api = platform.api(subject)
    for _ in range(2):
        response = operation.send(api, ids)
        recorded = entries(platform, response)
        if response.status_code == 403:  # support cannot read clients or the orders of a site
            assert (subject, recorded) == ("support", [])
            continue
        ok(response)
        assert recorded
        assert {entry["action"] for entry in recorded} == {PERSONAL_READS[operation.name]}
        assert {entry["admin_role"] for entry in recorded} == {"super_admin" if subject == "admin" else subject}
        read = {id for entry in recorded for id in entry["details"].get("ids", [entry["object_id"]])}
        if operation.path.startswith("/v1/jobs/"):
            assert read == {ids["job_id"]}
        elif operation.name == "list_shipments":
            assert read == {ids["order_id"]}
        else:
            assert read == {item["id"] for item in response.json().get("data", [response.json()])}


@pytest.mark.parametrize("name", [name for name in PERSONAL_READS if "dead_letter" not in name])
def test_a_read_by_a_member_of_the_client_leaves_no_audit_entry(
    platform: Platform, tenant: Tenant, ids: dict[str, str], name: str
) -> None:
    response = OPERATIONS[name].send(tenant.owner, ids)
    ok(response)
    assert entries(platform, response) == []


def test_the_audit_log_does_not_contain_filter_values_with_personal_data(platform: Platform, tenant: Tenant) -> None:
    response = platform.admin.get("/v1/orders", params={"customer_email": "ann@example.test", "status": "pending"})
    for entry in entries(platform, response):
        assert entry["details"]["query"] == {"customer_email": "[redacted]", "status": "pending"}


def test_a_staff_read_of_personal_data_fails_if_the_audit_log_refuses_the_entry(
    platform: Platform, tenant: Tenant
) -> None:
    order = Resources(platform, tenant)["order_id"]
    ok(platform.admin.get(f"/v1/orders/{order}"))
    ok(tenant.owner.get(f"/v1/orders/{order}"))
    refuse = sql.SQL(
        "create trigger a_test before insert on audit_log for each row when (new.object_id = {})"
        " execute function app.refuse_audit_change()"
    )
    platform.database.execute(refuse.format(sql.Literal(order)))
    try:
        problem(platform.admin.get(f"/v1/orders/{order}"), 403, "forbidden")
        problem(platform.api("support").get(f"/v1/orders/{order}"), 403, "forbidden")
        ok(tenant.owner.get(f"/v1/orders/{order}"))
    finally:
        platform.database.execute("drop trigger a_test on audit_log")


def test_an_owner_can_read_only_audit_entries_about_the_clients_of_the_owner(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    for each in (tenant, other_tenant):
        ok(each.owner.patch(f"/v1/catalogs/{each.catalog_id}", json={"name": f"renamed {uuid4()}"}))
    data = ok(tenant.owner.get("/v1/audit", params={"limit": 1000}))["data"]
    assert {entry["client_id"] for entry in data} == {tenant.client_id}
    assert tenant.catalog_id in {entry["object_id"] for entry in data}
    assert ok(tenant.owner.get("/v1/audit", params={"client_id": other_tenant.client_id}))["data"] == []


def test_an_owner_sees_the_staff_account_that_has_read_an_order_without_its_ip_address(
    platform: Platform, tenant: Tenant
) -> None:
    order = Resources(platform, tenant)["order_id"]
    ok(platform.api("support").get(f"/v1/orders/{order}"))
    (entry,) = ok(tenant.owner.get("/v1/audit", params={"object_id": order}))["data"]
    assert (entry["action"], entry["subject"], entry["admin_role"]) == ("order.read", "support", "support")
    assert entry["address"] is None


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_members_who_are_not_owners_cannot_read_the_audit_log(platform: Platform, tenant: Tenant, role: str) -> None:
    api = platform.api(platform.member(tenant.client_id, role))
    assert ok(api.get("/v1/audit"))["data"] == []


def test_an_admin_sees_no_audit_entries_and_support_is_refused(platform: Platform, tenant: Tenant) -> None:
    subject = f"admin-{uuid4()}"
    platform.arrange("insert into admin_users (user_id, email, role) values (%s, 'a@example.test', 'admin')", [subject])
    assert ok(platform.api(subject).get("/v1/audit"))["data"] == []
    problem(platform.api("support").get("/v1/audit"), 403, "forbidden")


def test_the_audit_log_can_be_read_in_pages_and_filtered(platform: Platform) -> None:
    tenant = platform.tenant()
    names = [f"name {n}" for n in range(5)]
    for name in names:
        ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"name": name}))
    query: Json = {"object_id": tenant.catalog_id, "action": "catalog.change", "limit": 2}
    entries, page = [], ok(tenant.owner.get("/v1/audit", params=query))
    while True:
        entries += [entry["after"]["name"] for entry in page["data"]]
        if not page["has_more"]:
            break
        page = ok(tenant.owner.get("/v1/audit", params=query | {"cursor": page["next_cursor"]}))
    assert entries == names[::-1]
    assert ok(tenant.owner.get("/v1/audit", params=query | {"subject": "somebody else"}))["data"] == []
    assert ok(tenant.owner.get("/v1/audit", params=query | {"created_to": "2020-01-01T00:00:00Z"}))["data"] == []


def test_the_audit_log_hides_the_reads_of_client_names_that_a_console_sends(
    platform: Platform,
) -> None:
    subject = f"admin-{uuid4()}"
    platform.arrange(
        "insert into admin_users (user_id, email, role) values (%s, 'a@example.test', 'super_admin')", [subject]
    )
    reader = platform.api(subject)
    for _ in range(3):  # Behave like a console: read a page of the log, and then the names of the clients on this page.
        page = ok(reader.get("/v1/audit", params={"limit": 100}))
        assert page["data"]
        assert "client.list" not in {entry["action"] for entry in page["data"]}
        response = reader.get("/v1/clients")
        ok(response)
        assert [entry["action"] for entry in entries(platform, response)] == ["client.list"], "it is still recorded"
    filters = ({"action": "client.list", "subject": subject}, {"subject": subject}, {"object_id": "*"})
    for asked in filters:
        data = ok(reader.get("/v1/audit", params={"limit": 1000, **asked}))["data"]
        assert [entry["action"] for entry in data if entry["subject"] == subject] == ["client.list"] * 3


def test_an_import_leaves_one_audit_entry_for_all_its_rows(platform: Platform) -> None:
    tenant = platform.tenant()
    rows = [{"sku": f"S{n}", "name": "Mug", "price": "1.00"} for n in range(300)]
    job = ok(tenant.owner.post("/v1/products/bulk-import", json={"catalog_id": tenant.catalog_id, "rows": rows}))
    platform.eventually(lambda: ok(tenant.owner.get(f"/v1/jobs/{job['id']}"))["status"] == "completed")
    data = ok(tenant.owner.get("/v1/audit", params={"limit": 1000}))["data"]
    assert [entry["object_id"] for entry in data if entry["action"] == "job.create"] == [job["id"]]
    assert not [entry for entry in data if entry["action"].startswith("product")]


def test_a_manual_insert_of_many_products_leaves_one_audit_entry(platform: Platform) -> None:
    tenant = platform.tenant()
    platform.arrange(
        "insert into products (catalog_id, sku, name, price) select %s, n, n, 1 from generate_series(1, 500) n",
        [tenant.catalog_id],
    )
    data = ok(tenant.owner.get("/v1/audit", params={"object_id": tenant.catalog_id}))["data"]
    (entry,) = (entry for entry in data if entry["action"] == "products.create")
    assert (entry["subject"], entry["details"]) == ("login:postgres", {"count": 500})


def test_an_order_leaves_no_audit_entries_for_the_stock_of_its_products(platform: Platform, tenant: Tenant) -> None:
    product = platform.product(tenant)
    order = request_body("create_order", {"product_id": product["id"]})
    created(platform.api().post(f"/v1/storefront/{tenant.domain}/orders", json=order))
    data = ok(tenant.owner.get("/v1/audit", params={"object_id": product["id"]}))["data"]
    assert [entry["action"] for entry in data] == ["product.create"]


CHANGES: list[LiteralString] = [
    "update audit_log set action = 'x' where id = %s",
    "delete from audit_log where id = %s",
    "truncate audit_log",
]


@pytest.mark.parametrize("statement", CHANGES)
def test_an_update_or_delete_of_an_audit_entry_fails_even_for_a_superuser(
    platform: Platform, tenant: Tenant, statement: LiteralString
) -> None:
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"name": f"renamed {uuid4()}"}))
    entry = ok(tenant.owner.get("/v1/audit", params={"object_id": tenant.catalog_id}))["data"][0]
    with pytest.raises(errors.InsufficientPrivilege):
        platform.database.execute(statement, [entry["id"]] if "%s" in statement else None)


def test_every_column_with_secrets_or_personal_data_is_redacted(platform: Platform) -> None:
    rows = platform.database.execute("""
        select distinct c.table_name, c.column_name, c.column_name = any (app.audit_secrets(c.table_name)) as redacted
        from information_schema.columns c
        join information_schema.triggers t on t.event_object_table = c.table_name
        where t.action_statement ~ 'app.audit_(row|products)' and c.table_schema = 'public'
          and (c.column_name ~ 'email|phone|address|secret|token|password|customer|recipient|payload|config|url'
                 '|settings'
               and c.column_name <> all ('{sync_settings,logo_url,order_page_url,max_daily_quantity_per_address,'
               'max_recipient_mails,has_verified_email}'))
        """).fetchall()
    assert len(rows) > 10
    # The settings of a schedule contain only a prefix and a mode, which are not secret.
    assert [row for row in rows if not row["redacted"] and row["table_name"] != "schedules"] == []
