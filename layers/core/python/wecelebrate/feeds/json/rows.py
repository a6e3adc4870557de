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
from wecelebrate.feeds.items import NumberText, Record, Records, Rejected, UnreadableFeed, quoted
from wecelebrate.feeds.json.lines import BulkResult, TooManyLines, is_bulk_result
from wecelebrate.feeds.json.records import AmbiguousObject, InvalidJson, records_of

CHUNK = 64 << 10

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

_BLANK = re.compile(r"[ \t\r\n\ufeff]+")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        for key, value in pairs:
            if members[key] != value:
                ambiguous = AmbiguousObject(members)
                ambiguous.repeated_key = key
                return ambiguous
    return members


_decoder = json.JSONDecoder(
    strict=False, parse_float=NumberText, parse_int=NumberText, parse_constant=str, object_pairs_hook=_object
)


class _Scanner:
    """Reads the JSON values of a text one by one. Keeps at most one record of the maximum length in memory."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """Return the next character that is not whitespace, or "" at the end of the text."""
        while True:
            blank = _BLANK.match(self._buffer, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more(CHUNK):
                return ""

    def skip(self, char: str) -> bool:
        """Skip the next character if this character is `char`. Returns whether it was skipped."""
        matches = self.peek() == char
        self._at += matches
        return matches

    def value(self) -> Any:
        """Read the value that starts at the current position. Raises InvalidJson if this value is not valid."""
        self.peek()
        size = CHUNK
        while True:
            try:
                value, end = _decoder.raw_decode(self._buffer, self._at)
            except (ValueError, RecursionError) as error:
                if isinstance(error, RecursionError):
                    raise InvalidJson("it is nested too deeply") from error
                if len(self._buffer) - self._at > MAX_RECORD_LENGTH:
                    raise InvalidJson(
                        f"it is not valid JSON, or longer than {MAX_RECORD_LENGTH:,} characters"
                    ) from error
                if not self._more(size):
                    raise InvalidJson(_problem(error, self._buffer)) from error
            else:
                # A number at the end of the buffer can continue in the next chunk.
                if end < len(self._buffer) or not self._more(size):
                    self._at = end
                    return value
            size *= 4

    def rest(self) -> str:
        """Return the next characters, to show them in a message."""
        return self._buffer[self._at : self._at + 40]

    def _more(self, size: int) -> bool:
        if self._ended:
            return False
        chunk = self._text.read(size)
        self._ended = not chunk
        self._buffer, self._at = self._buffer[self._at :] + chunk, 0
        return not self._ended


class JsonRows:
    """Iterates over `(number, records)`. A JSON object becomes one record, or one record for each of its variants.

    `number` is the number of the object in the list, or the line number in NDJSON. A value that is not an object is
    rejected. If the list is incomplete, the last item is a Rejected that says where the list ends. `ended_cleanly` is
    then False.
    """

    def __init__(self, text: TextFile, file_format: Format) -> None:
        self._text, self._format = text, file_format
        self.ended_cleanly = True
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
                value, end = _decoder.raw_decode(content)
                if content[end:].strip(" ,"):
                    raise InvalidJson(f"other text follows the object: {quoted(content[end:].strip())}")
            except (ValueError, RecursionError, InvalidJson) as error:
                problem = "it is nested too deeply" if isinstance(error, RecursionError) else _problem(error, content)
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
        if not scanner.skip("]"):
            while True:
                number += 1
                try:
                    value = scanner.value()
                except InvalidJson as error:
                    yield self._stopped(number, f"record {number} cannot be read: {error}")
                    return
                try:
                    yield number, records_of(value)
                except InvalidJson as error:
                    yield _rejected(number, f"record {number}: {error}", "bad_json", json.dumps(value)[:1_000])
                if scanner.skip("]"):
                    break
                if not scanner.skip(","):
                    where = f"before {quoted(scanner.rest())}" if scanner.peek() else "at the end of the file"
                    yield self._stopped(number + 1, f"after record {number} a comma or ] is missing {where}")
                    return
        if scanner.peek() not in self._may_follow:
            end = f"{quoted(scanner.rest())} follows its end" if scanner.peek() else "the file ends too early after it"
            yield self._stopped(number + 1, f"the list of {number} records is complete, but {end}")

    def _stopped(self, number: int, problem: str) -> Rejected:
        self.ended_cleanly = False
        reason = f"{problem}; only the records before this point were read; correct the file and upload it again"
        return Rejected(number, 0, None, reason, "stopped", [])

    def _find_list(self) -> _Scanner | None:
        """Find the list of products, and return a scanner at its first record.

        The list is the whole file, or a list under a key in LIST_KEYS, or any other list of objects. Returns None if
        the file has no list of objects.
        """
        self._may_follow: tuple[str, ...] = ("",)
        scanner = _Scanner(self._text.open())
        if scanner.skip("["):
            if scanner.peek() not in ("{", "]"):
                raise UnreadableFeed(
                    "the JSON list contains values that are not objects; it must be a list of products, each an object"
                )
            return scanner
        self._may_follow = (",", "}")
        for list_keys in (LIST_KEYS, None):
            try:
                self.members = last_members(self._text)
                scanner = _Scanner(self._text.open())
                if self._descend(scanner, list_keys, 0):
                    return scanner
            except InvalidJson as error:
                raise UnreadableFeed(f"the file is not valid JSON: {error}") from error
        return None

    def _descend(self, scanner: _Scanner, list_keys: frozenset[str] | None, depth: int, path: str = "") -> bool:
        """Search for the list of products in the object that starts at the scanner's position.

        If the object contains the list, returns True. The scanner is then at the first record.
        """
        if not scanner.skip("{"):
            raise InvalidJson(f"an object is missing at {quoted(scanner.rest())}")
        if scanner.skip("}"):
            return False
        while True:
            key = scanner.value()
            if not isinstance(key, str) or not scanner.skip(":"):
                raise InvalidJson(f"a key and : are missing at {quoted(scanner.rest())}")
            name = key.casefold()
            if scanner.skip("["):
                is_list_key = name in list_keys if list_keys else name not in NESTED_LIST_KEYS
                if is_list_key and scanner.peek() == "{":
                    return True
                _skip_list(scanner)
            elif scanner.peek() == "{" and depth < 3 and name not in NESTED_LIST_KEYS:
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

    def _single_product(self) -> list[Record]:
        """Return the records of a file with a single product, which can be under a key such as `product`."""
        value = _Scanner(self._text.open()).value()
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
"""Objects beside the list of products whose members describe the whole file."""
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
            value, end = _decoder.raw_decode("{" + tail[match.end() :])
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


def _skip_list(scanner: _Scanner) -> None:
    while not scanner.skip("]"):
        scanner.value()
        if not scanner.skip(",") and scanner.peek() != "]":
            raise InvalidJson(f"a comma or ] is missing at {quoted(scanner.rest())}")


def _rejected(number: int, reason: str, code: str, raw: str) -> Rejected:
    return Rejected(number, 1, None, reason, code, [raw])


def _problem(error: Exception, text: str) -> str:
    if isinstance(error, json.JSONDecodeError):
        if error.pos >= len(text.rstrip()):
            return "it is incomplete"
        return f"{error.msg} at {quoted(text[error.pos : error.pos + 20], 20)}"
    return str(error)
