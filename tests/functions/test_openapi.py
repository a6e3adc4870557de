"""The OpenAPI document: whole, valid, and nothing but what is declared."""

import json

import pytest
from openapi_spec_validator import validate
from typer.testing import CliRunner

from infra.command import app as command
from infra.functions import functions
from infra.openapi import LOCAL, document
from tests.functions.calls import Call, calls

CALLS = calls()
each = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)


def test_it_is_valid() -> None:
    validate(document())


def test_it_holds_the_declared_routes_and_nothing_else() -> None:
    declared = {route for spec in functions() for route in spec.routes}
    assert {f"{call.verb} {call.path}" for call in CALLS} == declared


def test_operations_have_names_of_their_own() -> None:
    names = [call.name for call in CALLS]
    assert len(set(names)) == len(names)


def test_what_fastapi_would_say_of_errors_is_not_there() -> None:
    assert "ValidationError" not in json.dumps(document())


@each
def test_security_is_as_declared(call: Call) -> None:
    auth = next(spec.auth for spec in functions() if f"{call.verb} {call.path}" in spec.routes)
    assert (
        call.operation["security"]
        == {"required": [{"bearer": []}], "optional": [{}, {"bearer": []}], "none": []}[auth or ""]
    )


FIRST_API = ("get_job_first_api", "get_job_status_first_api")
"""They tell of a job that is not there as of any other: by its state."""


@each
def test_problems_are_announced_as_problem_documents(call: Call) -> None:
    responses = call.operation["responses"]
    refused = {status for status in responses if status >= "400"}
    told = refused - ({"404"} if call.name in FIRST_API else set())
    assert all("application/problem+json" in responses[status]["content"] for status in told)
    assert refused >= {"500", "503"}
    assert ("401" in refused) == (call.operation["security"] != [])
    assert ("403" in refused) == call.required
    assert ("404" in refused) == ("{" in call.path)
    assert ("422" in refused) == ("parameters" in call.operation or "requestBody" in call.operation)


@each
def test_an_operation_says_what_it_answers(call: Call) -> None:
    (status,) = (status for status in call.operation["responses"] if status < "300")
    success = call.operation["responses"][status]
    assert (status == "204") == ("content" not in success)
    assert status == "204" or "$ref" in success["content"]["application/json"]["schema"]
    assert call.operation["tags"] and call.operation["summary"]


def test_the_command_prints_it() -> None:
    done = CliRunner().invoke(command, ["openapi"])
    assert json.loads(done.stdout) == document()
    assert done.exit_code == 0


def test_the_command_names_the_server_it_is_told() -> None:
    done = CliRunner().invoke(command, ["openapi", "--server", "https://api.example.test/"])
    assert json.loads(done.stdout)["servers"] == [{"url": "https://api.example.test"}]
    assert document()["servers"] == [{"url": LOCAL}]
