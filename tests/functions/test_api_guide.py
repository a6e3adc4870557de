"""Tests that the tables in docs/api.md are complete, and that its numbers are equal to the numbers in the code."""

import re
from typing import Any

from infra.functions import ROOT, functions
from infra.local.routes import Routes
from infra.openapi import dereferenced, document
from tests.functions.operations import Operation, all_operations
from tests.platform import Platform
from wecelebrate.core import consistency, idempotency
from wecelebrate.core.http import cached
from wecelebrate.core.requests import limits, sessions
from wecelebrate.problem_pages.registry import problem_classes

GUIDE = (ROOT / "docs" / "api.md").read_text("utf-8")
TEXT = " ".join(GUIDE.split())
TOKEN = {"required": "yes", "optional": "optional", "none": "no"}
"""Maps each value of `auth` in a function.toml to the text that the routes table has in its column `token`."""


def rows(heading: str) -> list[list[str]]:
    """Return the rows of the first table below a heading. Each row is a list of its cells."""
    section = GUIDE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip(" `") for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_guide_lists_every_route() -> None:
    auth = {route: spec.auth or "" for spec in functions() for route in spec.routes}
    names = {f"{operation.method} {operation.path}": operation.name for operation in all_operations()}
    assert rows("Routes") == [[route, TOKEN[auth[route]], name] for route, name in names.items()]


def test_the_guide_lists_every_operation_that_requires_if_match() -> None:
    listed = [name.strip("`") for _, names in rows("Conditional requests and caching") for name in names.split(", ")]
    required = [operation.name for operation in all_operations() if requires_if_match(operation)]
    assert sorted(listed) == sorted(required)


def requires_if_match(operation: Operation) -> bool:
    names = (parameter["name"].lower() for parameter in operation.definition.get("parameters", []))
    return "if-match" in names


def test_the_guide_lists_every_error_code() -> None:
    expected = [(code, str(problem.status), problem.title()) for code, problem in problem_classes().items()]
    assert [tuple(row) for row in rows("Errors")] == expected


def test_the_guide_names_the_filters_of_every_list() -> None:
    lists = {
        "clients": "list_clients",
        "sites": "list_sites",
        "catalogs": "list_catalogs",
        "products": "list_products",
        "storefront products": "list_shown_products",
        "orders": "list_orders",
        "a site's orders": "list_site_orders",
        "events": "list_events",
        "returns": "list_returns",
        "images": "list_images",
        "jobs": "list_jobs",
        "dead letters": "list_dead_letters",
        "members of a client": "list_members",
        "invitations": "list_invitations",
        "staff": "list_staff",
        "webhooks": "list_webhooks",
        "webhook deliveries": "list_webhook_deliveries",
        "audit": "list_audit",
        "schedules": "list_schedules",
        "report subscriptions": "list_report_subscriptions",
        "erasures": "list_erasures",
        "exports": "list_exports",
        "mails": "list_mails",
        "suppressed addresses": "list_suppressions",
    }
    definitions = {operation.name: operation.definition for operation in all_operations()}
    documented = {row[0]: set(re.findall(r"\w+", row[1])) for row in rows("Lists")}
    for heading, name in lists.items():
        parameters = {each["name"] for each in definitions[name]["parameters"] if each["in"] == "query"}
        assert documented.pop(heading) == parameters - {"limit", "cursor", "sort", "facets"}
    assert not documented


def test_the_guide_states_the_bounds_of_the_limit_parameter() -> None:
    openapi = document()
    parameters: list[dict[str, Any]] = [
        dereferenced(openapi, parameter) for parameter in openapi["paths"]["/v1/clients"]["get"]["parameters"]
    ]
    (limit,) = (parameter["schema"] for parameter in parameters if parameter["name"] == "limit")
    assert f"`limit` is {limit['minimum']} to {limit['maximum']:,} rows, {limit['default']} when" in GUIDE


def test_the_numbers_in_the_guide_are_equal_to_the_numbers_in_the_code(platform: Platform) -> None:
    tiers = platform.database.execute("select name, requests_per_hour as quota from tiers order by 2").fetchall()
    (first, second, third) = [f"{tier['quota']:,}" for tier in tiers]
    assert [tier["name"] for tier in tiers] == ["standard", "professional", "enterprise"]
    assert f"{first} requests an hour in the standard tier, {second} in professional, {third} in enterprise" in TEXT
    assert f"storefronts may send {sessions.STOREFRONT_FACTOR} times as many" in TEXT
    assert f"{limits.ADDRESS_PER_MINUTE} a minute from one address" in TEXT
    assert f"for {idempotency.LIFE_SECONDS // 3600} hours, with `Idempotent-Replayed" in TEXT
    assert consistency.LIFE_SECONDS == 60 and "The token is valid for one minute" in TEXT
    (seconds,) = re.findall(r"s-maxage=(\d+)", cached.PUBLIC)
    assert f"may be kept for {seconds} seconds at the edge" in TEXT


def test_the_examples_of_the_guide_send_each_required_if_match_header() -> None:
    routes: Routes[Operation] = Routes()
    for operation in all_operations():
        routes.add(f"{operation.method} {operation.path}", operation)
    examples = re.findall(r"curl -s -X (\S+) \$API(\S+) (.+?)(?=\n\$ |\n```)", GUIDE, re.DOTALL)
    assert len(examples) >= 2
    for method, path, rest in examples:
        match = routes.find(method, path)
        assert match is not None, path
        assert match[0].has_parameter("if-match") == ("If-Match: " in rest)
