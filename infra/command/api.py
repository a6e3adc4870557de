"""The API of the local cloud, as commands ask it."""

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


class Unavailable(LocalCloudError):
    """The API answered that it cannot just now."""


@dataclass(frozen=True)
class Cloud:
    """The running local cloud, as an admin asks it."""

    state: Path
    endpoints: Endpoints
    api: httpx.Client

    @cached_property
    def s3(self) -> "S3Client":
        """Its S3."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoints.s3,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the local cloud has no accounts
            # A proxy of the machine does not lead to 127.0.0.1.
            config=Config(proxies={}),
        )

    def bucket(self, name: str) -> str:
        """What a bucket is called here."""
        names = [one["Name"] for one in self.s3.list_buckets()["Buckets"]]
        return next(one for one in names if one.endswith(f"-local-{name}"))


@contextmanager
def as_admin(expires_in: int = 12 * 3600) -> Iterator[Cloud]:
    """The running cloud, by a token that is good for so many seconds. Raises LocalCloudError when none runs."""
    state = state_directory()
    endpoints = running_endpoints(state)
    admin = Issuer(state, endpoints.issuer).token("admin", email="admin@wecelebrate.test", expires_in=expires_in)
    with asking(endpoints.api, admin) as api:
        yield Cloud(state, endpoints, api)


def asking(url: str, token: str) -> httpx.Client:
    """A client of the API with a bearer token. A proxy of the machine does not lead to 127.0.0.1."""
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False)


def get(
    api: httpx.Client, path: str, query: Mapping[str, str | int] | None = None, *, missing: str | None = None
) -> dict[str, Any]:
    """What a GET answers.

    Raises LocalCloudError with what the API says (with `missing`, where given, for a 404), Unavailable for a 5xx,
    and httpx.TransportError when nobody answers.
    """
    return _body(api.get(path, params=query), missing)


def post(api: httpx.Client, path: str, json: Any = None, *, missing: str | None = None) -> dict[str, Any]:
    """What a POST answers. Raises as `get` does."""
    return _body(api.post(path, json=json), missing)


def every(api: httpx.Client, path: str, query: Mapping[str, str | int] | None = None) -> Iterator[dict[str, Any]]:
    """Every row of a list, page by page. Raises as `get` does."""
    asked = {"limit": 1000, **(query or {})}
    while True:
        page = get(api, path, asked)
        yield from page["data"]
        if not page["has_more"]:
            return
        asked["cursor"] = page["next_cursor"]


def _body(answer: httpx.Response, missing: str | None) -> dict[str, Any]:
    if answer.status_code == httpx.codes.NOT_FOUND and missing:
        raise LocalCloudError(missing)
    if answer.is_error:
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        said = problem.get("detail") or problem.get("title") or problem.get("message") or answer.reason_phrase
        kind = Unavailable if answer.is_server_error else LocalCloudError
        raise kind(f"the API answers {answer.status_code}: {said}")
    body: dict[str, Any] = answer.json()
    return body
