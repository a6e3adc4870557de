"""The outbox: what is changed is told, what is not changed is not, and to nobody but its writer and the sweeper."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import (
    A_CATALOG,
    A_EXCLUDED,
    A_OTHER_SITE,
    A_PRODUCT,
    A_SITE,
    B_CATALOG,
    CALLERS,
    HIDDEN,
    HIDDEN_PRODUCT,
    LENT,
    LENT_PRODUCT,
    SHARED,
    A,
    B,
    ident,
)
from wecelebrate.database import ENTER

BY_NAME = {caller.name: caller for caller in CALLERS}
OWNER, SYSTEM = BY_NAME["A's owner"], BY_NAME["system"]
NEW = ident("new")
ORDER = ident("A's order")
LEAVE = "select xid, outbox, tags from app.transaction_writes()"
RENAME = "update sites set name = 'renamed' where id = %s"
SITE = {f"site:{A_SITE}", "domain:a.test", f"sites:{A}", "sites"}
PRICE = "update products set price = price + 1 where catalog_id = %s"


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A transaction that is rolled back."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        yield connection


def leave(connection: psycopg.Connection) -> tuple[str | None, list[UUID], set[str]]:
    row = connection.execute(LEAVE).fetchone()
    assert row
    assert len(set(row[2])) == len(row[2])
    return row[0], row[1], set(row[2])


def told(connection: psycopg.Connection, statement: str, *values: Any) -> set[str]:
    """The tags that a statement leaves in the outbox."""
    _, before, _ = leave(connection)
    connection.execute(sql.SQL(statement), values)
    _, after, _ = leave(connection)
    new = [row for row in after if row not in before]
    found = connection.execute("select tags from cache_invalidations where id = any(%s)", [new])
    return {tag for (tags,) in found for tag in tags}


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
    ("update tiers set requests_per_hour = 7 where name = 'standard'", (), {"tiers"}),
    ("insert into catalogs (id, owner_client_id, name, type) values (%s, %s, 'n', 'erp')", (NEW, A),
     {f"catalog:{NEW}", "catalogs", f"client:{A}"}),
    ("insert into catalogs (id, name, type) values (%s, 'n', 'erp')", (NEW,), {f"catalog:{NEW}", "catalogs"}),
    ("update catalogs set last_sync_at = now() where id = %s", (A_CATALOG,), {f"catalog:{A_CATALOG}", "catalogs"}),
    ("update catalogs set owner_client_id = %s where id = %s", (B, A_CATALOG),
     {f"catalog:{A_CATALOG}", "catalogs", f"client:{A}", f"client:{B}"}),
    ("update catalogs set owner_client_id = null where id = %s", (A_CATALOG,),
     {f"catalog:{A_CATALOG}", "catalogs", f"client:{A}"}),
    ("delete from catalogs where id = %s", (HIDDEN,),
     {f"catalog:{HIDDEN}", "catalogs", f"products:{HIDDEN}", f"product:{HIDDEN_PRODUCT}"}),
    ("delete from catalogs where id = %s", (LENT,),
     {f"catalog:{LENT}", "catalogs", f"client:{B}", f"client:{A}", f"grants:{LENT}", f"products:{LENT}",
      f"product:{LENT_PRODUCT}"}),
    ("insert into catalog_grants (catalog_id, client_id) values (%s, %s)", (A_CATALOG, B),
     {f"client:{B}", f"grants:{A_CATALOG}"}),
    ("delete from catalog_grants where catalog_id = %s", (SHARED,), {f"client:{A}", f"client:{B}", f"grants:{SHARED}"}),
    (RENAME, (A_SITE,), SITE),
    ("update sites set domain = 'new.test' where id = %s", (A_SITE,), SITE | {"domain:new.test"}),
    ("update sites set domain = null where id = %s", (A_SITE,), SITE),
    ("insert into sites (id, client_id, name) values (%s, %s, 'n')", (NEW, B), {f"site:{NEW}", f"sites:{B}", "sites"}),
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
    ("update orders set status = 'shipped' where id = %s", (ORDER,), {f"order:{ORDER}", f"orders:{A}", "orders"}),
    ("delete from orders where id = %s", (ORDER,), {f"order:{ORDER}", f"orders:{A}", "orders"}),
    ("delete from products where id = %s", (A_EXCLUDED,),
     {f"products:{A_CATALOG}", f"product:{A_EXCLUDED}", f"site:{A_SITE}", f"exclusions:{A_SITE}"}),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "values", "tags"), CHANGES, ids=[statement for statement, *_ in CHANGES])
def test_a_change_tells_its_tags(
    superuser: psycopg.Connection, statement: str, values: tuple[Any, ...], tags: set[str]
) -> None:
    assert told(superuser, statement, *values) == tags


NOTED = sorted({statement.split()[2 if "into" in statement or "from" in statement else 1] for statement, *_ in CHANGES})


def test_what_changes_are_tried_of_is_every_table_that_has_the_triggers(superuser: psycopg.Connection) -> None:
    found = superuser.execute(
        "select tgrelid::regclass::text, count(*) from pg_trigger join pg_proc p on p.oid = tgfoid"
        " where proname in ('queue_tag_invalidation', 'queue_product_invalidation') group by 1 order by 1"
    )
    assert found.fetchall() == [(table, 3) for table in NOTED]


@pytest.mark.parametrize("table", NOTED)
def test_what_changes_nothing_tells_nothing(superuser: psycopg.Connection, table: str) -> None:
    column = "created_at" if table != "tiers" else "name"
    columns = superuser.execute("select attname from pg_attribute where attrelid = %s::regclass and attname = %s",
                                [table, "updated_at"]).fetchall()  # fmt: skip
    if columns:
        superuser.execute(f"alter table {table} disable trigger set_updated_at".encode())
        assert told(superuser, f"update {table} set updated_at = '2001-01-01'") == set()
        superuser.execute(f"alter table {table} enable trigger set_updated_at".encode())
    assert told(superuser, f"update {table} set {column} = {column}") == set()
    assert told(superuser, f"update {table} set {column} = {column} where false") == set()
    assert told(superuser, f"delete from {table} where false") == set()
    assert told(superuser, f"insert into {table} select * from {table} on conflict do nothing") == set()


def test_every_column_of_a_product_counts(superuser: psycopg.Connection) -> None:
    columns = superuser.execute(
        "select attname, atttypid::regtype::text from pg_attribute"
        " where attrelid = 'products'::regclass and attnum > 0 and not attisdropped and attname <> 'updated_at'"
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
    assert len(columns) == 16
    for column, kind in columns:
        value = f"'{B_CATALOG}'" if column == "catalog_id" else other[kind]
        with superuser.transaction(force_rollback=True):
            tags = told(superuser, f"update products set {column} = {value} where id = %s", A_PRODUCT)
            assert {f"product:{A_PRODUCT}", f"products:{A_CATALOG}"} <= tags, column


def test_of_stock_alone_a_storefront_hears_when_it_begins_and_when_it_ends(superuser: psycopg.Connection) -> None:
    shown = {f"products:{A_CATALOG}", f"product:{A_PRODUCT}"}
    own = {f"stock:{A_CATALOG}", f"stock:{A_PRODUCT}"}
    left = "update products set inventory_count = %s where id = %s"
    assert [told(superuser, left, count, A_PRODUCT) for count in (7, 3, 0, 0)] == [shown, own, shown, set()]


def test_of_a_statement_only_what_it_changed_is_told(superuser: psycopg.Connection) -> None:
    raised = "update products set price = case when id = %s then 99 else price end"
    assert told(superuser, raised, A_PRODUCT) == {f"product:{A_PRODUCT}", f"products:{A_CATALOG}"}


def test_a_number_of_json_that_is_written_otherwise_is_a_change(superuser: psycopg.Connection) -> None:
    setting = "update clients set settings = %s where id = %s"
    superuser.execute(sql.SQL(setting), ['{"n": 1}', A])
    assert told(superuser, setting, '{"n": 1.0}', A) == {f"client:{A}", "clients"}


def test_a_statement_of_thousands_is_fast_after_one_of_one(superuser: psycopg.Connection) -> None:
    insert = (
        "insert into products (catalog_id, sku, name, price) select %s, n::text, 'n', 1 from generate_series(1, 5000) n"
    )
    assert told(superuser, insert, HIDDEN) == {f"products:{HIDDEN}"}
    for _ in range(10):  # plans are made for one row, and kept
        superuser.execute("update products set price = 7 where id = %s", [A_PRODUCT])
    began = time.monotonic()
    assert len(told(superuser, PRICE, HIDDEN)) == 5002
    assert time.monotonic() - began < 5, "a loop over 5,000 times 5,000 rows takes three times as long"


def test_leaving_tells_what_this_transaction_wrote_and_nothing_else(database: Database) -> None:
    with database.connect("wc_api", autocommit=True) as mine, database.connect("wc_api", autocommit=True) as other:
        with entered(mine, OWNER), entered(other, BY_NAME["B's owner"]):
            assert leave(mine) == (None, [], set())
            other.execute("update sites set name = 'renamed'")
            assert leave(mine) == (None, [], set())
            mine.execute(sql.SQL(RENAME), [A_SITE])
            mine.execute(sql.SQL(RENAME), [A_OTHER_SITE])
            xid, outbox, tags = leave(mine)
            assert tags == SITE | {f"site:{A_OTHER_SITE}", "domain:other.a.test"}
            assert len(outbox) == 2
            assert mine.execute("select pg_current_xact_id()::text").fetchone() == (xid,)
        with entered(mine, OWNER):
            assert leave(mine) == (None, [], set())


def test_what_is_undone_is_not_told(database: Database) -> None:
    with database.connect("wc_api", autocommit=True) as connection, entered(connection, OWNER):
        with connection.transaction(force_rollback=True):
            connection.execute(sql.SQL(RENAME), [A_OTHER_SITE])
        xid, outbox, tags = leave(connection)
        assert (outbox, tags) == ([], set())
        with connection.transaction():
            connection.execute(sql.SQL(RENAME), [A_SITE])
        inside = leave(connection)
        assert inside[2] == SITE
        assert xid in (None, inside[0]), "a savepoint has the transaction's own xid"


@pytest.mark.parametrize("name", [caller.name for caller in CALLERS if caller.entered])
def test_everybody_who_enters_may_leave(connections: dict[str, psycopg.Connection], name: str) -> None:
    caller = BY_NAME[name]
    with entered(connections[caller.login], caller) as connection:
        assert leave(connection) == (None, [], set())


def committed(database: Database) -> tuple[UUID, str]:
    """A change of A's owner that was committed and not yet sent: its row of the outbox, and its xid."""
    with database.connect("wc_api") as connection:
        connection.execute(ENTER, OWNER.parameters)
        connection.execute(sql.SQL(RENAME), [A_SITE])
        connection.execute("update sites set name = 'a.test' where id = %s", [A_SITE])
        xid, outbox, _ = leave(connection)
        connection.commit()
    with database.connect() as connection:
        connection.execute("delete from cache_invalidations where id = any(%s)", [outbox[1:]])
    assert xid
    return outbox[0], xid


def is_there(database: Database, row: UUID) -> bool:
    with database.connect() as connection:
        return connection.execute("select from cache_invalidations where id = %s", [row]).fetchone() is not None


@pytest.mark.parametrize("login", ["wc_public", "wc_api", "wc_worker"])
def test_what_was_sent_is_deleted_by_whoever_knows_its_id(database: Database, login: str) -> None:
    row, _ = committed(database)
    with database.connect(login, autocommit=True) as connection:
        connection.execute("select app.delete_sent_invalidations(%s)", [[uuid4()]])
        connection.execute("select app.delete_sent_invalidations('{}')")
        connection.execute("select app.delete_sent_invalidations(null)")
        assert is_there(database, row)
        connection.execute("select app.delete_sent_invalidations(%s)", [[row, uuid4()]])
        assert not is_there(database, row)
        assert is_there(database, ident("a tag"))


def test_an_id_that_is_not_told_cannot_be_read(database: Database) -> None:
    for login in ("wc_public", "wc_api", "wc_worker"):
        with database.connect(login) as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute("select id from cache_invalidations")


@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller.entered], ids=lambda caller: caller.name)
def test_inside_a_transaction_nothing_counts_as_sent(connections: dict[str, psycopg.Connection], caller: Any) -> None:
    with (
        entered(connections[caller.login], caller) as connection,
        pytest.raises(errors.InsufficientPrivilege),
        connection.transaction(),
    ):
        connection.execute("select app.delete_sent_invalidations(%s)", [[ident("a tag")]])


def test_injected_sql_cannot_unsay_what_it_changes(database: Database) -> None:
    with database.connect("wc_api", autocommit=True) as connection, entered(connection, OWNER):
        connection.execute(sql.SQL(RENAME), [A_SITE])
        _, outbox, tags = leave(connection)
        connection.execute("reset role")
        connection.execute("select app.delete_sent_invalidations(%s)", [outbox])
        connection.execute("set local role app_client")
        assert leave(connection)[1:] == (outbox, tags)


def take(connection: psycopg.Connection, older_than: str = "0 s", most: int = 100) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select id, xid, tags from app.claim_invalidations(%s, %s)", [older_than, most]
    ).fetchall()


def test_the_sweeper_takes_the_oldest_that_are_due(database: Database, superuser: psycopg.Connection) -> None:
    superuser.execute("delete from cache_invalidations")
    for n, age in enumerate(["1 min", "1 hour", "5 s", "1 day"]):
        superuser.execute(
            "insert into cache_invalidations (id, xid, tags, created_at) values (%s, '77', %s, now() - %s::interval)",
            [ident(f"row {n}"), [age], age],
        )
    superuser.execute(sql.SQL(RENAME), [A_SITE])
    superuser.execute("set local session authorization wc_worker")
    with entered(superuser, SYSTEM):
        assert take(superuser, "30 s", 2) == [(ident("row 3"), "77", ["1 day"]), (ident("row 1"), "77", ["1 hour"])]
        assert [tags for *_, tags in take(superuser, "30 s")] == [["1 min"]]
        assert take(superuser, "30 s") == []
        assert [tags for *_, tags in take(superuser)] == [["5 s"]], "not what is being written here"


def test_sweepers_share_out_and_what_is_not_committed_comes_back(database: Database) -> None:
    rows = {committed(database) for _ in range(2)}
    with database.connect("wc_worker") as first, database.connect("wc_worker") as second:
        for connection in (first, second):
            connection.execute(ENTER, SYSTEM.parameters)
        taken = take(first)
        assert rows < {(row, xid) for row, xid, _ in taken} | {(ident("a tag"), "3")}
        assert take(second) == []
        first.rollback()
        assert take(second) == taken
        second.rollback()
    for row, _ in rows:
        assert is_there(database, row)
        with database.connect("wc_api") as connection:
            connection.execute("select app.delete_sent_invalidations(%s)", [[row]])


@pytest.mark.parametrize(("older_than", "most"), [("0 s", 0), ("0 s", 10001), ("0 s", None), (None, 1), ("-1 s", 1)])
def test_the_sweeper_takes_a_number_of_an_age(
    connections: dict[str, psycopg.Connection], older_than: str, most: int
) -> None:
    with (
        entered(connections["wc_worker"], SYSTEM) as system,
        pytest.raises(errors.InvalidParameterValue),
        system.transaction(),
    ):
        take(system, older_than, most)


@pytest.mark.parametrize("call", ["select app.claim_invalidations('0 s', 1)", "select app.write_replica_heartbeat()"])
@pytest.mark.parametrize(
    "caller", [caller for caller in CALLERS if caller.role != "app_definer"], ids=lambda caller: caller.name
)
def test_nobody_but_the_system_calls(connections: dict[str, psycopg.Connection], caller: Any, call: str) -> None:
    with entered(connections[caller.login], caller) as connection, connection.transaction(force_rollback=True):
        if caller.role == "app_system":
            connection.execute(call.encode())
        else:
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(call.encode())
