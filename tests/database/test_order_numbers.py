"""Numbers of orders: random, short enough to read out, unique per client."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import psycopg
import pytest
from psycopg import errors

from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import A_SITE, B_SITE, CALLERS, A, B, Caller

CROCKFORD = set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
BY_NAME = {caller.name: caller for caller in CALLERS}
PLACE = """
insert into orders (client_id, site_id, customer_name, customer_email, total_amount, shipping_address, items)
values (%s, %s, 'C', 'c@test', 1, '{}', '[]') returning order_number
"""
PLACE_AS = """
insert into orders (client_id, site_id, order_number, customer_name, customer_email, total_amount, shipping_address,
  items)
values (%s, %s, %s, 'C', 'c@test', 1, '{}', '[]')
"""


@pytest.fixture
def admin(connections: dict[str, psycopg.Connection]) -> Iterator[psycopg.Connection]:
    """An admin's transaction, undone."""
    with entered(connections["wc_api"], BY_NAME["admin"]) as connection:
        yield connection


def number(connection: psycopg.Connection) -> str:
    row = connection.execute(PLACE, [A, A_SITE]).fetchone()
    assert row
    return str(row[0])


def test_an_order_gets_ten_symbols_of_crockfords_base_32(admin: psycopg.Connection) -> None:
    numbers = [number(admin) for _ in range(20)]
    assert {len(each) for each in numbers} == {10}
    assert set("".join(numbers)) <= CROCKFORD
    assert len(set(numbers)) == 20


def test_every_symbol_is_as_frequent_as_any_other_in_every_place_whatever_the_others_are(database: Database) -> None:
    rounds = 32_000
    with database.connect() as connection:
        made = [
            each for (each,) in connection.execute("select app.order_number() from generate_series(1, %s)", [rounds])
        ]
    assert len(set(made)) == rounds
    for place in range(10):
        found = Counter(each[place] for each in made)
        assert set(found) == CROCKFORD
        # 1,000 are expected, with a standard deviation of 31: a bit that is not random makes 0 or 2,000 of them.
        assert all(750 < count < 1250 for count in found.values()), place
    for one, other in combinations(range(10), 2):
        assert 750 < sum(each[one] == each[other] for each in made) < 1250, (one, other)


def test_a_number_is_one_order_of_a_client_and_may_be_one_of_another(admin: psycopg.Connection) -> None:
    taken = number(admin)
    admin.execute(PLACE_AS, [B, B_SITE, taken])
    with pytest.raises(errors.UniqueViolation) as refused, admin.transaction():
        admin.execute(PLACE_AS, [A, A_SITE, taken])
    assert refused.value.diag.constraint_name == "orders_client_number_unique"


def test_who_meets_a_number_that_is_taken_tries_again_in_the_same_transaction(admin: psycopg.Connection) -> None:
    taken = number(admin)
    again = f"{PLACE_AS} on conflict on constraint orders_client_number_unique do nothing"
    before = admin.execute("select count(*) from orders").fetchone()
    assert admin.execute(again.encode(), [A, A_SITE, taken]).rowcount == 0
    assert admin.execute("select count(*) from orders").fetchone() == before
    assert number(admin) != taken


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_numbers_are_for_those_who_may_place_orders(connections: dict[str, psycopg.Connection], caller: Caller) -> None:
    with entered(connections[caller.login], caller) as connection:
        row = connection.execute("select has_function_privilege('app.order_number()', 'execute')").fetchone()
    assert row == (caller.role in ("app_admin", "app_definer", "app_migrate", "app_owner"),)
