"""Every operation of the API, with a request that it must understand: what generated tests are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from psycopg.types.json import Jsonb

from infra.openapi import document
from tests.platform import Platform, Tenant

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One operation."""

    verb: str
    path: str
    operation: Json = field(repr=False)

    @property
    def name(self) -> str:
        """Its operationId."""
        return str(self.operation["operationId"])

    @property
    def ids(self) -> list[str]:
        """The path parameters that are ids."""
        parameters = self.operation.get("parameters", [])
        return [one["name"] for one in parameters if one["in"] == "path" and one["schema"].get("format") == "uuid"]

    @property
    def required(self) -> bool:
        """Whether the gateway asks for a token."""
        return bool(self.operation["security"] == [{"bearer": []}])

    @property
    def own(self) -> bool:
        """Whether it is for customers of a storefront, about what is theirs."""
        return self.name in ("list_own_orders", "get_own_order")

    @property
    def public(self) -> bool:
        """Whether it answers who comes without a token."""
        return not self.required and not self.own

    @property
    def lists(self) -> bool:
        """Whether it answers pages."""
        return any(one["name"] == "cursor" for one in self.operation.get("parameters", []))

    @property
    def label(self) -> str:
        """The field that people know the thing by."""
        if self.name == "create_order":
            return "customer_name"
        return "description" if self.name.endswith("_webhook") else "name"

    def send(self, api: httpx.Client, ids: Mapping[str, str], **more: Any) -> httpx.Response:
        """Make the request, with a body that is valid where one is wanted."""
        given: Json = {"json": body(self.name, ids)} if "requestBody" in self.operation else {}
        if any(one["name"] == "if-match" for one in self.operation.get("parameters", [])):
            given["headers"] = {"If-Match": "*"} | more.pop("headers", {})
        if self.name == "replay_webhook":
            given["params"] = {"since": "2026-01-01T00:00:00Z"}
        return api.request(self.verb, self.path.format(**ids), **(given | more))


def calls() -> list[Call]:
    """All of them, in the order of their paths."""
    return [
        Call(verb.upper(), path, operation)
        for path, verbs in sorted(document()["paths"].items())
        for verb, operation in sorted(verbs.items())
    ]


def body(name: str, ids: Mapping[str, str]) -> Json:
    """A valid body of an operation; what is created by it clashes with nothing."""
    fresh = uuid4().hex[:12]
    client: Json = {"name": f"Client {fresh}", "slug": f"t-{fresh}"}
    site: Json = {"name": f"site {fresh}", "domain": f"{fresh}.test"}
    catalog: Json = {"name": f"catalog {fresh}", "type": "manual"}
    product: Json = {"sku": fresh, "name": f"Product {fresh}", "price": "1.00"}
    bodies: dict[str, Json] = {
        "create_client": client,
        "replace_client": client,
        "create_site": site | {"client_id": ids["client_id"]},
        "replace_site": site,
        "create_catalog": catalog | {"owner_client_id": ids["client_id"]},
        "replace_catalog": catalog,
        "create_product": product,
        "create_schedule": {
            "client_id": ids["client_id"],
            "catalog_id": ids["catalog_id"],
            "name": f"schedule {fresh}",
            "cron": "0 3 * * *",
            "settings": {"prefix": "exports/"},
        },
        "replace_product": product,
        "create_webhook": {
            "client_id": ids["client_id"],
            "url": "https://example.com/hooks",
            "events": ["job.*"],
            "description": f"webhook {fresh}",
        },
        "upload_image": {"type": "image/png", "bytes": int(fresh[:4], 16) + 100},
        "create_order": {
            "lines": [{"product_id": ids["product_id"], "quantity": 1}],
            "customer_name": f"Customer {fresh}",
            "customer_email": "customer@example.test",
            "shipping_address": {"line1": "Main Street 1", "city": "Springfield", "country": "US"},
        },
        "exclude_product": {"reason": "not here"},
        "set_flag": {"value": "primary"},
        "import_products": {"catalog_id": ids["catalog_id"], "rows": [product]},
        "import_products_first_api": {"catalogId": ids["catalog_id"], "products": [product]},
        "propose_mapping": {"job_id": ids["job_id"]},
        "create_upload": {"name": f"{fresh}.csv", "size": 100, "client_id": ids["client_id"]},
    }
    return bodies.get(name, {})


def ids_of(platform: Platform, tenant: Tenant) -> dict[str, str]:
    """One id of a tenant for each path parameter, of things that are there."""
    product = platform.product(tenant)["id"]
    job = platform.database.execute(
        "insert into jobs (client_id, catalog_id, type, status, requested_by, payload)"
        " values (%s, %s, 'product_import', 'completed', 'a test', '{}') returning id",
        [tenant.client_id, tenant.catalog_id],
    ).fetchone()
    image = platform.database.execute(
        "insert into images (catalog_id, origin, status, type, bytes)"
        " values (%s, 'uploaded', 'uploading', 'image/png', 1) returning id",
        [tenant.catalog_id],
    ).fetchone()
    assert job is not None and image is not None
    # A client has few: one for all who ask.
    platform.arrange("delete from webhooks where client_id = %s and description like 'webhook %%'", [tenant.client_id])
    webhook = platform.database.execute(
        "with old as (select id from webhooks where client_id = %(client)s and description is null limit 1), new as ("
        " insert into webhooks (client_id, url, events)"
        " select %(client)s, 'https://example.com/', '{job.*}' where not exists (select from old) returning id)"
        " select id from old union all select id from new",
        {"client": tenant.client_id},
    ).fetchone()
    assert webhook is not None
    delivery = platform.database.execute(
        "insert into webhook_deliveries (client_id, webhook_id, event, payload, status)"
        " values (%s, %s, 'job.failed', '{}', 'failed') returning id",
        [tenant.client_id, webhook["id"]],
    ).fetchone()
    assert delivery is not None
    letter = platform.database.execute(
        "insert into dead_letters (queue, client_id, job_id, body, code, reason)"
        " values ('catalog-syncs', %s, %s, '{}', 'a_test', 'a test') returning id",
        [tenant.client_id, job["id"]],
    ).fetchone()
    assert letter is not None
    schedule = platform.database.execute(
        "insert into schedules (client_id, catalog_id, type, name, cron, timezone, settings)"
        " values (%s, %s, 'catalog_sync', %s, '0 3 * * *', 'UTC', '{\"prefix\": \"exports/\"}') returning id",
        [tenant.client_id, tenant.catalog_id, f"schedule {uuid4().hex}"],
    ).fetchone()
    assert schedule is not None
    mail = platform.database.execute(
        "insert into mails (client_id, template, recipient, details) values (%s, 'job_finished', 'a@example.test', %s)"
        " returning id",
        [
            tenant.client_id,
            Jsonb(
                {
                    "job_id": "j",
                    "type": "catalog_sync",
                    "status": "failed",
                    "error": "e",
                    "counts": {"read": 1},
                    "ended_at": "2026-01-01T00:00:00+00:00",
                }
            ),
        ],
    ).fetchone()
    suppression = platform.database.execute(
        "insert into mail_suppressions (client_id, address, cause, mail_id) values (%s, %s, 'bounce', %s) returning id",
        [tenant.client_id, f"{uuid4().hex}@example.test", mail and mail["id"]],
    ).fetchone()
    order_id = str(uuid4())
    platform.arrange(
        "insert into orders (id, client_id, site_id, order_number, customer_name, customer_email, total_amount,"
        "  shipping_address, items)"
        " values (%s, %s, %s, %s, 'A customer', 'customer@example.test', 1, '{}', '[]')",
        [order_id, tenant.client_id, tenant.site_id, uuid4().hex[:10].upper()],
    )
    assert mail is not None and suppression is not None
    return {
        "order_id": order_id,
        "schedule_id": str(schedule["id"]),
        "webhook_id": str(webhook["id"]),
        "delivery_id": str(delivery["id"]),
        "letter_id": str(letter["id"]),
        "mail_id": str(mail["id"]),
        "suppression_id": str(suppression["id"]),
        "client_id": tenant.client_id,
        "site_id": tenant.site_id,
        "catalog_id": tenant.catalog_id,
        "product_id": product,
        "job_id": str(job["id"]),
        "image_id": str(image["id"]),
        "domain": tenant.domain,
        "name": "reads",
    }
