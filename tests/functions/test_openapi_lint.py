"""The OpenAPI document follows the recommended rules of Redocly and Spectral, without errors and without warnings."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.openapi import document
from tests.functions import openapi_tools
from wecelebrate.core.errors import Problem


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openapi_tools.installed()
    path = tmp_path_factory.mktemp("openapi") / "openapi.json"
    path.write_text(json.dumps(document()))
    return path


@pytest.mark.timeout(300)
def test_redocly_finds_no_problem(file: Path) -> None:
    report = json.loads(openapi_tools.run("redocly", "lint", str(file), "--config", "redocly.yaml", "--format", "json"))
    assert report["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}, report["problems"]


@pytest.mark.timeout(300)
def test_spectral_finds_no_problem(file: Path) -> None:
    openapi_tools.run("spectral", "lint", str(file), "--ruleset", "spectral.yaml", "--fail-severity", "hint")


@pytest.mark.timeout(300)
def test_every_pattern_is_a_regular_expression_of_ecmascript(file: Path) -> None:
    patterns = sorted({node["pattern"] for node in _objects(document()) if isinstance(node.get("pattern"), str)})
    assert patterns
    openapi_tools.run("node", "-e", f"for (const p of {json.dumps(patterns)}) new RegExp(p, 'u')")


def test_every_reference_points_to_a_component() -> None:
    for node in _objects(document()):
        if isinstance(node.get("$ref"), str):
            target: Any = document()
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]


def test_the_titles_of_schemas_are_unique() -> None:
    # An example of a problem also has a title, and a code.
    schemas = [node for node in _objects(document()) if isinstance(node.get("title"), str) and "code" not in node]
    titles = Counter(node["title"] for node in schemas)
    del titles[document()["info"]["title"]]
    assert {title for title, count in titles.items() if count > 1} == set()


def test_the_limits_of_integers_are_integers() -> None:
    integers = [node for node in _objects(document()) if node.get("type") == "integer"]
    limits = [node[key] for node in integers for key in ("minimum", "maximum") if key in node]
    assert limits and all(type(limit) is int for limit in limits)


def test_if_match_is_required_by_every_operation_that_refuses_its_absence() -> None:
    parameters = document()["components"]["parameters"]
    assert parameters["IfMatch"]["required"] is True
    for item in document()["paths"].values():
        for operation in item.values():
            has_if_match = {"$ref": "#/components/parameters/IfMatch"} in operation.get("parameters", [])
            assert has_if_match == ("428" in operation["responses"])


def test_the_codes_of_problems_are_listed_and_the_list_is_open() -> None:
    schemas = document()["components"]["schemas"]
    assert {Problem.code, "rate_limited", "not_importable"} <= set(schemas["ProblemCode"]["enum"])
    assert {"type": "string"} in schemas["Problem"]["properties"]["code"]["anyOf"]


def test_errors_are_shared_components() -> None:
    for item in document()["paths"].values():
        for operation in item.values():
            assert all("$ref" in response for status, response in operation["responses"].items() if status >= "405")


def test_every_tag_operation_and_parameter_has_a_description() -> None:
    openapi = document()
    operations = [operation for item in openapi["paths"].values() for operation in item.values()]
    described = [*openapi["tags"], *operations, *openapi["components"]["parameters"].values()]
    described += [p for operation in operations for p in operation.get("parameters", []) if "$ref" not in p]
    assert [item for item in described if not item.get("description")] == []


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)
