"""Tests the outbox. A change queues cache tags. Only the same transaction and the sweeper can read these tags."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.callers import CALLERS
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import (
    A_CATALOG,
    A_EXCLUDED,
    A_OTHER_SITE,
    A_PRODUCT,
    A_SITE,
    B_CATALOG,
    HIDDEN,
    HIDDEN_PRODUCT,
    LENT,
    LENT_PRODUCT,
    SHARED,
    A,
    B,
    ident,
)
from wecelebrate.core.database import ENTER

BY_NAME = {caller.name: caller for caller in CALLERS}
OWNER, SYSTEM = BY_NAME["A's owner"], BY_NAME["system"]
NEW = ident("new")
ORDER = ident("A's order")
WRITES = "select xid, outbox, tags from app.transaction_writes()"
RENAME = "update sites set name = 'renamed' where id = %s"
SITE = {f"site:{A_SITE}", "domain:a.test", "domain:@a-test", f"sites:{A}", "sites"}
STOCK = {f"stock:{key}{owner}" for key in (A_CATALOG, A_PRODUCT) for owner in ("", f":{A}")}
SHOWN_STOCK = {f"shown-stock:{A_CATALOG}", f"shown-stock:{A_PRODUCT}"}
PRICE = "update products set price = price + 1 where catalog_id = %s"


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A transaction of the superuser that is rolled back."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        yield connection


def writes(connection: psycopg.Connection) -> tuple[str | None, list[UUID], set[str]]:
    row = connection.execute(WRITES).fetchone()
    assert row
    assert len(set(row[2])) == len(row[2])
    return row[0], row[1], set(row[2])


def queued(connection: psycopg.Connection, statement: str, *values: Any) -> set[str]:
    """Run a statement, and return the tags that the statement adds to the outbox."""
    _, before, _ = writes(connection)
    connection.execute(sql.SQL(statement), values)
    _, after, _ = writes(connection)
    new = [row for row in after if row not in before]
    rows = connection.execute("select tags from cache_invalidations where id = any(%s)", [new])
    return {tag for (tags,) in rows for tag in tags}


CHANGES: list[tuple[str, tuple[Any, ...], set[str]]] = [
    ("insert into clients (id, name, slug) values (%s, 'New', 'new')", (NEW,), {f"client:{NEW}", "clients"}),
    ("update clients set tier = 'enterprise' where id = %s", (A,), {f"client:{A}", "clients"}),
    ("update client_users set role = 'viewer' where user_id = 'a-owner'", (), {"user:a-owner", f"members:{A}"}),
    ("update client_users set user_id = 'x' where user_id = 'a-owner'", (), {"user:a-owner", "user:x", f"members:{A}"}),
    ("delete from client_users where user_id = 'both'", (), {"user:both", f"members:{A}", f"members:{B}"}),
    ("insert into client_users (client_id, user_id, email) values (%s, 'new', 'n@test')", (A,),
     {"user:new", f"members:{A}"}),
    ("update admin_users set is_active = false where user_id = 'admin'", (), {"user:admin"}),
    ("delete from admin_users where user_id = 'support'", (), {"user:support"}),
    ("insert into revoked_sessions (subject, not_before, revoked_by) values ('x', now(), 'x')", (), {"user:x"}),
    ("update tiers set requests_per_hour = 7 where name = 'standard'", (), {"tiers"}),
    ("insert into catalogs (id, owner_client_id, name, type) values (%s, %s, 'n', 'erp')", (NEW, A),
     {f"catalog:{NEW}", "catalogs", f"client:{A}", f"shown:{NEW}"}),
    ("insert into catalogs (id, name, type) values (%s, 'n', 'erp')", (NEW,),
     {f"catalog:{NEW}", "catalogs", f"shown:{NEW}"}),
    ("update catalogs set status = 'draft' where id = %s", (A_CATALOG,),
     {f"catalog:{A_CATALOG}", "catalogs", f"shown:{A_CATALOG}"}),
    ("update catalogs set last_sync_at = now() where id = %s", (A_CATALOG,), {f"catalog:{A_CATALOG}", "catalogs"}),
    ("update catalogs set owner_client_id = %s where id = %s", (B, A_CATALOG),
     {f"catalog:{A_CATALOG}", "catalogs", f"client:{A}", f"client:{B}"}),
    ("update catalogs set owner_client_id = null where id = %s", (A_CATALOG,),
     {f"catalog:{A_CATALOG}", "catalogs", f"client:{A}"}),
    ("delete from catalogs where id = %s", (HIDDEN,),
     {f"catalog:{HIDDEN}", "catalogs", f"shown:{HIDDEN}", f"products:{HIDDEN}", f"product:{HIDDEN_PRODUCT}"}),
    ("delete from catalogs where id = %s", (LENT,),
     {f"catalog:{LENT}", "catalogs", f"shown:{LENT}", f"client:{B}", f"client:{A}", f"grants:{LENT}",
      f"products:{LENT}", f"product:{LENT_PRODUCT}"}),
    ("insert into catalog_grants (catalog_id, client_id) values (%s, %s)", (A_CATALOG, B),
     {f"client:{B}", f"grants:{A_CATALOG}"}),
    ("delete from catalog_grants where catalog_id = %s", (SHARED,), {f"client:{A}", f"client:{B}", f"grants:{SHARED}"}),
    (RENAME, (A_SITE,), SITE),
    ("update sites set domain = 'new.test' where id = %s", (A_SITE,), SITE | {"domain:new.test"}),
    ("update sites set domain = null where id = %s", (A_SITE,), SITE),
    (
        "insert into sites (id, client_id, name, slug) values (%s, %s, 'n', 'n-slug')",
        (NEW, B),
        {f"site:{NEW}", "domain:@n-slug", f"sites:{B}", "sites"},
    ),
    ("update site_product_exclusions set reason = 'r' where site_id = %s", (A_SITE,),
     {f"site:{A_SITE}", f"exclusions:{A_SITE}"}),
    ("delete from site_product_exclusions where site_id = %s", (A_SITE,), {f"site:{A_SITE}", f"exclusions:{A_SITE}"}),
    ("insert into products (catalog_id, sku, name, price) values (%s, 's', 'n', 1), (%s, 't', 'n', 1)",
     (A_CATALOG, A_CATALOG), {f"products:{A_CATALOG}"}),
    (PRICE, (LENT,), {f"products:{LENT}", f"product:{LENT_PRODUCT}"}),
    ("update products set catalog_id = %s where id = %s", (B_CATALOG, A_PRODUCT),
     {f"products:{A_CATALOG}", f"products:{B_CATALOG}", f"product:{A_PRODUCT}"}),
    ("update products set id = %s where id = %s", (NEW, A_PRODUCT),
     {f"products:{A_CATALOG}", f"product:{A_PRODUCT}", f"product:{NEW}"}),
    ("insert into orders (id, client_id, site_id, order_number, customer_name, customer_email, total_amount,"
     " shipping_address, items) values (%s, %s, %s, 'N', 'n', 'n@test', 1, '{}', '[]')", (NEW, A, A_SITE),
     {f"order:{NEW}", f"orders:{A}", "orders"}),
    ("update orders set metadata = '{\"a\": 1}' where id = %s", (ORDER,), {f"order:{ORDER}", f"orders:{A}", "orders"}),
    ("delete from orders where id = %s", (ORDER,), {f"order:{ORDER}", f"orders:{A}", "orders"}),
    ("delete from products where id = %s", (A_EXCLUDED,),
     {f"products:{A_CATALOG}", f"product:{A_EXCLUDED}", f"site:{A_SITE}", f"exclusions:{A_SITE}"}),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "values", "tags"), CHANGES, ids=[statement for statement, *_ in CHANGES])
def test_a_change_queues_the_tags_of_the_changed_rows(
    superuser: psycopg.Connection, statement: str, values: tuple[Any, ...], tags: set[str]
) -> None:
    assert queued(superuser, statement, *values) == tags


TABLES = sorted(
    {statement.split()[2 if "into" in statement or "from" in statement else 1] for statement, *_ in CHANGES}
)


def test_every_table_with_invalidation_triggers_is_tested(superuser: psycopg.Connection) -> None:
    tables = superuser.execute(
        "select tgrelid::regclass::text, count(*) from pg_trigger join pg_proc p on p.oid = tgfoid"
        " where proname in ('queue_tag_invalidation', 'queue_product_invalidation') group by 1 order by 1"
    )
    assert tables.fetchall() == [(table, 3) for table in TABLES]


@pytest.mark.parametrize("table", TABLES)
def test_a_statement_without_effect_queues_no_tag(superuser: psycopg.Connection, table: str) -> None:
    column = {"tiers": "name", "revoked_sessions": "not_before"}.get(table, "created_at")
    columns = superuser.execute("select attname from pg_attribute where attrelid = %s::regclass and attname = %s",
                                [table, "updated_at"]).fetchall()  # fmt: skip
    if columns:
        superuser.execute(f"alter table {table} disable trigger set_updated_at".encode())
        assert queued(superuser, f"update {table} set updated_at = '2001-01-01'") == set()
        superuser.execute(f"alter table {table} enable trigger set_updated_at".encode())
    assert queued(superuser, f"update {table} set {column} = {column}") == set()
    assert queued(superuser, f"update {table} set {column} = {column} where false") == set()
    assert queued(superuser, f"delete from {table} where false") == set()
    stored = superuser.execute(
        "select string_agg(quote_ident(attname), ', ') from pg_attribute"
        " where attrelid = %s::regclass and attnum > 0 and not attisdropped and attgenerated = ''",
        [table],
    ).fetchone()
    assert stored
    copy = f"insert into {table} ({stored[0]}) select {stored[0]} from {table} on conflict do nothing"
    assert queued(superuser, copy) == set()


def test_a_change_of_any_product_column_queues_the_product_tags(superuser: psycopg.Connection) -> None:
    columns = superuser.execute(
        "select attname, atttypid::regtype::text from pg_attribute"
        " where attrelid = 'products'::regclass and attnum > 0 and not attisdropped and attgenerated = ''"
        # A trigger moves source_data into another table, and only the sweeper reads offer_changes_at.
        " and attname not in ('updated_at', 'source_data', 'offer_changes_at')"
    ).fetchall()
    other = {
        "uuid": "app.uuid7()",
        "numeric": "price + 1",
        "integer": "inventory_count + 1",
        "boolean": "not is_active",
        "jsonb": """'["other"]'""",
        "timestamp with time zone": "'2001-01-01'",
        "text": "'XXX'",
    }
    by_name = {
        "catalog_id": f"'{B_CATALOG}'",
        "inventory_policy": "'untracked'",
        "offers": """'[{"price": "1", "starts_at": "2999-01-01T00:00:00Z"}]'""",
    }
    assert len(columns) == 19
    for column, kind in columns:
        value = by_name.get(column, other[kind])
        with superuser.transaction(force_rollback=True):
            # A catalog that has a currency would refuse a product in a different currency.
            superuser.execute("update catalogs set currency = null")
            tags = queued(superuser, f"update products set {column} = {value} where id = %s", A_PRODUCT)
            assert {f"product:{A_PRODUCT}", f"products:{A_CATALOG}"} <= tags, column


def test_a_stock_change_invalidates_pages_only_if_the_old_or_new_stock_is_0(
    superuser: psycopg.Connection,
) -> None:
    visible = {f"products:{A_CATALOG}", f"product:{A_PRODUCT}"}
    update = "update products set inventory_count = %s where id = %s"
    assert [queued(superuser, update, count, A_PRODUCT) for count in (7, 3, 0, 0)] == [
        visible,
        STOCK | SHOWN_STOCK,
        visible,
        set(),
    ]


def test_a_stock_change_that_grantees_cannot_see_does_not_invalidate_their_values(
    superuser: psycopg.Connection,
) -> None:
    superuser.execute("update products set inventory_count = 500 where id = %s", [A_PRODUCT])
    update = "update products set inventory_count = %s where id = %s"
    changes = [(499, False), (10, False), (11, False), (9, True), (8, True), (10, True), (400, False)]
    for count, is_shown in changes:
        assert queued(superuser, update, count, A_PRODUCT) == STOCK | (SHOWN_STOCK if is_shown else set()), count
    superuser.execute("alter table products disable trigger set_updated_at")
    superuser.execute("update products set updated_at = now() - interval '1 day' where id = %s", [A_PRODUCT])
    superuser.execute("alter table products enable trigger set_updated_at")
    assert [queued(superuser, update, count, A_PRODUCT) for count in (399, 398)] == [STOCK | SHOWN_STOCK, STOCK]


def test_a_stock_change_in_a_catalog_without_an_owner_invalidates_staff_values(
    superuser: psycopg.Connection,
) -> None:
    superuser.execute("update catalogs set owner_client_id = null where id = %s", [A_CATALOG])
    superuser.execute("update products set inventory_count = 500 where id = %s", [A_PRODUCT])
    tags = queued(superuser, "update products set inventory_count = 499 where id = %s", A_PRODUCT)
    assert tags == {f"stock:{A_CATALOG}", f"stock:{A_PRODUCT}"}


def test_a_stock_policy_change_invalidates_pages_only_if_the_availability_changes(
    superuser: psycopg.Connection,
) -> None:
    visible = {f"products:{A_CATALOG}", f"product:{A_PRODUCT}"}
    stock = STOCK | SHOWN_STOCK
    update = "update products set inventory_policy = %s, inventory_count = %s where id = %s"
    changes = [("untracked", 0), ("untracked", 0), ("tracked", 5), ("untracked", 0), ("tracked", 0)]
    tags = [queued(superuser, update, policy, count, A_PRODUCT) for policy, count in changes]
    assert tags == [visible, set(), stock, stock, visible]


def test_a_statement_queues_only_the_tags_of_the_changed_rows(superuser: psycopg.Connection) -> None:
    update = "update products set price = case when id = %s then 99 else price end"
    assert queued(superuser, update, A_PRODUCT) == {f"product:{A_PRODUCT}", f"products:{A_CATALOG}"}


def test_a_different_spelling_of_a_json_number_counts_as_a_change(superuser: psycopg.Connection) -> None:
    setting = "update clients set settings = %s where id = %s"
    superuser.execute(sql.SQL(setting), ['{"n": 1}', A])
    assert queued(superuser, setting, '{"n": 1.0}', A) == {f"client:{A}", "clients"}


def test_a_large_update_is_fast_even_with_a_plan_for_one_row(
    superuser: psycopg.Connection,
) -> None:
    insert = (
        "insert into products (catalog_id, sku, name, price) select %s, n::text, 'n', 1 from generate_series(1, 5000) n"
    )
    assert queued(superuser, insert, HIDDEN) == {f"products:{HIDDEN}"}
    for _ in range(10):  # after a few calls, PostgreSQL always uses a plan that was made for one row
        superuser.execute("update products set price = 7 where id = %s", [A_PRODUCT])
    began = time.monotonic()
    assert len(queued(superuser, PRICE, HIDDEN)) == 5002
    assert time.monotonic() - began < 5, "a nested loop over 5,000 times 5,000 rows would take three times as long"


def test_a_caller_cannot_read_the_writes_of_other_transactions(database: Database) -> None:
    with database.connect("wc_api", autocommit=True) as mine, database.connect("wc_api", autocommit=True) as other:
        with entered(mine, OWNER), entered(other, BY_NAME["B's owner"]):
            assert writes(mine) == (None, [], set())
            other.execute("update sites set name = 'renamed'")
            assert writes(mine) == (None, [], set())
            mine.execute(sql.SQL(RENAME), [A_SITE])
            mine.execute(sql.SQL(RENAME), [A_OTHER_SITE])
            xid, outbox, tags = writes(mine)
            assert tags == SITE | {f"site:{A_OTHER_SITE}", "domain:other.a.test", "domain:@other-a-test"}
            assert len(outbox) == 2
            assert mine.execute("select pg_current_xact_id()::text").fetchone() == (xid,)
        with entered(mine, OWNER):
            assert writes(mine) == (None, [], set())


def test_a_rolled_back_savepoint_queues_no_tag(database: Database) -> None:
    with database.connect("wc_api", autocommit=True) as connection, entered(connection, OWNER):
        with connection.transaction(force_rollback=True):
            connection.execute(sql.SQL(RENAME), [A_OTHER_SITE])
        xid, outbox, tags = writes(connection)
        assert (outbox, tags) == ([], set())
        with connection.transaction():
            connection.execute(sql.SQL(RENAME), [A_SITE])
        inside = writes(connection)
        assert inside[2] == SITE
        assert xid in (None, inside[0]), "a savepoint must not change the xid of the transaction"


@pytest.mark.parametrize("name", [caller.name for caller in CALLERS if caller.entered])
def test_every_caller_that_has_entered_can_read_the_writes_of_its_transaction(
    connections: dict[str, psycopg.Connection], name: str
) -> None:
    caller = BY_NAME[name]
    with entered(connections[caller.login], caller) as connection:
        assert writes(connection) == (None, [], set())


def committed(database: Database) -> tuple[UUID, str]:
    """Commit a change as the owner of A, and do not send the tags. Return the id of the outbox row, and the xid."""
    with database.connect("wc_api") as connection:
        connection.execute(ENTER, OWNER.parameters)
        connection.execute(sql.SQL(RENAME), [A_SITE])
        connection.execute("update sites set name = 'a.test' where id = %s", [A_SITE])
        xid, outbox, _ = writes(connection)
        connection.commit()
    with database.connect() as connection:
        connection.execute("delete from cache_invalidations where id = any(%s)", [outbox[1:]])
    assert xid
    return outbox[0], xid


def exists(database: Database, row: UUID) -> bool:
    with database.connect() as connection:
        return connection.execute("select from cache_invalidations where id = %s", [row]).fetchone() is not None


@pytest.mark.parametrize("login", ["wc_public", "wc_api", "wc_worker", "wc_kv"])
def test_a_login_can_delete_a_sent_outbox_row_by_its_id(own_database: Database, login: str) -> None:
    row, _ = committed(own_database)
    with own_database.connect(login, autocommit=True) as connection:
        connection.execute("select app.delete_sent_invalidations(%s)", [[uuid4()]])
        connection.execute("select app.delete_sent_invalidations('{}')")
        connection.execute("select app.delete_sent_invalidations(null)")
        assert exists(own_database, row)
        connection.execute("select app.delete_sent_invalidations(%s)", [[row, uuid4()]])
        assert not exists(own_database, row)
        assert exists(own_database, ident("a tag"))


def test_logins_cannot_read_the_ids_of_outbox_rows(database: Database) -> None:
    for login in ("wc_public", "wc_api", "wc_worker", "wc_kv"):
        with database.connect(login) as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute("select id from cache_invalidations")


@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller.entered], ids=lambda caller: caller.name)
def test_callers_cannot_delete_sent_outbox_rows_inside_a_transaction(
    connections: dict[str, psycopg.Connection], caller: Any
) -> None:
    with (
        entered(connections[caller.login], caller) as connection,
        pytest.raises(errors.InsufficientPrivilege),
        connection.transaction(),
    ):
        connection.execute("select app.delete_sent_invalidations(%s)", [[ident("a tag")]])


def test_injected_sql_cannot_delete_its_own_invalidations(database: Database) -> None:
    with database.connect("wc_api", autocommit=True) as connection, entered(connection, OWNER):
        connection.execute(sql.SQL(RENAME), [A_SITE])
        _, outbox, tags = writes(connection)
        connection.execute("reset role")
        connection.execute("select app.delete_sent_invalidations(%s)", [outbox])
        connection.execute("set local role app_client")
        assert writes(connection)[1:] == (outbox, tags)


def claim(connection: psycopg.Connection, older_than: str = "0 s", max_rows: int = 100) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select id, xid, tags from app.claim_invalidations(%s, %s)", [older_than, max_rows]
    ).fetchall()


def test_the_sweeper_claims_the_oldest_due_rows(database: Database, superuser: psycopg.Connection) -> None:
    superuser.execute("delete from cache_invalidations")
    for n, age in enumerate(["1 min", "1 hour", "5 s", "1 day"]):
        superuser.execute(
            "insert into cache_invalidations (id, xid, tags, created_at) values (%s, '77', %s, now() - %s::interval)",
            [ident(f"row {n}"), [age], age],
        )
    superuser.execute(sql.SQL(RENAME), [A_SITE])
    superuser.execute("set local session authorization wc_worker")
    with entered(superuser, SYSTEM):
        assert claim(superuser, "30 s", 2) == [(ident("row 3"), "77", ["1 day"]), (ident("row 1"), "77", ["1 hour"])]
        assert [tags for *_, tags in claim(superuser, "30 s")] == [["1 min"]]
        assert claim(superuser, "30 s") == []
        assert [tags for *_, tags in claim(superuser)] == [["5 s"]], (
            "rows of the current transaction must not be claimed"
        )


def test_concurrent_sweepers_claim_different_rows_and_a_rollback_releases_the_rows(own_database: Database) -> None:
    rows = {committed(own_database) for _ in range(2)}
    with own_database.connect("wc_worker") as first, own_database.connect("wc_worker") as second:
        for connection in (first, second):
            connection.execute(ENTER, SYSTEM.parameters)
        claimed = claim(first)
        assert rows < {(row, xid) for row, xid, _ in claimed} | {(ident("a tag"), "3")}
        assert claim(second) == []
        first.rollback()
        assert claim(second) == claimed
        second.rollback()
    for row, _ in rows:
        assert exists(own_database, row)
        with own_database.connect("wc_api") as connection:
            connection.execute("select app.delete_sent_invalidations(%s)", [[row]])


@pytest.mark.parametrize(
    ("older_than", "max_rows"), [("0 s", 0), ("0 s", 10001), ("0 s", None), (None, 1), ("-1 s", 1)]
)
def test_claiming_rows_is_rejected_if_the_number_or_the_age_is_invalid(
    connections: dict[str, psycopg.Connection], older_than: str, max_rows: int
) -> None:
    with (
        entered(connections["wc_worker"], SYSTEM) as system,
        pytest.raises(errors.InvalidParameterValue),
        system.transaction(),
    ):
        claim(system, older_than, max_rows)


@pytest.mark.parametrize("call", ["select app.claim_invalidations('0 s', 1)", "select app.write_replica_heartbeat()"])
@pytest.mark.parametrize(
    "caller", [caller for caller in CALLERS if caller.role != "app_definer"], ids=lambda caller: caller.name
)
def test_only_the_system_can_claim_invalidations_and_write_heartbeats(
    connections: dict[str, psycopg.Connection], caller: Any, call: str
) -> None:
    with entered(connections[caller.login], caller) as connection, connection.transaction(force_rollback=True):
        if caller.role == "app_system":
            connection.execute(call.encode())
        else:
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(call.encode())
