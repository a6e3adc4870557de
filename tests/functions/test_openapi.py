"""The OpenAPI document is valid, and contains exactly the declared routes."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import pytest
from openapi_spec_validator import validate
from typer.testing import CliRunner

from infra import openapi
from infra.command import app as command
from infra.functions import functions
from infra.openapi import LOCAL, document
from tests.functions.operations import Operation, all_operations, operation_id

OPERATIONS = all_operations()
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=operation_id)


def test_the_openapi_document_is_valid() -> None:
    validate(document())


def test_the_openapi_document_contains_exactly_the_declared_routes() -> None:
    declared = {route for spec in functions() for route in spec.routes if spec.is_documented}
    assert {f"{operation.method} {operation.path}" for operation in OPERATIONS} == declared


def test_concurrent_threads_build_the_document_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    builds = []

    def build(*_: object) -> dict[str, object]:
        builds.append(1)
        time.sleep(0.2)
        return {"paths": {}}

    monkeypatch.setattr(openapi, "build", build)
    monkeypatch.setattr(openapi, "_local_document", lru_cache(maxsize=1)(openapi._local_document.__wrapped__))
    with ThreadPoolExecutor(4) as pool:
        assert all("paths" in built for built in pool.map(lambda _: document(), range(4)))
    assert len(builds) == 1


def test_operation_ids_are_unique() -> None:
    names = [operation.name for operation in OPERATIONS]
    assert len(set(names)) == len(names)


def test_the_document_has_no_error_models_of_fastapi() -> None:
    assert "ValidationError" not in json.dumps(document())


def test_no_typed_property_has_the_name_of_its_schema() -> None:
    """The Python generator names a variable after a class. If a property had the name of the schema that contains it,
    the generated client would declare one variable with two types.

    Numbers, texts and booleans are exceptions, because the generator declares no types for their variables.
    """
    for name, schema in document()["components"]["schemas"].items():
        variable = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        definition = schema.get("properties", {}).get(variable, {})
        assert not definition.keys() & {"$ref", "allOf", "anyOf", "const", "enum", "format", "items"}, name


@each_operation
def test_the_security_of_an_operation_matches_auth_in_its_function_toml(operation: Operation) -> None:
    auth = next(spec.auth for spec in functions() if f"{operation.method} {operation.path}" in spec.routes)
    assert (
        operation.definition["security"]
        == {"required": [{"bearer": []}], "optional": [{}, {"bearer": []}], "none": []}[auth or ""]
    )


FIRST_API = ("get_job_first_api", "get_job_status_first_api")
"""The operations whose 404 response is a job with a state, and not a problem document."""


@each_operation
def test_all_documented_error_responses_are_problem_documents(operation: Operation) -> None:
    responses = operation.definition["responses"]
    errors = {status for status in responses if status >= "400"}
    with_problems = errors - ({"404"} if operation.name in FIRST_API else set())
    assert all("application/problem+json" in responses[status]["content"] for status in with_problems)
    assert errors >= {"422", "429", "500", "503"}
    assert ("401" in errors) == (operation.definition["security"] != [])
    assert ("403" in errors) == operation.requires_token
    assert ("404" in errors) == ("{" in operation.path)


@each_operation
def test_the_document_contains_the_success_response_of_every_operation(operation: Operation) -> None:
    (status,) = (status for status in operation.definition["responses"] if status < "300")
    success = operation.definition["responses"][status]
    assert (status == "204") == ("content" not in success)
    assert status == "204" or "$ref" in success["content"]["application/json"]["schema"]
    # `record_events` starts no job, so its response has no location.
    has_location = status in ("201", "202") and operation.name != "record_events"
    assert has_location == ("location" in success["headers"])
    assert operation.definition["tags"] and operation.definition["summary"]


def test_the_openapi_command_prints_the_document() -> None:
    result = CliRunner().invoke(command, ["openapi"])
    assert json.loads(result.stdout) == document()
    assert result.exit_code == 0


def test_the_openapi_command_accepts_the_url_of_the_server() -> None:
    result = CliRunner().invoke(command, ["openapi", "--server", "https://api.example.test/"])
    assert json.loads(result.stdout)["servers"] == [{"url": "https://api.example.test"}]
    assert document()["servers"] == [{"url": LOCAL}]
