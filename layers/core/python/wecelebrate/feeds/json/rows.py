"""Reads the records of a JSON or NDJSON file one at a time, and flattens each record to columns.

The decoder of the standard library parses one record at a time. With an event parser such as ijson, this module would
not have to handle chunks. But ijson is not faster, and ijson has three faults:

- It reads a lone surrogate as "?".
- It raises a SystemError for a number with 5,000 digits.
- It needs 600 MB of memory for 16,000 opening brackets, because it stores the path to each bracket.
"""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

from wecelebrate.feeds.files.csv_rows import MAX_CELL_LENGTH, MAX_COLUMNS, MAX_RECORD_LENGTH
from wecelebrate.feeds.files.encoding import TextFile
from wecelebrate.feeds.files.formats import Format
from wecelebrate.feeds.items import Record, Records, Rejected, UnreadableFeed, quoted
from wecelebrate.feeds.json.keyed import are_products, is_product, key_column, with_key
from wecelebrate.feeds.json.lines import BulkResult, TooManyLines, is_bulk_result
from wecelebrate.feeds.json.records import InvalidJson, records_of
from wecelebrate.feeds.json.scanner import Scanner, decoder, key_of_member, problem_of
from wecelebrate.feeds.json.tabular import are_rows, named_row, names_of_columns

PREVIEW = 3
"""How many members of an object are read to see whether they are products."""
MAX_DEPTH = 3
"""How many objects around the list of products are searched."""
OTHER_LISTS = re.compile(
    r"delet|remov|discontinu|archiv|inactiv|obsolet|relat|recommend|bestsell|upsell|cross|accessor|similar|error|warning|"
    r"failed|history|previous|old|gelöscht|ausgelaufen|geloescht|supprim|elimin|verwijder|order|customer"
)
"""Names of lists whose items are not products to sell."""
_KEYED: frozenset[str] = frozenset()
"""A value instead of the keys of lists: search for an object whose members are the products."""
_ROWS = frozenset(("[",))
"""Another value instead of the keys of lists: search for a list of names, and a list of rows with as many values."""
_LIKELY = frozenset(("",))
"""Another value instead of the keys of lists: search for a list under any key, whose first object has an article
number."""

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


class JsonRows:
    """Iterates over `(number, records)`. A JSON object becomes one record, or one record for each of its variants.

    `number` is the number of the object in the list, or the line number in NDJSON. A value that is not an object is
    rejected. If the list is incomplete, the last item is a Rejected that says where the list ends. `ended_cleanly` is
    then False.
    """

    def __init__(self, text: TextFile, file_format: Format) -> None:
        self._text, self._format = text, file_format
        self.ended_cleanly = True
        self._may_follow: tuple[str, ...] = ("",)
        self._end, self._key_column, self._list_name, self._depth = "]", "", "", 0
        self._names: list[str] = []
        """The names of the values of a row, if the products are lists of values."""
        self.members: dict[str, str] = {}
        """The texts and numbers around the list of products, by their paths. Complete after the first record."""

    def __iter__(self) -> Iterator[Records | Rejected]:
        if self._format != "ndjson":
            return self._records_of_list()
        return self._bulk_records() if is_bulk_result(self._text.open()) else self._records_of_lines()

    def _bulk_records(self) -> Iterator[Records | Rejected]:
        """Yield the products of a bulk result, and then the lines that are not valid."""

        def lines() -> Iterator[tuple[int, Any]]:
            return (line for line in self._lines() if not isinstance(line, Rejected))

        for number, value in BulkResult(lines):
            if isinstance(value, TooManyLines):
                yield _rejected(number, f"line {number}: {value}", "too_long", "")
                continue
            try:
                yield number, records_of(value)
            except InvalidJson as error:
                yield _rejected(number, f"line {number}: {error}", "bad_json", json.dumps(value)[:1_000])
        yield from (line for line in self._lines() if isinstance(line, Rejected))

    def _records_of_lines(self) -> Iterator[Records | Rejected]:
        for line in self._lines():
            if isinstance(line, Rejected):
                yield line
                continue
            number, value = line
            try:
                yield number, records_of(value)
            except InvalidJson as error:
                raw = value if isinstance(value, str) else json.dumps(value)
                yield _rejected(
                    number, f"line {number} is not a JSON object: {error}", "bad_json", raw[:MAX_CELL_LENGTH]
                )

    def _lines(self) -> Iterator[tuple[int, Any] | Rejected]:
        """Yield the number and the value of each line that is not blank."""
        reader = self._text.open()
        number = 0
        while line := reader.readline(MAX_RECORD_LENGTH + 1):
            number += 1
            if len(line) > MAX_RECORD_LENGTH:
                start = line[:200]
                while line and line[-1] not in "\r\n":
                    line = reader.readline(MAX_RECORD_LENGTH)
                yield _rejected(
                    number, f"line {number} is longer than {MAX_RECORD_LENGTH:,} characters", "too_long", start
                )
                continue
            content = line.strip(" \t\r\n\ufeff\x1a")
            if not content:
                continue
            try:
                value, end = decoder.raw_decode(content)
                if content[end:].strip(" ,"):
                    raise InvalidJson(f"other text follows the object: {quoted(content[end:].strip())}")
            except (ValueError, RecursionError, InvalidJson) as error:
                problem = "it is nested too deeply" if isinstance(error, RecursionError) else problem_of(error, content)
                yield _rejected(
                    number, f"line {number} is not a JSON object: {problem}", "bad_json", content[:MAX_CELL_LENGTH]
                )
                continue
            yield number, value

    def _records_of_list(self) -> Iterator[Records | Rejected]:
        scanner = self._find_list()
        if scanner is None:
            yield 1, self._single_product()
            return
        number = 0
        if not scanner.skip(self._end):
            while True:
                number += 1
                try:
                    value = self._next(scanner)
                except InvalidJson as error:
                    yield self._stopped(number, f"record {number} cannot be read: {error}")
                    return
                try:
                    yield number, records_of(value)
                except InvalidJson as error:
                    yield _rejected(number, f"record {number}: {error}", "bad_json", json.dumps(value)[:1_000])
                if scanner.skip(self._end):
                    if self._continues(scanner, value):
                        continue
                    break
                if not scanner.skip(","):
                    where = f"before {quoted(scanner.rest())}" if scanner.peek() else "at the end of the file"
                    yield self._stopped(number + 1, f"after record {number} a comma or {self._end} is missing {where}")
                    return
        if scanner.peek() not in self._may_follow:
            end = f"{quoted(scanner.rest())} follows its end" if scanner.peek() else "the file ends too early after it"
            yield self._stopped(number + 1, f"the list of {number} records is complete, but {end}")

    def _continues(self, scanner: Scanner, last: Any) -> bool:
        """Return whether the file has another list of products.

        If so, the scanner is at the first product of this list. The other list must have the same name as the first
        list, or its products must have the keys of the last product: `{"lamps": [...], "cups": [...]}`, `{"berlin":
        {"products": [...]}, "wien": {"products": [...]}}`.
        """
        if self._end != "]" or not self._depth or not isinstance(last, dict):
            return False
        is_first = False
        try:
            while self._depth > 0:
                if scanner.skip("}"):
                    self._depth, is_first = self._depth - 1, False
                    continue
                if not is_first and not scanner.skip(","):
                    return False  # a comma or } is missing after the list
                name, is_first = key_of_member(scanner).casefold(), False
                is_other = name in NESTED_LIST_KEYS or OTHER_LISTS.search(name) is not None
                if scanner.peek() == "{" and not is_other and self._depth <= MAX_DEPTH:
                    is_first = scanner.skip("{")
                    self._depth += 1
                elif not scanner.skip("["):
                    scanner.value()
                elif scanner.peek() == "{" and not is_other and self._is_alike(scanner, name, last):
                    return True
                else:
                    _skip_list(scanner)
        except InvalidJson:  # the rest of the file is not needed
            pass
        self._may_follow = (scanner.peek(),)
        return False

    def _is_alike(self, scanner: Scanner, name: str, last: dict[str, Any]) -> bool:
        if name != self._list_name and self._list_name in LIST_KEYS:
            return False
        first = _preview(scanner)
        return isinstance(first, dict) and len(first.keys() & last.keys()) >= max(2, len(last) / 2)

    def _next(self, scanner: Scanner) -> Any:
        """Read the next record: an object of a list, or a value of an object together with its key."""
        if self._names:
            return named_row(scanner.value(), self._names)
        if not self._key_column:
            return scanner.value()
        key = key_of_member(scanner)
        return with_key(scanner.value(), self._key_column, key)

    def _stopped(self, number: int, problem: str) -> Rejected:
        self.ended_cleanly = False
        reason = f"{problem}; only the records before this point were read; correct the file and upload it again"
        return Rejected(number, 0, None, reason, "stopped", [])

    def _find_list(self) -> Scanner | None:
        """Find the list of products, and return a scanner at its first record.

        The list is the whole file, or a list under a key in LIST_KEYS, or any other list of objects. Returns None if
        the file has no list of objects.
        """
        self._may_follow = ("",)
        self._end, self._key_column, self._list_name, self._depth = "]", "", "", 0
        scanner = Scanner(self._text.open())
        if scanner.skip("["):
            if scanner.peek() not in ("{", "]"):
                raise UnreadableFeed(
                    "the JSON list contains values that are not objects; it must be a list of products, each an object"
                )
            return scanner
        self._may_follow = (",", "}")
        problem: InvalidJson | None = None
        for list_keys in (LIST_KEYS, _KEYED, _LIKELY, _ROWS, None):
            self._names = []
            try:
                self.members = last_members(self._text)
                scanner = Scanner(self._text.open())
                if self._descend(scanner, list_keys, 0):
                    return scanner
            except InvalidJson as error:
                problem = problem or error
            if problem and list_keys is not LIST_KEYS:  # an object of products can end too early
                raise UnreadableFeed(f"the file is not valid JSON: {problem}") from problem
        return None

    def _descend(  # noqa: PLR0912  (a case for each kind of value)
        self, scanner: Scanner, list_keys: frozenset[str] | None, depth: int, path: str = ""
    ) -> bool:
        """Search for the list of products in the object that starts at the scanner's position.

        If the object contains the list, it returns True, and the scanner is at the first record.
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
                if (
                    is_list_key
                    and scanner.peek() == "{"
                    and (list_keys is not _LIKELY or is_product(_preview(scanner)))
                ):
                    self._list_name, self._depth = name, depth + 1
                    return True
                _skip_list(scanner)
            elif scanner.peek() == "{" and depth < MAX_DEPTH and name not in NESTED_LIST_KEYS:
                before = dict(self.members)
                if self._descend(scanner, list_keys, depth + 1, f"{path}{key}."):
                    return True
                if name not in META_KEYS:  # such as `shipping`
                    self.members = before
            else:
                _add_member(self.members, path + key, scanner.value())
            if scanner.skip("}"):
                return False
            if not scanner.skip(","):
                raise InvalidJson(f"a comma or }} is missing at {quoted(scanner.rest())}")

    def _begins_rows(self, scanner: Scanner, name: str, depth: int) -> bool:
        """Return whether the next list has rows for the names of an earlier list. Otherwise, read it as names."""
        if self._names and are_rows(scanner, self._names):
            self._list_name, self._depth = name, depth + 1
            return True
        self._names = names_of_columns(scanner) or self._names
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
        self._end, self._key_column = "}", key_column(members)
        self._may_follow = (",", "}") if depth else ("",)
        return True

    def _single_product(self) -> list[Record]:
        """Return the records of a file with a single product, which can be under a key such as `product`."""
        value = Scanner(self._text.open()).value()
        for _ in range(3):
            # GraphQL returns `{"data": {"product": …}, "extensions": …}`.
            if not isinstance(value, dict) or not (len(value) == 1 or isinstance(value.get("data"), dict)):
                break
            inner = value.get("data", next(iter(value.values())))
            value = inner if isinstance(inner, dict) else value
        try:
            return records_of(value)
        except InvalidJson as error:
            raise UnreadableFeed(f"the file is neither a list of products nor a product: {error}") from error


META_KEYS = frozenset((
    "meta", "metadata", "info", "header", "settings", "config", "shop", "store", "catalog", "feed", "context",
    "pricing", "currency", "prices",
))  # fmt: skip
"""Objects beside the list of products that describe the whole file."""
MAX_MEMBER_LENGTH = 100
TAIL = 4096
"""How many bytes at the end of the file are searched for members after the list."""


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


def _preview(scanner: Scanner) -> Any:
    """Return the next value without moving the scanner."""
    scanner.mark()
    try:
        return scanner.value()
    finally:
        scanner.go_back()


def _skip_list(scanner: Scanner) -> None:
    while not scanner.skip("]"):
        scanner.value()
        if not scanner.skip(",") and scanner.peek() != "]":
            raise InvalidJson(f"a comma or ] is missing at {quoted(scanner.rest())}")


def _rejected(number: int, reason: str, code: str, raw: str) -> Rejected:
    return Rejected(number, 1, None, reason, code, [raw])
