"""Tests the responses of apps that `api()` and `serve()` create. The tests need no local cloud."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import Query, Request, Response
from pydantic import BaseModel

from infra.local.payload_format import Request as Sent
from infra.local.payload_format import event
from wecelebrate.core import deadline, http, kill_switches, pages
from wecelebrate.core.database import Caller
from wecelebrate.core.database.invalidations import Commit
from wecelebrate.core.errors import Conflict, NotFound, TooSlow, Unavailable
from wecelebrate.core.models import Input
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.settings import settings

REQUEST_ID = "a-request"


class Thing(Input):
    size: int


class StoredThing(BaseModel):
    size: int


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set a signing key, and create the event loop of the thread. Lambda creates this loop, but pytest does not."""
    monkeypatch.setenv("WC_SIGNING_KEY", "a key")
    settings.cache_clear()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
    settings.cache_clear()


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the database with a recorder.

    Return the list of recorded steps, e.g. "begin someone", "commit". If a test adds the text "fail the commit" to the
    list, commits fail.
    """
    steps: list[str] = []

    @contextmanager
    def open_transaction(caller: Caller, *, primary: bool = False) -> Iterator[Any]:
        steps.append(f"begin {caller.subject}")
        try:
            yield SimpleNamespace(
                committed=Commit(), write_through=[], local=lambda factory: SimpleNamespace(dispatch=None)
            )
        except Exception:
            steps.append("rollback")
            raise
        if "fail the commit" in steps:
            raise Conflict("The row has changed.")
        steps.append("commit")

    monkeypatch.setattr(http, "reading", open_transaction)
    monkeypatch.setattr(http, "writing", open_transaction)
    kill_switches.learn({})  # Without this call, the first request would read the kill switches from the database.
    return steps


_addresses = itertools.count()


def send_request(
    app: Any, method: str, path: str, body: bytes = b"", claims: Any = None, **headers: str
) -> dict[str, Any]:
    raw_headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    address = f"192.0.2.{next(_addresses) % 256}"  # failed requests use up the limit of their address
    request = Sent(
        method, path.partition("?")[0], path.partition("?")[2], raw_headers, body, address, "HTTP/1.1", REQUEST_ID
    )
    response: dict[str, Any] = http.serve(app)(event(request, f"{method} {path}", {}, claims, "a-trace"), None)
    return response


def assert_problem(response: dict[str, Any], status: int, code: str) -> dict[str, Any]:
    assert response["statusCode"] == status
    assert response["headers"]["content-type"] == "application/problem+json"
    assert response["headers"]["x-request-id"] == REQUEST_ID
    document: dict[str, Any] = json.loads(response["body"])
    assert (document["status"], document["code"], document["request_id"]) == (status, code, REQUEST_ID)
    assert document["type"] == f"http://localhost/problems/{code}" and document["title"]
    return document


class ThreeSeconds:
    """A Lambda context whose function has three seconds left."""

    def get_remaining_time_in_millis(self) -> int:
        return 3_000


def test_the_statement_timeout_is_shorter_than_the_remaining_function_time() -> None:
    app = http.api()

    @app.get("/left")
    def read_left() -> Response:
        return Response(str(deadline.milliseconds_left()))

    request = Sent("GET", "/left", "", [], b"", "127.0.0.1", "HTTP/1.1", REQUEST_ID)
    response = http.serve(app)(event(request, "GET /left", {}, None, "a-trace"), ThreeSeconds())
    assert 1 <= int(response["body"]) <= 2_500


def test_every_response_contains_the_id_of_its_request() -> None:
    app = http.api()

    @app.get("/things/{thing_id}")
    def get_thing(thing_id: UUID) -> StoredThing:
        return StoredThing(size=7)

    response = send_request(app, "GET", f"/things/{UUID(int=1)}")
    assert (response["statusCode"], json.loads(response["body"])) == (200, {"size": 7})
    assert response["headers"]["x-request-id"] == REQUEST_ID


def test_the_response_does_not_reveal_the_text_of_an_unexpected_error() -> None:
    app = http.api()

    @app.get("/bug")
    def bug() -> None:
        raise RuntimeError("the password is hunter2")

    response = send_request(app, "GET", "/bug")
    document = assert_problem(response, 500, "internal_error")
    assert set(document) == {"type", "title", "status", "code", "request_id"}
    assert "hunter2" not in str(response) and "RuntimeError" not in str(response)


def test_a_response_that_does_not_match_its_model_is_an_internal_error() -> None:
    app = http.api()

    @app.get("/wrong")
    def invalid_response() -> StoredThing:
        return {"size": "many"}  # type: ignore[return-value]

    assert "many" not in str(assert_problem(send_request(app, "GET", "/wrong"), 500, "internal_error"))


@pytest.mark.parametrize("problem", [NotFound, Conflict, TooSlow, Unavailable])
def test_a_problem_exception_becomes_a_problem_document(problem: Any) -> None:
    app = http.api()

    @app.get("/problem")
    async def fail() -> None:
        raise problem("The reason.")

    response = send_request(app, "GET", "/problem")
    document = assert_problem(response, problem.status, problem.code)
    assert (document["title"], document["detail"]) == (problem.title(), "The reason.")
    assert response["headers"].get("retry-after") == ("2" if problem is Unavailable else None)


def test_a_request_to_an_unknown_path_gets_not_found() -> None:
    assert_problem(send_request(http.api(), "GET", "/nowhere"), 404, "not_found")


def test_a_transaction_commits_before_the_response_is_sent(transactions: list[str]) -> None:
    app = http.api()

    @app.post("/things", status_code=201, dependencies=[http.located_at("/things/{size}")])
    def create_thing(thing: Thing, tx: http.Writing) -> StoredThing:
        transactions.append("work")
        return StoredThing(size=thing.size)

    claims = {"sub": "someone"}
    parameters = {"body": b'{"size": 1}', "claims": claims, "content_type": "application/json"}
    response = send_request(app, "POST", "/things", **parameters)  # type: ignore[arg-type]
    assert (response["statusCode"], response["headers"]["location"]) == (201, "/things/1")
    assert transactions == ["begin someone", "work", "commit"]
    transactions[:] = ["fail the commit"]
    assert_problem(send_request(app, "POST", "/things", **parameters), 409, "conflict")  # type: ignore[arg-type]


def test_an_error_of_the_endpoint_rolls_the_transaction_back(transactions: list[str]) -> None:
    app = http.api()

    @app.post("/things")
    def create_thing(thing: Thing, tx: http.Writing) -> StoredThing:
        raise ValueError(thing.size)

    claims = {"sub": "someone"}
    assert_problem(
        send_request(app, "POST", "/things", b'{"size": 1}', claims, content_type="application/json"),
        500,
        "internal_error",
    )
    assert transactions == ["begin someone", "rollback"]


def test_a_request_without_valid_claims_is_refused_before_a_transaction_begins(transactions: list[str]) -> None:
    app = http.api()

    @app.post("/things")
    def create_thing(thing: Thing, tx: http.Writing) -> StoredThing:
        return StoredThing(size=1)

    for claims in (None, {}, {"sub": ""}, {"sub": "service:system"}):
        response = send_request(
            app, "POST", "/things", b'{"size": 1}', claims, authorization="Bearer x", x_user_id="admin"
        )
        assert_problem(response, 401, "unauthenticated")
        assert response["headers"]["www-authenticate"].startswith("Bearer")
    assert transactions == []


class Parameters(ListParameters):
    q: str | None = None
    old: bool | None = None


def test_a_page_has_a_link_to_the_next_page() -> None:
    app = http.api()

    @app.get("/things")
    def list_things(request: Request, parameters: Annotated[Parameters, Query()]) -> Response:
        page = pages.RenderedPage('[{"size":1}]', "a-cursor" if parameters.cursor is None else None, {"more": "[1]"})
        return http.page_response(request, parameters, page)

    first = send_request(app, "GET", "/things?q=a%20%26%C3%A9&old=true&limit=5")
    assert json.loads(first["body"]) == {
        "data": [{"size": 1}],
        "next_cursor": "a-cursor",
        "has_more": True,
        "more": [1],
    }
    assert first["headers"]["link"] == '</things?limit=5&q=a+%26%C3%A9&old=true&cursor=a-cursor>; rel="next"'
    last = send_request(app, "GET", "/things?cursor=a-cursor")
    assert json.loads(last["body"])["has_more"] is False
    assert "link" not in last["headers"]
