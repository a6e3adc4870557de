"""Searches, lists and facets return only rows that the caller may see, although definer functions read the rows."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from tests.database.callers import CALLERS, Caller
from tests.database.conftest import Database
from tests.database.probe import entered
from tests.database.world import (
    A_CATALOG,
    A_EXCLUDED,
    A_INACTIVE,
    A_PRODUCT,
    B_CATALOG,
    B_PRODUCT,
    HIDDEN,
    HIDDEN_PRODUCT,
    LENT,
    LENT_PRODUCT,
    SHARED,
    SHARED_PRODUCT,
)

BY_NAME = {caller.name: caller for caller in CALLERS}
CATALOGS = (A_CATALOG, B_CATALOG, LENT, SHARED, HIDDEN)
ALL_OF_A = {A_PRODUCT, A_INACTIVE, A_EXCLUDED}
VISIBLE = {
    "super admin": {*ALL_OF_A, B_PRODUCT, LENT_PRODUCT, SHARED_PRODUCT, HIDDEN_PRODUCT},
    "support": {*ALL_OF_A, B_PRODUCT, LENT_PRODUCT, SHARED_PRODUCT, HIDDEN_PRODUCT},
    "A's owner": {*ALL_OF_A, LENT_PRODUCT, SHARED_PRODUCT},
    "A's viewer": {*ALL_OF_A, LENT_PRODUCT, SHARED_PRODUCT},
    "B's owner": {B_PRODUCT, LENT_PRODUCT, SHARED_PRODUCT},
    "owner of A and viewer of B": {*ALL_OF_A, B_PRODUCT, LENT_PRODUCT, SHARED_PRODUCT},
    "both, for B only": {B_PRODUCT, LENT_PRODUCT, SHARED_PRODUCT},
    "visitor of A": {A_PRODUCT},
    "customer of A": {A_PRODUCT},
    "customer of B": {B_PRODUCT},
    "visitor of nothing": set[UUID](),
    "wc_api with app_admin set by hand": set[UUID](),
    "wc_api with app_client set by hand": set[UUID](),
    "wc_public with app_anon set by hand": set[UUID](),
}
SEARCH = "select * from app.search_products(%s, %s, null, null, null, null, %s, null, %s, null, null, 100)"
LIST = "select id from app.{}products_page(%s, null, null, null, null, null, %s, null, %s, null, null, 100)"


def ids(connection: psycopg.Connection, statement: str, values: list[Any]) -> set[UUID]:
    return {row[0] for row in connection.execute(statement.encode(), values)}


@pytest.mark.parametrize("name", VISIBLE)
def test_a_caller_can_find_and_list_only_products_that_it_may_see(
    connections: dict[str, psycopg.Connection], name: str
) -> None:
    caller = BY_NAME[name]
    with entered(connections[caller.login], caller) as connection:
        searched = set().union(*(ids(connection, SEARCH, [catalog, "mug", None, "name"]) for catalog in CATALOGS))
        # Storefronts use the function without the rules for shared catalogs.
        statement = LIST.format("" if caller.login == "wc_public" else "visible_")
        listed = set().union(*(ids(connection, statement, [catalog, None, "name"]) for catalog in CATALOGS))
    assert searched == VISIBLE[name]
    assert listed == VISIBLE[name]


@pytest.mark.parametrize("caller", ["visitor of A", "customer of A"])
@pytest.mark.parametrize("active", [None, False, True])
def test_a_storefront_never_shows_inactive_or_excluded_products(
    connections: dict[str, psycopg.Connection], caller: str, active: bool | None
) -> None:
    with entered(connections["wc_public"], BY_NAME[caller]) as connection:
        shown = ids(connection, SEARCH, [A_CATALOG, "mug", active, "name"])
        assert shown == ids(connection, LIST.format(""), [A_CATALOG, active, "name"])
        assert shown == (set() if active is False else {A_PRODUCT})


@pytest.mark.parametrize(
    "sort",
    [
        "name; drop table products",
        "(select key::text from app.seal_key)",
        "price, (select 1)",
        "id",
        "source_data",
        "NAME",
        '"name"',
        "",
        None,
    ],
)
@pytest.mark.parametrize("statement", ["search", "list"])
def test_an_unknown_sort_is_rejected(
    connections: dict[str, psycopg.Connection], statement: str, sort: str | None
) -> None:
    query: tuple[str, list[Any]] = (
        (SEARCH, [A_CATALOG, "mug", None, sort])
        if statement == "search"
        else (LIST.format(""), [A_CATALOG, None, sort])
    )
    with (
        entered(connections["wc_api"], BY_NAME["A's owner"]) as connection,
        pytest.raises(errors.InvalidParameterValue),
        connection.transaction(),
    ):
        ids(connection, *query)


@pytest.fixture
def named(database: Database) -> Iterator[psycopg.Connection]:
    """A transaction of the superuser. It has added products whose names contain wildcards."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        for name in ("100% cotton", "100 cotton", "a_b", "axb", "back\\slash", "it's"):
            connection.execute(
                "insert into products (catalog_id, sku, name, price, brand) values (%s, %s, %s, 1, %s)",
                [A_CATALOG, name, name, name],
            )
        yield connection


def test_wildcards_in_a_search_match_only_themselves(named: psycopg.Connection) -> None:
    with as_caller(named, BY_NAME["A's owner"]):
        for search, expected in {
            "0%": {"100% cotton"},
            "%": {"100% cotton"},
            "a_b": {"a_b"},
            "_": {"a_b"},
            "\\": {"back\\slash"},
            "it's": {"it's"},
            "' or true --": set[str](),
            "COTTON": {"100% cotton", "100 cotton"},
        }.items():
            searched = ids(named, SEARCH, [A_CATALOG, search, None, "name"])
            names = named.execute("select name from products where id = any (%s)", [list(searched)]).fetchall()
            assert {name for (name,) in names} == expected


@pytest.mark.parametrize("sort", ["name", "-name", "price", "-price", "created_at", "-created_at"])
@pytest.mark.parametrize("rows", [3, 51, 1001])
def test_a_search_for_a_common_or_a_rare_word_returns_the_right_page(
    named: psycopg.Connection, sort: str, rows: int
) -> None:
    """The common word `one` is in all 12,000 names. The rare word `thousandth` is in only twelve names."""
    named.execute(
        "insert into products (catalog_id, sku, name, price, created_at, is_active)"
        " select %s, 'w' || n, reverse(n::text) || ' one ' || case when n %% 1000 = 0 then 'thousandth'"
        " when n %% 300 = 0 then 'rare' when n %% 9 = 0 then 'ninth' else 'other' end, n * 7919 %% 501,"
        " now() + n * 31 %% 97 * interval '1 s', n %% 5 <> 0"
        " from generate_series(1, 12000) n",
        [A_CATALOG],
    )
    key, direction = sort.removeprefix("-"), "desc" if sort.startswith("-") else "asc"
    expected = (
        f"select id from products where catalog_id = %s and name ilike %s and (%s::boolean is null or is_active = %s)"
        f" and price <= 400 order by {key} {direction}, id {direction} limit %s"
    )
    search = "select * from app.search_products(%s, %s, null, null, null, 400, %s, null, %s, null, null, %s)"
    for word in ("one", "ninth", "rare", "thousandth", "missing"):
        for active in (None, True):
            expected_ids = [
                row[0] for row in named.execute(expected.encode(), [A_CATALOG, f"%{word}%", active, active, rows])
            ]
            with as_caller(named, BY_NAME["A's owner"]):
                ids_found = [row[0] for row in named.execute(search, [A_CATALOG, word, active, sort, rows])]
            named.execute("reset session authorization")
            assert ids_found == expected_ids, (word, active)


def as_caller(connection: psycopg.Connection, caller: Caller) -> Any:
    connection.execute(f"set local session authorization {caller.login}".encode())
    return entered(connection, caller)


def facets(connection: psycopg.Connection, search: str | None = None) -> Any:
    row = connection.execute("select app.storefront_facets(%s, null, null, null, null, 100)", [search]).fetchone()
    assert row
    return row[0]


def test_facets_count_only_products_of_the_site(named: psycopg.Connection) -> None:
    with as_caller(named, BY_NAME["visitor of A"]):
        assert {brand["value"] for brand in facets(named)["brand"]} >= {"a_b", "axb"}
        assert facets(named, "a_b")["brand"] == [{"value": "a_b", "count": 1}]
        assert facets(named, "A's excluded")["price"] == {"min": None, "max": None}


def test_facets_of_a_site_do_not_count_products_of_another_site(named: psycopg.Connection) -> None:
    with as_caller(named, BY_NAME["customer of B"]):
        assert facets(named)["brand"] == []


def test_a_caller_without_a_site_gets_no_facets(connections: dict[str, psycopg.Connection]) -> None:
    for name in ("visitor of nothing", "wc_public with app_anon set by hand"):
        with entered(connections["wc_public"], BY_NAME[name]) as connection:
            assert facets(connection) is None
