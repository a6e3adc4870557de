"""The test world: two clients and the platform, with rows in every table.

The module `callers` declares which callers may access these rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from wecelebrate.schema import function_files, migrations

NOW = datetime.now(UTC)
PAST = datetime(2020, 1, 1, tzinfo=UTC)
PARTITION = f"analytics_events_{NOW:%Y_%m}"


def ident(name: str) -> UUID:
    """Return the id of an object of the world. The id is derived from the name."""
    return uuid5(NAMESPACE_OID, name)


A, B = ident("client A"), ident("client B")
A_CATALOG, B_CATALOG, LENT, SHARED, HIDDEN = (
    ident(f"{name} catalog") for name in ("A's", "B's", "B's lent", "shared", "hidden")
)
A_SITE, A_OTHER_SITE, B_SITE = (ident(f"{name} site") for name in ("A's", "A's other", "B's"))
A_PRODUCT, A_INACTIVE, A_EXCLUDED, B_PRODUCT, LENT_PRODUCT, SHARED_PRODUCT, HIDDEN_PRODUCT = (
    ident(f"{name} product") for name in ("A's", "A's inactive", "A's excluded", "B's", "lent", "shared", "hidden")
)
A_JOB, B_JOB, PLATFORM_JOB = (ident(f"{name} job") for name in ("A's", "B's", "the platform's"))
OWNERS = {A_CATALOG: A, B_CATALOG: B, LENT: B, SHARED: None, HIDDEN: None}
GRANTS = {(SHARED, A), (SHARED, B), (LENT, A)}
CATALOG_OF = {
    A_PRODUCT: A_CATALOG,
    A_INACTIVE: A_CATALOG,
    A_EXCLUDED: A_CATALOG,
    B_PRODUCT: B_CATALOG,
    LENT_PRODUCT: LENT,
    SHARED_PRODUCT: SHARED,
    HIDDEN_PRODUCT: HIDDEN,
}
CLIENT_OF_JOB = {A_JOB: A, B_JOB: B}
SHOWN_BY = {A_SITE: A_CATALOG, A_OTHER_SITE: SHARED, B_SITE: B_CATALOG}


@dataclass(frozen=True)
class Row:
    """One row of the world. The `label` identifies the row within its table."""

    table: str
    label: str
    values: dict[str, Any]

    @property
    def client(self) -> UUID | None:
        """The client that the row belongs to."""
        column = {"clients": "id", "catalogs": "owner_client_id"}.get(self.table, "client_id")
        client_id: UUID | None = self.values.get(column)
        return client_id

    @property
    def catalog(self) -> UUID | None:
        """The id of the catalog that the row belongs to or refers to. If the row is a catalog, its own id."""
        catalog_id: UUID | None = self.values.get("id" if self.table == "catalogs" else "catalog_id")
        return catalog_id

    @property
    def site(self) -> UUID | None:
        """The id of the site that the row belongs to. If the row is a site, its own id."""
        site_id: UUID | None = self.values.get("id" if self.table == "sites" else "site_id")
        return site_id

    @property
    def key(self) -> tuple[Any, ...]:
        """The primary key of the row."""
        return tuple(self.values[column] for column in KEYS.get(self.table, ("id",)))


KEYS: dict[str, tuple[str, ...]] = {
    "tiers": ("name",),
    "admin_users": ("user_id",),
    "client_users": ("client_id", "user_id"),
    "revoked_sessions": ("subject",),
    "catalog_grants": ("catalog_id", "client_id"),
    "catalog_readings": ("catalog_id",),
    "site_product_exclusions": ("site_id", "product_id"),
    "order_lines": ("order_id", "line"),
    "shipment_lines": ("shipment_id", "line"),
    "return_lines": ("return_id", "line"),
    "order_daily_totals": ("client_id", "day", "currency", "status"),
    "facet_counts": ("catalog_id", "facet", "value"),
    "kv_store_6fcaeea3": ("key",),
    "kv.ids": ("key",),
    "kv.remainders": ("key",),
    "kv.quarantine": ("key",),
    "kv.notes": ("key", "note"),
    "kv.erased_orders": ("order_id", "client_id"),
    "kv.exclusions": ("site_id", "product_id"),
    "kv.mirror": ("is_only",),
    "kv.history": ("key", "rev"),
    "kv.writes": ("key", "base_rev", "fingerprint"),
    "kv.buckets": ("entity", "after_key"),
    "kv.shadow_reads": ("entity", "client_id", "slot"),
    "kv.traffic": ("entity", "client_id", "kind", "day"),
    "kv.archive_parts": ("retirement_id", "number"),
    "order_slot_totals": ("client_id", "slot", "site_id", "currency", "status"),
    "order_local_totals": ("client_id", "day", "hour", "site_id", "currency", "status"),
    "event_receipts": ("client_id", "event_id"),
    "order_news_refusals": ("job_id", "position"),
    "product_sources": ("catalog_id", "product_id"),
    "stock_holds": ("order_id", "line", "part"),
    "stock_reports": ("product_id",),
    "order_exports": ("destination_id", "order_id", "version"),
    "report_recipients": ("subscription_id", "member_id"),
    "app.staged_products": ("job_id", "fence", "sku", "ordinal", "line"),
    "app.staged_rejections": ("job_id", "fence", "line", "n"),
    "app.replica_heartbeat": ("only_row",),
    "kill_switches": ("name",),
    "row_security_suspensions": ("table_name",),
    "idempotency_keys": ("subject", "key"),
    "app.seal_key": ("only_row",),
    "schema_migrations": ("name",),
    "schema_functions": ("name",),
}
"""Maps each table to the columns of its primary key. Tables with the primary key `id` are omitted."""

HARMLESS: dict[str, tuple[str, Any]] = {
    "tiers": ("requests_per_hour", 1),
    "kv_store_6fcaeea3": ("value", Jsonb({})),
    "kv.ids": ("old_id", "renamed"),
    "kv.remainders": ("value", Jsonb({})),
    "kv.quarantine": ("reason", "no_price"),
    "kv.notes": ("field", "renamed"),
    "kv.erased_orders": ("order_id", ident("another order")),
    "kv.exclusions": ("product_id", A_PRODUCT),
    "kv.runs": ("done", 7),
    "kv.mirror": ("currency", "EUR"),
    "kv.history": ("value", Jsonb({})),
    "kv.conflicts": ("field", "renamed"),
    "kv.writes": ("fingerprint", 2),
    "kv.list_changes": ("columns", ["name"]),
    "kv.dirty": ("noticed_at", PAST),
    "kv.comparisons": ("compared", 7),
    "kv.differences": ("field", "renamed"),
    "kv.buckets": ("documents", 7),
    "kv.stages": ("shadow", 7),
    "kv.shadow_reads": ("reads", 7),
    "kv.traffic": ("requests", 7),
    "kv.retirements": ("quiet_seconds", 7),
    "kv.archive_parts": ("documents", 7),
    "kv.archive_secrets": ("number", 7),
    "clients": ("name", "renamed"),
    "admin_users": ("email", "renamed"),
    "client_users": ("email", "renamed"),
    "invitations": ("name", "renamed"),
    "revoked_sessions": ("not_before", NOW),
    "catalogs": ("name", "renamed"),
    "catalog_grants": ("created_at", NOW),
    "catalog_readings": ("file", "renamed"),
    "sites": ("name", "renamed"),
    "products": ("name", "renamed"),
    "product_sources": ("data", Jsonb({"cost": "9.99"})),
    "images": ("error", "renamed"),
    "site_product_exclusions": ("reason", "renamed"),
    "orders": ("customer_name", "renamed"),
    "order_lines": ("cancelled_quantity", 1),
    "order_events": ("subject", None),
    "shipments": ("carrier", "renamed"),
    "shipment_lines": ("quantity", 7),
    "returns": ("note", "renamed"),
    "return_lines": ("quantity", 7),
    "order_quantities": ("quantity", 7),
    "stock_holds": ("pieces", 7),
    "stock_reports": ("reported_count", 7),
    "guest_mails": ("mailbox", "renamed@test"),
    "order_deltas": ("orders", 7),
    "order_daily_totals": ("orders", 7),
    "facet_deltas": ("products", 7),
    "facet_counts": ("products", 7),
    "order_slot_totals": ("orders", 7),
    "order_local_totals": ("orders", 7),
    "analytics_events": ("event_type", "renamed"),
    "event_receipts": ("accepted_at", NOW),
    "order_destinations": ("name", "renamed"),
    "order_export_runs": ("orders", 7),
    "order_exports": ("position", 7),
    "order_file_drops": ("etag", "renamed"),
    "order_news_refusals": ("reason", "renamed"),
    "report_subscriptions": ("name", "renamed"),
    "report_recipients": ("unsubscribed_at", NOW),
    "jobs": ("error", "renamed"),
    "drops": ("etag", "renamed"),
    "dead_letters": ("reason", "renamed"),
    "audit_log": ("object_id", "renamed"),
    "schedules": ("name", "renamed"),
    "uploads": ("name", "renamed"),
    "exports": ("filters", Jsonb({"brand": "renamed"})),
    "erasures": ("counts", Jsonb({"orders": 7})),
    "mails": ("reason", "renamed"),
    "mail_suppressions": ("reason", "renamed"),
    "app.staged_products": ("name", "renamed"),
    "app.staged_rejections": ("reason", "renamed"),
    "webhooks": ("description", "renamed"),
    "webhook_secrets": ("secret", "renamed"),
    "webhook_deliveries": ("last_error", "renamed"),
    "cache_invalidations": ("created_at", NOW),
    "app.replica_heartbeat": ("written_at", NOW),
    "kill_switches": ("updated_by", "renamed"),
    "row_security_suspensions": ("reason", "renamed"),
    "idempotency_keys": ("body", "renamed"),
    "app.seal_key": ("key", b"0"),
    "schema_migrations": ("checksum", "0"),
    "schema_functions": ("checksum", "0"),
}
"""Maps each table to a column that does not affect who may access a row, and to a new value for this column."""

MOVES: dict[str, tuple[UUID | str | None, ...]] = {
    "client_id": (A, B),
    "owner_client_id": (A, B, None),
    "catalog_id": (A_CATALOG, B_CATALOG, LENT, SHARED, HIDDEN),
    "product_id": (A_PRODUCT, B_PRODUCT, SHARED_PRODUCT, HIDDEN_PRODUCT),
    "subject": ("a-owner", "customer"),
}
"""Maps each column that affects who may access a row to the values that callers try to set."""


def _rows_of_invitations() -> Iterator[Row]:
    for client, name, invited_role in ((A, "A", "viewer"), (B, "B", "viewer"), (None, "the platform", "support")):
        values = {"id": ident(f"{name} invitation"), "client_id": client, "email": "new@test", "role": invited_role}
        yield Row("invitations", name, {**values, "invited_by": "super"})
    for subject in ("a-owner", "super"):
        yield Row("revoked_sessions", subject, {"subject": subject, "not_before": PAST, "revoked_by": "super"})


def _rows_of_tenants() -> Iterator[Row]:
    for tier, limit in (("standard", 1000), ("professional", 10000), ("enterprise", 100000)):
        yield Row("tiers", tier, {"name": tier, "requests_per_hour": limit, "statement_timeout": "15 s"})
    for client, name in ((A, "A"), (B, "B")):
        yield Row("clients", name, {"id": client, "name": f"Client {name}", "slug": f"client-{name.lower()}"})
    for subject, role in (("super", "super_admin"), ("admin", "admin"), ("support", "support")):
        yield Row("admin_users", subject, {"user_id": subject, "email": f"{subject}@test", "role": role})
    members = [(A, "both", "owner"), (B, "both", "viewer"), (B, "b-owner", "owner")]
    for client, subject, role in [*members, *((A, f"a-{role}", role) for role in ("owner", "editor", "viewer"))]:
        name = f"{subject} of {'A' if client == A else 'B'}"
        values = {"client_id": client, "user_id": subject, "email": f"{subject}@test", "role": role}
        yield Row("client_users", name, {**values, "id": ident(name)})
    for name, catalog in (("A", A_CATALOG), ("B", B_CATALOG), ("lent", LENT), ("shared", SHARED), ("hidden", HIDDEN)):
        values = {"id": catalog, "owner_client_id": OWNERS[catalog], "name": name, "type": "erp", "status": "active"}
        yield Row("catalogs", name, values)
    for catalog, client in sorted(GRANTS):
        yield Row("catalog_grants", f"{catalog} to {client}", {"catalog_id": catalog, "client_id": client})
    for client, site, domain in ((A, A_SITE, "a.test"), (A, A_OTHER_SITE, "other.a.test"), (B, B_SITE, "b.test")):
        values = {"id": site, "client_id": client, "name": domain, "domain": domain, "status": "active"}
        values |= {"slug": domain.replace(".", "-"), "domain_verified_at": NOW}
        yield Row("sites", domain, {**values, "catalog_id": SHOWN_BY[site]})
    for product, catalog in CATALOG_OF.items():
        values = {"id": product, "catalog_id": catalog, "sku": str(product), "name": f"Mug {product}", "price": 10}
        yield Row("products", str(product), {**values, "is_active": product != A_INACTIVE})
    for product, catalog in CATALOG_OF.items():
        values = {"catalog_id": catalog, "product_id": product, "data": Jsonb({"cost": "4.11"})}
        yield Row("product_sources", str(product), values)
    for catalog in OWNERS:
        values = {"id": ident(f"image of {catalog}"), "catalog_id": catalog, "origin": "fetched", "status": "failed"}
        yield Row("images", f"of {catalog}", {**values, "source": "https://example.com/a.jpg"})
    for client, site, product in ((A, A_SITE, A_EXCLUDED), (B, B_SITE, SHARED_PRODUCT)):
        values = {"client_id": client, "site_id": site, "product_id": product}
        yield Row("site_product_exclusions", f"{site}", values)
    yield Row("kv.exclusions", "an exclusion", {"site_id": A_SITE, "product_id": A_EXCLUDED})


def _rows_of_an_order_life(name: str, client: UUID) -> Iterator[Row]:
    order = {"client_id": client, "order_id": ident(f"{name} order")}
    values = {"id": ident(f"{name} event"), **order, "version": 2, "type": "processing", "happened_at": NOW}
    yield Row("order_events", name, {**values, "source": "api", "actor": "client", "subject": "a-owner"})
    values = {"id": ident(f"{name} shipment"), **order, "number": "1", "shipped_at": NOW, "source": "api"}
    yield Row("shipments", name, values)
    yield Row("shipment_lines", name, {**order, "shipment_id": values["id"], "line": 1, "quantity": 1})
    values = {"id": ident(f"{name} return"), **order, "number": 1}
    yield Row("returns", name, values)
    yield Row("return_lines", name, {**order, "return_id": values["id"], "line": 1, "quantity": 1})


def _rows_of_orders() -> Iterator[Row]:
    orders = [("A's", A, A_SITE, "customer"), ("A's guest's", A, A_SITE, None)]
    for n, (name, client, site, subject) in enumerate(
        [*orders, ("A's elsewhere", A, A_OTHER_SITE, "customer"), ("B's", B, B_SITE, "customer")]
    ):
        values = {"id": ident(f"{name} order"), "client_id": client, "site_id": site, "order_number": str(n)}
        values |= {"customer_subject": subject, "customer_name": "C", "customer_email": "c@test", "total_amount": 1}
        values |= {"created_at": NOW, "shipping_address": Jsonb({}), "items": Jsonb([])}
        yield Row("orders", name, values)
        values = {"client_id": client, "order_id": ident(f"{name} order"), "line": 1, "sku": "s", "name": "n"}
        yield Row("order_lines", name, {**values, "quantity": 1, "unit_price": 1})
        yield from _rows_of_an_order_life(name, client)
    for name, client, site in (("A's", A, A_SITE), ("B's", B, B_SITE)):
        values = {"id": ident(f"{name} quantity"), "client_id": client, "site_id": site, "product_id": A_PRODUCT}
        yield Row("order_quantities", name, {**values, "buyer": "email:x@test", "quantity": 1})
        yield Row("guest_mails", name, {"id": ident(f"{name} guest"), "client_id": client, "mailbox": "x@test"})
        # These holds do not affect the stock, because they have ended.
        values = {"order_id": ident(f"{name} order"), "line": 1, "part": 1, "client_id": client, "pieces": 1}
        values |= {"catalog_id": CATALOG_OF[B_PRODUCT], "product_id": B_PRODUCT, "since": NOW, "cancelled_at": NOW}
        yield Row("stock_holds", name, values)
    for product in (A_PRODUCT, B_PRODUCT):
        values = {"product_id": product, "catalog_id": CATALOG_OF[product], "reported_count": 0, "reported_at": NOW}
        yield Row("stock_reports", str(product), values)
    for name, client, site, count in (("A's", A, A_SITE, 3), ("B's", B, B_SITE, 1)):
        values = {"client_id": client, "day": NOW.date(), "currency": "USD", "status": "pending"}
        yield Row("order_daily_totals", name, {**values, "orders": count, "amount": count})
        # The slot of 15 minutes in which the orders were placed.
        slot = NOW.replace(minute=NOW.minute // 15 * 15, second=0, microsecond=0)
        for place, placed in ((site, min(count, 2)), (A_OTHER_SITE, count - min(count, 2))):
            if placed:
                values_of_slot = {"client_id": client, "slot": slot, "site_id": place, "currency": "USD"}
                values_of_slot |= {"status": "pending", "orders": placed, "amount": placed}
                yield Row("order_slot_totals", f"{name} at {place}", values_of_slot)
                values_of_day = {
                    "client_id": client,
                    "day": NOW.date(),
                    "hour": -1,
                    "site_id": place,
                    "currency": "USD",
                }
                values_of_day |= {"status": "pending", "orders": placed, "amount": placed}
                yield Row("order_local_totals", f"{name} at {place}", values_of_day)
        values_of_hour = {"client_id": client, "day": NOW.date(), "hour": NOW.hour, "site_id": UUID(int=0)}
        values_of_hour |= {"currency": "USD", "status": "kept", "orders": count, "amount": count}
        yield Row("order_local_totals", f"{name} by hour", values_of_hour)
        # The daily totals still match the orders, because this delta adds 0.
        yield Row("order_deltas", name, {"id": ident(f"{name} delta"), **values, "orders": 0, "amount": 0})
    # These rows count 0 products, because no product of the world has a brand.
    for name, catalog in (("A's", A_CATALOG), ("B's", B_CATALOG)):
        counted = {"catalog_id": catalog, "facet": "brand", "value": "x", "products": 0}
        yield Row("facet_counts", name, counted)
        yield Row("facet_deltas", name, {"id": ident(f"{name} facet delta"), **counted})


def _rows_of_events_and_webhooks() -> Iterator[Row]:
    for name, client, site in (("A's", A, A_SITE), ("B's", B, B_SITE)):
        values = {"id": ident(f"{name} event"), "client_id": client, "site_id": site, "event_type": "view"}
        yield Row("analytics_events", name, {**values, "event_data": Jsonb({}), "accepted_at": NOW})
        yield Row("event_receipts", name, {"client_id": client, "event_id": ident(f"{name} event")})
    for name, client in (("A's", A), ("B's", B)):
        hook = {"client_id": client, "webhook_id": ident(f"{name} webhook")}
        values = {"id": hook["webhook_id"], "client_id": client, "url": "https://example.com/", "events": ["job.*"]}
        yield Row("webhooks", name, values)
        yield Row("webhook_secrets", name, {"id": ident(f"{name} secret"), **hook, "secret": f"whsec_{name}"})
        values = {"id": ident(f"{name} delivery"), **hook, "event": "job.failed", "payload": Jsonb({})}
        yield Row("webhook_deliveries", name, values)


def _rows_of_jobs() -> Iterator[Row]:
    for name, owner, catalog, job in (
        ("A's", A, A_CATALOG, A_JOB),
        ("B's", B, B_CATALOG, B_JOB),
        ("platform's", None, SHARED, PLATFORM_JOB),
    ):
        values: dict[str, Any] = {"id": job, "client_id": owner, "catalog_id": catalog, "type": "catalog_sync"}
        yield Row("jobs", name, {**values, "requested_by": "service:drops", "payload": Jsonb({})})
        values = {"id": ident(f"{name} drop"), "client_id": owner, "catalog_id": catalog, "key": name, "size": 1}
        values |= {"version_id": "1", "sequencer": "1", "etag": "e", "dropped_at": NOW, "job_id": job}
        yield Row("drops", name, values)
        values = {"catalog_id": catalog, "job_id": job, "file": name, "reading": Jsonb({})}
        yield Row("catalog_readings", name, values)
        values = {"id": ident(f"{name} dead letter"), "queue": "q", "client_id": owner, "job_id": job, "code": "c"}
        yield Row("dead_letters", name, {**values, "body": Jsonb({}), "reason": "r"})
        values = {"id": ident(f"{name} upload"), "client_id": owner, "key": name, "name": name, "size": 1}
        yield Row("uploads", name, {**values, "content_type": "text/csv", "created_by": "super"})
        for subject in ("a-owner", "both", "admin"):
            values = {"id": ident(f"{subject}'s export for {name}"), "client_id": owner, "subject": subject}
            job_id = ident(f"{subject}'s export job for {name}")
            of_job = {"id": job_id, "client_id": owner, "type": "data_export", "requested_by": subject}
            yield Row("jobs", f"{subject}'s export for {name}", {**of_job, "payload": Jsonb({})})
            yield Row(
                "exports", f"{subject}'s for {name}", {**values, "job_id": job_id, "kind": "orders", "format": "csv"}
            )
        values = {"id": ident(f"{name} schedule"), "client_id": owner, "catalog_id": catalog, "type": "catalog_sync"}
        yield Row("schedules", name, {**values, "name": name, "cron": "0 3 * * *", "timezone": "UTC"})
        if owner is not None:
            values = {"id": ident(f"{name} erasure"), "client_id": owner, "cause": "request", "requested_by": "a-owner"}
            yield Row("erasures", name, values)
        values = {"id": ident(f"{name} mail"), "client_id": owner, "template": "job_finished"}
        yield Row("mails", name, {**values, "recipient": "c@test"})
        values = {"id": ident(f"{name} suppression"), "client_id": owner, "address": "gone@test", "cause": "bounce"}
        yield Row("mail_suppressions", name, values)
        staged = {"job_id": job, "fence": 1, "line": 1}
        yield Row("app.staged_products", name, {**staged, "rows": 1, "sku": "s", "ordinal": 1})
        yield Row("app.staged_rejections", name, {**staged, "n": 1, "code": "c", "reason": "r", "raw": Jsonb({})})


def _rows_of_reports() -> Iterator[Row]:
    for name, client in (("A", A), ("B", B)):
        subscription = ident(f"{name} report subscription")
        values = {"id": subscription, "client_id": client, "name": name, "cadence": "day", "timezone": "UTC"}
        yield Row("report_subscriptions", name, values)
        values = {"subscription_id": subscription, "client_id": client, "member_id": ident(f"both of {name}")}
        yield Row("report_recipients", name, values)


def _rows_of_order_files() -> Iterator[Row]:
    for name, client, job in (("A's", A, A_JOB), ("B's", B, B_JOB)):
        destination = {"client_id": client, "destination_id": ident(f"{name} destination")}
        values = {"id": destination["destination_id"], "client_id": client, "name": name, "format": "csv"}
        yield Row("order_destinations", name, values)
        run = ident(f"{name} export run")
        values = {"id": run, **destination, "seq": 1, "settings": Jsonb({}), "written_at": NOW}
        yield Row("order_export_runs", name, values)
        values = {**destination, "order_id": ident(f"{name} order"), "version": 1, "run_id": run, "position": 1}
        yield Row("order_exports", name, {**values, "action": "new", "content_hash": "h"})
        values = {"id": ident(f"{name} order file"), **destination, "key": name, "version_id": "1", "size": 1}
        yield Row("order_file_drops", name, {**values, "etag": "e", "dropped_at": NOW, "job_id": job})
        values = {"job_id": job, "client_id": client, "position": 0, "code": "status", "reason": "r"}
        yield Row("order_news_refusals", name, values)


def _rows_of_mail() -> Iterator[Row]:
    """Yield an expired mail job, and similar jobs. Each similar job is not expired, because it has one difference."""
    jobs: dict[str, dict[str, Any]] = {
        "A's expired": {},
        "A's recent": {"completed_at": NOW - timedelta(days=89)},
        "A's failed": {},
        "A's import": {"type": "product_import"},
        "A's open": {"status": "pending"},
    }
    for name, difference in jobs.items():
        values = {"id": ident(f"{name} mail"), "client_id": A, "type": "email_notification", "status": "completed"}
        values |= {"requested_by": "service:mail", "payload": Jsonb({}), "completed_at": NOW - timedelta(days=91)}
        yield Row("jobs", name, values | difference)
    values = {"id": ident("A's failed letter"), "queue": "q", "client_id": A, "job_id": ident("A's failed mail")}
    yield Row("dead_letters", "A's failed", {**values, "code": "c", "reason": "r", "body": Jsonb({})})


def _rows_of_the_platform() -> Iterator[Row]:
    entries = (("super", None), ("admin", A), ("a-owner", A), ("both", A), ("both", B), ("b-owner", B))
    for subject, client_id in entries:
        values = {"id": ident(f"{subject}'s entry for {client_id}"), "subject": subject, "action": "a.b"}
        yield Row("audit_log", f"{subject}'s for {client_id}", {**values, "client_id": client_id, "object_id": "o"})
    values = {"id": ident("old entry"), "subject": "admin", "action": "a.b", "client_id": A, "object_id": "o"}
    yield Row("audit_log", "outdated", {**values, "created_at": NOW - timedelta(days=3 * 365)})
    yield Row("cache_invalidations", "a tag", {"id": ident("a tag"), "xid": "3", "tags": ["clients"]})
    # In this database, no process writes heartbeats. This heartbeat never gets old. Readers therefore count as caught
    # up.
    yield Row("app.replica_heartbeat", "the heartbeat", {"only_row": True, "written_at": "infinity"})
    for name in ("cache", "limits"):
        yield Row("kill_switches", name, {"name": name, "value": "off", "updated_by": "super"})
    suspension = {"table_name": "tiers", "reason": "A drill", "suspended_by": "super"}
    times = dict.fromkeys(("suspended_at", "expires_at", "ended_at"), NOW)
    taken = {"privileges": Jsonb([]), "policies": Jsonb({})}
    yield Row("row_security_suspensions", "ended", {**suspension, **taken, **times})
    for subject in ("super", "admin", "support", "a-owner", "both", "customer", "service:drops"):
        yield Row("idempotency_keys", subject, {"subject": subject, "key": "k", "request_hash": "h"})
    for key in ("gift:1", "session:secret"):
        yield Row("kv_store_6fcaeea3", key, {"key": key, "value": Jsonb({"id": key})})
    document = {"entity": "product", "environment": "production", "old_id": "1", "fingerprint": 1}
    yield Row("kv.ids", "gift:1", {"key": "gift:1", "id": ident("gift 1"), **document})
    yield Row("kv.remainders", "gift:1", {"key": "gift:1", "value": Jsonb({"tags": []})})
    yield Row("kv.quarantine", "gift:1", {"key": "gift:1", "reason": "no_currency", "field": "currency"})
    yield Row("kv.notes", "gift:1", {"key": "gift:1", "note": "no_sku", "field": "sku"})
    yield Row("kv.erased_orders", "an order", {"order_id": ident("an erased order"), "client_id": A})
    yield Row("kv.runs", "a run", {"id": ident("a run"), "environments": ["production"], "requested_by": "super"})
    yield Row("kv.mirror", "the mirror", {"is_only": True})
    yield Row("kv.history", "gift:1", {"key": "gift:1", "rev": 1, "value": Jsonb({})})
    yield Row("kv.conflicts", "gift:1", {"id": ident("gift 1"), "key": "gift:1", "kind": "both_changed", "field": "x"})
    yield Row("kv.writes", "gift:1", {"key": "gift:1", "base_rev": 1, "fingerprint": 1})
    change = {"id": ident("a change"), "entity": "product", "row_id": ident("gift 1"), "columns": ["name"]}
    yield Row("kv.list_changes", "gift:1", change)
    yield Row("kv.dirty", "gift:1", {"id": ident("a bulk write"), "row_id": ident("gift 1"), "entity": "product"})
    comparison = {"id": ident("a comparison"), "entity": "product", "requested_by": "super"}
    yield Row("kv.comparisons", "a comparison", comparison)
    difference = {"id": ident("a difference"), "entity": "product", "key": "gift:1", "kind": "field", "field": "name"}
    yield Row("kv.differences", "a difference", difference)
    bucket = {"entity": "product", "after_key": "", "last_key": "gift:1", "hash": 1, "documents": 1}
    yield Row("kv.buckets", "a bucket", bucket)
    yield Row("kv.stages", "a stage", {"id": ident("a stage"), "entity": "product", "changed_by": "super"})
    yield Row("kv.shadow_reads", "a slot", {"entity": "product", "client_id": A, "slot": 1})
    day = {"day": NOW.date(), "last_at": NOW}
    yield Row("kv.traffic", "a day", {"entity": "product", "client_id": A, "kind": "read", **day})
    retirement = {"id": ident("a retirement"), "entity": "product", "quiet_seconds": 1, "requested_by": "super"}
    yield Row("kv.retirements", "a retirement", {**retirement, "status": "undone"})
    part = {"retirement_id": ident("a retirement"), "number": 1}
    written = {"object_key": "a", "after_key": "", "last_key": "gift:1", "keys": ["gift:1"], "documents": 1, "bytes": 1}
    hashes = dict.fromkeys(("stored_sha256", "content_sha256"), "0" * 64)
    yield Row("kv.archive_parts", "a part", {**part, **written, **hashes})
    secret = {"id": ident("a secret"), "key": "gift:1", "path": ["password"], "value": Jsonb("secret")}
    yield Row("kv.archive_secrets", "a secret", {**part, **secret})
    yield Row("app.seal_key", "the key", {"only_row": True, "key": b"0"})
    for migration in migrations():
        yield Row("schema_migrations", migration.name, {"name": migration.name, "checksum": "0"})
    for file in function_files():
        yield Row("schema_functions", file.name, {"name": file.name, "checksum": "0", "applied_at": NOW})


ROWS = (
    *_rows_of_tenants(),
    *_rows_of_invitations(),
    *_rows_of_orders(),
    *_rows_of_events_and_webhooks(),
    *_rows_of_jobs(),
    *_rows_of_order_files(),
    *_rows_of_reports(),
    *_rows_of_mail(),
    *_rows_of_the_platform(),
)
ORDERS = {row.values["id"]: row for row in ROWS if row.table == "orders"}
_CREATED_BY_MIGRATIONS = ("tiers", "app.seal_key", "schema_migrations", "schema_functions")
_CREATED_BY_TRIGGERS = ("order_deltas", "order_daily_totals", "order_slot_totals", "order_local_totals")


def seed(connection: psycopg.Connection) -> None:
    """Insert every row into a migrated database. `connection` must belong to a superuser."""
    for row in ROWS:
        if row.table not in (*_CREATED_BY_MIGRATIONS, *_CREATED_BY_TRIGGERS):
            connection.execute(insertion(row.table, row), list(row.values.values()))
    # The triggers have written deltas with random ids. The rollup removes these deltas.
    connection.execute("select app.rollup_order_deltas()")
    # The tests expect no invalidations from these inserts. The invalidation of the world has another xid, and is not
    # deleted.
    connection.execute("delete from cache_invalidations where xid = pg_current_xact_id()")
    # The audit triggers have recorded these inserts. No statement can delete audit entries while the triggers are on.
    connection.execute("set local session_replication_role = replica")
    connection.execute(
        "delete from audit_log where id <> all (%s)", [[row.values["id"] for row in ROWS if row.table == "audit_log"]]
    )
    connection.execute("set local session_replication_role = origin")
    for row in ROWS:
        if row.table == "order_deltas":
            connection.execute(insertion(row.table, row), list(row.values.values()))


def insertion(table: str, row: Row) -> sql.Composed:
    """Return the statement that inserts the values of a row into a table."""
    return sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(*table.split(".")),
        sql.SQL(", ").join(map(sql.Identifier, row.values)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row.values)),
    )
