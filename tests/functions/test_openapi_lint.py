"""The OpenAPI document follows the recommended rules of Redocly and Spectral, without errors and without warnings."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.clients import npm
from infra.openapi import dereferenced, document
from infra.openapi.schemas import operations_of
from wecelebrate.core.errors import Problem


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    npm.install()
    path = tmp_path_factory.mktemp("openapi") / "openapi.json"
    path.write_text(json.dumps(document()))
    return path


@pytest.mark.timeout(300)
def test_redocly_finds_no_problem_in_the_openapi_document(file: Path) -> None:
    report = json.loads(npm.run("redocly", "lint", str(file), "--config", "redocly.yaml", "--format", "json"))
    assert report["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}, report["problems"]


@pytest.mark.timeout(300)
def test_spectral_finds_no_problem_in_the_openapi_document(file: Path) -> None:
    npm.run("spectral", "lint", str(file), "--ruleset", "spectral.yaml", "--fail-severity", "hint")


@pytest.mark.timeout(300)
def test_every_pattern_is_a_valid_regular_expression_in_ecmascript(file: Path) -> None:
    patterns = sorted({node["pattern"] for node in _objects(document()) if isinstance(node.get("pattern"), str)})
    assert patterns
    npm.run("node", "-e", f"for (const p of {json.dumps(patterns)}) new RegExp(p, 'u')")


def test_every_reference_points_to_a_component() -> None:
    for node in _objects(document()):
        if isinstance(node.get("$ref"), str):
            target: Any = document()
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]


def test_the_titles_of_schemas_are_unique() -> None:
    # Both schemas and examples of problems have a title. Only an example has a code.
    schemas = [node for node in _objects(document()) if isinstance(node.get("title"), str) and "code" not in node]
    titles = Counter(node["title"] for node in schemas)
    del titles[document()["info"]["title"]]
    assert {title for title, count in titles.items() if count > 1} == set()


def test_the_minimum_and_maximum_of_an_integer_are_integers() -> None:
    integers = [node for node in _objects(document()) if node.get("type") == "integer"]
    limits = [node[key] for node in integers for key in ("minimum", "maximum") if key in node]
    assert limits and all(type(limit) is int for limit in limits)


def test_an_operation_has_a_428_response_only_if_it_requires_if_match() -> None:
    parameters = document()["components"]["parameters"]
    assert parameters["IfMatch"]["required"] is True
    for item in document()["paths"].values():
        for operation in item.values():
            has_if_match = {"$ref": "#/components/parameters/IfMatch"} in operation.get("parameters", [])
            assert has_if_match == ("428" in operation["responses"])


def test_the_document_lists_known_error_codes_and_allows_further_codes() -> None:
    schemas = document()["components"]["schemas"]
    assert {Problem.code, "rate_limited", "not_importable"} <= set(schemas["ProblemCode"]["enum"])
    assert {"type": "string"} in schemas["Problem"]["properties"]["code"]["anyOf"]


def test_operations_refer_to_shared_error_responses() -> None:
    for item in document()["paths"].values():
        for operation in item.values():
            assert all("$ref" in response for status, response in operation["responses"].items() if status >= "405")


def test_every_operation_has_a_typed_default_response() -> None:
    for operation in operations_of(document()):
        default = dereferenced(document(), operation["responses"]["default"])
        assert set(default["content"]) == {"application/problem+json", "application/json"}


def test_the_first_media_type_of_an_error_response_includes_gateway_messages() -> None:
    # Some client generators read only the first media type.
    responses = document()["components"]["responses"].values()
    by_gateway = [response for response in responses if "application/json" in response["content"]]
    assert len(by_gateway) >= 6
    for response in by_gateway:
        assert next(iter(response["content"].values())) == {"schema": {"$ref": "#/components/schemas/Error"}}
    variants = [variant["$ref"].rpartition("/")[2] for variant in document()["components"]["schemas"]["Error"]["anyOf"]]
    assert variants == ["Problem", "GatewayMessage"]


def test_an_optional_parameter_can_be_absent_but_not_null() -> None:
    parameters = [
        dereferenced(document(), parameter)
        for operation in operations_of(document())
        for parameter in operation.get("parameters", [])
    ]
    assert len(parameters) > 100
    assert [parameter["name"] for parameter in parameters if "null" in json.dumps(parameter["schema"])] == []


def test_an_optional_field_of_an_error_response_can_be_absent_but_not_null() -> None:
    schemas = document()["components"]["schemas"]
    for name in ("Problem", "FieldError"):
        assert "null" not in json.dumps(schemas[name]["properties"])


def test_a_successful_response_contains_all_properties_of_its_schemas() -> None:
    # The HTTP clients of all tests compare the responses of the API with the document.
    schemas = document()["components"]["schemas"]
    for name in ("Job", "Counts", "RowError", "UsageTotals", "StorefrontPage", "ProductPage", "LegacyJob"):
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"])
    assert schemas["NewProduct"]["required"] == ["sku", "name", "price"]
    # An event contains only the fields that apply to it.
    assert set(schemas["JobData"]["required"]) < set(schemas["JobData"]["properties"])


def test_the_rows_of_an_import_have_the_fields_of_a_product() -> None:
    schemas = document()["components"]["schemas"]
    rows = next(
        variant for variant in schemas["BulkImport"]["properties"]["rows"]["anyOf"] if variant["type"] == "array"
    )
    assert rows["items"] == {"$ref": "#/components/schemas/ImportRow"}
    assert set(schemas["ImportRow"]["properties"]) == set(schemas["NewProduct"]["properties"])
    assert schemas["ImportRow"]["required"] == ["sku"]


def test_every_tag_and_operation_and_parameter_has_a_description() -> None:
    openapi = document()
    operations = [operation for item in openapi["paths"].values() for operation in item.values()]
    described = [*openapi["tags"], *operations, *openapi["components"]["parameters"].values()]
    described += [p for operation in operations for p in operation.get("parameters", []) if "$ref" not in p]
    assert [item for item in described if not item.get("description")] == []


def test_every_property_of_a_schema_has_a_description() -> None:
    schemas = document()["components"]["schemas"]
    undescribed = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, definition in schema.get("properties", {}).items()
        if not definition.get("description")
    ]
    assert undescribed == []


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)
