"""Creates resources of a tenant. There is one resource for each path parameter of the API."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString
from uuid import uuid4

from psycopg.types.json import Jsonb

from tests.platform import Platform, Tenant

JOB: LiteralString = """
insert into jobs (client_id, catalog_id, type, status, requested_by, payload, result)
values (%s, %s, 'product_import', 'completed', 'a test', '{}', %s) returning id
"""
ERROR_FILE = (
    b"sku,name,wecelebrate_line,wecelebrate_code,wecelebrate_error,wecelebrate_sku\r\nA-1,,2,incomplete,no name,A-1\r\n"
)
FILES = {
    "error_file": "{client}/imports/{unique}/result.errors.csv",
    "result_file": "{client}/imports/{unique}/result.json",
    "upload": "{client}/uploads/{unique}/products.csv",
    "report": "{client}/reports/{unique}/report.json",
}
CONTENTS = {"error_file": ERROR_FILE, "result_file": b"{}", "upload": b"sku,name,price\n", "report": b"{}"}
IMAGE: LiteralString = """
insert into images (catalog_id, origin, status, type, bytes)
values (%s, 'uploaded', 'uploading', 'image/png', 1) returning id
"""
REPORT: LiteralString = """
insert into jobs (client_id, type, status, requested_by, payload, result)
values (%s, 'report_generation', 'completed', 'a test', '{}', %s) returning id
"""
WEBHOOK: LiteralString = """
with existing as (
  select id from webhooks where client_id = %(client)s and description is null limit 1
), inserted as (
  insert into webhooks (client_id, url, events)
  select %(client)s, 'https://example.com/', '{job.*}' where not exists (select from existing) returning id
)
select id from existing union all select id from inserted
"""
DELIVERY: LiteralString = """
insert into webhook_deliveries (client_id, webhook_id, event, payload, status)
values (%s, %s, 'job.failed', '{}', 'failed') returning id
"""
DEAD_LETTER: LiteralString = """
insert into dead_letters (queue, client_id, job_id, body, code, reason)
values ('catalog-syncs', %s, %s, '{}', 'a_test', 'a test') returning id
"""
SCHEDULE: LiteralString = """
insert into schedules (client_id, catalog_id, type, name, cron, timezone, settings)
values (%s, %s, 'catalog_sync', %s, '0 3 * * *', 'UTC', '{"prefix": "exports/"}') returning id
"""
MAIL: LiteralString = """
insert into mails (client_id, template, recipient, details)
values (%s, 'job_finished', 'a@example.test', %s) returning id
"""
MAIL_DETAILS = {
    "job_id": "j",
    "type": "catalog_sync",
    "status": "failed",
    "error": "e",
    "counts": {"read": 1},
    "ended_at": "2026-01-01T00:00:00+00:00",
}
SUPPRESSION: LiteralString = """
insert into mail_suppressions (client_id, address, cause, mail_id) values (%s, %s, 'bounce', %s) returning id
"""
UPLOAD: LiteralString = """
insert into uploads (client_id, key, name, content_type, size, created_by)
values (%s, %s, 'products.csv', 'text/csv', 1, 'a test') returning id
"""
EXPORT: LiteralString = """
with job as (
  insert into jobs (client_id, type, status, requested_by, payload)
  values (%(client)s, 'data_export', 'completed', 'a test', '{}') returning id
)
insert into exports (client_id, job_id, subject, kind, format, options)
select %(client)s, id, (select user_id from client_users where client_id = %(client)s and role = 'owner' limit 1),
  'orders', 'csv', '{"bom": false, "timezone": "UTC", "include": []}'
from job
returning id
"""
ERASURE: LiteralString = """
insert into erasures (client_id, cause, requested_by, completed_at)
values (%s, 'request', 'a test', now()) returning id
"""
ORDER: LiteralString = """
with new_order as (
  insert into orders (id, client_id, site_id, order_number, customer_name, customer_email, total_amount,
    shipping_address, items)
  values (%(order)s, %(client)s, %(site)s, %(number)s, 'A customer', 'customer@example.test', 1, '{}', '[]')
  returning *
)
insert into order_lines (client_id, order_id, line, product_id, sku, name, quantity, unit_price)
select client_id, id, 1, %(product)s, 'MUG', 'Mug', 1, 1 from new_order
"""
SHIPPED: LiteralString = """
with shipped as (update orders set status = 'shipped', fulfilment = 'full' where id = %(order)s returning id)
update order_lines set shipped_quantity = 1 where order_id in (select id from shipped)
"""
RETURN: LiteralString = """
with counted as (update order_lines set returned_quantity = 1 where order_id = %(order)s), new_return as (
  insert into returns (client_id, order_id, number) values (%(client)s, %(order)s, 1) returning *
), new_line as (
  insert into return_lines (client_id, order_id, return_id, line, quantity)
  select client_id, order_id, id, 1, 1 from new_return
)
select id from new_return
"""


MEMBER: LiteralString = """
insert into client_users (client_id, user_id, email, role) values (%s, %s, %s, 'viewer') returning id
"""
INVITATION: LiteralString = """
insert into invitations (client_id, email, role, invited_by) values (%s, %s, 'viewer', 'a test') returning id
"""
STAFF_MEMBER: LiteralString = """
insert into admin_users (user_id, email, role) values (%s, %s, 'support') returning id
"""
STAFF_INVITATION: LiteralString = """
insert into invitations (email, role, invited_by) values (%s, 'support', 'a test') returning id
"""
EARLIER_STAFF_MAILS: LiteralString = """
update mails set created_at = created_at - interval '2 days'
where template = 'invitation' and client_id is null and created_at > now() - interval '1 day'
"""
REPORT_SUBSCRIPTION: LiteralString = """
with subscription as (
  insert into report_subscriptions (client_id, name, cadence, timezone)
  values (%(client)s, %(name)s, 'day', 'UTC') returning id, client_id
), recipient as (
  insert into report_recipients (subscription_id, client_id, member_id)
  select id, client_id, %(member)s from subscription
)
select id from subscription
"""
REPORT_LINK: LiteralString = """
select app.sealed_token('r' || replace(%s, '-', '') || replace(%s, '-', '')) as id
"""
DESTINATION: LiteralString = """
insert into order_destinations (client_id, name, format) values (%s, %s, 'csv') returning id
"""


def create_resources(platform: Platform, tenant: Tenant) -> dict[str, str]:
    """Create one resource of the tenant for each path parameter. Map each path parameter to its value."""
    client = tenant.client_id
    product = platform.product(tenant)["id"]
    files = {kind: name.format(client=client, unique=uuid4()) for kind, name in FILES.items()}
    for kind, key in files.items():
        platform.s3.put_object(Bucket=platform.uploads, Key=key, Body=CONTENTS[kind])
    with platform.changes():
        return _insert_all(platform, tenant, product, files)


def _insert_all(platform: Platform, tenant: Tenant, product: str, files: dict[str, str]) -> dict[str, str]:
    """Insert the rows of all resources except the product. Map each path parameter to its value.

    files: the keys of the files in the bucket of uploads, with the same names as in FILES
    """
    client = tenant.client_id
    result = {kind: files[kind] for kind in ("error_file", "result_file")}
    report = {"file": files["report"], "format": "json"}
    # The staff can send only 50 invitations within an hour, and all tests share this limit.
    platform.arrange(EARLIER_STAFF_MAILS)
    # A client is allowed only a few webhooks. So delete the webhooks that tests created, and reuse one webhook.
    platform.arrange("delete from webhooks where client_id = %s and description like 'webhook %%'", [client])
    platform.arrange("delete from order_destinations where client_id = %s", [client])
    platform.arrange("delete from report_subscriptions where client_id = %s", [client])
    job = _insert(platform, JOB, [client, tenant.catalog_id, Jsonb(result)])
    webhook = _insert(platform, WEBHOOK, {"client": client})
    mail = _insert(platform, MAIL, [client, Jsonb(MAIL_DETAILS)])
    orders = [
        {"order": str(uuid4()), "client": client, "site": tenant.site_id, "number": uuid4().hex[:10].upper()}
        for _ in range(2)
    ]
    for order in orders:
        platform.arrange(ORDER, order | {"product": product})
    platform.arrange(SHIPPED, orders[1])
    unique = uuid4().hex
    member = _insert(platform, MEMBER, [client, unique, f"{unique}@example.test"])
    subscription = {"client": client, "name": f"subscription {unique}", "member": member}
    subscription_id = _insert(platform, REPORT_SUBSCRIPTION, subscription)
    return {
        "member_id": member,
        "subscription_id": subscription_id,
        "link": _insert(platform, REPORT_LINK, [subscription_id, member]),
        "run_id": str(uuid4()),
        "comparison_id": str(uuid4()),
        "invitation_id": _insert(platform, INVITATION, [client, f"{unique}+new@example.test"]),
        "staff_member_id": _insert(platform, STAFF_MEMBER, [f"staff {unique}", f"{unique}@example.test"]),
        "staff_invitation_id": _insert(platform, STAFF_INVITATION, [f"{unique}+staff@example.test"]),
        "order_id": orders[0]["order"],
        "return_id": _insert(platform, RETURN, orders[1]),
        "schedule_id": _insert(platform, SCHEDULE, [client, tenant.catalog_id, f"schedule {uuid4().hex}"]),
        "destination_id": _insert(platform, DESTINATION, [client, f"destination {uuid4().hex}"]),
        "webhook_id": webhook,
        "delivery_id": _insert(platform, DELIVERY, [client, webhook]),
        "letter_id": _insert(platform, DEAD_LETTER, [client, job]),
        "mail_id": mail,
        "suppression_id": _insert(platform, SUPPRESSION, [client, f"{uuid4().hex}@example.test", mail]),
        "client_id": client,
        "site_id": tenant.site_id,
        "catalog_id": tenant.catalog_id,
        "product_id": product,
        "job_id": job,
        "report_id": _insert(platform, REPORT, [client, Jsonb(report)]),
        "export_id": _insert(platform, EXPORT, {"client": client}),
        "erasure_id": _insert(platform, ERASURE, [client]),
        "image_id": _insert(platform, IMAGE, [tenant.catalog_id]),
        "upload_id": _insert(platform, UPLOAD, [client, files["upload"]]),
        "domain": tenant.domain,
        "code": "not_found",
        "name": "reads",
        "table": "schedules",
    }


def _insert(platform: Platform, statement: LiteralString, parameters: Sequence[Any] | Mapping[str, Any]) -> str:
    """Execute an insert and return the id of the new row."""
    row = platform.database.execute(statement, parameters).fetchone()
    assert row is not None
    return str(row["id"])
