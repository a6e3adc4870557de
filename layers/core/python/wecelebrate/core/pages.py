"""Pages of a list: keyset pagination with an opaque, signed cursor.

A cursor contains the keys of the last row of the previous page, and a digest of the list and its filters. A cursor is
refused by a list with other filters.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from wecelebrate.core import signing
from wecelebrate.core.cache.keys import digest
from wecelebrate.core.database import Transaction
from wecelebrate.core.errors import BadCursor, FieldError, PageTooLarge
from wecelebrate.core.models import Input

Item = TypeVar("Item")

MAX_LIMIT = 1000
"""The largest page, in rows."""
MAX_RESPONSE_BYTES = 5_900_000
"""The largest body, in bytes of a JSON string: a Lambda function returns at most 6 MB, including the envelope."""


class ListParameters(Input):
    """The parameters of every list."""

    place: ClassVar[str] = ""

    limit: int = Field(default=50, ge=1, le=MAX_LIMIT, description="Rows per page.")
    cursor: str | None = Field(default=None, max_length=4096, description="The `next_cursor` of the previous page.")


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    data: list[Item]
    next_cursor: str | None = Field(description="Pass it as `cursor` to get the next page. Null on the last page.")
    has_more: bool


@dataclass(frozen=True)
class RenderedPage:
    """One page whose rows PostgreSQL rendered as JSON: 2.6 to 4 times the throughput of serialising them in Python."""

    data: str
    """A JSON array."""
    next_cursor: str | None
    more: Mapping[str, str] = field(default_factory=dict)
    """Further members of the response. The values are JSON."""


NEWEST: Mapping[str, None] = {"after_time": None, "after_id": None}
BY_NAME: Mapping[str, None] = {"after_name": None, "after_id": None}
BY_ID: Mapping[str, None] = {"after_id": None}
"""Sort orders of lists, as the query parameters of the first page: it begins after no row."""


def list_page(
    name: str,
    query: Callable[..., Iterable[Mapping[str, Any]]],
    tx: Transaction,
    filters: ListParameters,
    order: Mapping[str, None],
    **parameters: Any,
) -> RenderedPage:
    """One page of the rows of a query. `parameters` are further parameters of the query. Raises BadCursor."""
    request = list_request(name, filters, **parameters)
    after = {**order, **decode(filters.cursor, request)}
    rows = query(tx, **filters.model_dump(exclude={"cursor"}), **parameters, **after)
    return render(rows, filters.limit, request)


def list_request(name: str, filters: BaseModel, **parameters: Any) -> dict[str, Any]:
    """The name of a list with its filters, without limit and cursor. A cursor is only valid for the same request."""
    return filters.model_dump(mode="json", exclude={"limit", "cursor"}) | parameters | {"list": name}


def render(rows: Iterable[Mapping[str, Any]], limit: int, request: Mapping[str, Any], **more: str) -> RenderedPage:
    """The page of a query's rows. The query returns one row more than `limit` if there is another page.

    A row is its `item` as JSON, and the keys at which the next page begins. `more` are further members, as JSON.
    """
    page = list(rows)
    cursor = None
    if len(page) > limit:
        page = page[:limit]
        cursor = encode({key: value for key, value in page[-1].items() if key != "item"}, request)
    return RenderedPage(f"[{','.join([row['item'] for row in page])}]", cursor, more)


def body(page: RenderedPage) -> tuple[str, str | None]:
    """The response body of a page, `{data, next_cursor, has_more}` with its further members, and its cursor.

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
    if len(text) > MAX_RESPONSE_BYTES // 8 and _bytes_as_json(text) > MAX_RESPONSE_BYTES:
        raise PageTooLarge(errors=[FieldError(pointer="limit", detail="is too high for rows of this size")])
    return text, cursor


def _bytes_as_json(text: str) -> int:
    """The size of a text inside a JSON string: quotes and backslashes are escaped."""
    return len(text.encode()) + text.count('"') + text.count("\\")


def encode(last: Mapping[str, Any], request: Mapping[str, Any]) -> str:
    """The cursor of the page after the row with the keys `last`."""
    content = json.dumps({"l": dict(last), "q": digest(request)}, separators=(",", ":"), default=str).encode()
    return signing.sign("cursor", content)


def decode(cursor: str | None, request: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of the last row of the previous page. Empty without a cursor. Raises BadCursor."""
    if cursor is None:
        return {}
    content = signing.unsign("cursor", cursor)
    if content is None:
        raise BadCursor
    values = json.loads(content)
    if values["q"] != digest(request):
        raise BadCursor(
            "The filters or the sort order have changed since this cursor was issued. Start without a cursor."
        )
    last: dict[str, Any] = values["l"]
    return last


def next_link(path: str, query: Mapping[str, Any], cursor: str) -> str:
    """The value of a `Link` header to the next page (RFC 8288)."""
    encoded = urlencode({key: value for key, value in query.items() if value is not None} | {"cursor": cursor})
    return f'<{path}?{encoded}>; rel="next"'
