"""Two clients and the platform with a row of everything, who calls, and which rows the matrix's words mean for whom."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from wecelebrate.schema import function_files, migrations
from wecelebrate.schema.access import Table, matrix

MATRIX = matrix()
NOW = datetime.now(UTC)
PARTITION = f"analytics_events_{NOW:%Y_%m}"


def ident(name: str) -> UUID:
    """The id that something has in this world."""
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
    """One row of the world."""

    table: str
    label: str
    values: dict[str, Any]

    @property
    def client(self) -> UUID | None:
        """Whose it is."""
        column = {"clients": "id", "catalogs": "owner_client_id"}.get(self.table, "client_id")
        found: UUID | None = self.values.get(column)
        return found

    @property
    def catalog(self) -> UUID | None:
        """The catalog it is, is of, or points at."""
        found: UUID | None = self.values.get("id" if self.table == "catalogs" else "catalog_id")
        return found

    @property
    def site(self) -> UUID | None:
        """The site it is or is of."""
        found: UUID | None = self.values.get("id" if self.table == "sites" else "site_id")
        return found

    @property
    def key(self) -> tuple[Any, ...]:
        """Its primary key."""
        return tuple(self.values[column] for column in KEYS.get(self.table, ("id",)))


KEYS: dict[str, tuple[str, ...]] = {
    "tiers": ("name",),
    "admin_users": ("user_id",),
    "client_users": ("client_id", "user_id"),
    "catalog_grants": ("catalog_id", "client_id"),
    "site_product_exclusions": ("site_id", "product_id"),
    "order_lines": ("order_id", "line"),
    "order_daily_totals": ("client_id", "day", "currency", "status"),
    "event_receipts": ("client_id", "event_id"),
    "app.staged_products": ("job_id", "fence", "sku", "line"),
    "app.staged_rejections": ("job_id", "fence", "line", "n"),
    "app.replica_heartbeat": ("only_row",),
    "kill_switches": ("name",),
    "idempotency_keys": ("subject", "key"),
    "app.seal_key": ("only_row",),
    "schema_migrations": ("name",),
    "schema_functions": ("name",),
}
"""Primary keys; of tables that are not here, `id`."""

HARMLESS: dict[str, tuple[str, Any]] = {
    "tiers": ("requests_per_hour", 1),
    "clients": ("name", "renamed"),
    "admin_users": ("email", "renamed"),
    "client_users": ("email", "renamed"),
    "catalogs": ("name", "renamed"),
    "catalog_grants": ("created_at", NOW),
    "sites": ("name", "renamed"),
    "products": ("name", "renamed"),
    "images": ("error", "renamed"),
    "site_product_exclusions": ("reason", "renamed"),
    "orders": ("customer_name", "renamed"),
    "order_lines": ("name", "renamed"),
    "order_deltas": ("orders", 7),
    "order_daily_totals": ("orders", 7),
    "analytics_events": ("event_type", "renamed"),
    "event_receipts": ("accepted_at", NOW),
    "jobs": ("error", "renamed"),
    "drops": ("etag", "renamed"),
    "dead_letters": ("reason", "renamed"),
    "audit_log": ("action", "renamed"),
    "schedules": ("name", "renamed"),
    "uploads": ("name", "renamed"),
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
    "idempotency_keys": ("body", "renamed"),
    "app.seal_key": ("key", b"0"),
    "schema_migrations": ("checksum", "0"),
    "schema_functions": ("checksum", "0"),
}
"""A column of each table that says nothing about whose a row is."""

MOVES: dict[str, tuple[UUID | str | None, ...]] = {
    "client_id": (A, B),
    "owner_client_id": (A, B, None),
    "catalog_id": (A_CATALOG, B_CATALOG, LENT, SHARED, HIDDEN),
    "product_id": (A_PRODUCT, B_PRODUCT, SHARED_PRODUCT, HIDDEN_PRODUCT),
    "subject": ("a-owner", "customer"),
}
"""Columns that say whose a row is or what it points at, and where a writer may try to move it."""


@dataclass(frozen=True)
class Caller:
    """Someone at the database, and the truth about them."""

    name: str
    login: str
    role: str
    """The database role it acts as."""
    subject: str | None = None
    domain: str | None = None
    client_id: UUID | None = None
    job_id: UUID | None = None
    entered: bool = True
    """By app.enter. Otherwise it is the login itself, or SQL that set the role."""
    admin_role: str | None = None
    clients: frozenset[UUID] = field(default_factory=frozenset)
    edits: frozenset[UUID] = field(default_factory=frozenset)
    owns: frozenset[UUID] = field(default_factory=frozenset)
    site: UUID | None = None

    @property
    def parameters(self) -> list[Any]:
        """What app.enter is given."""
        return [self.subject, None, self.domain, self.client_id, [], self.job_id]

    def needs_no_context(self, table: Table) -> bool:
        """Whether the role alone opens rows: those that nothing but wc_migrate may set, and a table's owner."""
        return self.role in ("app_definer", "app_migrate", "wc_migrate", table.owner)

    def rows(self, name: str, verb: str) -> list[Row] | None:
        """The rows that the matrix gives; None where it gives not even the privilege."""
        table = MATRIX.get(name, Table("app_owner", {}))  # a partition is reached through its parent alone
        words = table.rows(self.role, verb)
        if self.role == "app_owner" == table.owner:
            return []  # it has every privilege on its tables, and no policy
        if not words:
            return None
        if not self.entered and not self.needs_no_context(table):
            return []
        return [row for row in ROWS if row.table == name and self.may(words, row)]

    def may_move(self, row: Row, column: str, target: UUID | str | None) -> bool:
        """Whether the matrix lets a row become one with another value in a column."""
        moved = Row(row.table, row.label, {**row.values, column: target})
        words = MATRIX[row.table].rows(self.role, "update")
        return self.may(words, moved)

    def may(self, words: tuple[str, ...], row: Row) -> bool:
        """Whether a row is among those that all the words mean."""
        return all(WORDS[word](self, row) for word in words)


def _is_readable(caller: Caller, row: Row) -> bool:
    return any(_may_read(client, row.catalog) for client in caller.clients)


def _is_writable(caller: Caller, row: Row) -> bool:
    return row.catalog is None or OWNERS[row.catalog] in caller.edits


def _is_linked(_: Caller, row: Row) -> bool:
    catalog = CATALOG_OF[row.values["product_id"]] if "product_id" in row.values else row.catalog
    return catalog is None or _may_read(row.client, catalog)


def _may_read(client: UUID | None, catalog: UUID | None) -> bool:
    return catalog is not None and (OWNERS[catalog] == client or (catalog, client) in GRANTS)


def _is_shown(caller: Caller, row: Row) -> bool:
    excluded = any(
        other.site == caller.site and other.values["product_id"] == row.values["id"]
        for other in ROWS
        if other.table == "site_product_exclusions"
    )
    return caller.site is not None and SHOWN_BY[caller.site] == row.catalog and row.values["is_active"] and not excluded


def _is_ordered(caller: Caller, row: Row) -> bool:
    order = ORDERS[row.values.get("order_id", row.values.get("id"))]
    return order.site == caller.site and order.values["customer_subject"] == caller.subject is not None


def _is_of_the_job(caller: Caller, row: Row) -> bool:
    readable = caller.admin_role is not None or CLIENT_OF_JOB.get(row.values["job_id"]) in caller.clients
    return row.values["job_id"] == caller.job_id and readable


WORDS: dict[str, Callable[[Caller, Row], bool]] = {
    "all": lambda caller, row: True,
    "super": lambda caller, row: caller.admin_role == "super_admin",
    "admins": lambda caller, row: caller.admin_role in ("super_admin", "admin"),
    "own": lambda caller, row: row.client in caller.clients,
    "edited": lambda caller, row: row.client in caller.edits,
    "owned": lambda caller, row: row.client in caller.owns,
    "readable": _is_readable,
    "writable": _is_writable,
    "granted": lambda caller, row: row.client in caller.clients or _is_writable(caller, row),
    "linked": _is_linked,
    "site": lambda caller, row: row.site is not None and row.site == caller.site,
    "shown": _is_shown,
    "ordered": _is_ordered,
    "job": _is_of_the_job,
    "caller's": lambda caller, row: row.values["subject"] == caller.subject is not None,
    "expired": lambda caller, row: row.label == "A's past",
}
"""What each word of access.toml means, said a second time, without SQL."""


def _rows_of_tenants() -> Iterator[Row]:
    for tier, limit in (("standard", 1000), ("professional", 10000), ("enterprise", 100000)):
        yield Row("tiers", tier, {"name": tier, "requests_per_hour": limit, "statement_timeout": "15 s"})
    for client, name in ((A, "A"), (B, "B")):
        yield Row("clients", name, {"id": client, "name": f"Client {name}", "slug": f"client-{name.lower()}"})
    for subject, role in (("super", "super_admin"), ("admin", "admin"), ("support", "support")):
        yield Row("admin_users", subject, {"user_id": subject, "email": f"{subject}@test", "role": role})
    members = [(A, "both", "owner"), (B, "both", "viewer"), (B, "b-owner", "owner")]
    for client, subject, role in [*members, *((A, f"a-{role}", role) for role in ("owner", "editor", "viewer"))]:
        values = {"client_id": client, "user_id": subject, "email": f"{subject}@test", "role": role}
        yield Row("client_users", f"{subject} of {'A' if client == A else 'B'}", values)
    for name, catalog in (("A", A_CATALOG), ("B", B_CATALOG), ("lent", LENT), ("shared", SHARED), ("hidden", HIDDEN)):
        values = {"id": catalog, "owner_client_id": OWNERS[catalog], "name": name, "type": "erp", "status": "active"}
        yield Row("catalogs", name, values)
    for catalog, client in sorted(GRANTS):
        yield Row("catalog_grants", f"{catalog} to {client}", {"catalog_id": catalog, "client_id": client})
    for client, site, domain in ((A, A_SITE, "a.test"), (A, A_OTHER_SITE, "other.a.test"), (B, B_SITE, "b.test")):
        values = {"id": site, "client_id": client, "name": domain, "domain": domain, "status": "active"}
        yield Row("sites", domain, {**values, "catalog_id": SHOWN_BY[site]})
    for product, catalog in CATALOG_OF.items():
        values = {"id": product, "catalog_id": catalog, "sku": str(product), "name": f"Mug {product}", "price": 10}
        yield Row("products", str(product), {**values, "is_active": product != A_INACTIVE})
    for catalog in OWNERS:
        values = {"id": ident(f"image of {catalog}"), "catalog_id": catalog, "origin": "fetched", "status": "failed"}
        yield Row("images", f"of {catalog}", {**values, "source": "https://example.com/a.jpg"})
    for client, site, product in ((A, A_SITE, A_EXCLUDED), (B, B_SITE, SHARED_PRODUCT)):
        values = {"client_id": client, "site_id": site, "product_id": product}
        yield Row("site_product_exclusions", f"{site}", values)


def _rows_of_work() -> Iterator[Row]:
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
    for name, client, count in (("A's", A, 3), ("B's", B, 1)):
        values = {"client_id": client, "day": NOW.date(), "currency": "USD", "status": "pending"}
        yield Row("order_daily_totals", name, {**values, "orders": count, "amount": count})
        # It moves nothing, so the figures are still those of the orders.
        yield Row("order_deltas", name, {"id": ident(f"{name} delta"), **values, "orders": 0, "amount": 0})
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
    for name, owner, catalog, job in (
        ("A's", A, A_CATALOG, A_JOB),
        ("B's", B, B_CATALOG, B_JOB),
        ("platform's", None, SHARED, PLATFORM_JOB),
    ):
        values = {"id": job, "client_id": owner, "catalog_id": catalog, "type": "catalog_sync"}
        yield Row("jobs", name, {**values, "requested_by": "service:drops", "payload": Jsonb({})})
        values = {"id": ident(f"{name} drop"), "client_id": owner, "catalog_id": catalog, "key": name, "size": 1}
        values |= {"version_id": "1", "sequencer": "1", "etag": "e", "dropped_at": NOW, "job_id": job}
        yield Row("drops", name, values)
        values = {"id": ident(f"{name} dead letter"), "queue": "q", "client_id": owner, "job_id": job, "code": "c"}
        yield Row("dead_letters", name, {**values, "body": Jsonb({}), "reason": "r"})
        values = {"id": ident(f"{name} upload"), "client_id": owner, "key": name, "name": name, "size": 1}
        yield Row("uploads", name, {**values, "content_type": "text/csv", "created_by": "super"})
        values = {"id": ident(f"{name} schedule"), "client_id": owner, "catalog_id": catalog, "type": "catalog_sync"}
        yield Row("schedules", name, {**values, "name": name, "cron": "0 3 * * *", "timezone": "UTC"})
        values = {"id": ident(f"{name} mail"), "client_id": owner, "template": "job_finished"}
        yield Row("mails", name, {**values, "recipient": "c@test"})
        values = {"id": ident(f"{name} suppression"), "client_id": owner, "address": "gone@test", "cause": "bounce"}
        yield Row("mail_suppressions", name, values)
        staged = {"job_id": job, "fence": 1, "line": 1}
        yield Row("app.staged_products", name, {**staged, "rows": 1, "sku": "s"})
        yield Row("app.staged_rejections", name, {**staged, "n": 1, "code": "c", "reason": "r", "raw": Jsonb({})})
    yield from _rows_of_mail()
    notes = (("super", None), ("admin", A), ("a-owner", A), ("both", A), ("both", B), ("b-owner", B))
    for subject, of in notes:
        values = {"id": ident(f"{subject}'s note on {of}"), "subject": subject, "action": "a.b", "client_id": of}
        yield Row("audit_log", f"{subject}'s on {of}", {**values, "object_id": "o"})
    yield Row("cache_invalidations", "a tag", {"id": ident("a tag"), "xid": "3", "tags": ["clients"]})
    # Nobody beats here: what is never old lets every reader keep up.
    yield Row("app.replica_heartbeat", "the heartbeat", {"only_row": True, "written_at": "infinity"})
    for name in ("cache", "limits"):
        yield Row("kill_switches", name, {"name": name, "value": "off", "updated_by": "super"})
    for subject in ("super", "admin", "support", "a-owner", "both", "customer", "service:drops"):
        yield Row("idempotency_keys", subject, {"subject": subject, "key": "k", "request_hash": "h"})
    yield Row("app.seal_key", "the key", {"only_row": True, "key": b"0"})
    for migration in migrations():
        yield Row("schema_migrations", migration.name, {"name": migration.name, "checksum": "0"})
    for file in function_files():
        yield Row("schema_functions", file.name, {"name": file.name, "checksum": "0", "applied_at": NOW})


def _rows_of_mail() -> Iterator[Row]:
    """Jobs of mail: one that is past, and others that each lack one thing for it."""
    jobs: dict[str, dict[str, Any]] = {
        "A's past": {},
        "A's recent": {"completed_at": NOW - timedelta(days=89)},
        "A's failed": {},
        "A's import": {"type": "product_import"},
        "A's open": {"status": "pending"},
    }
    for name, but in jobs.items():
        values = {"id": ident(f"{name} mail"), "client_id": A, "type": "email_notification", "status": "completed"}
        values |= {"requested_by": "service:mail", "payload": Jsonb({}), "completed_at": NOW - timedelta(days=91)}
        yield Row("jobs", name, values | but)
    values = {"id": ident("A's failed letter"), "queue": "q", "client_id": A, "job_id": ident("A's failed mail")}
    yield Row("dead_letters", "A's failed", {**values, "code": "c", "reason": "r", "body": Jsonb({})})


ROWS = (*_rows_of_tenants(), *_rows_of_work())
ORDERS = {row.values["id"]: row for row in ROWS if row.table == "orders"}
_MADE_BY_MIGRATIONS = ("tiers", "app.seal_key", "schema_migrations", "schema_functions")
_MADE_BY_TRIGGERS = ("order_deltas", "order_daily_totals")


def seed(connection: psycopg.Connection) -> None:
    """Put every row into a migrated database, as superuser."""
    for row in ROWS:
        if row.table not in (*_MADE_BY_MIGRATIONS, *_MADE_BY_TRIGGERS):
            connection.execute(insertion(row.table, row), list(row.values.values()))
    connection.execute(
        "select app.rollup_order_deltas()"
    )  # their ids nobody knows; folded, they are the order_daily_totals
    # What was put in is not news; the row of the outbox that was seeded has another xid.
    connection.execute("delete from cache_invalidations where xid = pg_current_xact_id()")
    for row in ROWS:
        if row.table == "order_deltas":
            connection.execute(insertion(row.table, row), list(row.values.values()))


def insertion(table: str, row: Row) -> sql.Composed:
    """The statement that inserts a row's values into a table."""
    return sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(*table.split(".")),
        sql.SQL(", ").join(map(sql.Identifier, row.values)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row.values)),
    )


def _callers() -> Iterator[Caller]:
    person = Caller("", "wc_api", "app_client")
    a, b = frozenset({A}), frozenset({B})
    yield replace(person, name="super admin", subject="super", role="app_admin", admin_role="super_admin")
    yield replace(person, name="admin", subject="admin", role="app_admin", admin_role="admin")
    yield replace(person, name="support", subject="support", role="app_support", admin_role="support")
    yield replace(person, name="A's owner", subject="a-owner", clients=a, edits=a, owns=a)
    yield replace(person, name="A's editor", subject="a-editor", clients=a, edits=a)
    yield replace(person, name="A's viewer", subject="a-viewer", clients=a)
    yield replace(person, name="B's owner", subject="b-owner", clients=b, edits=b, owns=b)
    yield replace(person, name="owner of A and viewer of B", subject="both", clients=a | b, edits=a, owns=a)
    yield replace(person, name="both, for B alone", subject="both", client_id=B, clients=b)
    visitor = Caller("visitor of A", "wc_public", "app_anon", domain="a.test", site=A_SITE)
    yield visitor
    yield replace(visitor, name="customer of A", role="app_customer", subject="customer")
    yield replace(visitor, name="customer of B", role="app_customer", subject="customer", domain="b.test", site=B_SITE)
    yield replace(visitor, name="visitor of nothing", domain=None, site=None)
    yield replace(visitor, name="customer of nothing", role="app_customer", subject="customer", domain=None, site=None)
    service = Caller("service for A", "wc_worker", "app_client", "service:drops", client_id=A, job_id=A_JOB)
    yield replace(service, clients=a, edits=a)
    yield replace(service, name="service for A with B's job", job_id=B_JOB, clients=a, edits=a)
    platform = replace(service, name="service for the platform", role="app_admin", admin_role="service")
    yield replace(platform, client_id=None, job_id=PLATFORM_JOB)
    yield Caller("A's owner at a worker", "wc_worker", "app_client", "a-owner", clients=a, edits=a, owns=a)
    yield Caller("A's customer at a worker", "wc_worker", "app_customer", "customer", domain="a.test", site=A_SITE)
    yield Caller("system", "wc_worker", "app_system", "service:system")
    yield Caller("staging", "wc_worker", "app_worker", "service:staging")
    for login, roles in LOGINS.items():
        yield Caller(f"{login} itself", login, login, entered=False)
        for role in roles:
            yield Caller(f"{login} with {role} set by hand", login, role, entered=False)


LOGINS = {
    "wc_public": ("app_anon", "app_customer"),
    "wc_api": ("app_admin", "app_support", "app_client"),
    "wc_worker": ("app_admin", "app_support", "app_client", "app_customer", "app_system", "app_worker"),
    "wc_migrate": ("app_owner", "app_definer", "app_migrate", "app_worker"),
}
"""Every login, and the roles that it may set."""

CALLERS = tuple(_callers())
