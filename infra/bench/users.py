"""Measures how many visitors of storefronts the platform serves on this machine, and which limit is exceeded first.

The number of shops is a twentieth of the number in the third year of the plan: 10 clients, each with five sites and a
catalog of 1,000 products. 70 % of the requests read a product, 28 % read a list and 2 % place an order. Between two
requests, a visitor thinks for 1 to 5 seconds. All limits of the platform apply. Each visitor has a different IP
address.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from infra.bench import catalogs
from infra.bench.cpu import CpuTime
from infra.bench.load import get, load
from infra.bench.platform import BenchPlatform
from infra.bench.visitors import Requests, Shop, Step, Visitors, visiting
from infra.local.processes import LocalCloudError

CLIENTS, SITES_PER_CLIENT, PRODUCTS = 10, 5, 1_000
WARM_UP_TIMEOUT = 120.0
"""The maximum duration of the warm-up for each 1,000 requests, in seconds."""
STOCK = 1_000_000
CONNECTIONS, HEALTH_SECONDS = 8, 3.0
SETTLE_SECONDS = 10.0
"""The time after a change of the number of visitors during which requests are not counted, in seconds."""
RAMP_SECONDS = 20.0
FIRST_USERS, GROWTH = 100, 1.25
"""The number of visitors in the first step of a ramp, and the ratio of the number in a step to the number in the
previous step."""
MAX_USERS = 20_000

MAX_P95 = 500.0
"""The maximum 95th percentile of the durations of all requests, in milliseconds."""
MAX_QUEUE_SECONDS = 30.0
"""The maximum time that a job waits for a worker, in seconds."""
MAX_CPU = 0.95
"""The maximum share of the CPU time of all cores that the local cloud and the visitors use. Above this share, every
additional visitor has to wait.
"""
MIN_HIT_RATE = 0.8
HEALTH_SHARE, MAX_RATIO = 0.7, 8.0
"""If the rate of requests is at most HEALTH_SHARE times the rate of `/v1/health`, the p95 must be at most MAX_RATIO
times the p50 of `/v1/health`. This limit does not depend on the speed of the machine."""

_QUEUES = """
select type, count(*), extract(epoch from clock_timestamp() - min(greatest(queued_at, due_at)))::float
from jobs where status = 'pending' and due_at <= clock_timestamp() group by type order by 3 desc
"""


@dataclass(frozen=True)
class Health:
    """The figures of `/v1/health` while there are no visitors."""

    p50: float
    """The median duration with one connection, in milliseconds."""
    per_second: float
    """The number of requests per second with CONNECTIONS connections."""


@dataclass(frozen=True)
class Queue:
    """The jobs of one type that wait for a worker."""

    type: str
    jobs: int
    seconds: float
    """How long the oldest job has been waiting."""


@dataclass(frozen=True)
class Observation:
    """A step, with the CPU time and the waiting jobs that were measured during the step."""

    step: Step
    cpu: CpuTime
    """The CPU seconds of the local cloud per second. 1.0 is one core."""
    queues: Sequence[Queue]
    """The waiting jobs at the end of the step, the longest wait first."""

    @property
    def cpu_share(self) -> float:
        """The share of all cores that the local cloud and the visitors used, from 0 to 1."""
        return (self.cpu.total + self.step.cpu_seconds / self.step.seconds) / (os.cpu_count() or 1)

    def broken(self) -> dict[str, str]:
        """Map each figure that is beyond its limit to a text with its value and its limit. An example for `p95` is `620
        ms, at most 500 ms`."""
        requests, broken = self.step.all, {}
        if requests.failed:
            reasons = ", ".join(f"{count} × {error}" for error, count in list(requests.errors.items())[:3])
            broken["errors"] = f"{requests.failed} of {requests.requests} requests failed: {reasons}"
        if requests.p95 > MAX_P95:
            broken["p95"] = f"{requests.p95:.0f} ms, at most {MAX_P95:.0f} ms"
        if self.queues and self.queues[0].seconds > MAX_QUEUE_SECONDS:
            queue = self.queues[0]
            limit = f"at most {MAX_QUEUE_SECONDS:.0f} s"
            broken["queue"] = f"{queue.jobs} jobs {queue.type} wait, the oldest for {queue.seconds:.0f} s, {limit}"
        if self.cpu_share > MAX_CPU:
            broken["CPU"] = f"{self.cpu_share:.0%} of {os.cpu_count()} cores, at most {MAX_CPU:.0%}"
        return broken

    def lines(self) -> Iterator[str]:
        """Yield the lines of the report about this step."""
        step = self.step
        yield f"{step.users:,} users for {step.seconds:.0f} s: {step.per_second:.0f} requests/s, {_facts(step.all)}"
        for kind in ("product", "list", "order"):
            share = step.kinds[kind].requests / max(step.all.requests, 1)
            yield f"  {kind} ({share:.0%}): {_facts(step.kinds[kind])}"
        sender = step.cpu_seconds / step.seconds
        percent = self.cpu * 100
        yield f"  CPU: {self.cpu_share:.0%} of {os.cpu_count()} cores; % of a core: {percent}, visitors {sender:.1%}"
        waiting = "; ".join(f"{queue.jobs} jobs {queue.type} for up to {queue.seconds:.0f} s" for queue in self.queues)
        yield f"  queues: {waiting or 'no job waits'}"


def run_load(home: Path, users: int, seconds: float, *, ramp: bool, print_line: Callable[[str], object]) -> bool:
    """Start a local cloud in `home`, and send it the requests of visitors. Print a report, and write it to
    `<home>/load.json`.

    Without `ramp`, there is one step with `users` visitors for `seconds` seconds. With `ramp`, the number of visitors
    grows in steps until a figure is beyond its limit. The first step has `users` visitors.

    The function returns whether all figures are within their limits. With `ramp`, it always returns true.
    """
    with BenchPlatform.started(home) as platform, _limits(platform):
        shops = create_shops(platform)
        _warm_up(platform, shops)
        health = measure_health(platform)
        report: dict[str, Any] = {"health": asdict(health), "steps": []}
        print_line(
            f"/v1/health alone: p50 {health.p50:.1f} ms, {health.per_second:.0f} requests/s"
            f" with {CONNECTIONS} connections"
        )
        with visiting(platform.endpoints.api, shops, home / "visitors.log") as visitors:
            observed = []
            steps = _ramp(users) if ramp else iter([(users, seconds)])
            for count, duration in steps:
                observation = observe(platform, visitors, count, duration)
                observed.append(observation)
                for line in observation.lines():
                    print_line(line)
                report["steps"].append(as_json(observation, health))
                _write(home, report)  # write the report after each step, because a later step can fail
                if ramp and observation.broken():
                    break
    verdicts = dict(_ramp_verdicts(observed, health) if ramp else _verdicts(observed[0], health))
    for name, verdict in verdicts.items():
        print_line(f"{name}: {verdict}")
    _write(home, report | {"verdicts": verdicts})
    return ramp or not any(verdict.endswith("FAIL") for verdict in verdicts.values())


def _write(home: Path, report: dict[str, Any]) -> None:
    (home / "load.json").write_text(json.dumps(report, indent=2), "utf-8")


def create_shops(platform: BenchPlatform) -> list[Shop]:
    """Create the clients, catalogs and sites. The first sites get the most visitors."""
    database = platform.database
    # The first client has 30 % of all visitors. In a long run, these visitors send more requests than the limit of an
    # hour allows.
    database.execute("update tiers set requests_per_hour = 10000000 where name = 'enterprise'")
    clients = database.execute(
        "insert into clients (name, slug, tier) select 'load ' || n, 'load-' || n, 'enterprise'"
        " from generate_series(1, %s) n returning id",
        [CLIENTS],
    ).fetchall()
    shops: list[list[Shop]] = []
    for (client,) in clients:
        catalog = platform.create_catalog(client)
        catalogs.insert_products(platform, catalog, PRODUCTS)
        database.execute("update products set inventory_count = %s where catalog_id = %s", [STOCK, catalog])
        shops.append(_sites(platform, client, catalog))
    platform.settle()
    # The most popular sites belong to different clients.
    return list(chain.from_iterable(zip(*shops, strict=True)))


def _sites(platform: BenchPlatform, client: UUID, catalog: UUID) -> list[Shop]:
    products = platform.product_ids(catalog, PRODUCTS)
    rows = platform.database.execute("select distinct category from products where catalog_id = %s", [catalog])
    categories = [row[0] for row in rows]
    return [Shop(platform.create_site(catalog, client), categories, products) for _ in range(SITES_PER_CLIENT)]


def _warm_up(platform: BenchPlatform, shops: Sequence[Shop]) -> None:
    """Read the pages that the cache of a platform with these visitors would already contain."""
    paths = list(popular_paths(shops))
    for first in range(0, len(paths), 1_000):  # an IP address may send 600 requests a minute
        some = iter(paths[first : first + 1_000])
        load(get(platform.endpoints.api, {}, some.__next__, own_address=True), CONNECTIONS, WARM_UP_TIMEOUT)


def popular_paths(shops: Sequence[Shop]) -> Iterator[str]:
    """Yield the paths of all lists, and of the popular products.

    The visits follow Zipf's law, so the second site gets half of the visits of the first site. The popular products are
    all products of the first site, the first half of the products of the second site, and so on.
    """
    for rank, shop in enumerate(shops, 1):
        path = f"/v1/storefront/{shop.domain}/products"
        yield f"{path}?limit={catalogs.PAGE_SIZE}"
        yield from (f"{path}?limit={catalogs.PAGE_SIZE}&category={quote(name)}" for name in shop.categories)
        yield from (f"{path}/{product}" for product in shop.products[: len(shop.products) // rank])


def measure_health(platform: BenchPlatform) -> Health:
    """Measure `/v1/health`."""
    health = get(platform.endpoints.api, {}, lambda: "/v1/health")
    load(health, CONNECTIONS, 1)
    return Health(load(health, 1, HEALTH_SECONDS).p50, load(health, CONNECTIONS, HEALTH_SECONDS).per_second)


def observe(platform: BenchPlatform, visitors: Visitors, users: int, seconds: float) -> Observation:
    """Run a step, and measure the CPU time and the waiting jobs of the local cloud."""
    settled = visitors.run(users, settle=0, seconds=SETTLE_SECONDS)
    before = CpuTime.of(platform.state)
    step = visitors.run(users, settle=0, seconds=seconds)
    cpu = (CpuTime.of(platform.state) - before) * (1 / step.seconds)
    queues = waiting_jobs(platform)
    if settled.all.requests == 0:
        raise LocalCloudError("the visitors sent no requests")
    return Observation(step, cpu, queues)


def waiting_jobs(platform: BenchPlatform) -> list[Queue]:
    """Return the types of jobs that wait for a worker. The type with the longest wait is first."""
    return [Queue(*row) for row in platform.database.execute(_QUEUES).fetchall()]


def as_json(observation: Observation, health: Health) -> dict[str, Any]:
    """Convert an observation to JSON for the report."""
    step = observation.step
    return {
        **asdict(step),
        "requests_per_second": step.per_second,
        "share_of_health": step.per_second / health.per_second,
        "hit_rate": step.all.hit_rate,
        "cpu_share": observation.cpu_share,
        "cpu": dict(observation.cpu.parts),
        "queues": [asdict(queue) for queue in observation.queues],
        "broken": observation.broken(),
    }


def _ramp(users: int) -> Iterator[tuple[int, float]]:
    """Yield the number of visitors and the duration of each step."""
    while users <= MAX_USERS:
        yield users, RAMP_SECONDS
        users = max(users + 1, round(users * GROWTH))


def _verdicts(observation: Observation, health: Health) -> Iterator[tuple[str, str]]:
    """Yield a verdict for each limit."""
    step, broken = observation.step, observation.broken()
    passing = {
        "errors": "0 errors",
        "p95": f"{step.all.p95:.0f} ms, at most {MAX_P95:.0f} ms",
        "queue": f"no job waits for more than {MAX_QUEUE_SECONDS:.0f} s",
        "CPU": f"{observation.cpu_share:.0%} of {os.cpu_count()} cores, at most {MAX_CPU:.0%}",
    }
    for name, fact in passing.items():
        yield name, f"{broken[name]} FAIL" if name in broken else f"{fact} PASS"
    rate = f"{step.all.hit_rate:.0%}, at least {MIN_HIT_RATE:.0%}"
    yield "hit rate", f"{rate} {'PASS' if step.all.hit_rate >= MIN_HIT_RATE else 'FAIL'}"
    yield "p95 to /v1/health", _ratio_verdict(step, health)


def _ratio_verdict(step: Step, health: Health) -> str:
    """Return the verdict for the ratio of the p95 to the p50 of `/v1/health`. The ratio has no limit if the rate of
    requests is above HEALTH_SHARE times the rate of `/v1/health`."""
    share, ratio = step.per_second / health.per_second, step.all.p95 / health.p50
    fact = f"{ratio:.1f} × its p50 at {share:.2f} × its rate"
    if share > HEALTH_SHARE:
        return f"{fact}, no limit above {HEALTH_SHARE} ×"
    return f"{fact}, at most {MAX_RATIO:.0f} × {'PASS' if ratio <= MAX_RATIO else 'FAIL'}"


def _ramp_verdicts(observed: Sequence[Observation], health: Health) -> Iterator[tuple[str, str]]:
    """Yield up to three verdicts. They state which figures exceeded their limits first, which step was the last within
    all limits, and the ratio of the p95 to the p50 of `/v1/health`."""
    last = observed[-1]
    if broken := last.broken():
        facts = "; ".join(f"{name}: {fact}" for name, fact in broken.items())
        yield "broke first", f"at {last.step.users:,} users, {facts}"
    else:
        yield "broke first", f"nothing, up to {last.step.users:,} users"
    if good := [each.step for each in observed if not each.broken()]:
        step = good[-1]
        rate = f"{step.per_second:.0f} requests/s, p95 {step.all.p95:.0f} ms"
        yield "served", f"{step.users:,} users, {rate}, {step.all.hit_rate:.0%} cache hits"
    if compared := [each.step for each in observed if each.step.per_second <= HEALTH_SHARE * health.per_second]:
        yield f"p95 to /v1/health of {compared[-1].users:,} users", _ratio_verdict(compared[-1], health)


def _facts(requests: Requests) -> str:
    if not requests.requests:
        return "no requests"
    errors = "1 error" if requests.failed == 1 else f"{requests.failed:,} errors"
    percentiles = f"p50 {requests.p50:.0f} ms, p95 {requests.p95:.0f} ms, p99 {requests.p99:.0f} ms"
    return f"{requests.requests:,} requests, {percentiles}, {errors}, {requests.hit_rate:.0%} cache hits"


def _limits(platform: BenchPlatform) -> AbstractContextManager[None]:
    """Turn the rate limits off on systems where all visitors have the same IP address."""
    return nullcontext() if sys.platform == "linux" else platform.kill_switches(limits="off")
