"""Measures the speed of pages: from the database, from the cache, and in large catalogs.

Some rows have a target, e.g. 10 ms. The limit of such a row is the target divided by the floor at reference speed.

Reference speed is the speed of one machine with 2 idle cores. On this machine, `/v1/health` takes 1.93 ms p50, a cached
storefront page takes 2.8 ms p50, and a cached list of 1,000 rows reaches 271 req/s.

For the storefront page and for the list, the floor at reference speed is the figure above, divided by the ratio of the
row. The ratio is the median of three measurements.

For a page with filter and search, the floor contains the bare query. The floor at reference speed is the measured
floor, divided by the time of `/v1/health` in the same run and multiplied by 1.93 ms. Whenever the bare query gets
faster, e.g. by a new index, this floor must be measured again.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from statistics import median
from uuid import UUID

from infra.bench import catalogs
from infra.bench.load import Connect, Timings, both, get, load, query
from infra.bench.platform import OWNER, BenchPlatform
from infra.bench.rows import Limit, Row, measures
from infra.local.processes import LocalCloudError

RUNS = 15
"""The number of pairs of runs. A pair consists of one run for the figure and one run for its floor."""
SECONDS = 1.0
"""The duration of each run, in seconds. Runs are short, so other work on the machine slows down both runs of a pair
equally."""
WARM_UP_SECONDS = 1.0
"""The duration of the first run, in seconds. This run is not counted, because it starts the processes of the
functions."""
RATE_CONNECTIONS = 8
"""The number of connections in runs that measure a rate."""

POLICIES_LIMIT = Limit.at_most(3.0)
"""The maximum ratio between the durations of a search query with and without row-level security."""
PAGE_LIMIT = Limit.at_most(3.03)
"""The target is 10 ms p50. At reference speed, the floor is 3.3 ms. The limit of the ratio is 10 / 3.3 = 3.03."""
PAGE_RATE_LIMIT = Limit.at_least(0.373)
"""The target is 200 req/s. At reference speed, the floor is 536 req/s. The limit of the ratio is 200 / 536 = 0.373."""
LIST_RATE_LIMIT = Limit.at_least(0.273)
"""The target is 200 req/s. At reference speed, the rate is 271 req/s, which is 0.37 times the floor. So the floor
is 271 / 0.37 = 732 req/s, and the limit of the ratio is 200 / 732 = 0.273."""
CACHED_LIMIT = Limit.at_most(2.07)
"""The target is 4 ms p50. At reference speed, the p50 is 2.8 ms, which is 1.45 times the floor. Therefore the floor is
2.8 / 1.45 = 1.93 ms, and the limit of the ratio is 4 / 1.93 = 2.07."""
FACETS_LIMIT = Limit.at_most(2.0)
"""The facets of a page must not take longer than the rest of the page."""
HIT_RATE_LIMIT = Limit.at_least(0.936)
"""The target is that 80 % of the visits are cache hits. With an ideal cache, which keeps every page, 85.5 % of the
visits would be hits. The limit is 80 / 85.5 = 0.936."""
GROWTH_LIMIT = Limit.at_most(1.5)
"""The maximum ratio of the durations in a large and a small catalog. The duration must hardly depend on the size."""
QUERIES_LIMIT = Limit.at_most(0.2)
"""The cache must save at least 80 % of the database queries."""
SITES = 50
VISITED_PRODUCTS = 2_000
EARLIER_VISITS = 80_000
"""The total number of visits to all storefronts before the measurement starts. A cache entry expires after 30 minutes.
In 30 minutes, a platform with 44 visits a second gets about 80,000 visits."""
MEASURED_VISITS, UNCACHED_VISITS = 4_000, 600
"""The number of visits in a run with the cache, and in a run without the cache. A run has a fixed number of visits
instead of a fixed duration, because the hit rate grows with the number of visits, and must not depend on the speed of
the machine."""
CACHE_RUNS = 3
VISITS_TIMEOUT = 900.0
"""The maximum duration of one run of visits, in seconds."""


@measures(
    "search-policies-100k",
    "search-rare-100k",
    "search-missing-100k",
    "search-words-100k",
    "search-sku-100k",
    "page-filter-search-100k",
    "page-filter-search-100k-rate",
    "list-1000-rows-rate",
    "storefront-page-cached",
    "storefront-facets-100k",
)
def pages(platform: BenchPlatform) -> Iterator[Row]:
    """Measure three kinds of pages in a catalog of 100,000 products.

    The pages are a page of 50 products with filter and search, a page of 1,000 rows, and a cached storefront page. The
    first rows compare search queries with and without row-level security.
    """
    catalog = catalogs.create_filled_catalog(platform, 100_000)
    api, owner, health = platform.endpoints.api, platform.headers(), _health(platform)
    search = get(api, owner, catalogs.search_paths(catalog))
    yield from _policies_rows(platform, catalog)
    bare_query = query(platform.endpoints.replica, catalogs.SEARCH_QUERY, catalogs.search_parameters(catalog))
    floor, floor_name = both(health, bare_query), "/v1/health and the bare query"
    yield _p50_row("page-filter-search-100k", _pairs(search, floor, 1), floor_name, PAGE_LIMIT)
    pairs = _pairs(search, floor, RATE_CONNECTIONS)
    yield _rate_row("page-filter-search-100k-rate", pairs, floor_name, PAGE_RATE_LIMIT)
    from_cache = get(api, owner, catalogs.list_path(catalog, 1000, cached=True))
    from_database = get(api, owner, catalogs.list_path(catalog, 1000, cached=False))
    row = _rate_row("list-1000-rows-rate", _pairs(from_cache, health, RATE_CONNECTIONS), "/v1/health", LIST_RATE_LIMIT)
    yield replace(row, note=f"{row.note}, {_rate(from_database):.0f} req/s from the database")
    domain = platform.create_site(catalog)
    # All requests come from one IP address. The rate limit of an address would reject most requests.
    with platform.kill_switches(limits="off"):
        storefront = get(api, {}, lambda: f"/v1/storefront/{domain}/products?limit={catalogs.PAGE_SIZE}")
        row = _p50_row("storefront-page-cached", _pairs(storefront, health, 1), "/v1/health", CACHED_LIMIT)
        rate = _rate(storefront)
    yield replace(row, note=f"{row.note}, {rate:.0f} req/s with {RATE_CONNECTIONS} connections")
    yield _facets_row("storefront-facets-100k", platform, domain)


@measures("growth-filter-search-1m-to-10k", "growth-list-1m-to-10k", "storefront-facets-1m")
def growth(platform: BenchPlatform) -> Iterator[Row]:
    """Measure the same pages for a catalog with 1,000,000 products and for a catalog with 10,000 products."""
    small, large = catalogs.create_filled_catalog(platform, 10_000), catalogs.create_filled_catalog(platform, 1_000_000)
    api, owner = platform.endpoints.api, platform.headers()
    floor_name = "the same page of 10,000 products"
    pairs = _pairs(get(api, owner, catalogs.search_paths(large)), get(api, owner, catalogs.search_paths(small)), 1)
    yield _p50_row("growth-filter-search-1m-to-10k", pairs, floor_name, GROWTH_LIMIT)
    of_large, of_small = (
        get(api, owner, catalogs.list_path(catalog, catalogs.PAGE_SIZE, cached=False)) for catalog in (large, small)
    )
    yield _p50_row("growth-list-1m-to-10k", _pairs(of_large, of_small, 1), floor_name, GROWTH_LIMIT)
    yield _facets_row("storefront-facets-1m", platform, platform.create_site(large))


@measures("zipf-hit-rate", "zipf-queries")
def cache(platform: BenchPlatform) -> Iterator[Row]:
    """Measure visits to 50 storefronts, with and without the cache.

    Each storefront shows the same 100,000 products. The visits follow Zipf's law.
    """
    catalog = catalogs.create_filled_catalog(platform, 100_000)
    domains = [platform.create_site(catalog) for _ in range(SITES)]
    visits = catalogs.zipf_visits(domains, platform.product_ids(catalog, VISITED_PRODUCTS))
    hit_rates, queries, speeds = [], [], []
    # All visits come from one IP address. The rate limit of an address would reject most visits.
    with platform.kill_switches(limits="off"):
        # One request for each page is enough, because repeated visits would not change the content of the cache.
        visited = set(islice(visits, EARLIER_VISITS))
        _visit(platform, visited)
        for _ in range(CACHE_RUNS):
            paths = list(islice(visits, MEASURED_VISITS))
            cached_queries, cached = platform.queries_during(partial(_visit, platform, paths))
            hit_rates.append((cached.hit_rate * 100, _ideal_hit_rate(paths, visited) * 100))
            with platform.kill_switches(cache="off"):
                paths = list(islice(visits, UNCACHED_VISITS))
                all_queries, uncached = platform.queries_during(partial(_visit, platform, paths))
            queries.append((cached_queries / cached.requests, all_queries / uncached.requests))
            speeds.append((cached.per_second, uncached.per_second))
    note = f"{CACHE_RUNS * MEASURED_VISITS:,} visits of {SITES} sites"
    yield Row.of_pairs("zipf-hit-rate", hit_rates, "%", floor_name="an ideal cache", limit=HIT_RATE_LIMIT, note=note)
    with_cache, without = (median(rates) for rates in zip(*speeds, strict=True))
    note = f"{with_cache:.0f} req/s with the cache, {without:.0f} without"
    yield Row.of_pairs(
        "zipf-queries", queries, "queries/request", floor_name="with the cache off", limit=QUERIES_LIMIT, note=note
    )


def _policies_rows(platform: BenchPlatform, catalog: UUID) -> Iterator[Row]:
    """Compare the queries of searches with the same queries without row-level security."""
    common = partial(catalogs.search_parameters, catalog)
    searches = {"policies": (catalogs.MEMBER_SEARCH_QUERY, catalogs.SEARCH_QUERY, common)}
    for kind, words in catalogs.SEARCHES.items():
        parameters = partial(catalogs.words_parameters, catalog, words)
        searches[kind] = (catalogs.MEMBER_WORDS_QUERY, catalogs.words_query(words), parameters)
    for kind, (statement, bare, create) in searches.items():
        url = platform.endpoints.replica
        pairs = _pairs(query(url, statement, create(), OWNER), query(url, bare, create()), 1)
        yield _p50_row(f"search-{kind}-100k", pairs, "the query without policies", POLICIES_LIMIT)


def _facets_row(name: str, platform: BenchPlatform, domain: str) -> Row:
    """Compare the first page of a storefront with facets and the same page without facets."""
    api, path = platform.endpoints.api, f"/v1/storefront/{domain}/products?limit={catalogs.PAGE_SIZE}"
    with platform.kill_switches(cache="off", limits="off"):
        pairs = _pairs(get(api, {}, lambda: path), get(api, {}, lambda: f"{path}&facets=false"), 1)
    return _p50_row(name, pairs, "the same page without facets", FACETS_LIMIT)


def _health(platform: BenchPlatform) -> Connect:
    """Return a function that opens a connection for requests to `/v1/health`.

    A request to `/v1/health` passes through the gateway, and makes one query on each database server. Every other
    request in the local cloud takes at least as long.
    """
    return get(platform.endpoints.api, {}, lambda: "/v1/health")


def _pairs(figure: Connect, floor: Connect, connections: int) -> list[tuple[Timings, Timings]]:
    """Warm up, then measure the figure and the floor alternately."""
    for connect in (figure, floor):
        load(connect, RATE_CONNECTIONS, WARM_UP_SECONDS)
    return [(load(figure, connections, SECONDS), load(floor, connections, SECONDS)) for _ in range(RUNS)]


def _p50_row(name: str, pairs: list[tuple[Timings, Timings]], floor_name: str, limit: Limit) -> Row:
    p50s = [(figure.p50, floor.p50) for figure, floor in pairs]
    p95 = median(figure.p95 for figure, _ in pairs)
    note = f"p95 {p95:.1f} ms{_hits(pairs)}"
    return Row.of_pairs(name, p50s, "ms p50", floor_name=floor_name, limit=limit, note=note)


def _rate_row(name: str, pairs: list[tuple[Timings, Timings]], floor_name: str, limit: Limit) -> Row:
    rates = [(figure.per_second, floor.per_second) for figure, floor in pairs]
    note = f"{RATE_CONNECTIONS} connections{_hits(pairs)}"
    return Row.of_pairs(name, rates, "req/s", floor_name=floor_name, limit=limit, note=note)


def _rate(connect: Connect) -> float:
    """Return the number of requests per second. This number is the median of several runs."""
    return median(load(connect, RATE_CONNECTIONS, SECONDS).per_second for _ in range(RUNS))


def _hits(pairs: list[tuple[Timings, Timings]]) -> str:
    rate = median(figure.hit_rate for figure, _ in pairs)
    return f", {rate:.0%} cache hits" if rate else ""


def _visit(platform: BenchPlatform, paths: Collection[str]) -> Timings:
    """Send one GET request for each path. Raises LocalCloudError after VISITS_TIMEOUT seconds."""
    timings = load(get(platform.endpoints.api, {}, iter(paths).__next__), RATE_CONNECTIONS, VISITS_TIMEOUT)
    if timings.requests < len(paths):
        raise LocalCloudError(
            f"the run stopped after {VISITS_TIMEOUT:.0f} seconds, with only {timings.requests:,} of"
            f" {len(paths):,} visits: the machine is too slow or too busy"
        )
    return timings


def _ideal_hit_rate(paths: list[str], visited: set[str]) -> float:
    """Return the share of `paths` that were already visited, and add each path to `visited`."""
    repeated = 0
    for path in paths:
        repeated += path in visited
        visited.add(path)
    return repeated / len(paths)
