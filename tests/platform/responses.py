"""Checks API responses and returns their bodies."""

from typing import Any

import httpx

Json = dict[str, Any]


def ok(response: httpx.Response) -> Json:
    """Check that a response is successful. Return the body of the response."""
    assert response.is_success, f"{response.status_code}: {response.text}"
    body: Json = response.json()
    return body


def created(response: httpx.Response) -> Json:
    """Check that a response has status 201. Return the body of the response."""
    assert response.status_code == 201, f"{response.status_code}: {response.text}"
    body: Json = response.json()
    return body


def problem(response: httpx.Response, status: int, code: str) -> Json:
    """Check that a response is a problem document (RFC 9457) with this status and code. Return the body."""
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    assert response.headers["content-type"] == "application/problem+json"
    body: Json = response.json()
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    return body


def pointers(body: Json) -> list[str]:
    """Return the JSON pointer of each invalid field that a problem document lists."""
    return [error["pointer"] for error in body["errors"]]
