"""Prints `docs/cost.md`, the page about the cost of an environment on AWS: `python -m infra.cost > docs/cost.md`."""

import sys
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infra.cost_model import (
    COLD_STARTS,
    COMMANDS,
    CPU_MILLISECONDS,
    HIT_RATE,
    HOURS,
    INIT_MILLISECONDS,
    LOG_KILOBYTES,
    NAT_KILOBYTES,
    PRICES,
    RESPONSE_KILOBYTES,
    STORAGE_GB,
    WAIT_MILLISECONDS,
    Choice,
    alarm_count,
    cached,
    faster_starts,
    highest,
    lines,
    refused,
    requests_per_second,
    total,
)
from infra.environments import ENVIRONMENTS
from infra.functions import FunctionSpec, functions

VOLUMES = {"idle": 0.0, "year 1": 1.0, "year 2": 5.0, "year 3": 10.0, "100M": 100.0}
"""Maps a volume to its requests a month, in millions."""


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
            *_maximum(specs),
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


def _maximum(specs: tuple[FunctionSpec, ...]) -> list[str]:
    columns = {name: highest(environment, specs) for name, environment in ENVIRONMENTS.items()}
    hours = {name: sum(parts.values()) for name, parts in columns.items()}
    table = [["USD an hour", *columns], ["---", *["---:"] * len(columns)]]
    table += [[part, *(f"{columns[name][part]:,.2f}" for name in columns)] for part in columns["prod"]]
    table.append(["**total**", *(f"**{hours[name]:,.2f}**" for name in columns)])
    table.append(["a day", *(f"{hours[name] * 24:,.0f}" for name in columns)])
    capacities = {name: each.capacity[1] for name, each in ENVIRONMENTS.items()}
    concurrency = {name: each.concurrency for name, each in ENVIRONMENTS.items()}
    answered = {name: requests_per_second(each, specs) for name, each in ENVIRONMENTS.items()}
    budgets = {name: each.budget for name, each in ENVIRONMENTS.items()}
    used_up = {name: budget / hours[name] for name, budget in budgets.items()}
    return [
        "## At maximum capacity",
        "",
        *_wrapped(
            "The table states what functions and the database cost at most. Everything that scales is at its limit:"
            f" each instance of the database has its maximum capacity ({_by_name(capacities, 'ACU')}), functions use"
            f" all concurrent invocations of the account ({_by_name(concurrency)}), and in each second as many requests"
            " are answered"
            f" as the HTTP APIs and the invocations allow ({_by_name(answered)})."
        ),
        "",
        *map(_row, table),
        "",
        *_wrapped(
            "The bill itself has no upper bound, because CloudFront and the firewall also bill requests that reach no"
            f" function: each 1,000 requests a second cost {3.6 * refused():,.2f} USD an hour if they are refused, and"
            f" {3.6 * cached():,.2f} USD if the cache of CloudFront answers them with {RESPONSE_KILOBYTES:g} KB each."
            " Images are larger, and cost more."
        ),
        "",
        *_wrapped(
            f"At the cost of the table, the default `budget` of a month ({_by_name(budgets, 'USD')}) is used up after"
            f" {_by_name(used_up, 'hours')}. AWS reports costs hours"
            " later, so other alarms are the first sign ([Cost runaway](runbook.md#cost-runaway)). The settings"
            " `capacity` and `workers` lower the limits of the database and of the queues."
        ),
    ]


def _by_name(values: Mapping[str, float], unit: str = "") -> str:
    """Return a text such as `4 ACU in dev, 8 ACU in staging and 32 ACU in prod`."""
    *texts, last = (" ".join(filter(None, [f"{value:,.0f}", unit, f"in {name}"])) for name, value in values.items())
    return f"{', '.join(texts)} and {last}"


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
