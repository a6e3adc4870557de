"""Computes the cost of an environment on AWS.

The quantities come from the declarations in `infra/environments.py`, `function.toml` and `infra/aws/alarms.py`. The
prices come from `infra/prices.toml`, and the work of a request comes from the benchmarks. All other numbers are
assumptions, which the page `docs/cost.md` lists.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from infra.aws import alarms
from infra.concurrency import bounded, reserved_concurrency
from infra.environments import Environment
from infra.functions import ROOT, FunctionSpec
from infra.http_api import APIS
from wecelebrate import sweeper

PRICES: Mapping[str, Any] = tomllib.loads((ROOT / "infra" / "prices.toml").read_text("utf-8"))
HOURS = 730
"""The number of hours of a month."""
FULL_CPU_MB = 1769
"""The memory in MB with which a function gets a whole CPU. With less memory, the same work takes longer."""

CPU_MILLISECONDS = 5.7
"""Measured: the CPU time of a function for a cached page (`infra/bench/function_cpu.py`)."""
WAIT_MILLISECONDS = 4.0
"""Assumed: the time that a function waits for Redis or the database in a request."""
HIT_RATE = 0.8
"""Assumed: the share of requests that the cache answers. This share is the target of the plan."""
COMMANDS = 1.4
"""Assumed: the Redis commands of a request. A cached read is one command."""
LOG_KILOBYTES = 0.8
"""Assumed: the size of the logs of the gateway and the function for a request."""
RESPONSE_KILOBYTES = 4.0
"""Assumed: the size of a compressed response."""
IOS = 0.5
"""Assumed: the storage operations of the database for a request that the cache does not answer."""
NAT_KILOBYTES = 3.0
"""Assumed: the traffic through the NAT gateways for a request, e.g. to Redis and to CloudWatch."""
COLD_STARTS = 0.01
"""Assumed: the share of requests that start a new environment. According to AWS, it is less than 1 % in most
accounts."""
INIT_MILLISECONDS = 300.0
"""Assumed: the CPU time with which a function of the API starts. `make bench ONLY=function-init` measures it."""
METRICS_PER_FUNCTION = 2
"""Assumed: the number of metrics that a function itself publishes."""
DETAILED_METRICS = 6
"""The number of metrics that the gateway publishes for each route if detailed metrics are on."""
SECRETS = 6
RULES = 2
"""The number of rules of the firewall."""
POLLS_A_MINUTE = 15
"""The requests that Lambda sends to an empty queue in a minute. Five connections poll, each for 20 seconds."""
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
    """Return how many seconds a function with this memory runs for a request."""
    return (CPU_MILLISECONDS * max(1.0, FULL_CPU_MB / memory) + WAIT_MILLISECONDS) / 1000


def _by_request(choice: Choice, specs: tuple[FunctionSpec, ...]) -> dict[str, float]:
    memory = next(spec.memory for spec in specs if spec.name == "api-storefront-read")
    all_requests = choice.requests
    requests = all_requests * (1 - choice.edge_share)  # requests that CloudFront does not answer from its cache
    duration = seconds_per_request(memory) * memory / 1024 * _gb_second(choice) * 1e6
    gigabytes = 1e6 / 1024**2  # gigabytes of a million requests of one kilobyte each
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
    """Return how many traces X-Ray records for the requests of one function. `requests` and the result are in millions.

    X-Ray records one request in each second, and 5 % of all other requests.
    """
    first = min(requests, HOURS * 3600 / 1e6)
    return first + 0.05 * (requests - first)


def total(choice: Choice, specs: tuple[FunctionSpec, ...]) -> float:
    """Return the cost of an environment, in USD a month."""
    return sum(lines(choice, specs).values())


def busy_gigabytes(environment: Environment, specs: tuple[FunctionSpec, ...]) -> float:
    """Return the maximum memory of all functions that run at the same time, in GB.

    Functions with a reservation use their whole reservation. The other functions share the remaining concurrency, the
    largest function first. A function with a queue runs at most with its maximum of workers, a function of the API can
    use all of the remaining concurrency, and any other function runs once.
    """
    specs = bounded(specs, environment.concurrency)
    reserved = reserved_concurrency(specs, environment.concurrency)
    megabytes = sum(spec.memory * reserved.get(spec.name, 0) for spec in specs)
    rest = environment.concurrency - sum(reserved.values())
    for spec in sorted((spec for spec in specs if spec.name not in reserved), key=lambda spec: -spec.memory):
        most = spec.queue.maximum_concurrency if spec.queue else rest if spec.kind == "api" else 1
        megabytes += spec.memory * min(most, rest)
        rest -= min(most, rest)
    return megabytes / 1024


def requests_per_second(environment: Environment, specs: tuple[FunctionSpec, ...]) -> float:
    """Return the maximum number of requests that are answered in a second. Either the rates of the HTTP APIs or the
    concurrent invocations limit this number."""
    memory = next(spec.memory for spec in specs if spec.name == "api-storefront-read")
    return min(sum(api.rate for api in APIS), environment.concurrency / seconds_per_request(memory))


def highest(environment: Environment, specs: tuple[FunctionSpec, ...]) -> dict[str, float]:
    """Return the cost of an environment in USD an hour if everything that scales is at its maximum."""
    full = replace(environment, capacity=(environment.capacity[1], environment.capacity[1]))
    millions = requests_per_second(environment, specs) * 3600 / 1e6 * HOURS
    choice = Choice(full, requests=millions)
    parts, by_request = _fixed(choice, specs), _by_request(choice, specs)
    # The cost of all concurrent invocations below includes the time of the functions.
    by_request["functions"] = millions * PRICES["lambda"]["million_requests"]
    return {
        "database: maximum capacity": parts.pop("database: minimum capacity") / HOURS,
        "database: proxy": parts.pop("database: proxy") / HOURS,
        "functions: all concurrent invocations": busy_gigabytes(environment, specs) * 3600 * _gb_second(choice),
        "requests that are answered": sum(by_request.values()) / HOURS,
        "everything else": sum(parts.values()) / HOURS,
    }


def refused() -> float:
    """Return the cost of a million requests that reach only CloudFront and no function. The cost of their bytes is not
    included."""
    return float(PRICES["cloudfront"]["million_requests"] + PRICES["firewall"]["million_requests"])


def cached() -> float:
    """Return the cost of a million requests that CloudFront answers from its cache. The cost of their bytes is
    included."""
    gigabytes = 1e6 * RESPONSE_KILOBYTES / 1024**2
    return refused() + gigabytes * float(PRICES["cloudfront"]["gb"])


def faster_starts(specs: tuple[FunctionSpec, ...], requests: float) -> dict[str, float]:
    """Return the cost of each way to make first requests faster, in USD a month.

    The first entry is for comparison: the price of the starts themselves, if nothing makes them faster.

    requests: the number of requests in a month, in millions.
    """
    price, seconds = PRICES["lambda"], HOURS * 3600
    api = [spec.memory / 1024 for spec in specs if spec.kind == "api"]
    shop = [spec.memory / 1024 for spec in specs if spec.name in ("api-storefront-read", "api-orders-place")]
    memory = sum(shop) / len(shop)  # the average of the functions that most requests use
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
