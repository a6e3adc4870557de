"""Tests suspensions of the row-level security of a table. During a suspension, no user can see or change more rows than
before.

In these tests, requests arrive during a suspension, a policy is broken, or no operator ends the suspension.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import errors, sql

from infra.local.credentials import Credentials
from tests.faults.jobs import create_import, job_row
from tests.platform import TLS, Json, Platform, Tenant, address, ok, output_of, problem
from wecelebrate.schema import access, migrate

PATH = "/v1/admin/row-security-suspensions"
REASON = {"reason": "The policy of clients fails"}
SUSPENDED = "row_security_suspended"
CALLERS = ("app_support", "app_client", "app_customer", "app_anon", "app_worker")
END_EXPIRED = "from wecelebrate.core.kill_switches import row_security; row_security.end_expired()"
CACHE_OFF = "insert into kill_switches (name, value) values ('cache', 'off') on conflict do nothing"


@pytest.fixture(scope="module")
def platform(own_platform: Platform) -> Platform:
    """Return a local cloud that only this module uses, because a suspension affects all clients."""
    own_platform.database.execute(CACHE_OFF)
    return own_platform


@pytest.fixture(autouse=True)
def _restored(platform: Platform) -> Iterator[None]:
    """After each test, end all suspensions, and check that the privileges and policies match the declarations."""
    yield
    for suspension in ok(platform.admin.get(PATH))["data"]:
        assert platform.admin.delete(f"{PATH}/{suspension['table']}").status_code == 204
    assert drift(platform) == []


def drift(platform: Platform) -> list[str]:
    with psycopg.connect(platform.endpoints.database) as connection:
        connection.execute("drop extension if exists pg_stat_statements")
        differences = access.drift(connection, access.declared())
        connection.rollback()
    return differences


def suspend(platform: Platform, table: str, minutes: int = 5) -> Json:
    return ok(platform.admin.put(f"{PATH}/{table}", json={**REASON, "minutes": minutes}))


def restore(platform: Platform, table: str) -> None:
    assert platform.admin.delete(f"{PATH}/{table}").status_code == 204
    platform.wait_for_replica()


def suspendable_tables() -> list[str]:
    """Return the tables that can be suspended. Admins can see all rows of these tables, and other roles also have
    access."""
    outsiders = set(CALLERS) - {"app_worker"}
    return sorted(
        name
        for name, table in access.matrix().items()
        if table.rows("app_admin", "select") == ("all",) and outsiders & {role for role, _ in table.cells}
    )


def test_a_table_can_be_suspended_only_if_admins_can_see_all_its_rows(platform: Platform) -> None:
    row = platform.database.execute("select app.suspendable_tables() as names").fetchone()
    assert row is not None
    assert row["names"] == suspendable_tables()
    for table in ("admin_users", "audit_log", "kill_switches", "webhook_secrets", "idempotency_keys", "none", "a.b"):
        problem(platform.admin.put(f"{PATH}/{table}", json=REASON), 404, "not_found")
        problem(platform.admin.delete(f"{PATH}/{table}"), 404, "not_found")


def may(platform: Platform, role: str, verb: str, table: str) -> bool:
    query = "select has_any_column_privilege(%s, %s, %s) as yes"
    if verb == "delete":
        query = "select has_table_privilege(%s, %s, %s) as yes"
    return platform.database.execute(query, [role, f"public.{table}", verb]).fetchone() == {"yes": True}


@pytest.mark.parametrize("table", suspendable_tables())
def test_a_role_loses_its_privileges_on_single_rows_during_a_suspension(platform: Platform, table: str) -> None:
    cells = access.matrix()[table].cells
    suspend(platform, table)
    state = platform.database.execute("select relrowsecurity from pg_class where oid = %s::regclass", [table])
    assert state.fetchone() == {"relrowsecurity": True}
    for role in (*CALLERS, "app_admin", "app_system"):
        allowed = {verb for verb in access.VERBS if may(platform, role, verb, table)}
        everywhere = {verb for verb in access.VERBS if cells.get((role, verb)) == ("all",)}
        assert allowed <= everywhere
        if role == "app_admin":
            assert allowed == {"select"}
        elif role == "app_system":
            assert allowed == everywhere
        else:
            assert allowed == set()
            with platform.database.transaction(force_rollback=True), pytest.raises(errors.InsufficientPrivilege):
                platform.database.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
                platform.database.execute(sql.SQL("select from {}").format(sql.Identifier(table)))


def test_all_admins_can_end_a_suspension_but_only_super_admins_can_start_it(platform: Platform) -> None:
    subject = f"admin-{uuid4().hex[:8]}"
    platform.database.execute("insert into admin_users (user_id, email, role) values (%s, %s, 'admin')", [subject] * 2)
    admin, tenant = platform.api(subject), platform.tenant()
    for api in (admin, tenant.owner, platform.api("support")):
        problem(api.put(f"{PATH}/orders", json=REASON), 403, "forbidden")
    for api in (tenant.owner, platform.api("support")):
        problem(api.get(PATH), 403, "forbidden")
    for body in ({}, {"reason": ""}, {**REASON, "minutes": 0}, {**REASON, "minutes": 61}, {**REASON, "until": "noon"}):
        problem(platform.admin.put(f"{PATH}/orders", json=body), 422, "invalid")
    assert ok(admin.get(PATH)) == {"data": []}
    suspension = suspend(platform, "orders")
    assert ok(admin.get(PATH)) == {"data": [suspension]}
    assert (suspension["table"], suspension["reason"], suspension["suspended_by"]) == (
        "orders", REASON["reason"], "admin",
    )  # fmt: skip
    assert admin.delete(f"{PATH}/orders").status_code == 204
    assert ok(admin.get(PATH)) == {"data": []}
    entries = ok(platform.admin.get("/v1/audit", params={"object_id": "orders"}))["data"]
    assert [(entry["action"], entry["subject"], entry["details"]) for entry in entries[:2]] == [
        ("row_security.restore", subject, {}),
        ("row_security.suspend", "admin", {**REASON, "minutes": 5}),
    ]


def test_ending_a_repeated_suspension_restores_the_original_privileges(platform: Platform) -> None:
    first = suspend(platform, "products")
    second = suspend(platform, "products", minutes=50)
    assert second["expires_at"] > first["expires_at"]
    restore(platform, "products")
    assert drift(platform) == []


def break_policy(platform: Platform, name: str) -> None:
    platform.database.execute(sql.SQL("alter policy {} on orders using (1 / 0 > 0)").format(sql.Identifier(name)))
    platform.wait_for_replica()


def test_admins_can_read_a_suspended_table_with_a_broken_policy(platform: Platform) -> None:
    tenant = platform.tenant()
    product = platform.product(tenant)
    platform.order(tenant, (product, 1))
    query = "select pg_get_expr(polqual, polrelid) as q from pg_policy where polrelid = 'orders'::regclass"
    policies = {
        name: platform.database.execute(query + " and polname = %s", [name]).fetchall()[0]["q"]
        for name in ("admin", "client")
    }
    path = f"/v1/sites/{tenant.site_id}/orders"
    for name in policies:
        break_policy(platform, name)
    try:
        assert tenant.owner.get(path).status_code >= 400
        assert platform.admin.get(path).status_code >= 400
        suspend(platform, "orders")
        platform.wait_for_replica()
        response = tenant.owner.get(path)
        assert problem(response, 503, SUSPENDED)["title"].startswith("This data is closed")
        assert response.headers["retry-after"] == "60"
        assert len(ok(platform.admin.get(path))["data"]) == 1
    finally:
        for name, condition in policies.items():
            platform.database.execute(f"alter policy {name} on orders using ({condition})".encode())
    restore(platform, "orders")
    assert len(ok(tenant.owner.get(path))["data"]) == 1


def test_an_expired_suspension_ends_without_an_operator(platform: Platform) -> None:
    suspend(platform, "orders")
    output_of(platform.run_as("schedules-sweeper", END_EXPIRED))
    assert [each["table"] for each in ok(platform.admin.get(PATH))["data"]] == ["orders"]
    platform.database.execute(
        "update row_security_suspensions set suspended_at = now() - interval '1 h', expires_at = now()"
    )
    output_of(platform.run_as("schedules-sweeper", END_EXPIRED))
    platform.wait_for_replica()
    assert ok(platform.admin.get(PATH)) == {"data": []}
    assert drift(platform) == []


def test_a_migration_ends_all_suspensions_before_its_first_change(platform: Platform) -> None:
    suspend(platform, "orders")
    suspend(platform, "sites")
    password = Credentials.of(platform.state).logins["wc_migrate"]
    host = platform.endpoints.database.rpartition("@")[2]
    migrate(f"postgresql://wc_migrate:{password}@{host}")
    platform.wait_for_replica()
    assert ok(platform.admin.get(PATH)) == {"data": []}


@pytest.mark.slow
def test_a_job_that_needs_a_suspended_table_continues_after_the_suspension(platform: Platform) -> None:
    tenant = platform.tenant()
    suspend(platform, "products")
    rows = [{"sku": f"R-{n}", "name": f"Product {n}", "price": "1.00"} for n in range(1_200)]
    job_id = create_import(tenant.owner, tenant.catalog_id, rows)
    platform.eventually(lambda: job_row(platform, job_id)["fence"] >= 1)
    platform.eventually(lambda: job_row(platform, job_id)["status"] == "pending")
    restore(platform, "products")
    platform.eventually(lambda: job_row(platform, job_id)["status"] == "completed", within=60)
    assert job_row(platform, job_id)["counts"]["created"] == 1_200


class Load:
    """Sends requests of an owner, an admin and a visitor from several threads, and records the responses."""

    def __init__(self, platform: Platform, tenant: Tenant, paths: list[str]) -> None:
        self._platform = platform
        self._paths = paths
        self._headers = {"owner": tenant.owner.headers, "admin": platform.admin.headers, "visitor": httpx.Headers()}
        self._visited = f"/v1/storefront/{tenant.domain}/products"
        self._stop = threading.Event()
        self.outcomes: Counter[tuple[str, int, str]] = Counter()
        """Counts the responses by caller, status and the code of the problem."""
        self.bodies: dict[tuple[str, str], set[str]] = {}
        """Maps a caller and a path to the different bodies of the successful responses."""

    @contextmanager
    def running(self) -> Iterator[Callable[[], None]]:
        """Send requests until the end of the block. Yield a function that waits until 60 further requests were sent."""
        threads = [threading.Thread(target=self._send, args=[caller]) for caller in self._headers for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            yield self._wait
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _wait(self) -> None:
        target = self.outcomes.total() + 60
        self._platform.eventually(lambda: self.outcomes.total() >= target)

    def _send(self, caller: str) -> None:
        token = self._headers[caller].get("Authorization", "")
        transport = httpx.HTTPTransport(verify=TLS, local_address=address())
        with httpx.Client(
            base_url=self._platform.endpoints.api, headers={"Authorization": token}, transport=transport, timeout=30
        ) as api:
            if caller == "visitor":
                del api.headers["Authorization"]
            while not self._stop.is_set():
                for path in self._paths if caller != "visitor" else [self._visited]:
                    response = api.get(path)
                    code = "" if response.is_success else response.json()["code"]
                    self.outcomes[caller, response.status_code, code] += 1
                    if response.is_success:
                        self.bodies.setdefault((caller, path), set()).add(response.text)


@pytest.mark.slow
@pytest.mark.parametrize("table", ["orders", "products", "sites", "clients"])
def test_requests_during_a_suspension_fail_only_with_the_documented_error(platform: Platform, table: str) -> None:
    tenant = platform.tenant()
    platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
    platform.database.execute("insert into kill_switches (name, value) values ('limits', 'off') on conflict do nothing")
    product = platform.product(tenant)
    platform.order(tenant, (product, 1))
    paths = [
        f"/v1/sites/{tenant.site_id}/orders",
        f"/v1/catalogs/{tenant.catalog_id}/products",
        f"/v1/sites/{tenant.site_id}",
        f"/v1/clients/{tenant.client_id}",
    ]
    load = Load(platform, tenant, paths)
    with load.running() as wait:
        for _ in range(3):
            wait()
            suspend(platform, table)
            wait()
            restore(platform, table)
        wait()
    refused = {outcome for outcome in load.outcomes if outcome[1] != 200}
    assert refused <= {(caller, 503, SUSPENDED) for caller in ("owner", "visitor")}
    assert ("owner", 503, SUSPENDED) in refused
    assert all(len(bodies) == 1 for bodies in load.bodies.values()), load.bodies
