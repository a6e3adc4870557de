"""The API of the local cloud, as commands ask it."""

from collections.abc import Mapping
from typing import Any

import httpx

from infra.local.processes import LocalCloudError


class Unavailable(LocalCloudError):
    """The API answered that it cannot just now."""


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
    answer = api.get(path, params=query)
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
