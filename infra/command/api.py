"""The client with which commands use the API and the S3 of the local cloud."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from infra.local.control import running_endpoints
from infra.local.endpoints import Endpoints, state_directory
from infra.local.issuer import Issuer
from infra.local.processes import LocalCloudError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class ApiUnavailable(LocalCloudError):
    """The API returned a status from 500 to 599."""


@dataclass(frozen=True)
class AdminClient:
    """Gives access to the running local cloud, with the rights of an admin."""

    state: Path
    endpoints: Endpoints
    api: httpx.Client

    @cached_property
    def s3(self) -> "S3Client":
        """A client for the local S3."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoints.s3,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the local cloud has no accounts
            # Do not use an HTTP proxy that the developer has configured. Such a proxy cannot reach 127.0.0.1 of this
            # machine.
            config=Config(proxies={}),
        )

    def bucket(self, name: str) -> str:
        """Return the name that a bucket has in the local S3. name: the name of the bucket in the declarations."""
        buckets = [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]]
        return next(bucket for bucket in buckets if bucket.endswith(f"-local-{name}"))


@contextmanager
def as_admin(expires_in: int = 12 * 3600) -> Iterator[AdminClient]:
    """Connect to the running local cloud as an admin. Raises LocalCloudError if no local cloud is running.

    expires_in: lifetime of the access token in seconds.
    """
    state = state_directory()
    endpoints = running_endpoints(state)
    token = Issuer(state, endpoints.issuer).token("admin", email="admin@wecelebrate.test", expires_in=expires_in)
    with _http_client(endpoints.api, token) as api:
        yield AdminClient(state, endpoints, api)


def get(
    api: httpx.Client, path: str, query: Mapping[str, str | int] | None = None, *, not_found: str | None = None
) -> dict[str, Any]:
    """Send a GET request and return the JSON body.

    Raises ApiUnavailable for a 5xx status, LocalCloudError for any other error status, and httpx.TransportError if the
    API does not respond. For an error status, the message comes from the API. If `not_found` is set and the status is
    404, the text in `not_found` is the message.
    """
    return _body(api.get(path, params=query), not_found)


def post(api: httpx.Client, path: str, json: Any = None, *, not_found: str | None = None) -> dict[str, Any]:
    """Send a POST request and return the JSON body. Raises the same errors as `get`."""
    return _body(api.post(path, json=json), not_found)


def delete(api: httpx.Client, path: str, attempts: int = 3) -> None:
    """Delete an object. Makes further attempts after a 5xx status, and after a 409: others may be using the object.

    Raises the same errors as `get`.
    """
    for attempt in range(1, attempts + 1):
        response = api.delete(path, headers={"If-Match": "*"})
        if response.is_success:
            return
        if attempt == attempts or not (response.is_server_error or response.status_code == httpx.codes.CONFLICT):
            _require_success(response)
        time.sleep(attempt)


def get_all(api: httpx.Client, path: str, query: Mapping[str, str | int] | None = None) -> Iterator[dict[str, Any]]:
    """Yield all rows of a list. Requests the pages of the list one after the other. Raises the same errors as `get`."""
    page_query = {"limit": 1000, **(query or {})}
    while True:
        page = get(api, path, page_query)
        yield from page["data"]
        if not page["has_more"]:
            return
        page_query["cursor"] = page["next_cursor"]


def error_message(response: httpx.Response) -> str:
    """Return a message with the status and the detail of an error response."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    detail = problem.get("detail") or problem.get("title") or problem.get("message") or response.reason_phrase
    return f"the API returned {response.status_code}: {detail}"


def _http_client(url: str, token: str) -> httpx.Client:
    # trust_env=False ignores a configured HTTP proxy, because a proxy cannot reach 127.0.0.1 of this machine.
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False)


def _body(response: httpx.Response, not_found: str | None) -> dict[str, Any]:
    if response.status_code == httpx.codes.NOT_FOUND and not_found:
        raise LocalCloudError(not_found)
    _require_success(response)
    body: dict[str, Any] = response.json()
    return body


def _require_success(response: httpx.Response) -> None:
    if response.is_error:
        error = ApiUnavailable if response.is_server_error else LocalCloudError
        raise error(error_message(response))
