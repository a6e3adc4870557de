"""How an endpoint is run: in place, its model as the body that a read would give, and a create once for each key."""

import functools
import hashlib
import inspect
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from wecelebrate.core import idempotency
from wecelebrate.core.database import Transaction
from wecelebrate.core.errors import Invalid
from wecelebrate.core.etags import etag
from wecelebrate.core.http.responses import unless_seen
from wecelebrate.core.idempotency import Answer

KEY_HEADER = "Idempotency-Key"
_LONGEST_KEY = 255


class DirectRoute(APIRoute):
    """Runs `def` endpoints in place. FastAPI would hand them to a thread (850 µs against 290): a Lambda instance has
    one event at a time, so there is nobody to make room for. What a caller of a read has already is 304."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **rest: Any) -> None:
        if not inspect.iscoroutinefunction(endpoint):
            endpoint = _direct(endpoint, rest.get("status_code") or 200)
        super().__init__(path, endpoint, **rest)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return unless_seen(request, await answer(request))

        return handle


def _direct(endpoint: Callable[..., Any], status: int) -> Callable[..., Any]:
    @functools.wraps(endpoint)
    async def run(*args: Any, **kwargs: Any) -> Any:
        for once in _current:
            return once.run(lambda: _response(endpoint(*args, **kwargs), status))
        return _response(endpoint(*args, **kwargs), status)

    return run


def _response(result: Any, status: int) -> Any:
    return model_response(result, status) if isinstance(result, BaseModel) else result


def model_response(model: BaseModel, status: int) -> Response:
    """A model as the bytes that a read of it gives, with their entity tag."""
    body = model.model_dump_json(by_alias=True)
    return Response(body, status, {"ETag": etag(body)}, media_type="application/json")


class _Repeatable:
    """A create that came with an idempotency key."""

    def __init__(self, tx: Transaction, key: str, request_hash: str) -> None:
        self._tx = tx
        self._key = key
        self._request_hash = request_hash

    def run(self, create: Callable[[], Response]) -> Response:
        """The answer that the key had before, or that of the create."""
        before = idempotency.earlier(self._tx, self._key, self._request_hash)
        if before is not None:
            headers = {**before.headers, "Idempotent-Replayed": "true"}
            return Response(before.body, before.status, headers, media_type="application/json")
        made = create()
        kept = Answer(made.status_code, {"ETag": made.headers["etag"]}, bytes(made.body).decode())
        idempotency.keep(self._tx, self._key, self._request_hash, kept)
        return made


_current: list[_Repeatable] = []
"""The one that is being answered, if it is one: an instance has one event at a time."""


@contextmanager
def repeatable(request: Request, tx: Transaction) -> Iterator[None]:
    """While the endpoint of a POST with an idempotency key runs. Raises Invalid for a key that is none."""
    key = request.headers.get(KEY_HEADER)
    if request.method != "POST" or key is None:
        yield
        return
    if not (0 < len(key) <= _LONGEST_KEY and key.isprintable()):
        raise Invalid(f"An idempotency key has 1 to {_LONGEST_KEY} printable characters.")
    body = request.scope["aws.event"].get("body") or ""
    told = hashlib.sha256(f"{request.url.path}\n{body}".encode()).hexdigest()
    _current[:] = [_Repeatable(tx, key, told)]
    try:
        yield
    finally:
        _current.clear()
