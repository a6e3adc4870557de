"""Inspects the documents of the store, page by page."""

import json
import zlib
from typing import Any

from wecelebrate.core import signing
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import BadCursor
from wecelebrate.core.pages import ListParameters, RenderedPage
from wecelebrate.kv.inspection.documents import inspect, inspect_list, inspect_listed, token_of
from wecelebrate.kv.inspection.lists import documents_in, entity_of, items_of
from wecelebrate.kv.models import InspectedDocument

sql = queries(__file__)

MAX_VALUE_BYTES = 4_000_000
"""The maximum total size of the values of a page, in bytes. A page with only one document can be larger."""
MAX_ENTRIES = 100_000
"""The maximum number of list entries on a page. An entry needs 16 bytes in a response of at most 5.9 MB."""
_CURSOR = "kv documents"
_Position = tuple[str, int, int]
"""The key of a document or a list. For a list, also the number of the next entry and the number of the next
document."""


class InspectionParameters(ListParameters):
    """The query parameters of the list of inspected documents."""


def page(tx: Transaction, parameters: InspectionParameters) -> RenderedPage:
    """Inspect the next documents, in the order of their keys. Raises Forbidden unless the caller is an admin.

    The documents of secrets, logs and unknown families are not read. After a list, the page contains the documents in
    this list. If the lists of a page have more entries than MAX_ENTRIES, the last list continues on the next page.
    """
    start, first_entry, first_document = _position(parameters.cursor)
    rows = sql.list_documents(
        tx,
        start=start,
        inclusive=first_entry > 0 or first_document > 0,
        max_rows=parameters.limit + 1,
        max_bytes=MAX_VALUE_BYTES,
    )
    result = _Page(parameters.limit)
    last: _Position | None = None
    for row in rows:
        if row["value"] is None or result.is_full:  # There is a further document.
            return result.rendered(tx, last)
        if row["key"] != start:
            first_entry, first_document = 0, 0
        if row["meaning"] == "list":
            rest = result.add_list(row["key"], row["family"], row["value"], first_entry, first_document)
            if rest is not None:
                return result.rendered(tx, rest)
        else:
            result.add(inspect(row["key"], row["family"], row["meaning"], row["value"]))
        last = (row["key"], 0, 0)
    return result.rendered(tx, None)


class _Page:
    def __init__(self, limit: int) -> None:
        self.limit, self.entries, self.bytes = limit, MAX_ENTRIES, 0
        self.documents: list[InspectedDocument] = []

    @property
    def is_full(self) -> bool:
        return len(self.documents) == self.limit or self.entries <= 0 or self.bytes > MAX_VALUE_BYTES

    def add(self, document: InspectedDocument) -> None:
        self.documents.append(document)
        self.bytes += 12 * len(document.key) + 600  # A control character of a key needs 12 bytes.

    def add_list(self, key: str, family: str, value: str, first_entry: int, first_document: int) -> "_Position | None":
        """Add a list, and its documents. Returns where the next page continues, or None if the list is complete.

        `first_document` is the number of the next document, counted from 1. It is 0 if the page must first add further
        entries of the list.
        """
        items = items_of(value)
        if first_document == 0:
            end = first_entry + self.entries
            document = inspect_list(key, family, items, slice(first_entry, end))
            self.add(document)
            self.entries -= len(document.entries)
            if len(items) > end and document.lists:
                return (key, end, 0)
        for number, listed in enumerate(documents_in(key, items) if entity_of(key) else (), 1):
            if number >= first_document:
                if self.is_full:
                    return (key, 0, number)
                self.add(inspect_listed(key, family, listed))
        return None

    def rendered(self, tx: Transaction, position: "_Position | None") -> RenderedPage:
        """Return the page. For each gift, it contains the catalog of the product to which the gift was mapped."""
        gifts = {document.key: document for document in self.documents if document.entity == "product"}
        for row in sql.list_catalogs_of_products(tx, keys=list(gifts)) if gifts else ():
            gifts[row["key"]].references["row_catalog"] = token_of(row["catalog"])
        return RenderedPage(f"[{','.join(each.model_dump_json() for each in self.documents)}]", _cursor(position))


def _cursor(last: _Position | None) -> str | None:
    """Return the cursor after a document, or inside a list.

    The cursor is compressed, because a key can have 1,024 control characters.
    """
    return last and signing.sign(_CURSOR, zlib.compress(json.dumps(last, ensure_ascii=False).encode()))


def _position(cursor: str | None) -> _Position:
    """Return the key after which the page begins. If the page begins inside a list, return the key and the position in
    the list.
    """
    if cursor is None:
        return "", 0, 0
    content = signing.unsign(_CURSOR, cursor)
    if content is None:
        raise BadCursor
    position: list[Any] = json.loads(zlib.decompress(content))
    return position[0], position[1], position[2]
