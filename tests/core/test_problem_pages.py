"""Tests the pages about problems. The only source of these pages is the docstrings of the problem classes."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

import wecelebrate
from infra.functions import functions
from infra.openapi import app
from tests.core.test_http import assert_problem, environment, send_request
from wecelebrate.core.errors import Problem
from wecelebrate.problem_pages import rendering
from wecelebrate.problem_pages.models import ProblemPage
from wecelebrate.problem_pages.registry import problem_classes

__all__ = ["environment"]

APP = app(next(spec for spec in functions() if spec.name == "api-problems-read"))


class Elements(HTMLParser):
    """Collects the elements of a page and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs


def descendants(problem: type[Problem]) -> Iterator[type[Problem]]:
    yield problem
    for subclass in problem.__subclasses__():
        yield from descendants(subclass)


def test_every_problem_class_of_every_module_has_a_page() -> None:
    for module in pkgutil.walk_packages(wecelebrate.__path__, "wecelebrate."):
        importlib.import_module(module.name)
    codes = {problem.code for problem in descendants(Problem) if problem.__module__.startswith("wecelebrate.")}
    assert codes == problem_classes().keys()


@pytest.mark.parametrize("code", problem_classes())
def test_a_problem_page_explains_the_problem_and_the_solution(code: str) -> None:
    paragraphs = [part for part in problem_classes()[code].explanation().split("\n\n") if not part.startswith("    ")]
    assert len(paragraphs) >= 2 or code == "currency_in_use"
    response = send_request(APP, "GET", f"/problems/{code}", accept="application/json")
    page = json.loads(response["body"])
    assert (response["statusCode"], page["code"], page["title"]) == (200, code, problem_classes()[code].title())


@pytest.mark.parametrize("path", ["/problems", *(f"/problems/{code}" for code in problem_classes())])
def test_problem_pages_load_no_resources(path: str) -> None:
    response = send_request(APP, "GET", path, accept="text/html,*/*;q=0.8")
    assert response["headers"]["content-type"] == "text/html; charset=utf-8"
    page = Elements(response["body"])
    assert not {"script", "img", "link", "iframe", "object", "form", "base"} & set(page.names)
    assert not {name for name, _ in page.attributes if name.startswith("on") or name in ("src", "style")}
    assert all((value or "").startswith("/problems") for name, value in page.attributes if name == "href")
    policy = response["headers"]["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert response["headers"]["x-content-type-options"] == "nosniff"
    assert response["headers"]["cache-control"] == "public, max-age=3600"
    assert response["headers"]["vary"] == "Accept"


def test_texts_in_problem_pages_are_escaped() -> None:
    text = "A <script>alert(1)</script> & `<b>`\n\n    <img src=x>\n\n    second"
    page = rendering.page_html(ProblemPage(code="a<b", status=400, title="<i>`x`</i>", explanation=text))
    assert not {"script", "b", "i", "img"} & set(Elements(page).names)
    assert "&lt;script&gt;" in page and "<code>&lt;b&gt;</code>" in page
    assert "<pre><code>&lt;img src=x&gt;\n\nsecond</code></pre>" in page


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [("*/*", "text/markdown; charset=utf-8"), ("application/json", "application/json")],
)
def test_the_index_has_links_to_all_problem_pages(accept: str, media_type: str) -> None:
    response = send_request(APP, "GET", "/problems", accept=accept)
    assert response["headers"]["content-type"] == media_type
    assert all(code in response["body"] for code in problem_classes())


def test_a_request_with_the_current_etag_of_a_problem_page_gets_304() -> None:
    first = send_request(APP, "GET", "/problems/invalid")
    again = send_request(APP, "GET", "/problems/invalid", if_none_match=f"W/{first['headers']['etag']}")
    assert (again["statusCode"], again.get("body") or "") == (304, "")


@pytest.mark.parametrize("code", ["nothing", "INVALID", "<script>", "invalid%00"])
def test_an_unknown_code_gets_404(code: str) -> None:
    document = assert_problem(send_request(APP, "GET", f"/problems/{code}"), 404, "not_found")
    assert re.fullmatch(r"http://localhost/problems/not_found", document["type"])
