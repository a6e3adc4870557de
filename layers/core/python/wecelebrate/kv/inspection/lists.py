"""Reads the ids and the whole documents in the lists of the store.

The key of a document in a list is computed from the key of the list and the id of the document, as in `kv.key_in_list`.
This module does not use the functions of the database, so that the inspection can detect errors of the mapping.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from wecelebrate.kv.inspection.fields import decode, text_of
from wecelebrate.kv.models import Entity

_COMPLETE: dict[str, Entity] = {
    "clients": "client", "sites": "site", "catalogs": "catalog", "gifts": "product", "orders": "order",
}  # fmt: skip
"""Lists of all records of an entity, e.g. `gifts:all`."""
_PARTIAL: dict[str, Entity] = {
    "catalog_gifts": "product", "catalog_index": "catalog", "user_orders": "order", "order_index": "order",
}  # fmt: skip
"""Lists of some records of an entity, e.g. of the gifts of a catalog."""
MAX_ID_LENGTH = 200


class ListedDocument(NamedTuple):
    """A whole document in a list."""

    key: str
    """The computed key."""
    stated: str
    """The id in the fields of the document, or "" if the document has no id."""
    document: dict[str, Any]


def entity_of(key: str) -> Entity | None:
    """Return the entity whose ids or documents a list contains. For a list of other things, return None."""
    head, colon, rest = key.partition(":")
    return _COMPLETE.get(head) if rest == "all" else _PARTIAL.get(head) if colon else None


def items_of(value: str) -> list[Any]:
    """Return the items of a list. If the value is not a list, return no items."""
    try:
        items = decode(value)
        if isinstance(items, str):
            items = decode(items)
    except ValueError:
        return []
    return [_decoded(item) for item in items] if isinstance(items, list) else []


def _decoded(item: Any) -> Any:
    if isinstance(item, str) and item.lstrip().startswith("{"):
        try:
            return decode(item)
        except ValueError:
            return item
    return item


def is_whole(item: Any) -> bool:
    """Return whether an item is a whole document: an object with more fields than its id and its revision."""
    return isinstance(item, dict) and bool(item.keys() - {"id", "_rev"})


def entry_of(item: Any) -> str | None:
    """Return the id of an item. If the item is a document without an id, return None."""
    if isinstance(item, dict) and (stated := text_of(item, "id")):
        return stated
    if is_whole(item):
        return None
    return item if isinstance(item, str) else json.dumps(None if isinstance(item, dict) else item, default=str)


def documents_in(key: str, items: list[Any]) -> Iterator[ListedDocument]:
    """Yield the documents of a list. Of several equal documents, only the first is yielded."""
    contents: dict[str, set[str]] = {}
    for item in items:
        if is_whole(item):
            stated = text_of(item, "id")
            copies = contents.setdefault(stated, set())
            if (content := canonical(item)) not in copies:
                copies.add(content)
                yield ListedDocument(_key(key, stated, len(copies)), stated, item)


def _key(key: str, stated: str, copy: int) -> str:
    is_plain = "::" not in f":{stated}:" and "::" not in f"{key}:"
    if stated and len(stated) <= MAX_ID_LENGTH and len(key) <= 500 and is_plain:
        return f"{key}::{stated}" + (f"::{copy}" if copy > 1 else "")
    text = json.dumps([key, stated or None, copy], ensure_ascii=False)
    return f"{key[:500]}:::{sha256(text.encode(errors='surrogatepass')).hexdigest()}"


def canonical(document: Any) -> str:
    """Return a text that is the same for all documents that the database treats as equal.

    If the document is nested too deeply, return "".
    """
    try:
        return json.dumps(document, sort_keys=True, default=_plain)
    except RecursionError:
        return ""


def _plain(number: Decimal) -> int | str:
    if abs(number) < 10**15 and number == number.to_integral_value():
        return int(number)
    return str(number.normalize() if len(number.as_tuple().digits) < 28 else number)
