"""Checks API responses and returns their bodies."""

from typing import Any

import httpx

Json = dict[str, Any]


def ok(response: httpx.Response) -> Json:
    """Return the body of a response, which must be successful."""
    assert response.is_success, f"{response.status_code}: {response.text}"
    body: Json = response.json()
    return body


def created(response: httpx.Response) -> Json:
    """Return the body of a response, which must have status 201."""
    assert response.status_code == 201, f"{response.status_code}: {response.text}"
    body: Json = response.json()
    return body


def problem(response: httpx.Response, status: int, code: str) -> Json:
    """Return the body of an error response, which must be a problem document (RFC 9457) with this status and code."""
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    assert response.headers["content-type"] == "application/problem+json"
    body: Json = response.json()
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    return body


def pointers(body: Json) -> list[str]:
    """Return the JSON pointers of the invalid fields that a problem document lists."""
    return [error["pointer"] for error in body["errors"]]
