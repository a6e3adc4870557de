"""Measures the CPU time that the process of a function uses for a request. AWS bills this time.

The floor is the CPU time of `bare_function`. This function is a FastAPI route with Mangum, and does no work. The same
runtime client runs `bare_function` and the measured functions, in processes of the same zygote.

The target of a cached page is the ratio 1.5. A request to `/v1/health` must not need more CPU time than a cached page.
The other targets come from the targets for whole requests: the CPU time of a function must improve by the same factor
as the requests.

- The rate of pages must grow from 1.5 to 3 times the rate of the peer, so the CPU time of a page must be halved.
- The rate of lists of 1,000 rows must grow from 1.4 to 4 times the rate of the peer, so the CPU time of a list must be
  divided by 2.86.
- The CPU time of an order in the whole local cloud must fall from 60 ms to 20 ms, so it must be divided by 3.

These targets come from measurements on one machine: `/v1/health` took 1.75 ms, a page 5.7 ms, and an order 12.9 ms. For
an order and its mail, all functions together used twice as much. `/v1/health` takes 2.46 times as long as the bare
function, so the bare function would have taken 0.71 ms on that machine. A list of 1,000 rows takes 12.9 times as long
as the bare function.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from infra.bench import catalogs
from infra.bench.cpu import function_processes, process_seconds, processes_in
from infra.bench.load import Connect, get, load
from infra.bench.orders import Shop, place
from infra.bench.platform import BenchPlatform
from infra.bench.rows import Limit, Row, measures
from infra.functions import FUNCTIONS, FunctionSpec
from infra.local.lambda_service import Lambda
from infra.local.payload_format import Request, event
from infra.local.processes import LocalCloudError

RUNS = 5
SECONDS = 2.0
"""The duration of each run, in seconds. The system counts CPU time in units of 10 ms, which is about 1 % of a run."""
WARM_UP_SECONDS = 1.0
PRODUCTS = 10_000

HEALTH_LIMIT, CACHED_LIMIT = Limit.at_most(1.5), Limit.at_most(1.5)
FRESH_LIMIT = Limit.at_most(4.0)
"""5.7 ms / 2 / 0.71 ms = 4.0."""
LIST_LIMIT = Limit.at_most(4.5)
"""12.9 / 2.86 = 4.5."""
ORDER_LIMIT = Limit.at_most(6.0)
"""12.9 ms / 3 / 0.71 ms = 6.0."""
BARE_FUNCTION = Path(__file__).with_name("bare_function")

MeasureCpu = Callable[[], float]
"""A function that sends requests for SECONDS seconds, and returns the CPU milliseconds of a request."""


@measures(
    "function-cpu-health",
    "function-cpu-cached-page",
    "function-cpu-fresh-page",
    "function-cpu-list-1000-rows",
    "function-cpu-order",
)
def function_cpu(platform: BenchPlatform) -> Iterator[Row]:
    """Measure the CPU time of five kinds of requests, each with one connection."""
    platform.database.execute("update tiers set requests_per_hour = 10000000 where name = 'enterprise'")
    catalog = catalogs.create_filled_catalog(platform, PRODUCTS)
    api, owner, domain = platform.endpoints.api, platform.headers(), platform.create_site(catalog)
    shop = Shop.create(platform)
    requests = partial(_measurement, platform)
    health = get(api, {}, lambda: "/v1/health")
    page = get(api, {}, lambda: f"/v1/storefront/{domain}/products?limit={catalogs.PAGE_SIZE}")
    search = get(api, owner, catalogs.search_paths(catalog))
    rows = get(api, owner, catalogs.list_path(catalog, 1000, cached=False))
    with _bare() as bare:
        yield _row("function-cpu-health", requests("health/read", health), bare, HEALTH_LIMIT)
        # All requests come from one IP address. The rate limit of an address would reject most requests.
        with platform.kill_switches(limits="off"):
            yield _row("function-cpu-cached-page", requests("storefront/read", page), bare, CACHED_LIMIT)
        yield _row("function-cpu-fresh-page", requests("products/read", search), bare, FRESH_LIMIT)
        yield _row("function-cpu-list-1000-rows", requests("products/read", rows), bare, LIST_LIMIT)
        yield _row("function-cpu-order", requests("orders/place", place(api, shop)), bare, ORDER_LIMIT)


def _measurement(platform: BenchPlatform, function: str, connect: Connect) -> MeasureCpu:
    """Start the process of a function. function: the folder of the function, below `functions/api`."""
    folder = FUNCTIONS / "api" / function
    load(connect, 1, WARM_UP_SECONDS)

    def measure() -> float:
        processes = function_processes(platform.state, folder)
        before = _total(processes)
        requests = load(connect, 1, SECONDS).requests
        if set(function_processes(platform.state, folder)) != set(processes):
            raise LocalCloudError(f"a process of {function} has started or ended during the measurement")
        return (_total(processes) - before) * 1000 / requests

    return measure


def _row(name: str, measure: MeasureCpu, bare: MeasureCpu, limit: Limit) -> Row:
    pairs = [(measure(), bare()) for _ in range(RUNS)]
    return Row.of_pairs(name, pairs, "ms CPU", floor_name="a bare function", limit=limit)


@contextmanager
def _bare() -> Iterator[MeasureCpu]:
    """Run BARE_FUNCTION in child processes of this process. Otherwise it runs like a function of the local cloud."""
    spec = FunctionSpec(name="bare", kind="api", folder=BARE_FUNCTION, routes=("GET /v1/health",), auth="none")
    headers = [(b"host", b"127.0.0.1"), (b"accept-encoding", b"identity")]
    request = Request("GET", "/v1/health", "", headers, b"", "127.0.0.1", "HTTP/1.1", "bench")
    content = json.dumps(event(request, "GET /v1/health", {}, None, "Root=1-0-0")).encode()

    async def invoke(functions: Lambda, seconds: float) -> int:
        loop, requests = asyncio.get_running_loop(), 0
        began = loop.time()
        while loop.time() - began < seconds:
            result = await functions.invoke(spec.name, content)
            requests += 1
            if result.error or json.loads(result.payload)["statusCode"] != 200:
                raise LocalCloudError(f"the bare function failed: {result.payload!r}")
        return requests

    with tempfile.TemporaryDirectory() as logs, asyncio.Runner() as runner:
        functions = Lambda([spec], {spec.name: {}}, logs=Path(logs))
        runner.run(functions.start())
        try:
            runner.run(invoke(functions, WARM_UP_SECONDS))

            def measure() -> float:
                processes = processes_in(BARE_FUNCTION, psutil.Process())
                before = _total(processes)
                requests = runner.run(invoke(functions, SECONDS))
                return (_total(processes) - before) * 1000 / requests

            yield measure
        finally:
            runner.run(functions.stop(grace=0.0))


def _total(processes: list[psutil.Process]) -> float:
    return sum(map(process_seconds, processes))
