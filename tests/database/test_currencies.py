"""Tests that all prices of a catalog have one currency, even if concurrent statements of all types write the prices."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.database.conftest import Database
from wecelebrate import schema

ADD = """
insert into products (catalog_id, sku, name, price, currency)
select %(catalog)s, gen_random_uuid()::text, 'N', 1, currency from unnest(%(currencies)s::text[]) currency
"""
LOCK = 6_031
"""The key of the advisory lock of a test."""
WAITING = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


@pytest.fixture
def catalog(own_database: Database) -> UUID:
    with own_database.connect() as connection:
        return _catalog(connection)


@pytest.fixture
def first(own_database: Database) -> Iterator[psycopg.Connection]:
    with own_database.connect() as connection:
        yield connection
        connection.rollback()


def _catalog(connection: psycopg.Connection) -> UUID:
    catalog = uuid4()
    connection.execute("insert into catalogs (id, name, type) values (%s, 'C', 'erp')", [catalog])
    return catalog


def currency_of(connection: psycopg.Connection, catalog: UUID) -> str | None:
    row = connection.execute("select currency from catalogs where id = %s", [catalog]).fetchone()
    assert row is not None
    currency: str | None = row[0]
    return currency


def add(connection: psycopg.Connection, catalog: UUID, *currencies: str) -> None:
    connection.execute(ADD, {"catalog": catalog, "currencies": list(currencies)})


class Second(threading.Thread):
    """Runs statements in a second transaction, and commits it. `error` is the error of the database, or None."""

    def __init__(self, database: Database, work: Callable[[psycopg.Connection], object]) -> None:
        super().__init__()
        self.error: psycopg.Error | None = None
        self._database, self._work = database, work
        self.start()

    def run(self) -> None:
        try:
            with self._database.connect() as connection:
                self._work(connection)
        except psycopg.Error as error:
            self.error = error

    def wait_for_lock(self) -> None:
        """Return as soon as the second transaction waits for a lock of the first transaction."""
        with self._database.connect(autocommit=True) as connection:
            while self.is_alive() and connection.execute(WAITING).fetchone() == (0,):
                self.join(0.01)
        assert self.is_alive(), self.error

    def finish(self) -> psycopg.Error | None:
        self.join(30)
        assert not self.is_alive()
        return self.error


def test_a_statement_with_prices_in_two_currencies_is_refused(first: psycopg.Connection, catalog: UUID) -> None:
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        add(first, catalog, "EUR", "USD", "EUR")
    assert caught.value.diag.column_name == "currency"


def test_the_first_products_of_several_catalogs_set_the_catalog_currencies(
    first: psycopg.Connection,
) -> None:
    catalogs = {_catalog(first): currency for currency in ("EUR", "USD", "JPY")}
    first.execute(
        "insert into products (catalog_id, sku, name, price, currency) select id, n::text, 'N', 1, currency"
        " from unnest(%s::uuid[], %s::text[]) catalog (id, currency), generate_series(1, 3) n",
        [list(catalogs), list(catalogs.values())],
    )
    assert {catalog: currency_of(first, catalog) for catalog in catalogs} == catalogs


def test_a_rolled_back_first_product_does_not_change_the_currency(first: psycopg.Connection, catalog: UUID) -> None:
    with first.transaction(force_rollback=True):
        add(first, catalog, "EUR")
        assert currency_of(first, catalog) == "EUR"
    add(first, catalog, "USD")
    assert currency_of(first, catalog) == "USD"


@pytest.mark.parametrize(
    "change", ["currency = 'USD'", "catalog_id = (select id from catalogs where currency = 'USD')"]
)
def test_an_update_cannot_add_another_currency_to_a_catalog(
    first: psycopg.Connection, catalog: UUID, change: str
) -> None:
    first.execute("update catalogs set currency = null where currency = 'USD'")
    add(first, _catalog(first), "USD")
    add(first, catalog, "EUR")
    with pytest.raises(psycopg.errors.CheckViolation):
        first.execute(f"update products set {change} where catalog_id = %s".encode(), [catalog])


@pytest.mark.parametrize(("currency", "refused"), [("EUR", False), ("USD", True)])
def test_a_second_transaction_waits_for_the_first_product_of_a_catalog(
    own_database: Database, first: psycopg.Connection, catalog: UUID, currency: str, refused: bool
) -> None:
    add(first, catalog, "EUR")
    second = Second(own_database, lambda other: add(other, catalog, currency))
    second.wait_for_lock()
    first.commit()
    assert isinstance(second.finish(), psycopg.errors.CheckViolation) == refused
    assert currency_of(first, catalog) == "EUR"


def test_a_first_product_is_refused_if_another_transaction_sets_another_currency(
    own_database: Database, first: psycopg.Connection, catalog: UUID
) -> None:
    function = first.execute("select pg_get_functiondef('app.check_catalog_currency'::regproc)").fetchone()
    assert function is not None
    read = "where c.id = $1 for key share;"
    assert function[0].count(read) == 1
    # Only the first transaction sees this version of the function. This version waits after it has read the currency.
    first.execute(function[0].replace(read, f"{read} perform pg_advisory_xact_lock({LOCK});").encode())
    with own_database.connect() as lock:
        lock.execute("select pg_advisory_lock(%s)", [LOCK])
        slow = Second(own_database, lambda _: add(first, catalog, "USD"))
        slow.wait_for_lock()
        with own_database.connect() as other:
            add(other, catalog, "EUR")
        lock.execute("select pg_advisory_unlock(%s)", [LOCK])
        assert isinstance(slow.finish(), psycopg.errors.CheckViolation)
    first.rollback()
    assert currency_of(first, catalog) == "EUR"


def test_a_waiting_transaction_sets_the_currency_after_a_rollback(
    own_database: Database, first: psycopg.Connection, catalog: UUID
) -> None:
    add(first, catalog, "EUR")
    second = Second(own_database, lambda other: add(other, catalog, "USD"))
    second.wait_for_lock()
    first.rollback()
    assert second.finish() is None
    assert currency_of(first, catalog) == "USD"


def test_a_currency_change_waits_for_uncommitted_products(
    own_database: Database, first: psycopg.Connection, catalog: UUID
) -> None:
    add(first, catalog, "EUR")
    first.execute("update catalogs set currency = null where id = %s", [catalog])
    first.commit()
    add(first, catalog, "USD")
    change = "update catalogs set currency = 'EUR' where id = %s"
    second = Second(own_database, lambda other: other.execute(change, [catalog]))
    second.wait_for_lock()
    first.commit()
    assert isinstance(second.finish(), psycopg.errors.CheckViolation)
    assert currency_of(first, catalog) is None


def test_a_new_product_waits_for_a_currency_change(
    own_database: Database, first: psycopg.Connection, catalog: UUID
) -> None:
    first.execute("update catalogs set currency = 'EUR' where id = %s", [catalog])
    second = Second(own_database, lambda other: add(other, catalog, "USD"))
    second.wait_for_lock()
    first.commit()
    assert isinstance(second.finish(), psycopg.errors.CheckViolation)


def test_catalog_changes_that_keep_the_currency_do_not_wait_for_new_products(
    own_database: Database, first: psycopg.Connection, catalog: UUID
) -> None:
    add(first, catalog, "EUR")
    first.commit()
    add(first, catalog, "EUR")
    change = "update catalogs set last_sync_at = now() where id = %s"
    assert Second(own_database, lambda other: other.execute(change, [catalog])).finish() is None


def test_the_migration_sets_the_currency_only_if_all_products_have_one_currency(
    fresh: Callable[[], Database], tmp_path: Path
) -> None:
    new, earlier = fresh(), tmp_path / "earlier"
    later = ("0022_*", "functions", "access.toml", "*.py", "__pycache__")
    shutil.copytree(schema.FOLDER, earlier, ignore=shutil.ignore_patterns(*later))
    (earlier / "functions").mkdir()
    schema.migrate(new.url("wc_migrate"), earlier)
    stored = {"one": ["EUR", "EUR"], "several": ["EUR", "USD"], "none": []}
    with new.connect() as connection:
        catalogs = {name: _catalog(connection) for name in stored}
        for name, currencies in stored.items():
            add(connection, catalogs[name], *currencies)
    schema.migrate(new.url("wc_migrate"))
    with new.connect() as connection:
        actual = {name: currency_of(connection, catalog) for name, catalog in catalogs.items()}
        assert actual == {"one": "EUR", "several": None, "none": None}
        add(connection, catalogs["several"], "JPY")
        add(connection, catalogs["none"], "JPY")
        with pytest.raises(psycopg.errors.CheckViolation):
            add(connection, catalogs["one"], "JPY")
