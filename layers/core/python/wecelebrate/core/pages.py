"""Pages of a list: keyset pagination behind an opaque, signed cursor.

A cursor holds where the page before ended and what was asked; a list that is asked something else refuses it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from wecelebrate.core import signing
from wecelebrate.core.cache.keys import digest
from wecelebrate.core.errors import BadCursor, FieldError, PageTooLarge

if TYPE_CHECKING:
    from wecelebrate.core.database import Transaction
    from wecelebrate.core.models import Listed

Item = TypeVar("Item")

MAX_LIMIT = 1000
"""Most rows a page may have."""
LARGEST_ANSWER = 5_900_000
"""Bytes of a body as a JSON string: Lambda takes 6 MB from a function, with all that is around the body."""


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
    more: Mapping[str, str] = field(default_factory=dict)
    """Further members, as JSON."""


NEWEST: Mapping[str, None] = {"after_time": None, "after_id": None}
BY_NAME: Mapping[str, None] = {"after_name": None, "after_id": None}
BY_ID: Mapping[str, None] = {"after_id": None}
"""Orders of lists, as what a page begins after: the first after nothing."""


def listed(
    name: str,
    query: Callable[..., Iterable[Mapping[str, Any]]],
    tx: "Transaction",
    filters: "Listed",
    order: Mapping[str, None],
    **more: Any,
) -> Built:
    """One page of what a query lists in an order, narrowed by filters and more. Raises BadCursor."""
    question = asked(name, filters, **more)
    after = {**order, **decode(filters.cursor, question)}
    return built(query(tx, **filters.model_dump(exclude={"cursor"}), **more, **after), filters.limit, question)


def asked(of: str, parameters: BaseModel, **more: Any) -> dict[str, Any]:
    """What a list was asked, less how much of it: a cursor is good for the same question alone."""
    return parameters.model_dump(mode="json", exclude={"limit", "cursor"}) | more | {"list": of}


def built(found: Iterable[Mapping[str, Any]], limit: int, asked: Mapping[str, Any], **more: str) -> Built:
    """A page of what a list query found, one row more than the page when there is more to come.

    A row is its `item` as JSON, and the keys that a page after it begins at. `more` are further members, as JSON.
    """
    rows = list(found)
    cursor = None
    if len(rows) > limit:
        rows = rows[:limit]
        cursor = encode({key: value for key, value in rows[-1].items() if key != "item"}, asked)
    return Built(f"[{','.join([row['item'] for row in rows])}]", cursor, more)


def body(page: Built) -> tuple[str, str | None]:
    """A page as an answer, `{data, next_cursor, has_more}` and whatever more members it has; and its cursor.

    Raises PageTooLarge.
    """
    cursor = page.next_cursor
    members = {
        "data": page.data,
        "next_cursor": f'"{cursor}"' if cursor else "null",
        "has_more": "true" if cursor else "false",
        **page.more,
    }
    text = "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"
    if len(text) > LARGEST_ANSWER // 8 and len(text.encode()) + text.count('"') + text.count("\\") > LARGEST_ANSWER:
        raise PageTooLarge(errors=[FieldError(pointer="limit", detail="is too high for rows of this size")])
    return text, cursor


def encode(last: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """A cursor after the row with the keys `last` of a list that was asked `asked`."""
    body = json.dumps({"l": dict(last), "q": digest(asked)}, separators=(",", ":"), default=str).encode()
    return signing.sign("cursor", body)


def decode(cursor: str | None, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of the row that the page before ended with; empty without a cursor. Raises BadCursor."""
    if cursor is None:
        return {}
    body = signing.unsign("cursor", cursor)
    if body is None:
        raise BadCursor
    held = json.loads(body)
    if held["q"] != digest(asked):
        raise BadCursor("The filters or the order changed since this cursor was given: begin again without it.")
    last: dict[str, Any] = held["l"]
    return last


def next_link(path: str, asked: Mapping[str, Any], cursor: str) -> str:
    """The value of a `Link` header to the next page (RFC 8288)."""
    query = urlencode({key: value for key, value in asked.items() if value is not None} | {"cursor": cursor})
    return f'<{path}?{query}>; rel="next"'
