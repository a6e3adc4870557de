"""Tests that searches, lists and facets return only rows that the caller may see. Definer functions read these rows."""

import random
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql

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
SEARCH = "select * from app.find_products(%s, %s, null, null, null, null, null, %s, null, %s, null, null, 100)"
LIST = "select id from app.list_{}products(%s, null, null, null, null, null, null, %s, null, %s, null, null, 100)"
SEARCH_BEFORE = "select * from app.search_products(%s, %s, null, null, null, null, %s, null, %s, null, null, 100)"
LIST_BEFORE = "select id from app.products_page(%s, null, null, null, null, null, %s, null, %s, null, null, 100)"
"""The functions that the previous release calls."""


def ids(connection: psycopg.Connection, statement: str, values: list[Any]) -> set[UUID]:
    return {row[0] for row in connection.execute(statement.encode(), values)}


def visible(caller: Caller) -> str:
    """Return the part of the function's name that depends on the caller.

    For storefronts, this part is empty, because the function of storefronts has no rules for shared catalogs.
    """
    return "" if caller.login == "wc_public" else "visible_"


@pytest.mark.parametrize("name", VISIBLE)
def test_a_caller_can_find_and_list_only_visible_products(
    connections: dict[str, psycopg.Connection], name: str
) -> None:
    caller = BY_NAME[name]
    with entered(connections[caller.login], caller) as connection:
        searched = set().union(*(ids(connection, SEARCH, [catalog, "mug", None, "name"]) for catalog in CATALOGS))
        page = LIST.format(visible(caller))
        listed = set().union(*(ids(connection, page, [catalog, None, "name"]) for catalog in CATALOGS))
    assert searched == VISIBLE[name]
    assert listed == VISIBLE[name]


@pytest.mark.parametrize("name", VISIBLE)
def test_a_page_after_a_price_contains_only_products_that_the_caller_may_see(
    connections: dict[str, psycopg.Connection], name: str
) -> None:
    caller = BY_NAME[name]
    for sort, key in (("price", "-1"), ("-price", "1000000")):
        page = (
            f"select id from app.list_{visible(caller)}products(%s{', null' * 8}, '{sort}', '{key}',"
            " '80000000-0000-0000-0000-000000000000', 100)"
        )
        ranged = LIST.format(visible(caller)).replace("null, null, %s", "0, 1000000, %s")
        with entered(connections[caller.login], caller) as connection:
            listed = set().union(*(ids(connection, page, [catalog]) for catalog in CATALOGS))
            in_range = set().union(*(ids(connection, ranged, [catalog, None, sort]) for catalog in CATALOGS))
        assert listed == in_range == VISIBLE[name]


@pytest.mark.parametrize("name", VISIBLE)
def test_functions_of_the_previous_release_return_only_rows_of_the_caller(
    connections: dict[str, psycopg.Connection], name: str
) -> None:
    caller = BY_NAME[name]
    with entered(connections[caller.login], caller) as connection:
        searched = set().union(
            *(ids(connection, SEARCH_BEFORE, [catalog, "mug", None, "name"]) for catalog in CATALOGS)
        )
        listed = set().union(*(ids(connection, LIST_BEFORE, [catalog, None, "name"]) for catalog in CATALOGS))
        readable = ids(connection, "select id from products", [])
    assert searched == VISIBLE[name]
    assert listed == readable


@pytest.mark.parametrize("name", VISIBLE)
def test_an_exact_sku_finds_only_products_that_the_caller_may_see(
    connections: dict[str, psycopg.Connection], database: Database, name: str
) -> None:
    with database.connect() as superuser:
        skus = superuser.execute("select catalog_id, sku from products").fetchall()
    caller = BY_NAME[name]
    page = f"select id from app.list_{visible(caller)}products(%s, %s, %s{', null' * 6}, 'name', null, null, 9)"
    for search in (None, "mug"):
        with entered(connections[caller.login], caller) as connection:
            visible_ids = set().union(*(ids(connection, page, [catalog, search, sku]) for catalog, sku in skus))
        assert visible_ids == VISIBLE[name]


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
def test_an_unknown_sort_order_is_rejected(
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
        for number, name in enumerate(("100% cotton", "100 cotton", "a_b", "axb", "back\\slash", "it's")):
            connection.execute(
                "insert into products (catalog_id, sku, name, price, brand) values (%s, %s, %s, 1, %s)",
                [A_CATALOG, number, name, name],
            )
        yield connection


def test_wildcard_characters_in_a_search_are_ordinary_characters(named: psycopg.Connection) -> None:
    with as_caller(named, BY_NAME["A's owner"]):
        for search, expected in {
            "0%": {"100% cotton"},
            "%": {"100% cotton"},
            "cotton %": {"100% cotton"},
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
def test_a_search_for_a_common_or_rare_word_returns_the_correct_page(named: psycopg.Connection, sort: str) -> None:
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
    search = "select * from app.find_products(%s, %s, null, null, null, null, 400, %s, null, %s, null, null, %s)"
    for rows in (3, 51, 1001):
        for word in ("one", "ninth", "rare", "thousandth", "missing"):
            for active in (None, True):
                expected_ids = [
                    row[0] for row in named.execute(expected.encode(), [A_CATALOG, f"%{word}%", active, active, rows])
                ]
                with as_caller(named, BY_NAME["A's owner"]):
                    ids_found = [row[0] for row in named.execute(search, [A_CATALOG, word, active, sort, rows])]
                named.execute("reset session authorization")
                assert ids_found == expected_ids, (rows, word, active)


@pytest.mark.parametrize("word", ["zebra", "newest", "oldest"])
def test_a_search_returns_the_correct_page_for_adjacent_matches(named: psycopg.Connection, word: str) -> None:
    named.execute(
        "insert into products (catalog_id, sku, name, price, created_at)"
        " select %s, 'w' || n, case when n %% 2 = 0 then 'zebra ' else 'apple ' end || lpad(n::text, 6, '0')"
        " || case when n > 11000 then ' newest' when n < 100 then ' oldest' else '' end, 1, now() + n * interval '1 s'"
        " from generate_series(1, 12000) n",
        [A_CATALOG],
    )
    expected = named.execute(
        "select id from products where catalog_id = %s and name like %s order by name, id limit 51",
        [A_CATALOG, f"%{word}%"],
    ).fetchall()
    with as_caller(named, BY_NAME["A's owner"]):
        search = (
            "select * from app.find_products(%s, %s, null, null, null, null, null, null, null, 'name', null, null, 51)"
        )
        assert named.execute(search, [A_CATALOG, word]).fetchall() == expected
    assert len(expected) == 51


@pytest.mark.parametrize(
    ("matching", "rows", "sort", "length"),
    [
        (0, 51, "name", None),
        (1, 51, "name", None),
        (2, 51, "name", 10_000),
        (10, 51, "-name", 2_040),
        (200, 51, "name", 2_000),
        (5, 51, "price", None),
        (6, 51, "-created_at", 2_000),
        (20, 1_001, "name", None),
        (21, 1_001, "name", 10_000),
        (0, 1, "name", None),
    ],
)
def test_a_search_scans_a_sort_index_only_if_it_expects_a_full_page(
    named: psycopg.Connection, matching: int, rows: int, sort: str, length: int | None
) -> None:
    walk = named.execute("select app.walk_length(%s, 200, %s, %s)", [matching, rows, sort])
    assert walk.fetchone() == (length,)


def as_caller(connection: psycopg.Connection, caller: Caller) -> Any:
    connection.execute(f"set local session authorization {caller.login}".encode())
    return entered(connection, caller)


def facets(connection: psycopg.Connection, search: str | None = None) -> Any:
    row = connection.execute(
        "select app.product_facets(%s, null, null, null, null, null, 100),"
        " app.storefront_facets(%s, null, null, null, null, 100)",
        [search, search],
    ).fetchone()
    assert row
    assert row[0] == row[1]
    return row[0]


def test_facets_count_only_products_of_the_site(named: psycopg.Connection) -> None:
    with as_caller(named, BY_NAME["visitor of A"]):
        assert {brand["value"] for brand in facets(named)["brand"]} >= {"a_b", "axb"}
        assert facets(named, "a_b")["brand"] == [{"value": "a_b", "count": 1}]
        assert facets(named, "A's excluded")["price"] == {"min": None, "max": None, "currency": "USD"}


def test_facets_of_a_site_do_not_count_products_of_another_site(named: psycopg.Connection) -> None:
    with as_caller(named, BY_NAME["customer of B"]):
        assert facets(named)["brand"] == []


def test_a_caller_without_a_site_gets_no_facets(connections: dict[str, psycopg.Connection]) -> None:
    for name in ("visitor of nothing", "wc_public with app_anon set by hand"):
        with entered(connections["wc_public"], BY_NAME[name]) as connection:
            assert facets(connection) is None


def test_facet_values_with_equal_counts_are_sorted_by_name(named: psycopg.Connection) -> None:
    for number, brand in enumerate(("Zebra", "apfel", "Äpfel", "Birne")):
        named.execute(
            "insert into products (catalog_id, sku, name, price, brand) values (%s, %s, 'fruit', 1, %s)",
            [A_CATALOG, f"f{number}", brand],
        )
    with as_caller(named, BY_NAME["visitor of A"]):
        assert [brand["value"] for brand in facets(named, "fruit")["brand"]] == ["apfel", "Äpfel", "Birne", "Zebra"]


def test_the_largest_name_sku_and_category_fit_into_the_indexes(named: psycopg.Connection) -> None:
    """An entry of an index has at most 2,704 bytes. The characters are random, so that they cannot be compressed."""
    dice = random.Random(1)

    def text(length: int) -> str:
        return "".join(chr(dice.randrange(0x20000, 0x2A6D0)) for _ in range(length))

    for sku, name in {text(200): text(500), "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 200: "ﷺ" * 500}.items():
        label = text(300)
        named.execute(
            "insert into products (catalog_id, sku, name, price, category, brand) values (%s, %s, %s, 1, %s, %s)",
            [A_CATALOG, sku, name, label, label],
        )
        with as_caller(named, BY_NAME["A's owner"]):
            assert len(ids(named, SEARCH, [A_CATALOG, f"{sku[:5]} {name[:20]}", None, "name"])) == 1
        named.execute("reset session authorization")


@pytest.mark.parametrize("sort", ["name", "-name", "price", "-price", "created_at", "-created_at"])
@pytest.mark.parametrize("search", [None, "fruit"])
def test_functions_of_the_previous_release_return_the_same_pages(
    named: psycopg.Connection, sort: str, search: str | None
) -> None:
    for number, name in enumerate(("Zebra", "apfel", "Äpfel", "Apfel", "Birne", "Łódź")):
        named.execute(
            "insert into products (catalog_id, sku, name, price) values (%s, %s, %s, %s)",
            [A_CATALOG, f"f{number}", f"{name} fruit", number // 2],
        )
    now = (
        "select id, case when %s like '%%name' then folded_name when %s like '%%price' then price::text"
        " else created_at::text end"
        " from app.list_products(%s, %s, null, null, null, null, null, null, null, %s, %s, %s, 2)"
    )
    before = now.replace("folded_name", "name").replace("list_products(%s, %s, null,", "products_page(%s, %s,")
    with as_caller(named, BY_NAME["A's owner"]):
        pages = []
        for statement in (now, before):
            rows: list[UUID] = []
            key, last = None, None
            while page := named.execute(
                statement.encode(), [sort, sort, A_CATALOG, search, sort, key, last]
            ).fetchall():
                rows += [row[0] for row in page]
                last, key = page[-1]
            pages.append(rows)
    assert pages[0] == pages[1]
    assert len(pages[0]) == len(set(pages[0])) >= 6


def plan(connection: psycopg.Connection, words: str, *, walk: bool) -> str:
    """Return the plan of a search in name order. If `walk` is true, the plan scans a category. Otherwise, the plan uses
    the search index.
    """
    row = connection.execute(
        "select format(app.product_query(false, %s, false, true, false, true, false, 'name', false, %s),"
        " app.search_condition(cardinality(app.search_patterns(%s)), '$2'))",
        [walk, walk, words],
    ).fetchone()
    assert row
    types = "uuid, text[], text, text, numeric, numeric, boolean, timestamptz, text, uuid, integer, text, integer"
    patterns = connection.execute("select app.search_patterns(%s)", [words]).fetchone()
    assert patterns
    connection.execute("set local plan_cache_mode = force_custom_plan")
    connection.execute(f"prepare page ({types}) as {row[0]}".encode())
    values = [A_CATALOG, patterns[0], "c", None, 1, None, True, None, None, None, 51, None, 9]
    page = sql.SQL("explain (analyze, costs off, buffers off, timing off) execute page ({})").format(
        sql.SQL(", ").join(map(sql.Literal, values))
    )
    explained = connection.execute(page).fetchall()
    connection.execute("deallocate page")
    return "\n".join(line for (line,) in explained)


@pytest.fixture
def filled(named: psycopg.Connection) -> psycopg.Connection:
    """A transaction of the superuser that has added 3,000 products to each of two catalogs, and analyzed the table."""
    named.execute(
        "insert into products (catalog_id, sku, name, price, category)"
        " select c, 'f' || n, case n when 1 then 'Μοναδική' when 2 then 'Единственная' else 'mug ' || n end, n,"
        " 'c' || n %% 20"
        " from generate_series(1, 3000) n, unnest(%s::uuid[]) c",
        [[A_CATALOG, B_CATALOG]],
    )
    named.execute("analyze products")
    return named


@pytest.mark.parametrize("words", ["mug 2999", "μοναδική", "ЕДИНСТВЕННАЯ", "f1234 mug"])
def test_a_search_in_any_script_uses_the_search_index_for_all_words(filled: psycopg.Connection, words: str) -> None:
    # For a small table, the planner estimates about the same cost for all indexes.
    others = ("products_by_name", "products_by_category", "products_by_brand", "products_by_price")
    filled.execute(f"drop index {', '.join(others)}, products_by_created_at".encode())
    filled.execute("alter table products drop constraint products_catalog_sku_unique")
    for method in ("indexscan", "indexonlyscan", "seqscan"):
        filled.execute(f"set local enable_{method} = off".encode())
    explained = plan(filled, words, walk=False)
    scan = explained.partition("Bitmap Index Scan on products_search ")[2]
    bitmap_scan = re.match(r"\(actual rows=(\d+)(?:\.00)? loops=1\)\n +Index Cond: \(\(catalog_id = ", scan)
    assert bitmap_scan, explained
    assert 1 <= int(bitmap_scan[1]) < 100
    assert scan.count("~~") == len(words.split())


def test_a_search_that_scans_a_sort_index_reads_only_this_index(filled: psycopg.Connection) -> None:
    for method in ("indexscan", "bitmapscan", "seqscan"):
        filled.execute(f"set local enable_{method} = off".encode())
    assert "Index Only Scan using products_by_category on products" in plan(filled, "mug 4711", walk=True)


@pytest.mark.parametrize("name", ["admin", "A's owner", "customer of A"])
@pytest.mark.parametrize(
    ("price_min", "sort", "key"), [("null", "price", 2900), ("2900", "price", None), ("null", "-price", 100)]
)
def test_a_page_after_a_price_does_not_read_the_previous_products(
    filled: psycopg.Connection, name: str, price_min: str, sort: str, key: int | None
) -> None:
    caller = BY_NAME[name]
    page = (
        f"select price::integer from app.list_{visible(caller)}products(%s, null, null, null, null, {price_min}, null,"
        " null, null, %s, %s, %s, 10)"
    )
    rows_read = "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'products'"
    last = None if key is None else "00000000-0000-0000-0000-000000000000"
    with as_caller(filled, caller):
        # For so few products, the planner can read the whole table.
        for method in ("seqscan", "hashjoin", "mergejoin"):
            filled.execute(f"set local enable_{method} = off".encode())
        [(before,)] = filled.execute(rows_read).fetchall()
        prices = [row[0] for row in filled.execute(page.encode(), [A_CATALOG, sort, key and str(key), last])]
        [(after,)] = filled.execute(rows_read).fetchall()
    assert prices == list(range(99, 89, -1) if sort == "-price" else range(2900, 2910))
    assert after - before < 200
