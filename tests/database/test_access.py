"""The matrix of access.toml, every cell of it tried as every caller."""

import psycopg
import pytest
from psycopg import sql

from tests.database.conftest import Database
from tests.database.probe import TABLES, entered, promised, reached
from tests.database.world import CALLERS, LOGINS, MATRIX, Caller
from wecelebrate.schema import MigrationError, access, migrate


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_a_caller_reaches_what_the_matrix_says(
    connections: dict[str, psycopg.Connection], caller: Caller, table: str
) -> None:
    with entered(connections[caller.login], caller) as connection:
        assert reached(connection, table) == promised(caller, table)


def test_every_table_of_the_matrix_is_tried() -> None:
    assert set(MATRIX) < set(TABLES)


def test_words_for_every_row_belong_to_the_platform_alone() -> None:
    outside = ("app_client", "app_customer", "app_anon")
    wide = {
        name
        for name, table in MATRIX.items()
        for (role, _), words in table.cells.items()
        if role in outside and set(words) & {"all", "super"}
    }
    assert wide == {"tiers"}


def test_a_login_may_enter_its_own_audience_alone(database: Database) -> None:
    with database.connect() as connection:
        for login in ("wc_public", "wc_api", "wc_worker"):
            found = connection.execute(
                "select rolname from pg_roles where pg_has_role(%s, oid, 'member') and rolname <> %s",
                [login, login],
            )
            assert {name for (name,) in found} == set(LOGINS[login]), login


@pytest.mark.parametrize(
    ("change", "said"),
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
            "orders: the matrix does not call for policy more of app_anon for select",
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
def test_drift_is_named_by_table_role_and_verb(database: Database, change: str, said: str) -> None:
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(sql.SQL(change))
        assert said in access.drift(connection, access.declared())


def test_migrating_refuses_a_database_that_drifted(database: Database) -> None:
    with database.connect(autocommit=True) as connection:
        connection.execute("grant delete on products to app_client")
        try:
            with pytest.raises(MigrationError, match="products: app_client must not have the privilege delete"):
                migrate(database.url("wc_migrate"))
            connection.execute("insert into schema_migrations values ('9999_later', '')")
            assert migrate(database.url("wc_migrate")) == [], "a release that came later knows better"
        finally:
            connection.execute("delete from schema_migrations where name = '9999_later'")
            connection.execute("revoke delete on products from app_client")
