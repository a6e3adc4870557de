"""Measures how much the heaviest work of one client slows down the requests of another client.

The client that does the work is called the neighbour. The client whose requests are measured is called the first
client. The neighbour does the work that costs most within the limits of the platform: it reads the largest rows,
searches, merges patches, imports rows, and uploads images for rendering. Finally, the neighbour sends more requests
than its quota allows. For each kind of work, the figure is the p95 of the first client during the work.

On AWS, each function, the database and the computers of the clients have separate CPUs. In the benchmark, they share
the cores of one machine, so any work slows the first client down. Therefore the floor is the p95 of the first client
while a process outside of the platform uses as much CPU time as the work.

The difference between the figure and the floor is the effect of the platform, because both clients share its locks,
queues, connections and processes. The note of the row states the p95 without any work.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import psutil

from infra.bench import catalogs
from infra.bench.load import Connect, Timings, get, load
from infra.bench.neighbour_work import PATCH_KEYS, TIMEOUT, Prepared, Repeater, Work, body, neighbour
from infra.bench.platform import GLOBEX, BenchPlatform
from infra.bench.rows import Limit, Row, measures

LIMIT = Limit.at_most(1.2)
"""The work must not make the requests of the first client slower by more than a fifth."""
RUNS, SECONDS = 15, 1.0
"""The number of runs of each kind, and the duration of each run in seconds. The kinds are runs with the work, with
`use_cpu`, and without both. Many short runs alternate, because the speed of a machine changes within seconds. The
figure is the p95 over all runs, and so is the floor, because the p95 of a single run depends on a few requests."""
IMAGE_RUNS = 5
"""The number of runs during which images are rendered. These runs take longer than the other runs."""
QUOTA = 10_000_000
"""The quota of the first client, in requests an hour. The benchmark sends about 100,000 requests."""
CONNECTIONS = 1
"""The number of connections of the first client. With more connections, the first client alone would use all cores of a
small machine. Any work of the neighbour would then slow it down."""
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
    platform.database.execute("update tiers set requests_per_hour = %s where name = 'enterprise'", [QUOTA])
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
    seconds = SECONDS * RUNS / runs
    alone, disturbed, floor = _Runs(first, seconds), _Runs(first, seconds), _Runs(first, seconds)
    with neighbour(prepared, work) as worker:
        for _ in range(max(3, runs // 3)):
            alone.run()
            disturbed.run(worker)
        cpu_seconds = disturbed.busy_seconds - alone.busy_seconds * disturbed.timings.requests / alone.timings.requests
        period = disturbed.timings.seconds / worker.repetitions
        cores = min(1.0, max(0.0, cpu_seconds / disturbed.timings.seconds))
        with neighbour(replace(prepared, cpu_seconds=cores * period, period=period), "use_cpu") as other:
            for number in range(runs):
                # The order of the two measurements of a pair changes each time, because a run is a little faster
                # directly after another run.
                pair = [(disturbed, worker), (floor, other)]
                for measured, repeater in pair if number % 2 else reversed(pair):
                    measured.run(repeater)
                alone.run()
    note = (
        f"{worker.repetitions:,} repetitions, {cores:.2f} cores, without the neighbour"
        f" {alone.timings.p95:.2f} ms: ratio {disturbed.timings.p95 / alone.timings.p95:.2f}"
    )
    figures = [(disturbed.timings.p95, floor.timings.p95)]
    return Row.of_pairs(name, figures, "ms p95", floor_name="the same CPU time elsewhere", limit=LIMIT, note=note)


class _Runs:
    """The timings of all runs of one kind, and the CPU time that the whole machine used during these runs."""

    def __init__(self, connect: Connect, seconds: float) -> None:
        self._connect = connect
        self._seconds = seconds
        self.timings = Timings()
        self.busy_seconds = 0.0

    def run(self, repeater: Repeater | None = None) -> None:
        """Measure the first client for some seconds, and repeat the work of `repeater` at the same time."""
        with repeater.running() if repeater else nullcontext():
            busy = _busy_seconds()
            self.timings.add(load(self._connect, CONNECTIONS, self._seconds))
            self.busy_seconds += _busy_seconds() - busy


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)


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
