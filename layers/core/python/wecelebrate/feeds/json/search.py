"""Finds the list of products in a JSON file, and the texts and numbers around this list."""

import io
import re
from typing import Any

from wecelebrate.feeds.files.csv_rows import MAX_COLUMNS
from wecelebrate.feeds.files.encoding import TextFile
from wecelebrate.feeds.items import UnreadableFeed, quoted
from wecelebrate.feeds.json.keyed import are_products, is_product, key_column
from wecelebrate.feeds.json.records import InvalidJson
from wecelebrate.feeds.json.scanner import Scanner, decoder, key_of_member
from wecelebrate.feeds.json.tabular import are_rows, names_of_columns

PREVIEW = 3
"""This many members of an object are read to decide whether the members are products."""
MAX_DEPTH = 3
"""The maximum number of objects around the list of products."""
OTHER_LISTS = re.compile(
    r"delet|remov|discontinu|archiv|inactiv|obsolet|relat|recommend|bestsell|upsell|cross|accessor|similar|error|warning|"
    r"failed|history|previous|old|gelöscht|ausgelaufen|geloescht|supprim|elimin|verwijder|order|customer"
)
"""Names of lists whose items are not products to sell."""
_KEYED: frozenset[str] = frozenset()
"""Stands for the keys of lists in a search for an object whose members are the products."""
_ROWS = frozenset(("[",))
"""Stands for the keys of lists in a search for a list of names, and a list of rows with as many values."""
_LIKELY = frozenset(("",))
"""Stands for the keys of lists in a search for any list whose first object has an article number."""

# The usual keys of the list of products. A list of objects under such a key is preferred to other lists.
LIST_KEYS = frozenset(
    (
        "products",
        "product",
        "items",
        "data",
        "articles",
        "artikel",
        "records",
        "rows",
        "results",
        "catalog",
        "entries",
        "value",
        "edges",
        "nodes",
    )
)
# The usual keys of lists inside a product. A list under such a key is never the list of products.
NESTED_LIST_KEYS = frozenset(
    ("variants", "variations", "images", "options", "media", "prices", "tags", "links", "errors", "categories")
)


class ListSearch:
    """The search for the list of products in a JSON file. After `find`, the attributes describe the list."""

    def __init__(self, text: TextFile) -> None:
        self._text = text
        self.may_follow: tuple[str, ...] = ("",)
        """The characters that can follow the list. An empty text means the end of the file."""
        self.end, self.key_column, self.list_name, self.depth = "]", "", "", 0
        """The end of the list, the column of the keys of an object of products, the key of the list, and its depth."""
        self.names: list[str] = []
        """The names of the values of a row, if the products are lists of values."""
        self.members: dict[str, str] = {}
        """The texts and numbers around the list of products, by their paths."""

    def find(self) -> Scanner | None:
        """Find the list of products, and return a scanner at its first record.

        The list is the whole file, or a list under a key in LIST_KEYS, or any other list of objects. Returns None if
        the file has no list of objects.
        """
        self.may_follow = ("",)
        self.end, self.key_column, self.list_name, self.depth = "]", "", "", 0
        scanner = Scanner(self._text.open())
        if scanner.skip("["):
            if scanner.peek() not in ("{", "]"):
                raise UnreadableFeed(
                    "the JSON list contains values that are not objects; it must be a list of products, each an object"
                )
            return scanner
        self.may_follow = (",", "}")
        problem: InvalidJson | None = None
        for list_keys in (LIST_KEYS, _KEYED, _LIKELY, _ROWS, None):
            self.names = []
            try:
                self.members = last_members(self._text)
                scanner = Scanner(self._text.open())
                if self._descend(scanner, list_keys, 0):
                    return scanner
            except InvalidJson as error:
                problem = problem or error
            if problem and list_keys is not LIST_KEYS:  # the file can end inside an object of products
                raise UnreadableFeed(f"the file is not valid JSON: {problem}") from problem
        return None

    def _descend(  # noqa: PLR0912  (a case for each kind of value)
        self, scanner: Scanner, list_keys: frozenset[str] | None, depth: int, path: str = ""
    ) -> bool:
        """Search for the list of products in the object that starts at the scanner's position.

        If the object contains the list, the result is True, and the scanner is at the first record.
        """
        if not scanner.skip("{"):
            raise InvalidJson(f"an object is missing at {quoted(scanner.rest())}")
        if list_keys is _KEYED and self._is_keyed(scanner, depth):
            return True
        if scanner.skip("}"):
            return False
        while True:
            key = key_of_member(scanner)
            name = key.casefold()
            if list_keys is _ROWS and scanner.peek() == "[":
                if self._begins_rows(scanner, name, depth):
                    return True
            elif scanner.skip("["):
                is_any = list_keys is None or list_keys is _LIKELY
                is_list_key = name not in NESTED_LIST_KEYS if is_any else name in (list_keys or ())
                if is_list_key and scanner.peek() == "{" and (list_keys is not _LIKELY or is_product(preview(scanner))):
                    self.list_name, self.depth = name, depth + 1
                    return True
                skip_list(scanner)
            elif scanner.peek() == "{" and depth < MAX_DEPTH and name not in NESTED_LIST_KEYS:
                before = dict(self.members)
                if self._descend(scanner, list_keys, depth + 1, f"{path}{key}."):
                    return True
                if name not in META_KEYS:  # for example `shipping`
                    self.members = before
            else:
                _add_member(self.members, path + key, scanner.value())
            if scanner.skip("}"):
                return False
            if not scanner.skip(","):
                raise InvalidJson(f"a comma or }} is missing at {quoted(scanner.rest())}")

    def _begins_rows(self, scanner: Scanner, name: str, depth: int) -> bool:
        """Return whether the next list has rows for the names that were read. If not, read the list as names."""
        if self.names and are_rows(scanner, self.names):
            self.list_name, self.depth = name, depth + 1
            return True
        self.names = names_of_columns(scanner) or self.names
        return False

    def _is_keyed(self, scanner: Scanner, depth: int) -> bool:
        """Return whether the values of the object at the scanner's position are products. The scanner does not move."""
        members: list[tuple[str, Any]] = []
        scanner.mark()
        try:
            while len(members) < PREVIEW and (not members or scanner.skip(",")):
                key = key_of_member(scanner)
                if scanner.peek() != "{":
                    break
                members.append((key, scanner.value()))
        except InvalidJson:
            pass  # the file can end too early
        scanner.go_back()
        if not are_products(members):
            return False
        self.end, self.key_column = "}", key_column(members)
        self.may_follow = (",", "}") if depth else ("",)
        return True


META_KEYS = frozenset((
    "meta", "metadata", "info", "header", "settings", "config", "shop", "store", "catalog", "feed", "context",
    "pricing", "currency", "prices",
))  # fmt: skip
"""Objects beside the list of products that describe the whole file."""
MAX_MEMBER_LENGTH = 100
TAIL = 4096
"""This many bytes at the end of the file are searched for members after the list."""


def _add_member(members: dict[str, str], name: str, value: Any) -> None:
    if isinstance(value, bool | str) and len(str(value)) <= MAX_MEMBER_LENGTH and len(members) < MAX_COLUMNS:
        members[name] = str(value)


def last_members(text: TextFile) -> dict[str, str]:
    """Return the texts and numbers that follow the list of products, as in `...], "currency": "EUR"}`."""
    size = text.file.seek(0, io.SEEK_END)
    text.file.seek(max(0, size - TAIL))
    tail = text.file.read().decode(text.encoding, "replace")
    for match in re.finditer(r"\]\s*,", tail):
        try:
            value, end = decoder.raw_decode("{" + tail[match.end() :])
        except (ValueError, RecursionError):
            continue
        if not tail[match.end() + end - 1 :].strip(" \t\r\n}\x1a") and isinstance(value, dict):
            members: dict[str, str] = {}
            for name, part in value.items():
                inner = part.items() if isinstance(part, dict) and name.casefold() in META_KEYS else ()
                for path, member in ((name, part), *((f"{name}.{key}", member) for key, member in inner)):
                    _add_member(members, path, member)
            return members
    return {}


def preview(scanner: Scanner) -> Any:
    """Return the next value without moving the scanner."""
    scanner.mark()
    try:
        return scanner.value()
    finally:
        scanner.go_back()


def skip_list(scanner: Scanner) -> None:
    while not scanner.skip("]"):
        scanner.value()
        if not scanner.skip(",") and scanner.peek() != "]":
            raise InvalidJson(f"a comma or ] is missing at {quoted(scanner.rest())}")
