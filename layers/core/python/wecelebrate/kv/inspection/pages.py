"""Inspects the documents of the store, page by page."""

import json
import zlib
from typing import Any

from wecelebrate.core import signing
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import BadCursor
from wecelebrate.core.pages import ListParameters, RenderedPage
from wecelebrate.kv.inspection.documents import inspect

sql = queries(__file__)

MAX_VALUE_BYTES = 4_000_000
"""The values of a page have at most this many bytes, unless the page has only one document."""
MAX_ENTRIES = 100_000
"""The entries of the lists of a page. An entry has 16 bytes in a response, which can have 5.9 MB."""
_CURSOR = "kv documents"


class InspectionParameters(ListParameters):
    """The query parameters of the list of inspected documents."""


def page(tx: Transaction, parameters: InspectionParameters) -> RenderedPage:
    """Inspect the next documents, in the order of their keys. Raises Forbidden unless the caller is an admin.

    The documents of secrets, logs and unknown families are not read. If the lists of a page have more entries than
    MAX_ENTRIES, the last list continues on the next page.
    """
    start, first_entry = _position(parameters.cursor)
    rows = sql.list_documents(
        tx,
        start=start,
        inclusive=first_entry > 0,
        max_rows=parameters.limit + 1,
        max_bytes=MAX_VALUE_BYTES,
    )
    items: list[str] = []
    entries = MAX_ENTRIES
    last: tuple[str, int] | None = None
    for row in rows:
        if row["value"] is None or len(items) == parameters.limit or not entries:  # another document follows
            return RenderedPage(f"[{','.join(items)}]", _cursor(last))
        if row["key"] != start:
            first_entry = 0
        end = first_entry + entries
        part = slice(first_entry, end + 1)  # with the next entry, which shows whether the list goes on
        document = inspect(row["key"], row["family"], row["meaning"], row["value"], part)
        goes_on = len(document.entries) > entries
        document.entries = document.entries[:entries]
        items.append(document.model_dump_json())
        if goes_on:
            return RenderedPage(f"[{','.join(items)}]", _cursor((row["key"], end)))
        entries -= len(document.entries)
        last, first_entry = (row["key"], 0), 0
    return RenderedPage(f"[{','.join(items)}]", None)


def _cursor(last: tuple[str, int] | None) -> str | None:
    """Return the cursor after a document, or inside a list. A key can have 1,024 control characters: compress it."""
    return last and signing.sign(_CURSOR, zlib.compress(json.dumps(last, ensure_ascii=False).encode()))


def _position(cursor: str | None) -> tuple[str, int]:
    """Return the key after which the page begins, or the key of a list and the number of its next entry."""
    if cursor is None:
        return "", 0
    content = signing.unsign(_CURSOR, cursor)
    if content is None:
        raise BadCursor
    position: list[Any] = json.loads(zlib.decompress(content))
    return position[0], position[1]
