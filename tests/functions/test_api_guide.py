"""docs/api.md against the code: its tables are whole and true."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import wecelebrate
from infra.functions import ROOT, functions
from infra.local.routes import Routes
from infra.openapi import document
from tests.functions.calls import Call, calls
from tests.platform import Platform
from wecelebrate.core import consistency, idempotency
from wecelebrate.core.errors import Problem
from wecelebrate.core.http import cached
from wecelebrate.core.requests import limits, sessions

GUIDE = (ROOT / "docs" / "api.md").read_text("utf-8")
TEXT = " ".join(GUIDE.split())
TOKEN = {"required": "yes", "optional": "optional", "none": "no"}


def problems(kind: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Every problem that our package can answer with."""
    yield kind
    for special in kind.__subclasses__():
        yield from problems(special)


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    section = GUIDE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip(" `") for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_route_is_in_the_guide() -> None:
    auth = {route: spec.auth or "" for spec in functions() for route in spec.routes}
    named = {f"{call.verb} {call.path}": call.name for call in calls()}
    assert rows("Routes") == [[route, TOKEN[auth[route]], name] for route, name in named.items()]


def test_every_code_is_in_the_guide() -> None:
    for module in pkgutil.iter_modules(wecelebrate.__path__, "wecelebrate."):
        importlib.import_module(module.name)
    ours = {kind for kind in problems() if kind.__module__.startswith("wecelebrate.")}
    assert rows("Errors") == sorted(([kind.code, str(kind.status), kind.title()] for kind in ours), key=by_status)


def by_status(row: list[str]) -> tuple[str, str]:
    return row[1], row[0]


def test_filters_are_those_of_the_lists() -> None:
    lists: dict[str, Any] = {
        "clients": "list_clients",
        "sites": "list_sites",
        "catalogs": "list_catalogs",
        "products": "list_products",
        "storefront products": "list_shown_products",
        "orders": "list_orders",
        "a site's orders": "list_site_orders",
        "images": "list_images",
        "jobs": "list_jobs",
        "dead letters": "list_dead_letters",
        "webhooks": "list_webhooks",
        "webhook deliveries": "list_webhook_deliveries",
        "audit": "list_audit",
        "schedules": "list_schedules",
        "mails": "list_mails",
        "suppressed addresses": "list_suppressions",
    }
    operations = {call.name: call.operation for call in calls()}
    told = {row[0]: set(re.findall(r"\w+", row[1])) for row in rows("Lists")}
    for name, operation in lists.items():
        asked = {one["name"] for one in operations[operation]["parameters"] if one["in"] == "query"}
        assert told.pop(name) == asked - {"limit", "cursor", "sort", "facets"}
    assert not told


def test_limits_are_those_of_the_document() -> None:
    (limit,) = (
        one["schema"] for one in document()["paths"]["/v1/clients"]["get"]["parameters"] if one["name"] == "limit"
    )
    assert f"`limit` is {limit['minimum']} to {limit['maximum']:,} rows, {limit['default']} when" in GUIDE


def test_figures_are_those_of_the_code(platform: Platform) -> None:
    tiers = platform.database.execute("select name, requests_per_hour as most from tiers order by 2").fetchall()
    (first, second, third) = [f"{tier['most']:,}" for tier in tiers]
    assert [tier["name"] for tier in tiers] == ["standard", "professional", "enterprise"]
    assert f"{first} requests an hour in the standard tier, {second} in professional, {third} in enterprise" in TEXT
    assert f"storefronts may send {sessions.STOREFRONT_FACTOR} times as many" in TEXT
    assert f"{limits.ADDRESS_PER_MINUTE} a minute from one address" in TEXT
    assert f"for {idempotency.LIFE_SECONDS // 3600} hours, with `Idempotent-Replayed" in TEXT
    assert consistency.LIFE_SECONDS == 60 and "It is good for a minute" in TEXT
    (seconds,) = re.findall(r"s-maxage=(\d+)", cached.PUBLIC)
    assert f"may be kept for {seconds} seconds at the edge" in TEXT


def test_examples_of_changes_are_no_428() -> None:
    routes: Routes[Call] = Routes()
    for call in calls():
        routes.add(f"{call.verb} {call.path}", call)
    examples = re.findall(r"curl -X (\S+) \$API(\S+) (.+?)\n```", GUIDE, re.DOTALL)
    assert len(examples) >= 2
    for verb, path, rest in examples:
        found = routes.find(verb, path)
        assert found is not None, path
        asks = any(one["name"] == "if-match" for one in found[0].operation["parameters"])
        assert asks == ("If-Match: " in rest)
