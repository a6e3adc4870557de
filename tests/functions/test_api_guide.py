"""docs/api.md against the code: its tables are whole and true."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import wecelebrate
from infra.functions import ROOT, functions
from infra.openapi import document
from tests.functions.calls import calls
from wecelebrate.errors import Problem

GUIDE = (ROOT / "docs" / "api.md").read_text("utf-8")
TOKEN = {"required": "yes", "optional": "may", "none": "no"}


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
        "jobs": "list_jobs",
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
