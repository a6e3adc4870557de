"""Tests that order numbers are random, short enough to read aloud, and unique within each client."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import psycopg
import pytest
from psycopg import errors

from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import A_SITE, B_SITE, A, B

CROCKFORD = set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
BY_NAME = {caller.name: caller for caller in CALLERS}
PLACE = """
insert into orders (client_id, site_id, customer_name, customer_email, total_amount, shipping_address, items)
values (%s, %s, 'C', 'c@test', 1, '{}', '[]') returning order_number
"""
PLACE_WITH_NUMBER = """
insert into orders (client_id, site_id, order_number, customer_name, customer_email, total_amount, shipping_address,
  items)
values (%s, %s, %s, 'C', 'c@test', 1, '{}', '[]')
"""


@pytest.fixture
def admin(connections: dict[str, psycopg.Connection]) -> Iterator[psycopg.Connection]:
    """A transaction of an admin that is rolled back."""
    with entered(connections["wc_api"], BY_NAME["admin"]) as connection:
        yield connection


def number(connection: psycopg.Connection) -> str:
    row = connection.execute(PLACE, [A, A_SITE]).fetchone()
    assert row
    return str(row[0])


def test_an_order_number_has_ten_symbols_of_crockford_base_32(admin: psycopg.Connection) -> None:
    numbers = [number(admin) for _ in range(20)]
    assert {len(each) for each in numbers} == {10}
    assert set("".join(numbers)) <= CROCKFORD
    assert len(set(numbers)) == 20


def test_the_symbols_of_order_numbers_are_uniformly_distributed(database: Database) -> None:
    rounds = 32_000
    with database.connect() as connection:
        numbers = [
            each for (each,) in connection.execute("select app.order_number() from generate_series(1, %s)", [rounds])
        ]
    assert len(set(numbers)) == rounds
    for position in range(10):
        counts = Counter(each[position] for each in numbers)
        assert set(counts) == CROCKFORD
        # The expected count is 1,000, with a standard deviation of 31. A constant bit would give 0 or 2,000.
        assert all(750 < count < 1250 for count in counts.values()), position
    for first, second in combinations(range(10), 2):
        assert 750 < sum(each[first] == each[second] for each in numbers) < 1250, (first, second)


def test_order_numbers_are_unique_within_a_client(admin: psycopg.Connection) -> None:
    existing = number(admin)
    admin.execute(PLACE_WITH_NUMBER, [B, B_SITE, existing])
    with pytest.raises(errors.UniqueViolation) as error, admin.transaction():
        admin.execute(PLACE_WITH_NUMBER, [A, A_SITE, existing])
    assert error.value.diag.constraint_name == "orders_client_number_unique"


def test_a_transaction_can_continue_with_a_new_order_number_after_a_conflict(admin: psycopg.Connection) -> None:
    existing = number(admin)
    again = f"{PLACE_WITH_NUMBER} on conflict on constraint orders_client_number_unique do nothing"
    before = admin.execute("select count(*) from orders").fetchone()
    assert admin.execute(again.encode(), [A, A_SITE, existing]).rowcount == 0
    assert admin.execute("select count(*) from orders").fetchone() == before
    assert number(admin) != existing


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_only_roles_that_can_place_orders_can_generate_order_numbers(
    connections: dict[str, psycopg.Connection], caller: Caller
) -> None:
    with entered(connections[caller.login], caller) as connection:
        row = connection.execute("select has_function_privilege('app.order_number()', 'execute')").fetchone()
    assert row == (caller.role in ("app_admin", "app_definer", "app_migrate", "app_mirror", "app_owner"),)
