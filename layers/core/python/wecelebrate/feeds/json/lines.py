"""Reads the result of a bulk operation of Shopify: NDJSON in which a line names its parent object.

    {"id": "gid://shopify/Product/1", "title": "Mug"}
    {"id": "gid://shopify/ProductVariant/2", "sku": "MUG-1", "__parentId": "gid://shopify/Product/1"}

Source: shopify.dev, "Perform bulk operations with the GraphQL Admin API". An object comes after its parent, but other
objects can be between them. Therefore the file is read twice. The first pass writes the lines with a parent to an
SQLite database in a temporary file, and the second pass adds them to their products. Memory use does not grow with the
size of the file.
"""

import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from wecelebrate.feeds.files.csv_rows import MAX_RECORD_LENGTH

PARENT = "__parentId"
MAX_DEPTH = 3
MAX_CHILDREN = 5_000
"""The maximum number of lines of one product. Shopify allows 2,048 variants."""
BATCH_SIZE = 1_000
CHUNK = 1 << 20

_LIST_OF_TYPE = {
    "ProductVariant": "variants", "MediaImage": "images", "ProductImage": "images", "Image": "images",
    "Metafield": "metafields",
}  # fmt: skip

Line = tuple[int, Any]
"""The number of a line, and its JSON value. The value of a product with too many lines is a TooManyLines."""


class TooManyLines(Exception):
    """A product has more lines than can be read at once."""


def is_bulk_result(text: io.TextIOWrapper) -> bool:
    """Return whether any line of the file names its parent. Only IDs of Shopify are recognised."""
    start = text.read(CHUNK)
    if "gid://shopify/" not in start.partition("\n")[0]:
        return False
    rest = ""
    while start:
        if f'"{PARENT}"' in rest + start:
            return True
        rest, start = start[-len(PARENT) - 2 :], text.read(CHUNK)
    return False


class BulkResult:
    """Adds the lines of a bulk result to their products.

    `lines` reads the file. Each object that it yields is a line of the file.
    """

    def __init__(self, lines: Callable[[], Iterator[Line]]) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[Line]:
        """Yield the products with their variants and images, and lines whose parent is not in the file."""
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        try:
            self._store()
            for number, value in self._lines():
                if not isinstance(value, dict) or PARENT not in value:
                    yield number, self._product(value, 0)
            yield from self._orphans()
        finally:
            self._database.close()

    def _store(self) -> None:
        self._database.executescript(
            "pragma journal_mode = off; pragma synchronous = off; begin;"
            "create table children (parent text, id text, line integer, value text);"
        )
        batch: list[tuple[str, str, int, str]] = []
        for number, value in self._lines():
            if isinstance(value, dict) and PARENT in value:
                batch.append((str(value[PARENT]), str(value.get("id", "")), number, json.dumps(value)))
                if len(batch) >= BATCH_SIZE:
                    self._insert(batch)
        self._insert(batch)
        self._database.execute("create index by_parent on children (parent)")

    def _insert(self, batch: list[tuple[str, str, int, str]]) -> None:
        self._database.executemany("insert into children values (?, ?, ?, ?)", batch)
        batch.clear()

    def _product(self, value: Any, depth: int) -> Any:
        self._size = 0
        try:
            return self._complete(value, depth)
        except TooManyLines as error:
            return error

    def _complete(self, value: Any, depth: int) -> Any:
        """Add the lines that belong to the object, and remove them from the database. Raises TooManyLines."""
        if not isinstance(value, dict) or depth >= MAX_DEPTH or not isinstance(parent := value.get("id"), str):
            return value
        query = "select value from children where parent = ? order by rowid"
        children: list[tuple[str]] = []
        for row in self._database.execute(query, (parent,)):
            children.append(row)
            self._size += len(row[0])
            if len(children) > MAX_CHILDREN or self._size > MAX_RECORD_LENGTH:
                self._database.execute("delete from children where parent = ?", (parent,))
                raise TooManyLines(
                    f"more than {MAX_CHILDREN:,} lines or {MAX_RECORD_LENGTH:,} characters belong to {parent}"
                )
        if children:
            self._database.execute("delete from children where parent = ?", (parent,))
        value = dict(value)
        for (text,) in children:
            child = json.loads(text)
            name = _list_name(child)
            if not isinstance(value.get(name), list):
                value[name] = []
            value[name].append(self._complete(child, depth + 1))
        return value

    def _orphans(self) -> Iterator[Line]:
        """Yield the variants whose product is not in the file, each as a product with one variant."""
        query = "select line, value from children where parent not in (select id from children) order by rowid"
        # While this query runs, the code deletes only lines that belong to the lines in its result.
        for number, text in self._database.execute(query):
            child = json.loads(text)
            if _list_name(child) == "variants":
                variant = self._product(child, 1)
                yield number, variant if isinstance(variant, TooManyLines) else {"variants": [variant]}


def _list_name(child: dict[str, Any]) -> str:
    """Return the name of the list to which a line belongs: by the type in its ID, or by its keys."""
    parts = str(child.get("id", "")).split("/")
    if len(parts) > 3:
        return _LIST_OF_TYPE.get(parts[3], parts[3][:1].lower() + parts[3][1:] + "s")
    if "sku" in child or "selectedOptions" in child or "price" in child:
        return "variants"
    return "images" if any(key in child for key in ("url", "src", "originalSrc", "image")) else "others"
