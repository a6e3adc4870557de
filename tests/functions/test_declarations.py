"""Each function against its declaration."""

import ast
import asyncio
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
API = [spec for spec in SPECS if spec.kind == "api"]

each = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
each_of_the_api = pytest.mark.parametrize("spec", API, ids=lambda spec: spec.name)


def entry(annotated: Any) -> Callable[..., Any]:
    """The dependency behind `Reading`, `Writing`, `Cached` and the like."""
    found: Callable[..., Any] = get_args(annotated)[1].dependency
    return found


def dependencies(dependant: Dependant) -> Iterator[Any]:
    for one in dependant.dependencies:
        yield one.call
        yield from dependencies(one)


def entries(spec: FunctionSpec) -> list[set[str]]:
    """How each route of a function opens its transaction."""
    names = {
        entry(http.Reading): "reading",
        entry(http.Cached): "reading",
        entry(http.Writing): "writing",
        entry(http.StorefrontRead): "visiting",
        entry(http.CustomerRead): "visiting",
        entry(http.OrderWrite): "ordering",
    }
    return [
        {names[call] for call in dependencies(route.dependant) if call in names}
        for route in operations(app(spec)).values()
    ]


@pytest.fixture
def event_loop_of_its_own() -> Iterator[None]:
    """Mangum runs requests on the thread's event loop, as there is one on Lambda."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@each_of_the_api
def test_a_handler_serves_what_it_declares_and_no_more(spec: FunctionSpec) -> None:
    assert sorted(operations(app(spec))) == sorted(spec.routes)


@each
def test_a_handler_is_a_few_sentences(spec: FunctionSpec) -> None:
    source = spec.handler.read_text("utf-8")
    assert ast.get_docstring(ast.parse(source))
    assert len(source.splitlines()) <= 80


@each
def test_a_handler_imports_nothing_local_but_the_package(spec: FunctionSpec) -> None:
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
            beside = spec.folder / top
            assert not (ROOT / top).exists() and not beside.exists() and not beside.with_suffix(".py").exists(), name


@each_of_the_api
def test_a_function_enters_the_database_as_it_declares(spec: FunctionSpec) -> None:
    allowed: dict[tuple[str | None, bool], list[set[str]]] = {
        ("required", False): [{"reading"}],
        ("required", True): [{"writing"}],
        ("optional", False): [{"visiting"}],
        ("optional", True): [{"ordering"}],
        ("none", False): [set()],
    }
    for way in entries(spec):
        assert way in allowed[spec.auth, "database:write" in spec.uses]
    assert spec.login == ("wc_api" if spec.auth == "required" else "wc_public")


def test_what_reads_has_no_connection_that_writes() -> None:
    assert all(endpoint.read_only for endpoint in (endpoints.reader, endpoints.primary_reader))


@pytest.mark.usefixtures("event_loop_of_its_own")
@pytest.mark.parametrize("route", [route for spec in API if spec.auth == "required" for route in spec.routes])
def test_without_claims_nothing_is_opened(route: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(endpoints, "connect", opened.append)
    spec = next(spec for spec in API if route in spec.routes)
    method, _, path = route.partition(" ")
    nil = "00000000-0000-0000-0000-000000000000"
    raw_path = "/".join(nil if part.startswith("{") else part for part in path.split("/"))
    request = Request(method, raw_path, "", [], b"", "127.0.0.1", "HTTP/1.1", "an-id")
    answer = http.serve(app(spec))(event(request, route, {}, None, "a-trace"), None)
    assert (answer["statusCode"], opened) == (401, [])
