"""Tests that values of one client can be copied back from a restored database, and that no other values change."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from infra.command import app as command
from tests.database.conftest import Database
from tests.database.world import A_PRODUCT, CATALOG_OF, A, B
from wecelebrate.clients import overwriting, restored_tables
from wecelebrate.clients.overwriting import LIVE, PRICE, VALUES, differences, put_back, select
from wecelebrate.clients.restoration import Request, copy_missing, run
from wecelebrate.clients.restored_tables import TenantError, compare

ROW_TIMES = {"created_at", "updated_at"}
OFFER = json.dumps([{"price": "7.50", "starts_at": None, "ends_at": None}])


def overwrite(old: psycopg.Connection, new: psycopg.Connection, *names: str, **only: Any) -> dict[str, int]:
    """Copy the named values back, and return the number of rows of each table."""
    comparisons, selection = compare(old, new, A), select(names, **only)
    return put_back(old, new, comparisons, selection, differences(old, new, comparisons, selection))


def rows_of(connection: psycopg.Connection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), values).fetchall()


def test_each_column_of_the_overwritable_tables_has_a_decision(database: Database) -> None:
    with database.connect() as connection:
        tables = {table.name: table for table in restored_tables.tables(connection)}
    assert LIVE.keys() == VALUES.keys()
    for name, columns in VALUES.items():
        decided = {*columns, *LIVE[name], *tables[name].key, *ROW_TIMES}
        assert {*columns, *LIVE[name]} <= {*tables[name].columns}, name
        assert {*tables[name].columns} <= decided, name
        assert not {*columns} & {*LIVE[name]}, name
    assert not VALUES.keys() & restored_tables.ACCESS.keys()


def test_rows_are_locked_in_the_order_of_their_keys(database: Database, live: Database) -> None:
    of_catalog = "select id from products where catalog_id = %s"
    with live.connect(autocommit=True) as connection:
        connection.execute("update products set name = 'New name' where catalog_id = %s", [CATALOG_OF[A_PRODUCT]])
        ids = [row[0] for row in rows_of(connection, f"{of_catalog} order by id", CATALOG_OF[A_PRODUCT])]
        while rows_of(connection, f"{of_catalog} order by ctid", CATALOG_OF[A_PRODUCT])[-1] != (ids[0],):
            connection.execute("update products set name = 'New name' where id = %s", [ids[0]])
    with database.connect() as old, live.connect() as new, live.connect() as order, ThreadPoolExecutor(1) as pool:
        comparisons, selection = compare(old, new, A), select(["products.name"])
        changed = differences(old, new, comparisons, selection)
        keys = sorted(key[0] for key in (each.key for each in changed))
        assert len(keys) > 1
        order.execute("select from products where id = %s for no key update", [keys[0]])
        writing = pool.submit(put_back, old, new, comparisons, selection, changed)
        waiting = "select count(*) from pg_locks where not granted and pid = %s"
        while rows_of(order, waiting, new.info.backend_pid) == [(0,)]:
            assert not writing.done()
        order.execute("select from products where id = any (%s) for no key update nowait", [keys[1:]])
        order.rollback()
        assert writing.result(timeout=30) == {"products": len(keys)}
        new.rollback()


def test_deactivated_products_can_be_activated_without_other_changes(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        catalog = CATALOG_OF[A_PRODUCT]
        before = rows_of(new, "select id, is_active from products where catalog_id = %s order by id", catalog)
        others = rows_of(new, "select p::text from products p where catalog_id <> %s order by id", catalog)
        new.execute("update products set is_active = false where catalog_id = %s", [catalog])
        new.execute("update products set name = 'New name', inventory_count = 3 where id = %s", [A_PRODUCT])
        updated = rows_of(new, "select updated_at from products where id = %s", A_PRODUCT)
        count = sum(active for _, active in before)
        assert overwrite(old, new, "products.is_active") == {"products": count}
        after = rows_of(new, "select id, is_active from products where catalog_id = %s order by id", catalog)
        assert after == before
        product = rows_of(new, "select name, inventory_count from products where id = %s", A_PRODUCT)
        assert product == [("New name", 3)]
        # `updated_at` changes too. Clients can therefore see that the product has changed.
        assert rows_of(new, "select updated_at from products where id = %s", A_PRODUCT) >= updated
        assert rows_of(new, "select p::text from products p where catalog_id <> %s order by id", catalog) == others
        assert overwrite(old, new, "products.is_active") == {}


def test_all_values_of_a_table_except_the_stock_are_copied_back(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        new.execute(
            "update products set name = 'x', description = 'y', attributes = '{\"a\": 1}', category = 'c',"
            " price = 99.999, inventory_policy = 'tracked', inventory_count = 12 where id = %s",
            [A_PRODUCT],
        )
        new.execute(
            "update clients set name = 'renamed', settings = '{\"x\": 1}', is_active = false where id = %s", [A]
        )
        assert overwrite(old, new, "products", "clients") == {"clients": 1, "products": 1}
        columns = ", ".join(VALUES["products"])
        query = f"select {columns} from products where id = %s"
        assert rows_of(new, query, A_PRODUCT) == rows_of(old, query, A_PRODUCT)
        assert rows_of(new, "select inventory_count from products where id = %s", A_PRODUCT) == [(12,)]
        assert rows_of(new, "select is_active from clients where id = %s", A) == [(False,)]
        (name,) = rows_of(old, "select name from clients where id = %s", A)
        assert rows_of(new, "select name from clients where id = %s", A) == [name]


def test_only_the_selected_rows_and_catalogs_change(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        new.execute(
            "update products set name = 'renamed'"
            " where catalog_id in (select id from catalogs where owner_client_id = %s)",
            [A],
        )
        (sku,) = rows_of(new, "select sku from products where id = %s", A_PRODUCT)[0]
        assert overwrite(old, new, "products.name", catalog=str(CATALOG_OF[A_PRODUCT]), rows=[sku]) == {"products": 1}
        assert rows_of(new, "select name from products where id = %s", A_PRODUCT) != [("renamed",)]
        assert overwrite(old, new, "products.name", rows=["no such product"]) == {}
        assert overwrite(old, new, "products.name", catalog=str(A)) == {}
        new.execute("update products set name = 'renamed' where id = %s", [A_PRODUCT])
        assert overwrite(old, new, "products.name", rows=[str(A_PRODUCT)]) == {"products": 1}


@pytest.mark.parametrize(
    ("restored", "live_row"),
    [
        ((10, None, "[]"), (12.5, None, "[]")),
        ((10, None, "[]"), (8, None, OFFER)),
        ((7.5, None, "[]"), (8, None, OFFER)),
        ((10, None, OFFER), (11, None, "[]")),
        ((10, None, OFFER), (10, None, '[{"price": "9", "starts_at": null, "ends_at": null}]')),
        ((10, None, OFFER), (12, None, '[{"price": "9", "starts_at": null, "ends_at": null}]')),
    ],
)
def test_price_and_offers_are_copied_back_from_the_backup(
    database: Database, live: Database, restored: tuple[Any, ...], live_row: tuple[Any, ...]
) -> None:
    prices = f"select {', '.join(PRICE)} from products where id = %s"
    with database.connect() as old, live.connect() as new:
        for connection, row in ((old, restored), (new, live_row)):
            connection.execute("update products set offers = '[]', regular_price = null where id = %s", [A_PRODUCT])
            connection.execute("update products set price = %s where id = %s", [row[0], A_PRODUCT])
            connection.execute("update products set offers = %s where id = %s", [row[2], A_PRODUCT])
        assert overwrite(old, new, "products.price") == {"products": 1}
        assert rows_of(new, prices, A_PRODUCT) == rows_of(old, prices, A_PRODUCT)
        old.rollback()


def test_a_price_is_copied_with_all_its_digits(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        old.execute("update products set price = 999999999999.987 where id = %s", [A_PRODUCT])
        new.execute("update products set price = 1 where id = %s", [A_PRODUCT])
        assert overwrite(old, new, "products.price") == {"products": 1}
        price = "select price::text from products where id = %s"
        assert rows_of(new, price, A_PRODUCT) == [("999999999999.987",)]
        old.rollback()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("orders", "only values of clients, catalogs"),
        ("client_users.role", "only values of"),
        ("products.inventory_count", "orders and files have changed the stock"),
        ("clients.tier", "an admin of the platform decides it"),
        ("sites.domain", "another site can have claimed it"),
        ("products.colour", "it has no such column"),
    ],
)
def test_stock_orders_and_access_cannot_be_overwritten(name: str, reason: str) -> None:
    with pytest.raises(TenantError, match=reason):
        select([name])
    with pytest.raises(TenantError, match="not the id of a catalog"):
        select(["products"], "acme-gifts")


def test_a_conflict_with_another_row_changes_nothing(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        products = rows_of(new, "select id, sku from products where catalog_id = %s order by id", CATALOG_OF[A_PRODUCT])
        (first, sku), (second, _) = products[:2]
        new.execute("update products set sku = 'moved' where id = %s", [first])
        new.execute("update products set sku = %s where id = %s", [sku, second])
        with pytest.raises(TenantError, match="products: a value cannot be put back"):
            overwrite(old, new, "products.sku", rows=["moved"])


def test_conflicting_rows_can_be_skipped(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        domains = rows_of(old, "select id, domain, slug from sites where client_id = %s order by id", A)
        new.execute("set session_replication_role = replica")
        for table in ("sites", "mails"):
            new.execute(f"delete from {table} where client_id = %s".encode(), [A])
        new.execute("reset session_replication_role")
        id, domain, slug = domains[0]
        new.execute("update sites set domain = null, slug = null where client_id = %s and false", [B])
        new.execute(
            "update sites set domain = %s, slug = %s where id = (select id from sites where client_id = %s limit 1)",
            [domain, slug, B],
        )
        comparisons = compare(old, new, A)
        missing = {each.table.name: len(each.missing) for each in comparisons if each.missing}
        with new.transaction(force_rollback=True), pytest.raises(TenantError, match="sites: a row cannot be copied"):
            copy_missing(old, new, comparisons)
        copied, skipped = copy_missing(old, new, comparisons, skip=True)
        assert [(each["table"], each["key"]) for each in skipped] == [("sites", str(id))]
        assert copied == {name: count - (name == "sites") for name, count in missing.items()}
        assert rows_of(new, "select count(*) from sites where client_id = %s", A) == [(missing["sites"] - 1,)]


def test_single_tables_can_be_compared_or_excluded(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        assert [each.table.name for each in compare(old, new, A, only=["products"])] == ["products"]
        names = {each.table.name for each in compare(old, new, A, without=["analytics_events"])}
        assert "products" in names and "analytics_events" not in names
        with pytest.raises(TenantError, match="no_table: not a table"):
            compare(old, new, A, only=["no_table"])


def test_the_command_shows_both_values_before_it_overwrites(database: Database, live: Database) -> None:
    with live.connect() as new:
        (slug,) = rows_of(new, "select slug from clients where id = %s", A)[0]
        new.execute("update products set is_active = false where id = %s", [A_PRODUCT])
        (sku,) = rows_of(new, "select sku from products where id = %s", A_PRODUCT)[0]
    options = ["--client", slug, "--restored", database.url(), "--live", live.url()]
    shown = CliRunner().invoke(command, ["tenant", "compare", *options, "--values", "products.is_active"])
    assert shown.exit_code == 0, shown.output
    assert ["products", sku, "is_active", "false", "true"] in [line.split() for line in shown.stdout.splitlines()]
    printed = CliRunner().invoke(command, ["tenant", "compare", *options, "--values", "products.is_active", "--json"])
    (row,) = json.loads(printed.stdout)["data"]
    assert row["values"] == {"is_active": {"live": "false", "restored": "true"}}
    unconfirmed = CliRunner().invoke(command, ["tenant", "restore", *options, "--overwrite", "products.is_active"])
    assert unconfirmed.exit_code == 2
    with live.connect() as new:
        assert rows_of(new, "select is_active from products where id = %s", A_PRODUCT) == [(False,)]
    arguments = ["tenant", "restore", *options, "--overwrite", "products.is_active", "--row", sku, "--yes"]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    assert "1 rows of products have their restored values again" in result.stdout
    with live.connect() as new:
        assert rows_of(new, "select is_active from products where id = %s", A_PRODUCT) == [(True,)]
        recorded = "select count(*) from audit_log where created_at > now() - interval '1 minute' and client_id = %s"
        assert rows_of(new, recorded, A)[0][0] > 0
    for wrong in (["--overwrite", "orders"], ["--row", sku]):
        refused = CliRunner().invoke(command, ["tenant", "restore", *options, *wrong, "--yes"])
        assert refused.exit_code == 2, refused.output


def test_long_values_are_shortened_around_their_first_difference(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        old.execute("update products set description = %s where id = %s", ["x" * 400 + "old", A_PRODUCT])
        new.execute("update products set description = %s where id = %s", ["x" * 400 + "y" * 50_000, A_PRODUCT])
        comparisons, selection = compare(old, new, A), select(["products.description"])
        (difference,) = differences(old, new, comparisons, selection)
        shown = difference.summary["values"]["description"]
        equal = "…" + "x" * overwriting.EQUAL_LENGTH
        assert shown["restored"] == f'{equal}old"'
        assert shown["live"].startswith(f"{equal}y") and len(shown["live"]) == overwriting.MAX_VALUE_LENGTH + 2
        old.rollback()


def test_a_value_that_changed_after_the_comparison_is_not_overwritten(database: Database, live: Database) -> None:
    with live.connect() as new:
        (slug,) = rows_of(new, "select slug from clients where id = %s", A)[0]
        new.execute("update products set name = 'shown' where id = %s", [A_PRODUCT])
    request = {"client": slug, "values": ["products.name"], "rows": [str(A_PRODUCT)]}
    shown = run(database.url(), live.url(), Request.parse(request))["digest"]
    with live.connect() as new:
        new.execute("update products set name = 'edited by the client' where id = %s", [A_PRODUCT])
    with pytest.raises(TenantError, match="changed since the comparison"):
        run(database.url(), live.url(), Request.parse(request | {"copy": True, "shown": shown}))
    with pytest.raises(TenantError, match="put back only after a comparison"):
        Request.parse(request | {"copy": True})
    with live.connect() as new:
        name = "select name from products where id = %s"
        assert rows_of(new, name, A_PRODUCT) == [("edited by the client",)]
    shown = run(database.url(), live.url(), Request.parse(request))["digest"]
    report = run(database.url(), live.url(), Request.parse(request | {"copy": True, "shown": shown}))
    assert report["overwritten"] == {"products": 1}


def test_a_value_that_changes_during_the_command_is_not_overwritten(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        new.execute("update products set name = 'compared' where id = %s", [A_PRODUCT])
        comparisons, selection = compare(old, new, A), select(["products.name"])
        changed = differences(old, new, comparisons, selection)
        new.execute("update products set name = 'edited' where id = %s", [A_PRODUCT])
        with pytest.raises(TenantError, match="products: a value has changed"):
            put_back(old, new, comparisons, selection, changed)
        new.execute("update products set name = 'compared' where id = %s", [A_PRODUCT])
        assert put_back(old, new, comparisons, selection, changed) == {"products": 1}


def test_the_report_hides_the_same_values_as_the_audit_log(database: Database) -> None:
    with database.connect() as connection:
        for table, columns in VALUES.items():
            (secrets,) = rows_of(connection, "select app.audit_secrets(%s)", table)[0]
            assert {*overwriting.SECRET.get(table, ())} == {*secrets} & {*columns}, table


def test_secret_values_are_not_shown(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        catalog = CATALOG_OF[A_PRODUCT]
        new.execute('update catalogs set source_config = \'{"password": "hunter2"}\' where id = %s', [catalog])
        new.execute("update clients set contact_email = 'ada@example.com', name = 'renamed' where id = %s", [A])
        comparisons, selection = compare(old, new, A), select(["catalogs.source_config", "clients"])
        shown = {each.table: each.summary["values"] for each in differences(old, new, comparisons, selection)}
        hidden = {"live": "[hidden]", "restored": "[hidden]"}
        assert shown["catalogs"] == {"source_config": hidden}
        assert shown["clients"]["contact_email"] == hidden
        assert shown["clients"]["name"]["live"] == '"renamed"'
        assert "hunter2" not in str(shown)
        assert "source_config" not in select(["catalogs"]).columns["catalogs"]
        assert overwrite(old, new, "catalogs") == {}
        assert overwrite(old, new, "catalogs.source_config") == {"catalogs": 1}
        restored = "select source_config from catalogs where id = %s"
        assert rows_of(new, restored, catalog) == rows_of(old, restored, catalog)


@pytest.mark.parametrize("selection", [{"only": ["sites"]}, {"without": ["products"]}])
def test_values_of_a_table_that_is_not_compared_are_refused(selection: dict[str, list[str]]) -> None:
    with pytest.raises(TenantError, match="`products` is not compared"):
        Request.parse({"client": "acme", "values": ["products.name"], **selection})
    assert Request.parse({"client": "acme", "values": ["products.name"], "only": ["products"]}).values
