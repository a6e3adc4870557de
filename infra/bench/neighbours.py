"""Measures how much the heaviest work of one client slows down the requests of another client.

The second client is called the neighbour. It stays within the limits of the platform, but does what costs most: it
reads the largest rows, searches, merges patches, imports, and lets images be rendered. For each kind of work, the
figure is the p95 of the first client during the work, and the floor is the p95 of the first client without any work.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx

from infra.bench import catalogs
from infra.bench.load import Connect, get, load
from infra.bench.neighbour_work import PATCH_KEYS, TIMEOUT, Prepared, Work, body, neighbour
from infra.bench.platform import GLOBEX, BenchPlatform
from infra.bench.rows import Limit, Row, measures

LIMIT = Limit.at_most(1.2)
"""The requests of the first client are allowed to become slower by at most a fifth."""
RUNS, SECONDS = 9, 3.0
"""The number of pairs of runs, and the duration of each run, in seconds. A p95 needs more requests than a median."""
IMAGE_RUNS = 5
"""The number of pairs during which an image is rendered. After each pair, the benchmark waits for the image."""
CONNECTIONS = 1
"""The number of connections of the first client. With more connections it would use all cores of a small machine by
itself, and every work would slow it down."""
WARM_UP_SECONDS = 1.0

SEARCHED_PRODUCTS = 100_000
LARGE_PRODUCTS = 12
LARGE_TEXT, LARGE_OBJECT = "\N{WRAPPED PRESENT}" * 100_000, "x" * 520_000
"""A description and an attribute of a product that are almost as large as the API accepts."""


@measures(
    "neighbour-largest-rows-p95",
    "neighbour-search-p95",
    "neighbour-patch-p95",
    "neighbour-import-p95",
    "neighbour-image-p95",
    "neighbour-p95",
)
def neighbours(platform: BenchPlatform) -> Iterator[Row]:
    """Measure how much each kind of work of the neighbour slows down the cached pages of the first client."""
    path = catalogs.list_path(platform.create_catalog(), catalogs.PAGE_SIZE, cached=True)
    first = get(platform.endpoints.api, platform.headers(), path)
    load(first, CONNECTIONS, WARM_UP_SECONDS)
    prepared = _prepare(platform)
    yield _row("neighbour-largest-rows-p95", first, prepared, "read_largest_rows")
    yield _row("neighbour-search-p95", first, prepared, "search")
    yield _row("neighbour-patch-p95", first, prepared, "patch")
    yield _row("neighbour-import-p95", first, prepared, "import_rows")
    yield _row("neighbour-image-p95", first, prepared, "render_image", IMAGE_RUNS)
    # The flood uses up the quota of the neighbour. Therefore it is the last kind of work.
    yield _row("neighbour-p95", first, prepared, "flood")


def _row(name: str, first: Connect, prepared: Prepared, work: Work, runs: int = RUNS) -> Row:
    pairs = []
    with neighbour(prepared, work) as repeater:
        for _ in range(runs):
            alone = load(first, CONNECTIONS, SECONDS)
            with repeater.running():
                disturbed = load(first, CONNECTIONS, SECONDS)
            pairs.append((disturbed.p95, alone.p95))
    note = f"{repeater.repetitions:,} repetitions in {runs * SECONDS:.0f} s"
    return Row.of_pairs(name, pairs, "ms p95", floor_name="without the neighbour", limit=LIMIT, note=note)


def _prepare(platform: BenchPlatform) -> Prepared:
    """Create the catalogs and products of the neighbour."""
    api, headers = platform.endpoints.api, platform.small_client_headers()
    large, imported = platform.create_catalog(GLOBEX), platform.create_catalog(GLOBEX)
    with httpx.Client(base_url=api, headers=headers, timeout=TIMEOUT) as client:

        def create_product(catalog: UUID, number: int, **fields: Any) -> str:
            product = {"sku": f"SKU-{number}", "name": f"product {number}", "price": "1.00"}
            return str(body(client.post(f"/v1/catalogs/{catalog}/products", json=product | fields))["id"])

        for number in range(LARGE_PRODUCTS):
            create_product(large, number, description=LARGE_TEXT, attributes={"key": LARGE_OBJECT})
        patched = create_product(imported, 0, attributes={f"old-{key}": key for key in range(PATCH_KEYS)})
    searched = catalogs.create_filled_catalog(platform, SEARCHED_PRODUCTS, GLOBEX)
    return Prepared(api, headers, str(searched), str(large), str(imported), patched)
