"""Connects commands to the API of the local cloud, or of a deployed platform."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from infra.command import output
from infra.command.errors import ApiUnavailable, ApiUnreachable, BadUsage, NotFound, Refused
from infra.command.target import API_VARIABLE, ENV_VARIABLE, TOKEN_VARIABLE, deployed_name, remote_api
from infra.local.control import running_endpoints
from infra.local.endpoints import CloudNotRunning, Endpoints, state_directory
from infra.local.hints import this_command
from infra.local.plain_http import NO_AUTHORITIES

if "httpx" not in sys.modules:
    # httpx also imports its command line program, which needs rich, click and pygments. These imports take longer than
    # all other imports of a command. If they fail, httpx works without the program.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
    import httpx

    del sys.modules["httpx._main"]
else:
    import httpx

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["httpx"]


@dataclass(frozen=True)
class LocalCloud:
    """The running local cloud."""

    state: Path
    endpoints: Endpoints

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


@dataclass(frozen=True)
class Connection:
    """Access to the API of a platform."""

    api: httpx.Client
    local: LocalCloud | None
    """The local cloud to which the API belongs. None if the platform is deployed."""

    @property
    def platform(self) -> str:
        """The platform on which the command acts, for messages."""
        return "the local cloud" if self.local else deployed_name(str(self.api.base_url).rstrip("/"))


def local_cloud(purpose: str) -> LocalCloud:
    """Return the running local cloud. Raises CloudNotRunning if it is not up.

    Raises BadUsage if WECELEBRATE_API names a deployed platform, because the operator then expects that the command
    uses this platform.

    purpose: the name of the command for the error message, e.g. `mail list`.
    """
    state = state_directory()
    remote, _ = remote_api()
    if remote and not _is_api_of(state, remote):
        raise BadUsage(
            f"{purpose} needs the local cloud, but {API_VARIABLE} is {remote}: unset {API_VARIABLE} to use the"
            " local cloud"
        )
    return LocalCloud(state, running_endpoints(state))


@contextmanager
def connect(expires_in: int = 12 * 3600) -> Iterator[Connection]:
    """Connect to the API of $WECELEBRATE_API with $WECELEBRATE_TOKEN. Without them, connect to the local cloud as an
    admin.

    If only $WECELEBRATE_TOKEN is set, the command calls the API of the local cloud with this token.

    On a terminal, the function prints the platform on which the command acts. Raises BadUsage if the variables are
    wrong or do not fit the option --env. Raises CloudNotRunning if the variables are not set and no local cloud is
    running, and ApiUnreachable if the API does not respond.

    expires_in: lifetime of the access token of the admin, in seconds.
    """
    state = state_directory()
    url, token = remote_api()
    local = None
    if url and not _is_api_of(state, url):
        _require_usable(url)
        if not token:
            raise BadUsage(f"{TOKEN_VARIABLE} is not set: set it to an access token for {url}")
    else:
        local = LocalCloud(state, running_endpoints(state))
        url = local.endpoints.api
    try:
        with httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token or _admin_token(local, expires_in)}"},
            timeout=30,
            # A configured HTTP proxy cannot reach 127.0.0.1 of this machine.
            trust_env=not is_loopback(url),
            verify=NO_AUTHORITIES if urlsplit(url).scheme == "http" else True,
        ) as api:
            connection = Connection(api, local)
            if sys.stderr.isatty():
                output.note(f"on {connection.platform}")
            yield connection
    except httpx.TransportError as error:
        where = f"`{this_command()} status` shows what is running" if local else f"check {API_VARIABLE}={url}"
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ApiUnreachable(f"the API does not respond: {where} ({reason})") from error


def get(
    api: httpx.Client, path: str, query: Mapping[str, str | int] | None = None, *, not_found: str | None = None
) -> dict[str, Any]:
    """Send a GET request and return the JSON body.

    Raises ApiUnavailable for a 5xx status, NotFound for 404, Refused for any other error status, and
    httpx.TransportError if the API does not respond. The message for an error status comes from the API. If `not_found`
    is set, it is the message for 404.
    """
    return _body(api.get(path, params=query), not_found)


def post(api: httpx.Client, path: str, json: Any = None, *, not_found: str | None = None) -> dict[str, Any]:
    """Send a POST request and return the JSON body. Raises the same errors as `get`."""
    return _body(api.post(path, json=json), not_found)


def delete(api: httpx.Client, path: str, attempts: int = 3) -> None:
    """Delete an object. After a 5xx status or a 409, try again. The API returns 409 if another request uses the object.

    Raises the same errors as `get`.
    """
    for attempt in range(1, attempts + 1):
        response = api.delete(path, headers={"If-Match": "*"})
        if response.is_success:
            return
        if attempt == attempts or not (response.is_server_error or response.status_code == httpx.codes.CONFLICT):
            require_success(response)
        time.sleep(attempt)


def get_all(api: httpx.Client, path: str, query: Mapping[str, str | int] | None = None) -> Iterator[dict[str, Any]]:
    """Yield all rows of a list, and request its pages one after another. Raises the same errors as `get`."""
    page_query = {"limit": 1000, **(query or {})}
    while True:
        page = get(api, path, page_query)
        yield from page["data"]
        if not page["has_more"]:
            return
        page_query["cursor"] = page["next_cursor"]


def require_success(response: httpx.Response, not_found: str | None = None) -> None:
    """Raise an error if the response has an error status. Raises the same errors as `get`."""
    if not response.is_error:
        return
    if response.status_code == httpx.codes.NOT_FOUND:
        raise NotFound(not_found or _error_message(response))
    if response.is_server_error:
        raise ApiUnavailable(_error_message(response))
    raise Refused(_error_message(response))


def is_loopback(url: str) -> bool:
    """Return whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_api_of(state: Path, url: str) -> bool:
    """Return whether a URL belongs to the API of the local cloud in `state`."""
    try:
        return running_endpoints(state).api == url.rstrip("/")
    except CloudNotRunning:
        return False


def _require_usable(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadUsage(f"{API_VARIABLE}={url} is not a URL: set it to the URL of the API, e.g. https://api.example.com")
    if parts.scheme == "http" and not is_loopback(url):
        raise BadUsage(f"{API_VARIABLE}={url} would send the token unencrypted: use https")


def _admin_token(local: LocalCloud | None, expires_in: int) -> str:
    """Return a token of an admin. The local issuer signs the token, so that this process needs no library for it."""
    assert local is not None
    return issue_token(local, "admin", "admin@wecelebrate.test", expires_in)


def issue_token(local: LocalCloud, subject: str, email: str, expires_in: int) -> str:
    """Return an access token of the local issuer. Raises ApiUnreachable if the issuer does not respond."""
    claims = {"subject": subject, "email": email, "expires_in": expires_in}
    try:
        response = httpx.post(
            f"{local.endpoints.issuer}/token", json=claims, timeout=30, trust_env=False, verify=NO_AUTHORITIES
        )
        response.raise_for_status()
    except httpx.HTTPError as error:
        raise ApiUnreachable(
            f"the issuer of tokens does not respond: `{this_command()} status` shows what is running ({error})"
        ) from error
    token: str = response.json()["access_token"]
    return token


def _error_message(response: httpx.Response) -> str:
    """Return a message with the status and the detail of an error response. If the response has no detail, use its
    field errors."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    fields = (f"{error['pointer'].removeprefix('/')} {error['detail']}".strip() for error in problem.get("errors", ()))
    detail = problem.get("detail") or "; ".join(fields) or problem.get("title") or problem.get("message")
    hint = ""
    if response.status_code == httpx.codes.UNAUTHORIZED and os.environ.get(TOKEN_VARIABLE):
        again = f"; sign in to {name} again" if (name := os.environ.get(ENV_VARIABLE)) else ""
        hint = f" (the token comes from {TOKEN_VARIABLE}{again})"
    return f"the API returned {response.status_code}: {detail or response.reason_phrase}{hint}"


def _body(response: httpx.Response, not_found: str | None) -> dict[str, Any]:
    require_success(response, not_found)
    try:
        body: dict[str, Any] = response.json()
    except ValueError as error:
        raise ApiUnavailable(f"{response.url} did not return JSON: check {API_VARIABLE}") from error
    return body
