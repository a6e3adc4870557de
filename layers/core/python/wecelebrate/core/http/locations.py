"""The `Location` header of responses with the status 201 or 202: the path of the created object or job.

An operation declares the path as a dependency::

    @app.post("/v1/clients", status_code=201, dependencies=[located_at("/v1/clients/{id}")])

The names in braces are path parameters of the request, or fields of the response. `{image.id}` is a nested field.
"""

import json
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import Response

from wecelebrate.core.http.responses import before_response

STATUSES = (HTTPStatus.CREATED, HTTPStatus.ACCEPTED)
"""The statuses of responses that have a `Location` header."""


def located_at(path: str) -> Any:
    """Create the dependency that adds `Location` to the response. `path` contains names in braces."""
    return Depends(Location(path))


class Location:
    """Adds the `Location` header to a response. This includes a response that was stored for an idempotency key."""

    def __init__(self, path: str) -> None:
        self.path = path

    # FastAPI would run this dependency in a thread if it were not a coroutine.
    async def __call__(self, request: Request) -> None:
        def add(response: Response) -> None:
            if response.status_code in STATUSES:
                values = {**json.loads(bytes(response.body)), **request.path_params}
                response.headers["location"] = re.sub(r"\{([^}]+)\}", lambda name: _quoted(values, name[1]), self.path)

        before_response(request, add)


def not_located() -> Any:
    """Create the dependency of an operation that accepts work, but creates no object with a path.

    Its responses have no `Location` header.
    """
    return Depends(NoLocation())


class NoLocation:
    """Declares that the responses of an operation have no `Location` header."""

    async def __call__(self) -> None:
        return None


def _quoted(values: Any, name: str) -> str:
    """Return the value of a name such as `image.id`, quoted as a segment of a path."""
    for key in name.split("."):
        values = values[key]
    return quote(str(values), safe="")
