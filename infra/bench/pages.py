"""How fast pages are, from the database and from the cache, and whether they stay so as catalogs grow."""

import itertools
import random
from collections.abc import Iterator
from statistics import median
from uuid import UUID

from infra.bench import Row
from infra.bench.load import Path, Timings, load
from infra.bench.platform import BenchPlatform

RUNS = 3
SECONDS = 5.0
"""Of each run."""
PAGE_AT_MOST, PAGES_AT_LEAST = 10.0, 200.0
"""Milliseconds at one connection; requests a second at eight."""
LISTS_AT_LEAST = 200.0
CACHED_AT_MOST = 4.0
GROWTH_AT_MOST = 1.5
"""Times the time at 10,000 products."""
HITS_AT_LEAST = 0.8
VISITS_BEFORE = 80_000
"""Visits of all storefronts before it is measured; entries live for half an hour, in which 44 a second make as many."""
FEWER_QUERIES = 0.8
"""Part of the database's queries that the cache saves."""
NEIGHBOUR_AT_MOST = 1.2
"""Times the p95 of a client, beside one that sends ten times what it may."""

_FILL = """
insert into products (catalog_id, sku, name, description, category, brand, price, inventory_count)
select %(catalog)s, 'SKU-' || n,
  concat_ws(' ', w[1 + pg_temp.dice(n, 1) %% 12], w[1 + pg_temp.dice(n, 2) %% 12], w[1 + pg_temp.dice(n, 3) %% 12], n),
  'A gift of ' || w[1 + n %% 12], 'category ' || pg_temp.dice(n, 4) %% 40, 'brand ' || pg_temp.dice(n, 5) %% 200,
  1 + n %% 9973 / 100.0, n %% 500
from generate_series(1, %(count)s) n,
  (select string_to_array('crystal enamel mug scarf lamp award basket coffee plant notebook canvas wool', ' ') w) words
"""
_DICE = """
create or replace function pg_temp.dice(n bigint, which bigint) returns bigint language sql immutable
as $$ select hashint8extended(n, which) & 2147483647 $$
"""


def pages(platform: BenchPlatform) -> Iterator[Row]:
    """A page of 50 of 100,000 products with filter and search, a list of 1,000, and the storefront's cached page."""
    catalog = _filled(platform, 100_000)
    owner = platform.as_owner()
    one, eight = _turns(platform, owner, _fresh_searches(catalog))
    beside = f"at most {PAGE_AT_MOST} ms; p95 {one.p95:.1f} ms"
    yield Row("page-filter-search-100k", one.p50, "ms p50", beside, one.p50 <= PAGE_AT_MOST)
    beside = f"at least {PAGES_AT_LEAST}; 8 connections"
    yield Row("page-filter-search-100k-rate", eight.per_second, "req/s", beside, eight.per_second >= PAGES_AT_LEAST)
    place = f"/v1/catalogs/{catalog}/products?limit=1000"
    _, loaded = _turns(platform, owner, lambda: f"{place}&updated_since=2020-01-01T00:00:00Z")
    _, eight = _turns(platform, owner, lambda: place)
    beside = f"at least {LISTS_AT_LEAST}; 8 connections, {eight.hit_rate:.0%} hits; {loaded.per_second:.0f} when each"
    yield Row(
        "list-1000-rows-rate",
        eight.per_second,
        "req/s",
        f"{beside} is loaded from the database",
        eight.per_second >= LISTS_AT_LEAST,
    )
    domain = platform.storefront(catalog)
    with platform.switched(limits="off"):  # all visitors of a bench have one address
        one, eight = _turns(platform, {}, lambda: f"/v1/storefront/{domain}/products?limit=50")
    beside = f"at most {CACHED_AT_MOST} ms; p95 {one.p95:.1f} ms, {one.hit_rate:.0%} hits, {eight.per_second:.0f} req/s"
    yield Row("storefront-page-cached", one.p50, "ms p50", beside, one.p50 <= CACHED_AT_MOST)


def growth(platform: BenchPlatform) -> Iterator[Row]:
    """The same pages of a catalog of 10,000 and one of 1,000,000 products."""
    small, large = _filled(platform, 10_000), _filled(platform, 1_000_000)
    owner = platform.as_owner()
    for name, paths in (("filter-search", _fresh_searches), ("list", _fresh_pages)):
        ratios, times = [], []
        of_small, of_large = paths(small), paths(large)
        for _ in range(RUNS):
            few = load(platform.endpoints.api, owner, of_small, 1, SECONDS)
            many = load(platform.endpoints.api, owner, of_large, 1, SECONDS)
            ratios.append(many.p50 / few.p50)
            times.append(many.p50)
        ratio = median(ratios)
        beside = f"at most {GROWTH_AT_MOST}; {median(times):.1f} ms at 1,000,000 products"
        yield Row(f"growth-{name}-1m-to-10k", ratio, "×", beside, ratio <= GROWTH_AT_MOST)


def cache(platform: BenchPlatform) -> Iterator[Row]:
    """Visitors of 50 storefronts over 100,000 products, by Zipf's law, with the cache and without it."""
    catalog = _filled(platform, 100_000)
    domains = [platform.storefront(catalog) for _ in range(50)]
    visits = _zipf(domains, platform.some_products(catalog, 2_000))
    with platform.switched(limits="off"):
        # What the visits before leave in the cache: each of the pages that they saw, once.
        seen = {visits() for _ in range(VISITS_BEFORE)}
        load(platform.endpoints.api, {}, iter(seen).__next__, 8, SECONDS * 60)
        queries, with_cache = platform.queries_during(lambda: load(platform.endpoints.api, {}, visits, 8, SECONDS * 6))
        yield Row(
            "zipf-hit-rate",
            with_cache.hit_rate * 100,
            "%",
            f"at least {HITS_AT_LEAST:.0%}; {len(with_cache.milliseconds)} requests of 50 sites",
            with_cache.hit_rate >= HITS_AT_LEAST,
        )
        with platform.switched(cache="off"):
            all_queries, without = platform.queries_during(
                lambda: load(platform.endpoints.api, {}, visits, 8, SECONDS * 2)
            )
    saved = 1 - (queries / len(with_cache.milliseconds)) / (all_queries / len(without.milliseconds))
    beside = (
        f"at least {FEWER_QUERIES:.0%}; p50 {with_cache.p50:.1f} ms, {without.p50:.1f} ms with the cache off;"
        f" {with_cache.per_second:.0f} and {without.per_second:.0f} req/s"
    )
    yield Row("zipf-queries-saved", saved * 100, "%", beside, saved >= FEWER_QUERIES)


def neighbour(platform: BenchPlatform) -> Iterator[Row]:
    """A client's p95 beside another that sends ten times what it may."""
    catalog = platform.catalog()
    ours, loud = platform.as_owner(), platform.as_owner_of_a_small_client()
    path = f"/v1/catalogs/{catalog}/products?limit=50"
    ratios = []
    for _ in range(RUNS):
        alone = load(platform.endpoints.api, ours, lambda: path, 2, SECONDS)
        with platform.sending(loud, "/v1/catalogs", per_second=100):
            beside = load(platform.endpoints.api, ours, lambda: path, 2, SECONDS)
        ratios.append(beside.p95 / alone.p95)
    ratio = median(ratios)
    yield Row("neighbour-p95", ratio, "×", f"at most {NEIGHBOUR_AT_MOST}", ratio <= NEIGHBOUR_AT_MOST)


def _turns(platform: BenchPlatform, headers: dict[str, str], path: Path) -> tuple[Timings, Timings]:
    """The run in the middle of some, over one connection and over eight; the two take turns."""
    ones, eights = [], []
    load(platform.endpoints.api, headers, path, 8, 1.0)  # every function instance is warm
    for _ in range(RUNS):
        ones.append(load(platform.endpoints.api, headers, path, 1, SECONDS))
        eights.append(load(platform.endpoints.api, headers, path, 8, SECONDS))
    return sorted(ones, key=lambda run: run.p50)[RUNS // 2], sorted(eights, key=lambda run: run.per_second)[RUNS // 2]


def _filled(platform: BenchPlatform, count: int) -> UUID:
    """A new catalog of so many products, as the planner knows it."""
    catalog = platform.catalog()
    platform.database.execute(_DICE)
    platform.database.execute(_FILL, {"catalog": catalog, "count": count})
    platform.settle()
    return catalog


def _fresh_searches(catalog: UUID) -> Path:
    """Filter and search, asked as never before: the cache has none of them."""
    dice = random.Random(1)  # noqa: S311 - the same pages each time
    words = ("mug", "lamp", "wool", "scarf", "coffee")
    highest = itertools.count(1_000_00)
    place = f"/v1/catalogs/{catalog}/products?limit=50&price_max="

    def path() -> str:
        cents = next(highest)
        return f"{place}{cents / 100:.2f}&category=category+{dice.randrange(40)}&q={dice.choice(words)}"

    return path


def _fresh_pages(catalog: UUID) -> Path:
    """A list from its beginning, which is never kept: after a moment when nothing had happened yet."""
    return lambda: f"/v1/catalogs/{catalog}/products?limit=50&updated_since=2020-01-01T00:00:00Z"


def _zipf(domains: list[str], products: list[str]) -> Path:
    """Visits by Zipf's law: few sites and products get most of them. Three of four look at a product."""
    dice = random.Random(7)  # noqa: S311 - the same visits each time
    sites = [1 / rank for rank in range(1, len(domains) + 1)]
    shown = [1 / rank for rank in range(1, len(products) + 1)]

    def path() -> str:
        (domain,) = dice.choices(domains, sites)
        if dice.random() < 0.25:
            return f"/v1/storefront/{domain}/products?limit=50"
        (product,) = dice.choices(products, shown)
        return f"/v1/storefront/{domain}/products/{product}"

    return path
