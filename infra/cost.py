"""Computes what an environment costs a month on AWS, and prints `docs/cost.md`: `python -m infra.cost > docs/cost.md`.

The quantities come from the declarations (`infra/environments.py`, `function.toml`, `infra/aws/alarms.py`), the prices
from `infra/prices.toml`, and the work of a request from the benchmarks. All other numbers are assumptions, which the
page lists.
"""

import sys
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from infra.aws import alarms
from infra.environments import ENVIRONMENTS, Environment
from infra.functions import ROOT, FunctionSpec, functions
from infra.http_api import APIS
from wecelebrate import sweeper

PRICES: Mapping[str, Any] = tomllib.loads((ROOT / "infra" / "prices.toml").read_text("utf-8"))
HOURS = 730
"""The number of hours of a month."""
FULL_CPU_MB = 1769
"""The memory with which AWS gives a function a whole CPU. With less memory, the same work takes longer."""

CPU_MILLISECONDS = 5.7
"""Measured: the CPU time of a function for a cached page (`infra/bench/function_cpu.py`)."""
WAIT_MILLISECONDS = 4.0
"""Assumed: the time that a function waits for Redis or the database in a request."""
HIT_RATE = 0.8
"""Assumed: the share of requests that the cache answers. It is the target of the plan."""
COMMANDS = 1.4
"""Assumed: the Redis commands of a request. A cached read is one command."""
LOG_KILOBYTES = 0.8
"""Assumed: the size of the logs of the gateway and the function for a request."""
RESPONSE_KILOBYTES = 4.0
"""Assumed: the size of a compressed response."""
IOS = 0.5
"""Assumed: the reads and writes of the storage for a request that the cache does not answer."""
NAT_KILOBYTES = 3.0
"""Assumed: the traffic through the NAT gateways for a request, e.g. to Redis and to CloudWatch."""
COLD_STARTS = 0.01
"""Assumed: the share of requests that start a new environment. AWS sees less than 1 % in most accounts."""
INIT_MILLISECONDS = 300.0
"""Assumed: the CPU time with which a function of the API starts. `make bench ONLY=function-init` measures it."""
METRICS_PER_FUNCTION = 2
"""Assumed: the number of metrics that a function itself publishes."""
DETAILED_METRICS = 6
"""The number of metrics that the gateway publishes for each route if detailed metrics are on."""
SECRETS = 6
RULES = 2
"""The rules of the firewall."""
POLLS_A_MINUTE = 15
"""Lambda polls a queue without messages with five connections, each for 20 seconds."""
STORAGE_GB = 20
EDGE_SHARE = 0.0
"""The share of requests that CloudFront answers itself."""


@dataclass(frozen=True)
class Choice:
    """A configuration whose cost is computed. The default values are the configuration that the platform deploys."""

    environment: Environment
    requests: float = 0.0
    """Millions of requests a month."""
    arm: bool = True
    detailed_metrics: bool = True
    alarms: bool = True
    edge_share: float = EDGE_SHARE


def lines(choice: Choice, specs: tuple[FunctionSpec, ...]) -> dict[str, float]:
    """Return the cost of each part of an environment, in USD a month."""
    return {**_fixed(choice, specs), **_by_request(choice, specs)}


def _fixed(choice: Choice, specs: tuple[FunctionSpec, ...]) -> dict[str, float]:
    environment, watch = choice.environment, PRICES["cloudwatch"]
    acus = environment.capacity[0] * (1 + environment.readers)
    proxy, proxied = PRICES["proxy"], environment.settings.proxy != "off"
    network = environment.nat_gateways * (PRICES["network"]["nat_hour"] + PRICES["network"]["address_hour"])
    queues = sum(2 for spec in specs if spec.has_queue)  # each queue has a dead-letter queue
    metrics = METRICS_PER_FUNCTION * len(specs)
    routes = sum(len(spec.routes) for spec in specs)
    return {
        "database: minimum capacity": acus * HOURS * PRICES["aurora"]["acu_hour"],
        "database: storage": STORAGE_GB * PRICES["aurora"]["gb_month"],
        "database: proxy": proxied * max(proxy["minimum_acus"], acus) * proxy["acu_hour"] * HOURS,
        "network: NAT gateways": network * HOURS,
        "sweeper": _sweeper(choice, specs),
        "queues: polling": queues * POLLS_A_MINUTE * 60 * HOURS / 1e6 * PRICES["sqs"]["million_requests"],
        "alarms and dashboard": choice.alarms * alarm_count(environment, specs) * watch["alarm_month"]
        + watch["dashboard_month"],
        "metrics of functions": metrics * watch["metric_month"],
        "metrics of routes": choice.detailed_metrics * routes * DETAILED_METRICS * watch["metric_month"]
        * min(1.0, choice.requests),
        "firewall": PRICES["firewall"]["month"] + RULES * PRICES["firewall"]["rule_month"],
        "secrets and canary": SECRETS * PRICES["secrets"]["secret_month"] + PRICES["route53"]["health_check_month"],
    }  # fmt: skip


def alarm_count(environment: Environment, specs: tuple[FunctionSpec, ...]) -> int:
    """Return the number of alarms of an environment, including the alarm of the public health check."""
    each = (
        alarms.function_alarms(environment, specs),
        alarms.queue_alarms(environment, specs),
        alarms.database_alarms(environment),
        alarms.api_alarms({api.name: api.name for api in APIS}),
        alarms.platform_alarms(environment),
    )
    return len(list(chain(*each))) + 1


def _sweeper(choice: Choice, specs: tuple[FunctionSpec, ...]) -> float:
    spec = next(spec for spec in specs if spec.name == "schedules-sweeper")
    gb_seconds = 60 * HOURS * sweeper.RUN_SECONDS * spec.memory / 1024
    return gb_seconds * _gb_second(choice)


def _gb_second(choice: Choice) -> float:
    return float(PRICES["lambda"]["gb_second_arm" if choice.arm else "gb_second_x86"])


def seconds_per_request(memory: int) -> float:
    """Return how long a function with this memory runs for a request."""
    return (CPU_MILLISECONDS * max(1.0, FULL_CPU_MB / memory) + WAIT_MILLISECONDS) / 1000


def _by_request(choice: Choice, specs: tuple[FunctionSpec, ...]) -> dict[str, float]:
    memory = next(spec.memory for spec in specs if spec.name == "api-storefront-read")
    all_requests = choice.requests
    requests = all_requests * (1 - choice.edge_share)  # the requests that CloudFront does not answer from its cache
    duration = seconds_per_request(memory) * memory / 1024 * _gb_second(choice) * 1e6
    gigabytes = 1e6 / 1024**2  # the gigabytes of a million requests of one kilobyte
    return {
        "CloudFront": all_requests * (PRICES["cloudfront"]["million_requests"]
        + RESPONSE_KILOBYTES * gigabytes * PRICES["cloudfront"]["gb"]),
        "firewall: requests": all_requests * PRICES["firewall"]["million_requests"],
        "API Gateway": requests * PRICES["http_api"]["million_requests"],
        "functions": requests * (PRICES["lambda"]["million_requests"] + duration),
        "Redis": requests * COMMANDS * PRICES["redis"]["million_commands"],
        "logs": requests * LOG_KILOBYTES * gigabytes * PRICES["cloudwatch"]["log_gb"],
        "NAT gateways: traffic": requests * NAT_KILOBYTES * gigabytes * PRICES["network"]["nat_gb"],
        "traces": choice.environment.settings.traces * _traces(requests) * PRICES["xray"]["million_traces"],
        "database: I/O": requests * (1 - HIT_RATE) * IOS * PRICES["aurora"]["million_ios"],
    }  # fmt: skip


def _traces(requests: float) -> float:
    """Return how many traces X-Ray records for the requests of one function. Both numbers are in millions.

    X-Ray records one request in each second, and 5 % of the others.
    """
    first = min(requests, HOURS * 3600 / 1e6)
    return first + 0.05 * (requests - first)


def total(choice: Choice, specs: tuple[FunctionSpec, ...]) -> float:
    """Return the cost of an environment, in USD a month."""
    return sum(lines(choice, specs).values())


VOLUMES = {"idle": 0.0, "year 1": 1.0, "year 2": 5.0, "year 3": 10.0, "100M": 100.0}
"""Millions of requests a month."""


def page() -> str:
    """Return the text of `docs/cost.md`."""
    specs = functions()
    prod, dev, staging = (Choice(ENVIRONMENTS[name]) for name in ("prod", "dev", "staging"))
    columns = {f"prod, {name}": replace(prod, requests=requests) for name, requests in VOLUMES.items()}
    columns = {"dev, idle": dev, "staging, idle": staging, **columns}
    parts = {name: lines(choice, specs) for name, choice in columns.items()}
    table = [["USD a month", *columns], ["---", *["---:"] * len(columns)]]
    table += [[part, *(f"{parts[name][part]:,.2f}" for name in columns)] for part in next(iter(parts.values()))]
    table.append(["**total**", *(f"**{sum(parts[name].values()):,.0f}**" for name in columns)])
    return "\n".join(
        [
            *_introduction(specs),
            "",
            *map(_row, table),
            "",
            *_savings(prod, dev, specs),
            "",
            *_starts(specs),
            "",
            *_by_use(),
            "",
            *_prices(),
            "",
        ]
    )


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 118, subsequent_indent="  " if text.startswith("- ") else "", break_on_hyphens=False)


def _introduction(specs: tuple[FunctionSpec, ...]) -> list[str]:
    count = alarm_count(ENVIRONMENTS["prod"], specs)
    as_of = f"({PRICES['region']}, as of {PRICES['as_of']}, please check)"
    paragraph = (
        "`python -m infra.cost` computes this page from the declarations of the environments and functions, from the"
        f" list prices in `infra/prices.toml` {as_of}, and from the work of a request. Nobody has an invoice of this"
        " platform yet. Free tiers, discounts and taxes are left out. A test compares this page with the program."
    )
    facts = [
        f"- Measured: a cached page takes {CPU_MILLISECONDS} ms of CPU (`infra/bench/function_cpu.py`), on the machine"
        " of the benchmark.",
        f"- Declared: {len(specs)} functions, {count} alarms, and the capacity, readers and NAT gateways of each"
        " environment.",
        f"- Assumed for each request: {WAIT_MILLISECONDS:g} ms of waiting, {HIT_RATE:.0%} answered by the cache,"
        f" {COMMANDS} Redis commands, {RESPONSE_KILOBYTES:g} KB of response, {LOG_KILOBYTES} KB of logs,"
        f" {NAT_KILOBYTES:g} KB through the NAT gateways.",
        f"- Assumed: the database stays at its minimum capacity, and {STORAGE_GB} GB are stored.",
        f"- Years 1, 2 and 3 have {VOLUMES['year 1']:g}, {VOLUMES['year 2']:g} and {VOLUMES['year 3']:g} million"
        " requests a month.",
        "- At most: AWS bills the metrics of a route only if the route is used. The page assumes that all routes are"
        " used from a million requests on.",
        "- Assumed for traces: all requests use one function, so X-Ray records one in each second, and 5 % of the"
        " others.",
        "- Mails, sign-ins, exports, imports and images are not included: they depend on the clients.",
    ]
    return ["# Cost", "", *_wrapped(paragraph), "", *(line for fact in facts for line in _wrapped(fact))]


def _savings(prod: Choice, dev: Choice, specs: tuple[FunctionSpec, ...]) -> list[str]:
    busy = replace(prod, requests=100.0)
    year = replace(prod, requests=1.0)
    settings = {
        "`detailed_metrics_enabled=False` in `infra/aws/api.py`": (year, replace(year, detailed_metrics=False)),
        "one reader instead of two in prod (`infra/environments.py`)": (year, _environment(year, readers=1)),
        "one NAT gateway instead of two in prod (`infra/environments.py`)": (year, _environment(year, nat_gateways=1)),
        "prod with `capacity = [1, 32]` instead of `[2, 32]`": (year, _environment(year, capacity=(1, 32))),
        "CloudFront answers 60 % of 100M requests": (busy, replace(busy, edge_share=0.6)),
        "arm64 instead of x86 at 100M requests (it is arm64)": (replace(busy, arm=False), busy),
        "dev without alarms (`infra/aws/monitoring.py`)": (dev, replace(dev, alarms=False)),
        "dev with `capacity = [0.5, 4]`": (dev, _environment(dev, capacity=(0.5, 4))),
        'dev with `proxy = "off"`': (dev, _settings(dev, proxy="off")),
        "`traces = false` at 100M requests": (busy, _settings(busy, traces=False)),
    }  # fmt: skip
    table = [["setting", "saves USD a month"], ["---", "---:"]]
    table += [
        [name, f"{total(before, specs) - total(after, specs):,.0f}"] for name, (before, after) in settings.items()
    ]
    cheapest = _settings(_environment(dev, capacity=(0.5, 4)), proxy="off")
    return [
        "## What each setting saves",
        "",
        *_wrapped(
            "A row that names a file is a change of the code: such a release is your own, and every upgrade has to"
            " repeat it. The other rows are settings or facts."
        ),
        "",
        *map(_row, table),
        "",
        *_wrapped(
            f"**dev at its cheapest.** An environment costs {total(dev, specs) / HOURS:.2f} USD for each hour that it"
            " exists, so the cheapest dev is one that `make destroy ENV=dev` deletes in the evening: 8 hours on 22 days"
            f" cost {total(dev, specs) / HOURS * 176:,.0f} USD a month. It also deletes the data, the accounts of all"
            " persons and the DKIM keys of the mail domain. The next deploy takes 40 minutes, and needs other DNS"
            " records. Before it, empty the Upstash database with `FLUSHALL`. If dev stays, `capacity = [0.5, 4]` and"
            f' `proxy = "off"` bring it to {total(cheapest, specs):,.0f} USD. Local development costs nothing'
            " (`wecelebrate up`)."
        ),
    ]


def _settings(choice: Choice, **changes: Any) -> Choice:
    return _environment(choice, settings=choice.environment.settings.model_copy(update=changes))


def faster_starts(specs: tuple[FunctionSpec, ...], requests: float) -> dict[str, float]:
    """Map each way to make first requests faster to its cost a month, in USD. requests: in millions a month.

    The first entry is not a way, but what AWS bills for the starts themselves.
    """
    price, seconds = PRICES["lambda"], HOURS * 3600
    api = [spec.memory / 1024 for spec in specs if spec.kind == "api"]
    shop = [spec.memory / 1024 for spec in specs if spec.name in ("api-storefront-read", "api-orders-place")]
    memory = sum(shop) / len(shop)  # a function that most requests use
    starts = requests * 1e6 * COLD_STARTS
    return {
        "nothing: the starts themselves": starts * memory * INIT_MILLISECONDS / 1000 * price["gb_second_arm"],
        "SnapStart for all functions of the API": sum(api) * seconds * price["snapstart_cache_gb_second"]
        + starts * memory * price["snapstart_restore_gb"],
        "SnapStart for storefronts and orders": sum(shop) * seconds * price["snapstart_cache_gb_second"]
        + starts * memory * price["snapstart_restore_gb"],
        "provisioned: one environment for each function of the API": sum(api) * seconds
        * price["provisioned_gb_second_arm"],
        "provisioned: five environments each for storefronts and orders": 5 * sum(shop) * seconds
        * price["provisioned_gb_second_arm"],
    }  # fmt: skip


def _starts(specs: tuple[FunctionSpec, ...]) -> list[str]:
    columns = {name: faster_starts(specs, VOLUMES[name]) for name in ("year 1", "year 3", "100M")}
    table = [["USD a month", *columns], ["---", *["---:"] * len(columns)]]
    table += [[way, *(f"{columns[name][way]:,.2f}" for name in columns)] for way in columns["year 1"]]
    return [
        "## Faster first requests",
        "",
        *_wrapped(
            "Decision [0119](decisions/0119-no-snapstart-and-no-provisioned-concurrency.md) has the reasons. Assumed:"
            f" {COLD_STARTS:.0%} of the requests start a new environment, which takes {INIT_MILLISECONDS:g} ms of CPU."
        ),
        "",
        *map(_row, table),
    ]


def _by_use() -> list[str]:
    cognito = PRICES["cognito"]
    table = [
        ["what clients use", "USD"],
        ["---", "---:"],
        ["each program in `machines`, a month", f"{cognito['machine_month']:.2f}"],
        ["1,000 tokens of machines (a token is valid for an hour)", f"{cognito['thousand_machine_tokens']:.2f}"],
        ["1,000 persons who sign in within a month, after the first 10,000", f"{cognito['user_month'] * 1000:.2f}"],
        ["1,000 mails", f"{PRICES['ses']['thousand_mails']:.2f}"],
    ]
    return ["## What use costs", "", *map(_row, table)]


def _environment(choice: Choice, **changes: Any) -> Choice:
    return replace(choice, environment=replace(choice.environment, **changes))


def _prices() -> list[str]:
    rows = [["price", "USD", "source"], ["---", "---:", "---"]]
    for name, group in PRICES.items():
        if isinstance(group, dict):
            rows += [[f"{name}: {key.replace('_', ' ')}", f"{value:.10f}".rstrip("0").rstrip("."), group["source"]]
                     for key, value in group.items() if key != "source"]  # fmt: skip
    return ["## Prices", "", *map(_row, rows)]


if __name__ == "__main__":
    sys.stdout.write(page())
