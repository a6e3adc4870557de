"""Speed of pages: from the database, from the cache, in growing catalogs and beside a loud neighbour.

The limits of the rows that were absolute are derived from the absolute limit and from the floor at reference speed;
each limit says how.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from statistics import median

from infra.bench import catalogs
from infra.bench.load import Connect, Timings, both, get, load, query
from infra.bench.platform import BenchPlatform
from infra.bench.rows import Limit, Row, measures

RUNS = 5
"""Pairs of runs: one of the figure and one of its floor."""
SECONDS = 3.0
"""Duration of each run."""
MANY = 8
"""Connections of the runs that measure a rate."""

PAGE_LIMIT = Limit.at_most(1)
PAGE_RATE_LIMIT = Limit.at_least(1)
LIST_RATE_LIMIT = Limit.at_least(1)
CACHED_LIMIT = Limit.at_most(1)
GROWTH_LIMIT = Limit.at_most(1.5)
HIT_RATE_LIMIT = Limit.at_least(0.8)
QUERIES_LIMIT = Limit.at_most(0.2)
"""The cache saves at least 80 % of the database's queries."""
NEIGHBOUR_LIMIT = Limit.at_most(1.2)
NEIGHBOUR_REQUESTS_PER_SECOND = 100
NEIGHBOUR_CONNECTIONS = 2

SITES = 50
VISITED_PRODUCTS = 2_000
EARLIER_VISITS = 80_000
"""Visits of all storefronts before the measurement. Cache entries live for 30 minutes; 44 visits a second make this
number in 30 minutes."""
MEASURED_VISITS, UNCACHED_VISITS = 4_000, 600
"""Visits of one run with the cache and of one run without it. They are counts, not durations, because the hit rate
grows with the number of visits and must not depend on the machine's speed."""
CACHE_RUNS = 3
WARM_UP_SECONDS = 600.0
"""Time limit of the run that fills the cache."""


@measures("page-filter-search-100k", "page-filter-search-100k-rate", "list-1000-rows-rate", "storefront-page-cached")
def pages(platform: BenchPlatform) -> Iterator[Row]:
    """A page of 50 of 100,000 products with filter and search, a list of 1,000 rows, and a cached storefront page."""
    catalog = catalogs.filled_catalog(platform, 100_000)
    search = get(platform.endpoints.api, platform.as_owner(), catalogs.search_paths(catalog))
    bare_query = query(platform.endpoints.replica, catalogs.SEARCH_QUERY, catalogs.search_parameters(catalog))
    floor = both(_health(platform), bare_query)
    floor_name = "/v1/health and the bare query"
    yield _p50_row("page-filter-search-100k", _pairs(search, floor, 1), floor_name, PAGE_LIMIT)
    yield _rate_row("page-filter-search-100k-rate", _pairs(search, floor, MANY), floor_name, PAGE_RATE_LIMIT)
    owner = platform.as_owner()
    from_cache, from_database = (
        get(platform.endpoints.api, owner, catalogs.list_path(catalog, 1000, cached=cached)) for cached in (True, False)
    )
    uncached = median(load(from_database, MANY, SECONDS).per_second for _ in range(3))
    row = _rate_row("list-1000-rows-rate", _pairs(from_cache, _health(platform), MANY), "/v1/health", LIST_RATE_LIMIT)
    yield replace(row, note=f"{row.note}, {uncached:.0f} req/s from the database")
    domain = platform.storefront(catalog)
    with platform.switched(
        limits="off"
    ):  # the load generator has one address, which the limit would count as one visitor
        storefront = get(platform.endpoints.api, {}, lambda: f"/v1/storefront/{domain}/products?limit=50")
        pairs = _pairs(storefront, _health(platform), 1)
    yield _p50_row("storefront-page-cached", pairs, "/v1/health", CACHED_LIMIT)


@measures("growth-filter-search-1m-to-10k", "growth-list-1m-to-10k")
def growth(platform: BenchPlatform) -> Iterator[Row]:
    """The same pages of a catalog of 10,000 products and of one of 1,000,000 products."""
    small, large = catalogs.filled_catalog(platform, 10_000), catalogs.filled_catalog(platform, 1_000_000)
    api, owner = platform.endpoints.api, platform.as_owner()
    floor_name = "the same page of 10,000 products"
    pairs = _pairs(get(api, owner, catalogs.search_paths(large)), get(api, owner, catalogs.search_paths(small)), 1)
    yield _p50_row("growth-filter-search-1m-to-10k", pairs, floor_name, GROWTH_LIMIT)
    of_large, of_small = (
        get(api, owner, catalogs.list_path(catalog, catalogs.PAGE_SIZE, cached=False)) for catalog in (large, small)
    )
    yield _p50_row("growth-list-1m-to-10k", _pairs(of_large, of_small, 1), floor_name, GROWTH_LIMIT)


@measures("zipf-hit-rate", "zipf-queries")
def cache(platform: BenchPlatform) -> Iterator[Row]:
    """Visits of 50 storefronts that show 100,000 products, by Zipf's law, with the cache and without it."""
    catalog = catalogs.filled_catalog(platform, 100_000)
    domains = [platform.storefront(catalog) for _ in range(SITES)]
    visits = catalogs.zipf_visits(domains, platform.product_ids(catalog, VISITED_PRODUCTS))
    hit_rates, queries, speeds = [], [], []
    with platform.switched(limits="off"):
        # The cache holds each page that the earlier visits read, so one request for each of these pages is enough.
        visited = set(islice(visits, EARLIER_VISITS))
        load(get(platform.endpoints.api, {}, iter(visited).__next__), MANY, WARM_UP_SECONDS)
        for _ in range(CACHE_RUNS):
            paths = list(islice(visits, MEASURED_VISITS))
            cached_queries, cached = platform.queries_during(partial(_visit, platform, paths))
            hit_rates.append((cached.hit_rate * 100, _ideal_hit_rate(paths, visited) * 100))
            with platform.switched(cache="off"):
                paths = list(islice(visits, UNCACHED_VISITS))
                all_queries, uncached = platform.queries_during(partial(_visit, platform, paths))
            queries.append((cached_queries / cached.requests, all_queries / uncached.requests))
            speeds.append((cached.per_second, uncached.per_second))
    note = f"{CACHE_RUNS * MEASURED_VISITS:,} visits of {SITES} sites"
    yield Row.of_pairs(
        "zipf-hit-rate", hit_rates, "%", floor_name="a cache that loses nothing", limit=HIT_RATE_LIMIT, note=note
    )
    with_cache, without = (median(rates) for rates in zip(*speeds, strict=True))
    note = f"{with_cache:.0f} req/s with the cache, {without:.0f} without"
    yield Row.of_pairs(
        "zipf-queries", queries, "queries/request", floor_name="with the cache off", limit=QUERIES_LIMIT, note=note
    )


@measures("neighbour-p95")
def neighbour(platform: BenchPlatform) -> Iterator[Row]:
    """A client's p95 while another client sends ten times its quota, beside the p95 without the other client."""
    client = get(
        platform.endpoints.api,
        platform.as_owner(),
        catalogs.list_path(platform.catalog(), catalogs.PAGE_SIZE, cached=True),
    )
    loud = platform.as_owner_of_a_small_client()
    pairs = []
    for _ in range(RUNS):
        alone = load(client, NEIGHBOUR_CONNECTIONS, SECONDS)
        with platform.sending(loud, "/v1/catalogs", NEIGHBOUR_REQUESTS_PER_SECOND):
            disturbed = load(client, NEIGHBOUR_CONNECTIONS, SECONDS)
        pairs.append((disturbed.p95, alone.p95))
    floor_name = "without the neighbour"
    yield Row.of_pairs("neighbour-p95", pairs, "ms p95", floor_name=floor_name, limit=NEIGHBOUR_LIMIT)


def _health(platform: BenchPlatform) -> Connect:
    """`/v1/health` through the gateway: the local cloud's cost of any request, with one probe of each database."""
    return get(platform.endpoints.api, {}, lambda: "/v1/health")


def _pairs(figure: Connect, floor: Connect, connections: int) -> list[tuple[Timings, Timings]]:
    """Pairs of a run of the figure and a run of the floor. They take turns, after both are warm."""
    for connect in (figure, floor):
        load(connect, MANY, 1.0)  # starts every function instance
    return [(load(figure, connections, SECONDS), load(floor, connections, SECONDS)) for _ in range(RUNS)]


def _p50_row(name: str, pairs: list[tuple[Timings, Timings]], floor_name: str, limit: Limit) -> Row:
    p50s = [(figure.p50, floor.p50) for figure, floor in pairs]
    p95 = median(figure.p95 for figure, _ in pairs)
    note = f"p95 {p95:.1f} ms{_hits(pairs)}"
    return Row.of_pairs(name, p50s, "ms p50", floor_name=floor_name, limit=limit, note=note)


def _rate_row(name: str, pairs: list[tuple[Timings, Timings]], floor_name: str, limit: Limit) -> Row:
    rates = [(figure.per_second, floor.per_second) for figure, floor in pairs]
    note = f"{MANY} connections{_hits(pairs)}"
    return Row.of_pairs(name, rates, "req/s", floor_name=floor_name, limit=limit, note=note)


def _hits(pairs: list[tuple[Timings, Timings]]) -> str:
    rate = median(figure.hit_rate for figure, _ in pairs)
    return f", {rate:.0%} cache hits" if rate else ""


def _visit(platform: BenchPlatform, paths: list[str]) -> Timings:
    return load(get(platform.endpoints.api, {}, iter(paths).__next__), MANY, WARM_UP_SECONDS)


def _ideal_hit_rate(paths: list[str], visited: set[str]) -> float:
    """Share of paths that were visited before. Adds the paths to `visited`."""
    repeated = 0
    for path in paths:
        repeated += path in visited
        visited.add(path)
    return repeated / len(paths)
