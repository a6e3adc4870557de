"""Tests that a single client can be restored. Its missing rows are copied, and rows of other clients do not change."""

import json
import runpy
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from infra.command import app as command
from infra.functions import ROOT
from tests.database.conftest import Database
from tests.database.world import A_PRODUCT, A, B
from wecelebrate.clients import restoration, restored_tables
from wecelebrate.clients.restoration import copy_missing
from wecelebrate.core.settings import settings


def contents(connection: psycopg.Connection, client: object) -> dict[str, list[tuple[str, ...]]]:
    """Map each table to all rows of a client, as text."""
    connection.execute("reset role")
    return {
        table.name: sorted(
            connection.execute(
                f"select r::text from {table.name} r where {table.condition}".encode(), {"client": client}
            )
        )
        for table in restored_tables.tables(connection)
    }


def delete_client(connection: psycopg.Connection, client: object) -> None:
    """Delete all rows of a client. An operator could do this by mistake with psql."""
    connection.execute("set session_replication_role = replica")
    for table in reversed(restored_tables.tables(connection)):
        connection.execute(f"delete from {table.name} where {table.condition}".encode(), {"client": client})
    connection.execute("reset session_replication_role")


def test_the_restoration_is_defined_for_every_table(database: Database) -> None:
    with database.connect() as connection:
        names = {table.name for table in restored_tables.tables(connection)}
        assert {"clients", "sites", "catalogs", "products", "orders", "order_lines", "client_users"} <= names
        assert not names & restored_tables.NOT_COPIED.keys()
        for name in restored_tables.NOT_COPIED:
            assert connection.execute("select to_regclass(%s) is not null", [name]).fetchone() == (True,), name


def test_a_deleted_client_is_copied_and_other_clients_do_not_change(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        expected, others = contents(old, A), contents(new, B)
        own_grants = {
            row
            for (row,) in old.execute(
                "select g::text from catalog_grants g join catalogs c on c.id = g.catalog_id"
                " where c.owner_client_id = %s",
                [A],
            )
        }
        delete_client(new, A)
        assert not any(contents(new, A).values())
        comparisons = restored_tables.compare(old, new, A)
        copied, _ = copy_missing(old, new, comparisons, restored_tables.ACCESS)
        # The grants of A for catalogs of other clients are not copied.
        expected["catalog_grants"] = [row for row in expected["catalog_grants"] if row[0] in own_grants]
        assert copied == {name: len(rows) for name, rows in expected.items() if rows}
        restored = contents(new, A)
        unended = {row for row in expected["jobs"] if row not in restored["jobs"]}
        assert all("cancelled" not in str(row) for row in unended)
        # The triggers move the source data of products to product_sources. They did not run for the rows of the world.
        # A site loses a catalog of B, because its grant was not copied.
        changed = {"jobs", "products", "product_sources", "sites"}
        sites = "select id, name, catalog_id in (select id from catalogs where owner_client_id = %(c)s) from sites"
        sites += " where client_id = %(c)s order by id"
        pairs = zip(old.execute(sites, {"c": A}), new.execute(sites, {"c": A}), strict=True)
        assert all(after == (*before[:2], before[2] or None) for before, after in pairs)
        assert {name: rows for name, rows in restored.items() if name not in changed} == {
            name: rows for name, rows in expected.items() if name not in changed
        }
        columns = """select id, sku, name, price, inventory_count, media, updated_at from products
            where catalog_id in (select id from catalogs where owner_client_id = %s) order by id"""
        assert old.execute(columns, [A]).fetchall() == new.execute(columns, [A]).fetchall()
        new.execute("reset role")
        waiting = "select count(*) from jobs where client_id = %s and status in ('pending', 'processing')"
        assert new.execute(waiting, [A]).fetchone() == (0,)
        # A grant belongs to two clients. Only the keys of the grants are equal, because the two databases were filled
        # at different times.
        after = contents(new, B)
        # The grant of a catalog of B for A was deleted together with A. B decides whether A gets this grant again.
        assert len(after.pop("catalog_grants")) == len(others.pop("catalog_grants")) - 1
        assert after == others
        again = restored_tables.compare(old, new, A)
        assert {each.table.name for each in again if each.missing} <= {"catalog_grants"}


def test_existing_rows_are_reported_and_not_overwritten(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        new.execute("update clients set name = 'renamed since' where id = %s", [A])
        new.execute("delete from client_users where client_id = %s", [A])
        comparisons = {each.table.name: each for each in restored_tables.compare(old, new, A)}
        assert comparisons["clients"].different == ((str(A),),)
        assert comparisons["clients"].missing == ()
        members = comparisons["client_users"]
        assert len(members.missing) > 0
        assert (members.different, members.equal) == ((), 0)
        assert copy_missing(old, new, comparisons.values()) == ({}, [])
        copied, _ = copy_missing(old, new, comparisons.values(), ["client_users"])
        assert copied == {"client_users": len(members.missing)}
        new.execute("reset role")
        assert new.execute("select name from clients where id = %s", [A]).fetchone() == ("renamed since",)


def test_removed_access_is_reported_but_not_restored(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        for table in restored_tables.ACCESS:
            condition = next(each.condition for each in restored_tables.tables(new) if each.name == table)
            new.execute(f"delete from {table} where {condition}".encode(), {"client": A})
        comparisons = restored_tables.compare(old, new, A)
        lost = {each.table.name for each in comparisons if each.missing}
        assert {"client_users", "catalog_grants", "webhooks", "webhook_secrets", "order_destinations"} <= lost
        assert copy_missing(old, new, comparisons) == ({}, [])
        after = {each.table.name for each in restored_tables.compare(old, new, A) if each.missing}
        assert after == lost


def test_a_site_is_copied_without_a_catalog_that_its_client_cannot_read(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        catalog = new.execute("select id from catalogs where owner_client_id = %s limit 1", [B]).fetchone()
        assert catalog
        old.execute(
            "insert into catalog_grants (catalog_id, client_id) values (%s, %s) on conflict do nothing", [catalog[0], A]
        )
        old.execute(
            "insert into sites (client_id, name, domain, catalog_id) values (%s, 'Lost', 'lost.test', %s)",
            [A, catalog[0]],
        )
        new.execute("delete from catalog_grants where client_id = %s", [A])
        comparisons = restored_tables.compare(old, new, A)
        copied, _ = copy_missing(old, new, comparisons, ["catalog_grants"])
        assert copied == {"sites": 1}
        assert new.execute("select catalog_id from sites where domain = 'lost.test'").fetchall() == [(None,)]
        assert new.execute("select count(*) from catalog_grants where client_id = %s", [A]).fetchone() == (0,)
        old.rollback()


def test_rows_of_a_catalog_that_was_moved_to_another_client_are_not_copied(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        new.execute("set session_replication_role = replica")
        new.execute("update catalogs set owner_client_id = %s where owner_client_id = %s", [B, A])
        new.execute(
            "delete from products where catalog_id in (select id from catalogs where owner_client_id = %s)", [B]
        )
        new.execute("reset session_replication_role")
        copied, _ = copy_missing(old, new, restored_tables.compare(old, new, A))
        assert "products" not in copied
        assert new.execute(
            "select count(*) from products where catalog_id in (select id from catalogs where owner_client_id = %s)",
            [B],
        ).fetchone() == (0,)


def test_the_copy_fails_if_another_client_has_the_same_slug(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        slug = old.execute("select slug from clients where id = %s", [A]).fetchone()
        delete_client(new, A)
        new.execute("update clients set slug = %s where id = %s", [slug[0] if slug else "", B])
        with pytest.raises(restored_tables.TenantError, match="clients: a row cannot be copied"):
            copy_missing(old, new, restored_tables.compare(old, new, A))


def test_databases_of_different_releases_are_refused(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        new.execute("delete from schema_migrations where name like '0053%%'")
        with pytest.raises(restored_tables.TenantError, match="different migrations"):
            restored_tables.compare(old, new, A)


def test_the_migration_function_compares_a_client_and_reports_errors(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {
        "WC_ENVIRONMENT": "local",
        "WC_DATABASE_LOGIN": "wc_migrate",
        "WC_DATABASE_NAME": database.name,
        "WC_DATABASE_WRITER": database.address,
        "WC_DATABASE_PASSWORD": database.credentials.logins["wc_migrate"],
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    handler = runpy.run_path(str(ROOT / "functions" / "deploy" / "migrate" / "handler.py"))["handler"]
    with database.connect() as connection:
        (slug,) = connection.execute("select slug from clients where id = %s", [A]).fetchone() or ("",)
    request = {"client": slug, "restored": database.address, "copy": True, "with_access": []}
    result = handler({"restore_client": request}, None)
    counts = {each["table"]: (each["missing"], each["equal"]) for each in result["tables"]}
    assert counts["clients"] == (0, 1)
    assert counts["products"][1] > 0
    assert (result["copied"], json.loads(json.dumps(result))) == ({}, result)
    unknown = handler({"restore_client": request | {"client": "nobody"}}, None)
    assert unknown == {"error": "the restored database has no client 'nobody'"}
    settings.cache_clear()


def test_the_command_copies_a_client(database: Database, live: Database) -> None:
    with database.connect() as old, live.connect() as new:
        row = old.execute("select slug from clients where id = %s", [A]).fetchone()
        new.execute("delete from client_users where client_id = %s", [A])
    assert row is not None
    options = ["--client", row[0], "--restored", database.url(), "--live", live.url()]
    compared = CliRunner().invoke(command, ["tenant", "compare", *options])
    assert (compared.exit_code, "client_users" in compared.stdout) == (0, True), compared.output
    held = CliRunner().invoke(command, ["tenant", "restore", *options, "--yes"])
    assert held.exit_code == 0, held.output
    assert "rows of client_users are not copied" in held.stdout + held.stderr
    options += ["--with-access", "client_users", "--with-access", "report_recipients"]
    result = CliRunner().invoke(command, ["tenant", "restore", *options, "--yes"])
    assert result.exit_code == 0, result.output
    assert "`wecelebrate erasures replay`" in result.stdout + result.stderr
    again = CliRunner().invoke(command, ["tenant", "restore", *options, "--yes"])
    assert "no rows are missing" in again.stdout + again.stderr
    assert "no other rows" not in again.stdout + again.stderr
    misspelt = CliRunner().invoke(command, ["tenant", "restore", *options, "--with-access", "orders", "--yes"])
    assert (misspelt.exit_code, "must be one of" in misspelt.stdout + misspelt.stderr) == (2, True)
    both = CliRunner().invoke(command, ["tenant", "compare", *options[:6], "--env", "dev"])
    assert (both.exit_code, "give --env" in both.stdout + both.stderr) == (2, True)
    options = options[:-4]
    unknown = CliRunner().invoke(command, ["tenant", "compare", "--client", "nobody", *options[2:]])
    assert unknown.exit_code == 2


@pytest.mark.parametrize("parent", ["products", "orders", "sites", "catalogs"])
def test_rows_that_belong_to_a_skipped_row_are_not_copied(
    database: Database, live: Database, monkeypatch: pytest.MonkeyPatch, parent: str
) -> None:
    columns = {column for column, table in restored_tables.REFERENCES.items() if table == parent}
    with database.connect() as old, live.connect() as new:
        delete_client(new, A)
        comparisons = restored_tables.compare(old, new, A)
        insert = restoration._insert

        def refuse(connection: psycopg.Connection, table: restored_tables.Table, rows: Any) -> None:
            if table.name == parent and rows:
                raise psycopg.errors.UniqueViolation("another row is in the way")
            insert(connection, table, rows)

        monkeypatch.setattr(restoration, "_insert", refuse)
        # A row of the backup can have lost its parent before the backup. Only parents in the backup are therefore
        # relevant.
        parents = {key[0] for each in comparisons if each.table.name == parent for key in each.missing}
        _, skipped = copy_missing(old, new, comparisons, restored_tables.ACCESS, skip=True)
        assert {each["key"] for each in skipped if each["table"] == parent} == parents
        for comparison in comparisons:
            for column in columns & {*comparison.table.columns}:
                query = f"select count(*) from {comparison.table.name} where {column}::text = any (%s)"
                assert new.execute(query.encode(), [sorted(parents)]).fetchone() == (0,), comparison.table.name


def refusing(monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    """Create a trigger in the live database that refuses every row of a table."""
    insert = restoration._insert

    def refuse(connection: psycopg.Connection, table: restored_tables.Table, rows: Any) -> None:
        if table.name == refused and rows:
            raise psycopg.errors.UniqueViolation("another row is in the way")
        insert(connection, table, rows)

    monkeypatch.setattr(restoration, "_insert", refuse)


def test_the_columns_that_a_foreign_key_sets_to_null_are_weak_references(database: Database) -> None:
    with database.connect() as connection:
        weak = {table.name: table.weak for table in restored_tables.tables(connection)}
        assert weak["orders"].get("replaces_order_id") == "orders"
        assert weak["returns"].get("replacement_order_id") == "orders"
        assert not any("client_id" in columns for columns in weak.values())


@pytest.mark.parametrize("is_refused", [True, False], ids=["the original is skipped", "another order is skipped"])
@pytest.mark.parametrize("is_first", [True, False], ids=["original first", "replacement first"])
def test_a_replacement_order_is_copied_if_another_order_is_skipped(
    database: Database, live: Database, monkeypatch: pytest.MonkeyPatch, *, is_refused: bool, is_first: bool
) -> None:
    with database.connect() as old, live.connect() as new:
        ids = [str(row[0]) for row in old.execute("select id from orders where client_id = %s order by id", [A])]
        original, replacement = (ids[0], ids[1]) if is_first else (ids[1], ids[0])
        refused = original if is_refused else ids[2]
        old.execute("set local session_replication_role = replica")
        old.execute("update orders set replaces_order_id = %s where id = %s", [original, replacement])
        old.execute("set local session_replication_role = origin")
        delete_client(new, A)
        insert = restoration._insert

        def refuse(connection: psycopg.Connection, table: restored_tables.Table, rows: Any) -> None:
            if table.name == "orders" and any(row["id"] == refused for row in rows):
                raise psycopg.errors.UniqueViolation("another row is in the way")
            insert(connection, table, rows)

        monkeypatch.setattr(restoration, "_insert", refuse)
        _, skipped = copy_missing(old, new, restored_tables.compare(old, new, A), restored_tables.ACCESS, skip=True)
        assert [each["key"] for each in skipped if each["table"] == "orders"] == [refused]
        row = new.execute("select replaces_order_id::text from orders where id = %s", [replacement]).fetchone()
        assert row == (None if is_refused else original,)
        old.rollback()


@pytest.mark.parametrize(
    "reference",
    [("products", "order_lines", "product_id"), ("jobs", "mails", "job_id"), ("catalogs", "sites", "catalog_id")],
    ids=lambda each: each[1],
)
def test_a_row_is_copied_without_its_weak_reference_to_a_skipped_row(
    database: Database, live: Database, monkeypatch: pytest.MonkeyPatch, reference: tuple[str, str, str]
) -> None:
    parent, table, column = reference
    with database.connect() as old, live.connect() as new:
        old.execute("set local session_replication_role = replica")  # a trigger refuses changes of lines
        old.execute("update mails set job_id = (select id from jobs where client_id = %s limit 1)", [A])
        old.execute("update order_lines set product_id = %s where client_id = %s", [A_PRODUCT, A])
        old.execute("set local session_replication_role = origin")
        delete_client(new, A)
        comparisons = restored_tables.compare(old, new, A)
        lost = {key[0] for each in comparisons if each.table.name == parent for key in each.missing}
        missing = next(len(each.missing) for each in comparisons if each.table.name == table)
        refusing(monkeypatch, parent)
        copied, skipped = copy_missing(old, new, comparisons, restored_tables.ACCESS, skip=True)
        assert (copied[table], [each for each in skipped if each["table"] == table]) == (missing, [])
        columns = f"select {column}::text from {table} where client_id = %s and {column}::text = any (%s)"
        before, after = (each.execute(columns.encode(), [A, sorted(lost)]).fetchall() for each in (old, new))
        assert before
        assert after == []
        old.rollback()
