"""Creates catalogs for the benchmarks of pages, and generates requests and SQL queries for the same pages."""

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from infra.bench.load import NextParameters, NextPath
from infra.bench.platform import ACME, BenchPlatform

PAGE_SIZE = 50
_LONG_AGO = "2020-01-01T00:00:00Z"
"""A value for the parameter `updated_since`. A list with this parameter does not come from the cache. The parameter
excludes no product, because all products are newer."""

_INSERT_PRODUCTS = """
insert into products (catalog_id, sku, name, description, category, brand, price, inventory_count)
select %(catalog)s, 'SKU-' || n,
  concat_ws(' ', w[1 + pg_temp.dice(n, 1) %% 12], w[1 + pg_temp.dice(n, 2) %% 12], w[1 + pg_temp.dice(n, 3) %% 12], n),
  'A gift of ' || w[1 + n %% 12], 'category ' || pg_temp.dice(n, 4) %% 40, 'brand ' || pg_temp.dice(n, 5) %% 200,
  round(1 + n %% 9973 / 100.0, 2), n %% 500
from generate_series(1, %(count)s) n,
  (select string_to_array('crystal enamel mug scarf lamp award basket coffee plant notebook canvas wool', ' ') w) words
"""
_CREATE_DICE = """
create or replace function pg_temp.dice(n bigint, seed bigint) returns bigint language sql immutable
as $$ select hashint8extended(n, seed) & 2147483647 $$
"""
_PAGE = """
select json_agg(page)::text
from (
  select id, catalog_id, sku, name, description, category, brand, price::text as price, currency, images, media,
    attributes, inventory_count, inventory_policy, is_active, created_at, updated_at
  from {}
) page
"""
_CONTAINS = " and (folded_name || E'\\n' || folded_sku) like %({})s"
SEARCH_QUERY = _PAGE.format(
    "products where catalog_id = %(catalog)s and category = %(category)s and price <= %(price_max)s"
    + _CONTAINS.format("pattern")
    + " order by folded_name, id limit 51"
)
"""A plain SQL query for the page that a path from `search_paths` requests. As in the API, the 51st row only shows
whether a next page exists."""
MEMBER_SEARCH_QUERY = _PAGE.format(
    "app.list_products(%(catalog)s, %(word)s, null, %(category)s, null, null, %(price_max)s, null, null, 'name', null,"
    " null, 51, null)"
)
"""The query of the API for the page of SEARCH_QUERY. It runs under row-level security."""
MEMBER_WORDS_QUERY = MEMBER_SEARCH_QUERY.replace("%(category)s", "null").replace("%(price_max)s", "null")
"""The query of the API for the page of `words_query`. It runs under row-level security."""
SEARCHES = {"rare": "99999", "missing": "zzzqqq", "words": "wool lamp mug", "sku": "sku-77777"}
"""Maps each kind of search to its text: a word of one product, a word of no product, three words of many products, or
an SKU."""


def create_filled_catalog(platform: BenchPlatform, count: int, owner: UUID = ACME) -> UUID:
    """Create a catalog with `count` products, and update the statistics of the query planner."""
    catalog = platform.create_catalog(owner)
    insert_products(platform, catalog, count)
    platform.settle()
    return catalog


def insert_products(platform: BenchPlatform, catalog: UUID, count: int) -> None:
    """Insert `count` products into an empty catalog."""
    platform.database.execute(_CREATE_DICE)
    platform.database.execute(_INSERT_PRODUCTS, {"catalog": catalog, "count": count})


def search_paths(catalog: UUID) -> NextPath:
    """Generate paths that request a page with a filter and a search.

    All paths are different, so none of these pages comes from the cache.
    """
    next_search = _searches()

    def next_path() -> str:
        price_max, category, word = next_search()
        filters = f"price_max={price_max}&category={category.replace(' ', '+')}&q={word}"
        return f"/v1/catalogs/{catalog}/products?limit={PAGE_SIZE}&{filters}"

    return next_path


def search_parameters(catalog: UUID) -> NextParameters:
    """Generate parameters of SEARCH_QUERY and MEMBER_SEARCH_QUERY. The searches and their order are the same as in
    `search_paths`."""
    next_search = _searches()

    def next_parameters() -> dict[str, Any]:
        price_max, category, word = next_search()
        page = {"catalog": catalog, "category": category, "price_max": price_max}
        return {**page, "word": word, "pattern": f"%{word}%"}

    return next_parameters


def words_query(words: str) -> str:
    """Return a plain SQL query for the products that contain all words."""
    conditions = "".join(_CONTAINS.format(f"pattern{number}") for number in range(len(words.split())))
    return _PAGE.format(f"products where catalog_id = %(catalog)s{conditions} order by folded_name, id limit 51")


def words_parameters(catalog: UUID, words: str) -> NextParameters:
    """Generate parameters of MEMBER_WORDS_QUERY and of `words_query`. The parameters are always the same."""
    patterns = {f"pattern{number}": f"%{word}%" for number, word in enumerate(words.split())}
    return lambda: {"catalog": catalog, "word": words, **patterns}


def list_path(catalog: UUID, limit: int, *, cached: bool) -> NextPath:
    """Generate the path of the first page of a catalog, without filters. The path is always the same."""
    path = f"/v1/catalogs/{catalog}/products?limit={limit}"
    if not cached:
        path += f"&updated_since={_LONG_AGO}"
    return lambda: path


def zipf_visits(domains: list[str], products: list[str]) -> Iterator[str]:
    """Yield the paths of an endless sequence of visits to storefronts. The visits follow Zipf's law.

    A few sites and a few products get most of the visits. On average, 75 % of the visits read one product. The other
    visits read the first page of the product list of the site.
    """
    dice = random.Random(7)  # noqa: S311 - the same visits in each run
    domain_weights = list(itertools.accumulate(1 / rank for rank in range(1, len(domains) + 1)))
    product_weights = list(itertools.accumulate(1 / rank for rank in range(1, len(products) + 1)))
    while True:
        (domain,) = dice.choices(domains, cum_weights=domain_weights)
        path = f"/v1/storefront/{domain}/products"
        if dice.random() < 0.25:
            yield f"{path}?limit={PAGE_SIZE}"
        else:
            (product,) = dice.choices(products, cum_weights=product_weights)
            yield f"{path}/{product}"


def _searches() -> Callable[[], tuple[str, str, str]]:
    """Return a function that returns the next search: maximum price, category and word.

    Each search has a different maximum price. It is higher than the price of every product, so it excludes no product.
    """
    dice = random.Random(1)  # noqa: S311 - the same searches in each run
    words = ("mug", "lamp", "wool", "scarf", "coffee")
    cents = itertools.count(1_000_00)
    return lambda: (f"{next(cents) / 100:.2f}", f"category {dice.randrange(40)}", dice.choice(words))
