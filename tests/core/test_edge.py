"""Tests which requests the functions accept behind CloudFront, and which visitor data the functions get."""

import copy
import json
from typing import Any

import pytest

from wecelebrate.core import edge, fallback
from wecelebrate.core.http import api, serve
from wecelebrate.core.settings import Settings

EVENT = {
    "headers": {"x-viewer-address": "203.0.113.9", "x-viewer-host": "api.example.com"},
    "requestContext": {"domainName": "origin.example.com", "http": {"sourceIp": "198.51.100.1"}},
}


def admitted(monkeypatch: pytest.MonkeyPatch, secrets: str, sent: str | None) -> tuple[dict[str, Any], bool]:
    monkeypatch.setattr(edge, "settings", lambda: Settings(origin_secrets=secrets))
    event = copy.deepcopy(EVENT)
    if sent is not None:
        event["headers"]["x-origin-secret"] = sent  # type: ignore[index]
    return event, edge.admit(event) is None


@pytest.mark.parametrize("sent", ["a", "b"])
def test_a_request_with_the_secret_has_the_address_and_host_of_the_visitor(
    monkeypatch: pytest.MonkeyPatch, sent: str
) -> None:
    event, is_admitted = admitted(monkeypatch, "a,b", sent)
    assert is_admitted
    assert event["requestContext"]["http"]["sourceIp"] == "203.0.113.9"
    assert event["requestContext"]["domainName"] == "api.example.com"
    assert event["headers"] == {}, (
        "the secret and the copied headers are removed before the request is handled or logged"
    )


@pytest.mark.parametrize("sent", [None, "", "c", "a,b", "ä"])
def test_a_request_without_a_valid_secret_is_refused_and_is_not_modified(
    monkeypatch: pytest.MonkeyPatch, sent: str | None
) -> None:
    event, is_admitted = admitted(monkeypatch, "a,b", sent)
    assert not is_admitted
    assert event["requestContext"] == EVENT["requestContext"]


def test_a_visitor_cannot_forge_the_client_address_if_cloudfront_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    event, is_admitted = admitted(monkeypatch, "", "a")
    assert is_admitted
    assert event["requestContext"] == EVENT["requestContext"]


@pytest.mark.parametrize("respond", [serve(api()), lambda event, _: fallback.respond(event)])
def test_every_function_answers_a_refused_request_with_a_problem_document(
    monkeypatch: pytest.MonkeyPatch, respond: Any
) -> None:
    monkeypatch.setattr(edge, "settings", lambda: Settings(origin_secrets="a"))
    event: dict[str, Any] = copy.deepcopy(EVENT)
    event["requestContext"]["requestId"] = "r-1"
    response = respond(event, None)
    assert response["statusCode"] == 403
    assert response["headers"]["content-type"] == "application/problem+json"
    assert json.loads(response["body"])["code"] == "forbidden"


def test_an_empty_secret_is_not_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    _, is_admitted = admitted(monkeypatch, "a,", "")
    assert not is_admitted
