"""Tests of the access matrix: every caller tries every cell of the matrix."""

import psycopg
import pytest
from psycopg import sql

from tests.database.callers import CALLERS, LOGINS, MATRIX, Caller
from tests.database.conftest import Database
from tests.database.probe import TABLES, entered, promised, reached
from wecelebrate.schema import MigrationError, access, migrate


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_a_caller_has_exactly_the_access_that_the_matrix_declares(
    connections: dict[str, psycopg.Connection], caller: Caller
) -> None:
    differences = {}
    for table in TABLES:
        with entered(connections[caller.login], caller) as connection:
            access_of_caller = reached(connection, table)
        if access_of_caller != promised(caller, table):
            differences[table] = (access_of_caller, promised(caller, table))
    assert differences == {}, "table: (access of the caller, access that the matrix declares)"


def test_the_tests_cover_every_table_of_the_matrix() -> None:
    assert {name for name, table in MATRIX.items() if table.is_secured} < set(TABLES)


def test_roles_outside_the_platform_can_read_only_the_table_tiers_completely() -> None:
    outside = ("app_client", "app_customer", "app_anon")
    wide = {
        name
        for name, table in MATRIX.items()
        for (role, _), conditions in table.cells.items()
        if role in outside and set(conditions) & {"all", "super"}
    }
    assert wide == {"tiers"}


def test_a_login_can_enter_only_its_listed_roles(database: Database) -> None:
    with database.connect() as connection:
        for login in ("wc_public", "wc_api", "wc_worker", "wc_kv"):
            roles = connection.execute(
                "select rolname from pg_roles where pg_has_role(%s, oid, 'member') and rolname <> %s",
                [login, login],
            )
            assert {name for (name,) in roles} == set(LOGINS[login]), login


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("grant delete on products to app_client", "products: app_client must not have the privilege delete"),
        ("grant select (price) on products to public", "products.price: public must not have the privilege select"),
        ("grant truncate on orders to app_admin", "orders: app_admin must not have the privilege truncate"),
        ("revoke update on orders from app_support", "orders: app_support must have the privilege update"),
        ("drop policy client on orders", "orders: 0 policies let app_client select; there must be exactly one"),
        (
            "create policy more on orders for select to app_client using (true)",
            "orders: 2 policies let app_client select; there must be exactly one",
        ),
        (
            "create policy more on orders for select to app_anon using (true)",
            "orders: the matrix does not require policy more of app_anon for select",
        ),
        ("alter table jobs disable row level security", "jobs: row-level security is off"),
        ("alter table jobs no force row level security", "jobs: row-level security is not forced on the owner"),
        ("alter table jobs owner to wc_api", "jobs: the owner is wc_api, but must be app_owner"),
        ("create table public.forgotten ()", "forgotten: the matrix does not declare this table"),
        (
            "create view app.all_orders as select * from orders",
            "app.all_orders: the matrix does not declare this view",
        ),
        ("alter table drops rename to dropped", "drops: the table does not exist"),
    ],
)
def test_a_difference_from_the_matrix_is_reported_with_table_role_and_privilege(
    database: Database, change: str, difference: str
) -> None:
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(sql.SQL(change))
        assert difference in access.drift(connection, access.declared())


def test_migrate_refuses_a_database_that_differs_from_the_matrix(database: Database) -> None:
    with database.connect(autocommit=True) as connection:
        connection.execute("grant delete on products to app_client")
        try:
            with pytest.raises(MigrationError, match="products: app_client must not have the privilege delete"):
                migrate(database.url("wc_migrate"))
            connection.execute("insert into schema_migrations values ('9999_later', '')")
            assert migrate(database.url("wc_migrate")) == [], (
                "a release without the latest migrations must not compare the access"
            )
        finally:
            connection.execute("delete from schema_migrations where name = '9999_later'")
            connection.execute("revoke delete on products from app_client")
