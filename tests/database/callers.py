"""The callers of the test world, and the rows that `access.toml` allows each caller to access."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from tests.database.world import (
    A_JOB,
    A_SITE,
    B_JOB,
    B_SITE,
    CATALOG_OF,
    CLIENT_OF_JOB,
    GRANTS,
    ORDERS,
    OWNERS,
    PLATFORM_JOB,
    ROWS,
    SHOWN_BY,
    A,
    B,
    Row,
)
from wecelebrate.schema.access import Table, matrix

MATRIX = matrix()


@dataclass(frozen=True)
class Caller:
    """A caller of the database, with the properties that determine its access."""

    name: str
    login: str
    role: str
    """The database role of the session after the call to `app.enter`."""
    subject: str | None = None
    domain: str | None = None
    client_id: UUID | None = None
    job_id: UUID | None = None
    entered: bool = True
    """Whether the caller has called `app.enter`. Without this call, the caller has the role of its login, or a role
    that the caller has set itself.
    """
    admin_role: str | None = None
    clients: frozenset[UUID] = field(default_factory=frozenset)
    edits: frozenset[UUID] = field(default_factory=frozenset)
    owns: frozenset[UUID] = field(default_factory=frozenset)
    site: UUID | None = None

    @property
    def parameters(self) -> list[Any]:
        """The parameters with which this caller calls `app.enter`."""
        return [self.subject, None, self.domain, self.client_id, [], self.job_id, None, None, None]

    def needs_no_context(self, table: Table) -> bool:
        """Return whether the role sees rows without a context.

        These roles are app_definer, app_migrate, app_mirror, wc_migrate and the owner of the table.
        """
        return self.role in ("app_definer", "app_migrate", "app_mirror", "wc_migrate", table.owner)

    def rows(self, name: str, verb: str) -> list[Row] | None:
        """Return the rows on which the caller may use the verb. Return None if the role does not have the privilege."""
        table = MATRIX.get(name, Table("app_owner", {}))  # no role has direct access to a partition of events
        conditions = table.rows(self.role, verb)
        if self.role == "app_owner" == table.owner:
            return []  # the owner has every privilege, but no policy allows the owner to see rows
        if not conditions:
            return None
        if not self.entered and not self.needs_no_context(table):
            return []
        return [row for row in ROWS if row.table == name and self.satisfies(conditions, row)]

    def may_move(self, row: Row, column: str, target: UUID | str | None) -> bool:
        """Return whether the matrix allows the caller to set a column of the row to the value `target`."""
        moved = Row(row.table, row.label, {**row.values, column: target})
        conditions = MATRIX[row.table].rows(self.role, "update")
        return self.satisfies(conditions, moved)

    def satisfies(self, conditions: tuple[str, ...], row: Row) -> bool:
        """Return whether the row satisfies all conditions for this caller."""
        return all(CONDITIONS[condition](self, row) for condition in conditions)


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


CONDITIONS: dict[str, Callable[[Caller, Row], bool]] = {
    "all": lambda caller, row: True,
    "super": lambda caller, row: caller.admin_role == "super_admin",
    "admins": lambda caller, row: caller.admin_role in ("super_admin", "admin"),
    "own": lambda caller, row: row.client in caller.clients,
    "edited": lambda caller, row: row.client in caller.edits,
    "owned": lambda caller, row: row.client in caller.owns,
    "leavable": lambda caller, row: row.client in caller.owns or row.values["user_id"] == caller.subject is not None,
    "managed": lambda caller, row: caller.admin_role == "super_admin" or row.client is not None,
    "readable": _is_readable,
    "held": lambda caller, row: OWNERS.get(row.catalog) in caller.clients if row.catalog else False,
    "outdated": lambda caller, row: row.label == "outdated",
    "writable": _is_writable,
    "granted": lambda caller, row: row.client in caller.clients or _is_writable(caller, row),
    "linked": _is_linked,
    "site": lambda caller, row: row.site is not None and row.site == caller.site,
    "shown": _is_shown,
    "ordered": _is_ordered,
    "job": _is_of_the_job,
    "entered": lambda caller, row: row.values["job_id"] == caller.job_id,
    "caller's": lambda caller, row: row.values["subject"] == caller.subject is not None,
    "store": lambda caller, row: caller.subject == "service:kv",
    "expired": lambda caller, row: row.label == "A's expired",
}
"""Maps the name of each row condition in `access.toml` to an implementation in Python."""


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
    yield replace(person, name="both, for B only", subject="both", client_id=B, clients=b)
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
    yield Caller("staging", "wc_worker", "app_worker", "service:staging", job_id=A_JOB)
    yield Caller("staging without a job", "wc_worker", "app_worker", "service:staging")
    yield Caller("old applications", "wc_kv", "app_kv", "service:kv")
    for login, roles in LOGINS.items():
        yield Caller(f"{login} itself", login, login, entered=False)
        for role in roles:
            yield Caller(f"{login} with {role} set by hand", login, role, entered=False)


LOGINS = {
    "wc_public": ("app_anon", "app_customer"),
    "wc_api": ("app_admin", "app_support", "app_client"),
    "wc_worker": ("app_admin", "app_support", "app_client", "app_customer", "app_system", "app_worker"),
    "wc_kv": ("app_kv",),
    "wc_migrate": ("app_owner", "app_definer", "app_migrate", "app_worker", "app_mirror"),
}
"""Maps each login to the roles to which it can switch."""

CALLERS = tuple(_callers())
