"""Tests that a return or replacement changes the stock of another client by at most the pieces that the order has
taken.
"""

from uuid import UUID

import pytest

from tests.database.order_life import Orders, orders
from tests.database.world import A_CATALOG, A_PRODUCT, A, B

__all__ = ["orders"]  # `orders` is a fixture

UNTRACK = "update products set inventory_policy = 'untracked', inventory_count = 0 where id = %s"


@pytest.fixture
def foreign(orders: Orders) -> Orders:
    """Orders of the client A for products of the client B. B has granted its catalog to A."""
    orders.connection.execute("update catalogs set owner_client_id = %s where id = %s", [B, A_CATALOG])
    orders.connection.execute(
        "insert into catalog_grants (catalog_id, client_id) values (%s, %s) on conflict do nothing", [A_CATALOG, A]
    )
    return orders


def shipped(orders: Orders, quantity: int) -> UUID:
    """Return an order whose pieces are shipped."""
    order = orders.place({A_PRODUCT: quantity})
    assert orders.ship(order).refusal is None
    return order


def shipped_without_stock(orders: Orders, quantity: int) -> UUID:
    """Return a shipped order that took no pieces from the stock, because the product was untracked at that time."""
    orders.connection.execute(UNTRACK, [A_PRODUCT])
    order = shipped(orders, quantity)
    orders.connection.execute(
        "update products set inventory_policy = 'tracked', inventory_count = 10 where id = %s", [A_PRODUCT]
    )
    return order


def test_pieces_from_the_stock_of_another_client_return_only_once(
    foreign: Orders,
) -> None:
    order = shipped(foreign, 4)
    assert foreign.stock() == 6
    first = foreign.request_return(order, {1: 3})
    assert foreign.receive(first.created, [{"line": 1, "quantity": 3, "restock": 3}]).refusal is None
    second = foreign.request_return(order)
    assert foreign.receive(second.created, restock=True).refusal is None
    assert foreign.stock() == 10


def test_returned_pieces_do_not_increase_a_stock_that_the_order_did_not_reduce(
    foreign: Orders,
) -> None:
    order = shipped_without_stock(foreign, 5000)
    returned = foreign.request_return(order)
    outcome = foreign.receive(returned.created, [{"line": 1, "quantity": 5000, "restock": 1}])
    assert (outcome.refusal, outcome.detail) == ("too_many", [{"at": 0, "left": 0, "field": "restock"}])
    assert foreign.receive(returned.created, restock=True).refusal is None
    assert (foreign.stock(), foreign.pieces(order)) == (10, (5000, 0, 5000))


def test_the_catalog_owner_can_return_every_piece_to_the_stock(orders: Orders) -> None:
    order = shipped_without_stock(orders, 50)
    assert orders.receive(orders.request_return(order).created, restock=True).refusal is None
    assert orders.stock() == 60


def test_a_stock_that_the_order_did_not_reduce_provides_no_replacement(
    foreign: Orders,
) -> None:
    order = shipped_without_stock(foreign, 5)
    outcome = foreign.replace(order, {1: 1})
    assert (outcome.refusal, outcome.detail) == ("too_many", [{"at": 0, "left": 0}])
    assert foreign.replace(order).refusal == "nothing_left"
    assert foreign.stock() == 10


def test_pieces_of_an_untracked_product_can_be_replaced_in_every_catalog(foreign: Orders) -> None:
    foreign.connection.execute(UNTRACK, [A_PRODUCT])
    order = shipped(foreign, 5)
    assert foreign.replace(order).refusal is None
    assert foreign.replace(order, {1: 1}).refusal == "too_many"


def test_replacements_of_an_order_contain_each_shipped_piece_at_most_once(orders: Orders) -> None:
    order = shipped(orders, 3)
    assert orders.replace(order, {1: 2}).refusal is None
    outcome = orders.replace(order, {1: 2})
    assert (outcome.refusal, outcome.detail) == ("too_many", [{"at": 0, "left": 1}])
    rest = orders.replace(order)
    assert rest.refusal is None
    assert orders.stock() == 4
    assert orders.replace(order).refusal == "nothing_left"
    assert rest.created is not None
    assert orders.cancel(rest.created).refusal is None
    assert orders.replace(order, {1: 1}).refusal is None


def test_a_shipped_replacement_can_be_replaced(orders: Orders) -> None:
    replacement = orders.replace(shipped(orders, 3)).created
    assert replacement is not None
    assert orders.ship(replacement).refusal is None
    assert orders.replace(replacement).refusal is None
    assert orders.stock() == 1
