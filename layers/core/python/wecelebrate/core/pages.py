"""Pages of a list: keyset pagination with an opaque, signed cursor.

A cursor contains two things: the sort keys of the last row on the previous page, and a digest of the name and the
filters of the list. A request that uses the cursor with another list or with other filters is refused.
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
"""The maximum number of rows on a page."""
MAX_RESPONSE_BYTES = 5_900_000
"""The maximum size of a response body, in bytes, after the body is encoded as a JSON string.

A Lambda function can return at most 6 MB. These 6 MB include the JSON around the body.
"""


class ListParameters(Input):
    """The query parameters that every list accepts."""

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
    """One page of a list. PostgreSQL has rendered the rows as JSON.

    The throughput is 2.6 to 4 times as high as if Python serialised the rows.
    """

    data: str
    """The rows, as a JSON array."""
    next_cursor: str | None
    """The cursor of the next page. None on the last page."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Additional members of the response. Each value is JSON."""


NEWEST: Mapping[str, None] = {"after_time": None, "after_id": None}
BY_NAME: Mapping[str, None] = {"after_name": None, "after_id": None}
BY_ID: Mapping[str, None] = {"after_id": None}
"""The sort orders of lists. The keys of each mapping are the query parameters for the sort keys. All values are None,
which means the first page."""


def list_page(
    name: str,
    query: Callable[..., Iterable[Mapping[str, Any]]],
    tx: Transaction,
    filters: ListParameters,
    order: Mapping[str, None],
    **parameters: Any,
) -> RenderedPage:
    """Run a query and return one page of its rows. `parameters` are additional parameters of the query.

    Raises BadCursor.
    """
    request = list_request(name, filters, **parameters)
    after = {**order, **decode(filters.cursor, request)}
    rows = query(tx, **filters.model_dump(exclude={"cursor"}), **parameters, **after)
    return render(rows, filters.limit, request)


def list_request(name: str, filters: BaseModel, **parameters: Any) -> dict[str, Any]:
    """Return a dict with the name and the filters of a list, but without the parameters `limit` and `cursor`.

    A cursor is only valid for a request with the same name and filters.
    """
    return filters.model_dump(mode="json", exclude={"limit", "cursor"}) | parameters | {"list": name}


def render(rows: Iterable[Mapping[str, Any]], limit: int, request: Mapping[str, Any], **more: str) -> RenderedPage:
    """Build a page from the rows of a query. The query returns one row more than `limit` if there is another page.

    Each row has the column `item`, which is JSON, and the columns of the sort keys. The cursor contains the sort keys
    of the last row on the page. `more` contains additional members of the response, as JSON.
    """
    page = list(rows)
    cursor = None
    if len(page) > limit:
        page = page[:limit]
        cursor = encode({key: value for key, value in page[-1].items() if key != "item"}, request)
    return RenderedPage(f"[{','.join([row['item'] for row in page])}]", cursor, more)


def body(page: RenderedPage) -> tuple[str, str | None]:
    """Return the response body of a page, and the cursor of the next page.

    The body is `{data, next_cursor, has_more}` and the additional members of the page. Raises PageTooLarge.
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
        detail = "is too high for rows of this size. Use a lower limit"
        raise PageTooLarge(errors=[FieldError(pointer="limit", detail=detail)])
    return text, cursor


def _bytes_as_json(text: str) -> int:
    """Return the size of a text inside a JSON string, in bytes. A JSON string escapes quotes and backslashes."""
    return len(text.encode()) + text.count('"') + text.count("\\")


def encode(last: Mapping[str, Any], request: Mapping[str, Any]) -> str:
    """Return the cursor of the page that begins after the row with the sort keys `last`."""
    content = json.dumps({"l": dict(last), "q": digest(request)}, separators=(",", ":"), default=str).encode()
    return signing.sign("cursor", content)


def decode(cursor: str | None, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sort keys of the last row on the previous page. The result is empty if `cursor` is None.

    Raises BadCursor.
    """
    if cursor is None:
        return {}
    content = signing.unsign("cursor", cursor)
    if content is None:
        raise BadCursor
    values = json.loads(content)
    if values["q"] != digest(request):
        raise BadCursor(
            "This cursor was issued for other filters or another sort order. Request the first page without a cursor."
        )
    last: dict[str, Any] = values["l"]
    return last


def next_link(path: str, query: Mapping[str, Any], cursor: str) -> str:
    """Return the value of the `Link` header that points to the next page (RFC 8288)."""
    encoded = urlencode({key: value for key, value in query.items() if value is not None} | {"cursor": cursor})
    return f'<{path}?{encoded}>; rel="next"'
