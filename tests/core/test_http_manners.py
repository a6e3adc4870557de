"""Tests how strictly requests are checked, and the responses to HEAD requests. The tests need no local cloud."""

import base64
import gzip
import json
from typing import Annotated, Any

import pytest
from fastapi import Query, Response

from tests.core.test_http import Thing, assert_problem, environment, send_request
from wecelebrate.core import http
from wecelebrate.core.compression import MIN_CHARACTERS
from wecelebrate.core.http.json_bodies import parse
from wecelebrate.core.models import Object
from wecelebrate.core.negotiation import content_coding
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.settings import settings

__all__ = ["environment"]


def errors_of(response: dict[str, Any], status: int = 422) -> dict[str, str]:
    """Map the JSON pointers of a problem to the details of the errors."""
    document = json.loads(response["body"])
    assert (response["statusCode"], document["status"]) == (status, status)
    return {error["pointer"]: error["detail"] for error in document["errors"]}


def strict_app() -> Any:
    app = http.api()

    @app.get("/things")
    def list_things(
        parameters: Annotated[ListParameters, Query()], tag: Annotated[list[str] | None, Query()] = None
    ) -> Response:
        return Response(str(parameters.limit), headers={"ETag": '"tag"'})

    @app.get("/words")
    def list_words(word: Annotated[list[str], Query()]) -> Response:
        return Response(" ".join(word))

    @app.post("/things")
    def create_thing(thing: Object) -> Response:
        return Response(json.dumps(thing))

    @app.delete("/things/{size}")
    def delete_thing(size: int) -> Response:
        return Response(str(size))

    return app


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/things?limt=5&limit=5"),
        ("HEAD", "/things?limt=5"),
        ("POST", "/things?limt=5"),
        ("DELETE", "/things/5?limt=5"),
        ("DELETE", "/things/5?limt="),
        ("GET", "/things?limt"),
    ],
)
def test_an_unknown_query_parameter_is_refused(method: str, path: str) -> None:
    response = send_request(strict_app(), method, path, b"{}", content_type="application/json")
    assert errors_of(response) == {"limt": "is not a known parameter"}


@pytest.mark.parametrize("query", ["limit=5&limit=6", "limit=5&limit=5", "limit=5&%6Cimit=5"])
def test_a_repeated_parameter_is_refused(query: str) -> None:
    assert errors_of(send_request(strict_app(), "GET", f"/things?{query}")) == {"limit": "must be sent only once"}


def test_a_list_query_parameter_can_be_repeated() -> None:
    assert send_request(strict_app(), "GET", "/words?word=a&word=b")["body"] == "a b"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ('{"a": 1, "a": 1}', ["/a"]),
        ('{"a": 1, "b": {"c": [0, {"d/e": 1, "d/e": 2}]}}', ["/b/c/1/d~1e"]),
        ('{"a": 1, "\\u0061": 2}', ["/a"]),
        ('{"a": {"x": 1, "x": 2}, "a": 3}', ["/a", "/a/x"]),
        ('{"a": [[[{"": 1, "": 2}]]]}', ["/a/0/0/0/"]),
    ],
)
def test_a_json_object_with_a_duplicate_key_is_refused_at_any_depth(body: str, pointers: list[str]) -> None:
    response = send_request(strict_app(), "POST", "/things", body.encode(), content_type="application/json")
    assert errors_of(response) == dict.fromkeys(pointers, "must not appear twice in the same object")


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"a": 1, "a": '])
def test_a_body_that_is_not_json_is_malformed(body: bytes) -> None:
    response = send_request(strict_app(), "POST", "/things", body, content_type="application/json")
    assert_problem(response, 400, "malformed_body")


def test_different_objects_in_a_json_body_can_have_equal_keys() -> None:
    body = b'[{"a": {"a": 1}}, {"a": 2}]'
    assert parse(body, 3) == json.loads(body)


@pytest.mark.parametrize("key", ["", " ", "   ", "a,b", "a" * 256, "a\x7f"])
def test_an_invalid_idempotency_key_is_refused(key: str) -> None:
    response = send_request(
        strict_app(), "POST", "/things", b"{}", content_type="application/json", idempotency_key=key
    )
    assert_problem(response, 400, "bad_idempotency_key")


def test_a_head_request_gets_the_response_of_a_get_request() -> None:
    get = send_request(strict_app(), "GET", "/things?limit=7")
    assert send_request(strict_app(), "HEAD", "/things?limit=7") == get
    assert send_request(strict_app(), "HEAD", "/things", if_none_match='"tag"')["statusCode"] == 304


def test_a_route_that_creates_an_object_must_declare_its_location() -> None:
    for status in (201, 202):
        with pytest.raises(TypeError, match="located_at"):
            http.api().post("/things", status_code=status)(lambda: None)


def test_values_in_a_location_header_are_percent_encoded() -> None:
    app = http.api()

    @app.post("/{shop}/things", status_code=202, dependencies=[http.located_at("/{shop}/things/{size}")])
    def create_thing(shop: str, thing: Thing) -> Thing:
        return thing

    response = send_request(app, "POST", "/a%20b/things", b'{"size": 5}', content_type="application/json")
    assert response["headers"]["location"] == "/a%20b/things/5"


def test_the_type_of_a_problem_is_a_url_below_docs_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WC_DOCS_URL", "https://docs.example")
    settings.cache_clear()
    response = send_request(http.api(), "GET", "/nowhere")
    assert json.loads(response["body"])["type"] == "https://docs.example/problems/not_found"


def test_the_type_of_a_problem_on_aws_is_an_https_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WC_ENVIRONMENT", "prod")
    settings.cache_clear()
    response = send_request(http.api(), "GET", "/nowhere", host="api.example")
    assert json.loads(response["body"])["type"] == "https://api.example/problems/not_found"


@pytest.mark.parametrize(("accept", "is_coded"), [("gzip", True), ("br", False), ("gzip;q=0", False)])
def test_a_function_compresses_only_very_large_responses(accept: str, is_coded: bool) -> None:
    app = http.api()

    @app.get("/large/{size}")
    def large(size: int) -> Response:
        return Response("é" * size, media_type="application/json", headers={"ETag": '"t"', "Vary": "Origin"})

    small = send_request(app, "GET", f"/large/{MIN_CHARACTERS - 1}", accept_encoding=accept)
    assert not small["isBase64Encoded"] and small["headers"]["etag"] == '"t"'
    response = send_request(app, "GET", f"/large/{MIN_CHARACTERS}", accept_encoding=accept)
    assert response["isBase64Encoded"] is is_coded
    assert response["headers"]["vary"] == "Origin, Accept-Encoding"
    assert (content_coding(accept, ["gzip"]) is not None) is is_coded
    if is_coded:
        assert (response["headers"]["content-encoding"], response["headers"]["etag"]) == ("gzip", 'W/"t"')
        assert gzip.decompress(base64.b64decode(response["body"])).decode() == "é" * MIN_CHARACTERS
        assert len(json.dumps(response)) < 6 * 1024 * 1024
