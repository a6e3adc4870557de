"""Tests that each handler does exactly what its `function.toml` declares."""

import ast
import asyncio
import zlib
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
from fastapi.dependencies.models import Dependant

from infra.functions import ROOT, FunctionSpec, functions
from infra.local.payload_format import Request, event
from infra.openapi import app, operations
from wecelebrate.core import http
from wecelebrate.core.database import endpoints

SPECS = functions()
API = [spec for spec in SPECS if spec.is_documented]

each_function = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
each_api_function = pytest.mark.parametrize("spec", API, ids=lambda spec: spec.name)


def dependency_of(annotated: Any) -> Callable[..., Any]:
    """Return the FastAPI dependency of an annotation, e.g. of `Reading`, `Writing` or `Cached`."""
    dependency: Callable[..., Any] = get_args(annotated)[1].dependency
    return dependency


def dependencies(dependant: Dependant) -> Iterator[Any]:
    """Yield all direct and indirect dependencies of a route."""
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from dependencies(dependency)


def entry_kinds(spec: FunctionSpec) -> list[set[str]]:
    """Return one set per route of a function: the kinds of database access that the route uses."""
    names = {
        dependency_of(http.Reading): "reading",
        dependency_of(http.Cached): "reading",
        dependency_of(http.Writing): "writing",
        dependency_of(http.AccountWrite): "writing",
        dependency_of(http.PublicWrite): "link",
        dependency_of(http.StorefrontRead): "storefront",
        dependency_of(http.CustomerRead): "storefront",
        dependency_of(http.EventWrite): "storefront",
        dependency_of(http.VisitorRead): "storefront",
        dependency_of(http.OrderWrite): "order",
        dependency_of(http.CustomerWrite): "order",
        dependency_of(http.VisitorWrite): "order",
    }
    return [
        {names[call] for call in dependencies(route.dependant) if call in names}
        for route in operations(app(spec)).values()
    ]


@pytest.fixture
def event_loop() -> Iterator[None]:
    """Provide the event loop that Mangum needs in this thread. Lambda provides an event loop, but pytest does not."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@each_api_function
def test_a_handler_serves_exactly_the_declared_routes(spec: FunctionSpec) -> None:
    assert sorted(operations(app(spec))) == sorted(spec.routes)


@each_function
def test_a_handler_has_a_docstring_and_at_most_80_lines(spec: FunctionSpec) -> None:
    source = spec.handler.read_text("utf-8")
    assert ast.get_docstring(ast.parse(source))
    assert len(source.splitlines()) <= 80


@each_function
def test_a_handler_imports_only_installed_packages(spec: FunctionSpec) -> None:
    for node in ast.walk(ast.parse(spec.handler.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported = [node.module or ""]
        elif isinstance(node, ast.Import):
            imported = [name.name for name in node.names]
        else:
            continue
        for name in imported:
            top = name.partition(".")[0]
            sibling = spec.folder / top
            local = (ROOT / top, sibling, sibling.with_suffix(".py"))
            assert not any(path.exists() for path in local), name


@each_api_function
def test_a_function_uses_only_the_declared_kind_of_database_access(spec: FunctionSpec) -> None:
    allowed: dict[tuple[str | None, bool], list[set[str]]] = {
        ("required", False): [{"reading"}],
        ("required", True): [{"writing"}],
        ("optional", False): [{"storefront"}],
        ("optional", True): [{"order"}],
        ("none", False): [set()],
        ("none", True): [{"link"}],
    }
    for kinds in entry_kinds(spec):
        assert kinds in allowed[spec.auth, "database:write" in spec.uses]
    # Only the login of workers is allowed to call `app.verify_site_domain`. An account that accepts an invitation does
    # not have a role yet.
    required = {"api-sites-verify": "wc_worker", "api-invitations-write": "wc_public"}.get(spec.name, "wc_api")
    assert spec.login == (required if spec.auth == "required" else "wc_public" if spec.uses else None)


def test_the_database_endpoints_for_reading_are_marked_read_only() -> None:
    assert all(endpoint.read_only for endpoint in (endpoints.reader, endpoints.primary_reader))


@pytest.mark.usefixtures("event_loop")
@pytest.mark.parametrize("route", [route for spec in API if spec.auth == "required" for route in spec.routes])
def test_a_request_without_claims_opens_no_database_connection(route: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(endpoints, "connect", opened.append)
    spec = next(spec for spec in API if route in spec.routes)
    method, _, path = route.partition(" ")
    nil = "00000000-0000-0000-0000-000000000000"
    raw_path = "/".join(nil if part.startswith("{") else part for part in path.split("/"))
    # Requests without claims count against the limit of their address.
    address = f"2001:db8:{zlib.crc32(route.encode()) % 65536:x}::1"
    request = Request(method, raw_path, "", [], b"", address, "HTTP/1.1", "an-id")
    response = http.serve(app(spec))(event(request, route, {}, None, "a-trace"), None)
    assert (response["statusCode"], opened) == (401, [])


def test_a_function_without_authentication_and_rate_limit_has_limited_concurrency() -> None:
    open_functions = [spec for spec in SPECS if spec.kind == "api" and spec.auth == "none" and "cache" not in spec.uses]
    assert {spec.name: spec.concurrency for spec in open_functions if "concurrency" in spec.model_fields_set} == {
        "api-fallback": 4,
        "api-health-read": 8,
        "api-problems-read": 4,
    }
    assert len(open_functions) == 3
