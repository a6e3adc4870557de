"""Tests which request one attempt of a webhook delivery sends, and what the attempt records."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from wecelebrate.core import outbound
from wecelebrate.webhooks import sending
from wecelebrate.webhooks.sending import AttemptResult, signed_headers

SECRETS = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
URL = "https://endpoint.test/hook"


def response(status: int, headers: dict[str, str], body: bytes) -> outbound.Response:
    return outbound.Response(status, headers, body, URL)


class Endpoint:
    """An endpoint with a fixed response. It records the requests. Each response takes 1.25 seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.response: Any = response(200, {}, b"ok")
        self.requests: list[dict[str, Any]] = []
        self.checked: list[tuple[str, bool]] = []
        self.now = 100.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(outbound, "check", lambda url, https=False: self.checked.append((url, https)))
        monkeypatch.setattr(outbound, "fetch", self.fetch)

    def fetch(self, method: str, url: str, **request: Any) -> Any:
        self.requests.append({"method": method, "url": url, **request})
        self.now += 1.25
        if isinstance(self.response, Exception):
            raise self.response
        return self.response


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    return Endpoint(monkeypatch)


def attempt(secrets: Sequence[str] = SECRETS) -> AttemptResult:
    return sending.attempt(URL, secrets, "msg_1", '{"type":"order.created"}')


def test_a_delivery_is_a_post_request_to_a_checked_https_url(endpoint: Endpoint) -> None:
    attempt()
    assert endpoint.checked == [(URL, True)]
    [request] = endpoint.requests
    assert (request["method"], request["url"], request["body"]) == ("POST", URL, b'{"type":"order.created"}')
    assert (request["timeout"], request["max_bytes"]) == (10.0, 65_536)


def test_a_delivery_has_one_valid_signature_for_each_secret() -> None:
    at = datetime.now(UTC)
    headers = signed_headers(SECRETS, "msg_1", at, "{}")
    assert len(headers["webhook-signature"].split()) == 2
    assert headers["webhook-timestamp"] == str(int(at.timestamp()))
    for secret in SECRETS:
        Webhook(secret).verify("{}", dict(headers))
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify("{}", dict(headers))


@pytest.mark.parametrize(
    ("status", "error"),
    [(200, None), (204, None), (299, None)]
    + [(status, f"the endpoint responded with status {status}") for status in (199, 300, 302, 400, 410, 500)],
)
def test_a_delivery_succeeds_only_with_a_status_from_200_to_299(
    endpoint: Endpoint, status: int, error: str | None
) -> None:
    endpoint.response = response(status, {}, b"")
    result = attempt()
    assert (result.status, result.error, result.milliseconds) == (status, error, 1250)


@pytest.mark.parametrize(
    ("status", "retry_after", "pause"),
    [(503, "120", 120.0), (503, "3600", 3600.0), (503, "3601", 3600.0), (503, None, 0.0), (200, "120", 0.0)],
)
def test_a_failing_endpoint_can_request_a_pause_of_at_most_an_hour(
    endpoint: Endpoint, status: int, retry_after: str | None, pause: float
) -> None:
    endpoint.response = response(status, {"retry-after": retry_after} if retry_after else {}, b"")
    assert attempt().pause == pause


def test_the_first_2048_bytes_of_a_response_are_stored_without_nul_characters(endpoint: Endpoint) -> None:
    endpoint.response = response(500, {}, b"\0" + b"a" * 2047 + b"b")
    assert attempt().body == "\N{REPLACEMENT CHARACTER}" + "a" * 2047
    endpoint.response = response(500, {}, b"a" * 2047 + "ä".encode())
    assert attempt().body == "a" * 2047 + "\N{REPLACEMENT CHARACTER}"


def test_a_connection_error_or_an_internal_error_fails_the_attempt(endpoint: Endpoint) -> None:
    endpoint.response = outbound.Unreachable("the connection was refused")
    result = attempt()
    assert (result.status, result.error, result.milliseconds) == (None, "the connection was refused", 1250)
    endpoint.response = RuntimeError("a bug")
    result = attempt()
    assert (result.status, result.error, result.milliseconds, result.pause) == (None, "internal error", 1250, 0.0)


def test_an_endpoint_that_responds_with_410_counts_as_gone() -> None:
    assert sending.GONE == 410
