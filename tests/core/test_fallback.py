"""Tests the function that answers requests without a route, and the route table that this function reads."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from infra.functions import DEFAULT_ROUTE, encoded_routes, functions
from infra.local.payload_format import Request, event
from infra.openapi import app, operations
from wecelebrate.core import fallback, route_table
from wecelebrate.core.settings import settings

ROUTES = ["GET /v1/things", "HEAD /v1/things", "POST /v1/things", "DELETE /v1/things/{thing_id}", "GET /a.b"]


@pytest.fixture(autouse=True)
def routes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WC_ROUTES", route_table.encode(ROUTES))
    settings.cache_clear()
    fallback._routes.cache_clear()
    yield
    settings.cache_clear()
    fallback._routes.cache_clear()


def respond(method: str, path: str, **headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    request = Request(method, path, "", [(b"host", b"api.test"), *raw], b"", "192.0.2.1", "HTTP/1.1", "an-id")
    return fallback.respond(event(request, DEFAULT_ROUTE, {}, None, "a-trace"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("GET", "/v1/things/"),
        ("DELETE", "/v1/things/"),
        ("GET", "/v1/things/1/more"),
        ("GET", "/aXb"),
        ("OPTIONS", "/nowhere"),
        ("GET", "/v1%2Fthings"),
        ("GET", "*"),
    ],
)
def test_an_unknown_path_gets_404(method: str, path: str) -> None:
    response = respond(method, path)
    assert (response["statusCode"], response["headers"]["content-type"]) == (404, "application/problem+json")
    document = json.loads(response["body"])
    assert (document["code"], document["request_id"]) == ("unknown_path", "an-id")
    assert document["type"] == "http://api.test/problems/unknown_path"
    assert "allow" not in response["headers"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "get"])
def test_a_method_that_the_path_does_not_support_gets_405(method: str) -> None:
    response = respond(method, "/v1/things")
    assert (response["statusCode"], json.loads(response["body"])["code"]) == (405, "method_not_allowed")
    assert response["headers"]["allow"] == "GET, HEAD, POST, OPTIONS"
    assert response["headers"]["cache-control"] == "no-store"
    assert respond(method.replace("DELETE", "PUT"), "/v1/things/7")["headers"]["allow"] == "DELETE, OPTIONS"


def test_an_options_request_returns_the_methods_that_the_path_supports() -> None:
    response = respond("OPTIONS", "/v1/things")
    assert (response["statusCode"], response["headers"]["allow"]) == (204, "GET, HEAD, POST, OPTIONS")


def test_a_preflight_request_succeeds_for_every_path() -> None:
    headers = {"origin": "http://shop.example", "access_control_request_method": "GET"}
    assert respond("OPTIONS", "/nowhere", **headers)["statusCode"] == 204


def test_the_route_table_contains_every_operation_and_a_head_route_for_each_get_route() -> None:
    table = route_table.decode(encoded_routes(functions()))
    specs = [spec for spec in functions() if spec.is_documented]
    names = [name for spec in specs for name in operations(app(spec))]
    assert len(names) >= 80
    for name in names:
        method, _, path = name.partition(" ")
        allowed = route_table.allowed_methods(table, path)
        assert method in allowed and ("HEAD" in allowed) == ("GET" in allowed), name


def test_the_fallback_does_not_import_the_framework_or_the_database() -> None:
    code = "import sys, wecelebrate.core.fallback; print(*sys.modules)"
    modules = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not {"fastapi", "starlette", "psycopg", "boto3", "mangum"} & modules
