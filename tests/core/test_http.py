"""A function of the API without a cloud: what `api()` and `serve()` make of what goes right and wrong."""

import asyncio
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
from wecelebrate.core import http, kill_switches, pages
from wecelebrate.core.database import Caller
from wecelebrate.core.database.invalidations import Commit
from wecelebrate.core.errors import Conflict, NotFound, TooSlow, Unavailable
from wecelebrate.core.models import Input
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.settings import settings

REQUEST_ID = "a-request"


class Thing(Input):
    size: int


class Read(BaseModel):
    size: int


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
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
    """What became of each transaction, in order."""
    became: list[str] = []

    @contextmanager
    def opened(caller: Caller, *, primary: bool = False) -> Iterator[Any]:
        became.append(f"begin {caller.subject}")
        try:
            yield SimpleNamespace(
                committed=Commit(), write_through=[], local=lambda factory: SimpleNamespace(dispatch=None)
            )
        except Exception:
            became.append("rollback")
            raise
        if "fail the commit" in became:
            raise Conflict("Somebody else was faster.")
        became.append("commit")

    monkeypatch.setattr(http, "reading", opened)
    monkeypatch.setattr(http, "writing", opened)
    kill_switches.learn({})  # nobody has to be asked how they stand
    return became


def ask(app: Any, method: str, path: str, body: bytes = b"", claims: Any = None, **headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    sent = Sent(method, path.partition("?")[0], path.partition("?")[2], raw, body, "127.0.0.1", "HTTP/1.1", REQUEST_ID)
    answer: dict[str, Any] = http.serve(app)(event(sent, f"{method} {path}", {}, claims, "a-trace"), None)
    return answer


def refusal(answer: dict[str, Any], status: int, code: str) -> dict[str, Any]:
    assert answer["statusCode"] == status
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert answer["headers"]["x-request-id"] == REQUEST_ID
    document: dict[str, Any] = json.loads(answer["body"])
    assert (document["status"], document["code"], document["request_id"]) == (status, code, REQUEST_ID)
    assert document["type"] == "about:blank" and document["title"]
    return document


def test_an_answer_carries_the_request_id() -> None:
    app = http.api()

    @app.get("/things/{thing_id}")
    def get_thing(thing_id: UUID) -> Read:
        return Read(size=7)

    answer = ask(app, "GET", f"/things/{UUID(int=1)}")
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"size": 7})
    assert answer["headers"]["x-request-id"] == REQUEST_ID


def test_a_bug_tells_nothing_of_itself() -> None:
    app = http.api()

    @app.get("/bug")
    def bug() -> None:
        raise RuntimeError("the password is hunter2")

    answer = ask(app, "GET", "/bug")
    document = refusal(answer, 500, "internal_error")
    assert set(document) == {"type", "title", "status", "code", "request_id"}
    assert "hunter2" not in str(answer) and "RuntimeError" not in str(answer)


def test_an_answer_that_breaks_its_own_model_is_a_bug_of_ours() -> None:
    app = http.api()

    @app.get("/wrong")
    def wrong() -> Read:
        return {"size": "many"}  # type: ignore[return-value]

    assert "many" not in str(refusal(ask(app, "GET", "/wrong"), 500, "internal_error"))


@pytest.mark.parametrize("problem", [NotFound, Conflict, TooSlow, Unavailable])
def test_a_problem_is_its_own_answer(problem: Any) -> None:
    app = http.api()

    @app.get("/problem")
    async def fails() -> None:
        raise problem("Why.")

    answer = ask(app, "GET", "/problem")
    document = refusal(answer, problem.status, problem.code)
    assert (document["title"], document["detail"]) == (problem.title(), "Why.")
    assert answer["headers"].get("retry-after") == ("2" if problem is Unavailable else None)


def test_what_has_no_route_is_not_found() -> None:
    refusal(ask(http.api(), "GET", "/nowhere"), 404, "not_found")


def test_a_transaction_ends_before_the_answer_is_made(transactions: list[str]) -> None:
    app = http.api()

    @app.post("/things", status_code=201)
    def make(thing: Thing, tx: http.Writing) -> Read:
        transactions.append("work")
        return Read(size=thing.size)

    claims = {"sub": "someone"}
    asked = {"body": b'{"size": 1}', "claims": claims, "content_type": "application/json"}
    assert ask(app, "POST", "/things", **asked)["statusCode"] == 201  # type: ignore[arg-type]
    assert transactions == ["begin someone", "work", "commit"]
    transactions[:] = ["fail the commit"]
    refusal(ask(app, "POST", "/things", **asked), 409, "conflict")  # type: ignore[arg-type]


def test_what_fails_is_rolled_back(transactions: list[str]) -> None:
    app = http.api()

    @app.post("/things")
    def make(thing: Thing, tx: http.Writing) -> Read:
        raise ValueError(thing.size)

    claims = {"sub": "someone"}
    refusal(ask(app, "POST", "/things", b'{"size": 1}', claims, content_type="application/json"), 500, "internal_error")
    assert transactions == ["begin someone", "rollback"]


def test_without_claims_nothing_begins(transactions: list[str]) -> None:
    app = http.api()

    @app.post("/things")
    def make(thing: Thing, tx: http.Writing) -> Read:
        return Read(size=1)

    for claims in (None, {}, {"sub": ""}, {"sub": "service:system"}):
        answer = ask(app, "POST", "/things", b'{"size": 1}', claims, authorization="Bearer x", x_user_id="admin")
        refusal(answer, 401, "unauthenticated")
        assert answer["headers"]["www-authenticate"].startswith("Bearer")
    assert transactions == []


class Asked(ListParameters):
    q: str | None = None
    old: bool | None = None


def test_a_page_links_to_the_next() -> None:
    app = http.api()

    @app.get("/things")
    def list_things(request: Request, asked: Annotated[Asked, Query()]) -> Response:
        built = pages.RenderedPage('[{"size":1}]', "a-cursor" if asked.cursor is None else None, {"more": "[1]"})
        return http.page_response(request, asked, built)

    first = ask(app, "GET", "/things?q=a%20%26%C3%A9&old=true&limit=5")
    assert json.loads(first["body"]) == {
        "data": [{"size": 1}],
        "next_cursor": "a-cursor",
        "has_more": True,
        "more": [1],
    }
    assert first["headers"]["link"] == '</things?limit=5&q=a+%26%C3%A9&old=True&cursor=a-cursor>; rel="next"'
    last = ask(app, "GET", "/things?cursor=a-cursor")
    assert json.loads(last["body"])["has_more"] is False
    assert "link" not in last["headers"]


@pytest.mark.parametrize(("quotes", "status"), [(1_470_000, 200), (1_480_000, 422)])
def test_a_page_that_lambda_would_not_take_is_refused(quotes: int, status: int) -> None:
    app = http.api()

    @app.get("/things")
    def list_things(request: Request, asked: Annotated[ListParameters, Query()]) -> Response:
        # A quote is two bytes in the page, and four in the JSON that Lambda carries the page in.
        return http.page_response(request, asked, pages.RenderedPage(json.dumps(['"' * quotes]), None))

    answer = ask(app, "GET", "/things")
    assert answer["statusCode"] == status
    assert status == 200 or refusal(answer, 422, "page_too_large")["errors"][0]["pointer"] == "limit"
