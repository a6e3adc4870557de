"""Creates resources of a tenant. There is one resource for each path parameter of the API."""

from collections.abc import Callable, Iterator, Mapping, Sequence
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
EARLIER_OBJECTS: tuple[LiteralString, ...] = (
    "delete from webhooks where client_id = %s and description like 'webhook %%'",
    "delete from order_destinations where client_id = %s",
    "delete from report_subscriptions where client_id = %s",
)
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
    with platform.changes():
        return dict(Resources(platform, tenant))


class Resources(Mapping[str, str]):
    """Maps each path parameter of the API to its value. A resource is created when its id is read for the first time.

    If a test needs only a few resources, this class is much faster than `create_resources`.
    """

    def __init__(self, platform: Platform, tenant: Tenant) -> None:
        self._platform, self._tenant = platform, tenant
        self._client = tenant.client_id
        self._ids = {
            "client_id": tenant.client_id,
            "site_id": tenant.site_id,
            "catalog_id": tenant.catalog_id,
            "domain": tenant.domain,
            "run_id": str(uuid4()),
            "comparison_id": str(uuid4()),
            "code": "not_found",
            "name": "reads",
            "table": "schedules",
        }
        self._creators: dict[str, Callable[[], str]] = {
            "product_id": lambda: str(platform.product(tenant)["id"]),
            "job_id": self._job,
            "report_id": lambda: self._insert(
                REPORT, [self._client, Jsonb({"file": self._file("report"), "format": "json"})]
            ),
            "upload_id": lambda: self._insert(UPLOAD, [self._client, self._file("upload")]),
            "export_id": lambda: self._insert(EXPORT, {"client": self._client}),
            "erasure_id": lambda: self._insert(ERASURE, [self._client]),
            "image_id": lambda: self._insert(IMAGE, [tenant.catalog_id]),
            "schedule_id": lambda: self._insert(SCHEDULE, [self._client, tenant.catalog_id, f"schedule {uuid4().hex}"]),
            "order_id": self._order,
            "return_id": self._return,
            "destination_id": self._destination,
            "webhook_id": self._webhook,
            "delivery_id": lambda: self._insert(DELIVERY, [self._client, self["webhook_id"]]),
            "letter_id": lambda: self._insert(DEAD_LETTER, [self._client, self["job_id"]]),
            "mail_id": lambda: self._insert(MAIL, [self._client, Jsonb(MAIL_DETAILS)]),
            "suppression_id": lambda: self._insert(
                SUPPRESSION, [self._client, f"{uuid4().hex}@example.test", self["mail_id"]]
            ),
            "member_id": self._member,
            "invitation_id": lambda: self._insert(INVITATION, [self._client, f"{uuid4().hex}@example.test"]),
            "staff_member_id": self._staff_member,
            "staff_invitation_id": self._staff_invitation,
            "subscription_id": self._subscription,
            "link": lambda: self._insert(REPORT_LINK, [self["subscription_id"], self["member_id"]]),
        }
        # Delete the objects of previous tests, because a client is allowed only a few of these objects and each
        # destination exports orders.
        with platform.changes():
            for statement in EARLIER_OBJECTS:
                platform.database.execute(statement, [self._client])

    def __getitem__(self, name: str) -> str:
        if name not in self._ids:
            with self._platform.changes():
                self._ids[name] = self._creators[name]()
        return self._ids[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._ids, *self._creators]))

    def __len__(self) -> int:
        return len({*self._ids, *self._creators})

    def _insert(self, statement: LiteralString, parameters: Sequence[Any] | Mapping[str, Any]) -> str:
        """Execute an insert and return the id of the new row."""
        row = self._platform.database.execute(statement, parameters).fetchone()
        assert row is not None
        return str(row["id"])

    def _file(self, kind: str) -> str:
        """Write a file of the client into the bucket of uploads, and return its key."""
        key = FILES[kind].format(client=self._client, unique=uuid4())
        self._platform.s3.put_object(Bucket=self._platform.uploads, Key=key, Body=CONTENTS[kind])
        return key

    def _job(self) -> str:
        result = {kind: self._file(kind) for kind in ("error_file", "result_file")}
        return self._insert(JOB, [self._client, self._tenant.catalog_id, Jsonb(result)])

    def _order(self) -> str:
        return self._new_order()["order"]

    def _new_order(self) -> dict[str, str]:
        """Create an order. Return the parameters for the SQL statements that create its dependent rows."""
        order = {
            "order": str(uuid4()),
            "client": self._client,
            "site": self._tenant.site_id,
            "number": uuid4().hex[:10].upper(),
            "product": self["product_id"],
        }
        self._platform.database.execute(ORDER, order)
        return order

    def _return(self) -> str:
        order = self._new_order()
        self._platform.database.execute(SHIPPED, order)
        return self._insert(RETURN, order)

    def _webhook(self) -> str:
        return self._insert(WEBHOOK, {"client": self._client})

    def _destination(self) -> str:
        return self._insert(DESTINATION, [self._client, f"destination {uuid4().hex}"])

    def _member(self) -> str:
        subject = uuid4().hex
        return self._insert(MEMBER, [self._client, subject, f"{subject}@example.test"])

    def _staff_member(self) -> str:
        subject = f"staff-{uuid4().hex}"
        return self._insert(STAFF_MEMBER, [subject, f"{subject}@example.test"])

    def _staff_invitation(self) -> str:
        # The limit of 50 staff invitations per hour applies to all tests together.
        self._platform.database.execute(EARLIER_STAFF_MAILS)
        return self._insert(STAFF_INVITATION, [f"{uuid4().hex}+staff@example.test"])

    def _subscription(self) -> str:
        values = {"client": self._client, "name": f"subscription {uuid4().hex}", "member": self["member_id"]}
        return self._insert(REPORT_SUBSCRIPTION, values)
