"""Records of a JSON or NDJSON file, one at a time, flattened to columns.

The standard decoder works on one record's text. An event parser would need no such care with chunks, but ijson, as fast
as this, reads a lone surrogate as "?", ends with a SystemError at a number of 5,000 digits, and takes 600 MB for 16,000
opening brackets, because it keeps the path to each.
"""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

from wecelebrate.feeds.csv_rows import LONGEST_CELL, LONGEST_RECORD, MOST_COLUMNS
from wecelebrate.feeds.encoding import Text
from wecelebrate.feeds.formats import Format
from wecelebrate.feeds.items import Rejected, UnreadableFeed, shown

CHUNK = 64 << 10
DEEPEST = 10
MOST_LIST_COLUMNS = 20

# Where a product list is found first, before any other list of objects.
LISTS = frozenset(
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
    )
)
# Lists inside a product.
PARTS = frozenset(
    ("variants", "variations", "images", "options", "media", "prices", "tags", "links", "errors", "categories")
)
VARIANTS = ("variants", "variations", "skus")
WORDS = ("tags", "keywords")
ADDRESSES = ("src", "url", "href", "image_url")

Record = dict[str, str]

_BLANK = re.compile(r"[ \t\r\n\ufeff]+")
_decoder = json.JSONDecoder(strict=False, parse_float=str, parse_int=str, parse_constant=str)


class Broken(Exception):
    """The text is not JSON here, in words."""


class _Scanner:
    """Reads values one after the other from a text, with no more than the longest record in memory."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """The next character that is not blank; "" at the end."""
        while True:
            blank = _BLANK.match(self._buffer, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more(CHUNK):
                return ""

    def skip(self, char: str) -> bool:
        found = self.peek() == char
        self._at += found
        return found

    def value(self) -> Any:
        """The value that starts here. Raises Broken."""
        self.peek()
        size = CHUNK
        while True:
            try:
                value, end = _decoder.raw_decode(self._buffer, self._at)
            except (ValueError, RecursionError) as error:
                if isinstance(error, RecursionError):
                    raise Broken("it is nested too deeply") from error
                if len(self._buffer) - self._at > LONGEST_RECORD:
                    raise Broken(f"it is not valid JSON, or longer than {LONGEST_RECORD:,} characters") from error
                if not self._more(size):
                    raise Broken(_problem(error, self._buffer)) from error
            else:
                # A number at the end of what was read may go on in the next chunk.
                if end < len(self._buffer) or not self._more(size):
                    self._at = end
                    return value
            size *= 4

    def rest(self) -> str:
        """What follows, for a message."""
        return self._buffer[self._at : self._at + 40]

    def _more(self, size: int) -> bool:
        if self._ended:
            return False
        chunk = self._text.read(size)
        self._ended = not chunk
        self._buffer, self._at = self._buffer[self._at :] + chunk, 0
        return not self._ended


class JsonRows:
    """Iterates over `(number, records)`: the flattened rows of a record, more than one if it holds variants.

    `number` is the record's, or the line's in NDJSON. What is no record is rejected; a list that breaks off ends with a
    rejection that says where, and `ended_cleanly` is False.
    """

    def __init__(self, text: Text, kind: Format) -> None:
        self._text, self._kind = text, kind
        self.ended_cleanly = True

    def __iter__(self) -> Iterator[tuple[int, list[Record]] | Rejected]:
        return self._by_line() if self._kind == "ndjson" else self._of_list()

    def _by_line(self) -> Iterator[tuple[int, list[Record]] | Rejected]:
        reader = self._text.open()
        number = 0
        while line := reader.readline(LONGEST_RECORD + 1):
            number += 1
            if len(line) > LONGEST_RECORD:
                start = line[:200]
                while line and line[-1] not in "\r\n":
                    line = reader.readline(LONGEST_RECORD)
                yield _rejected(
                    number, f"line {number} is longer than {LONGEST_RECORD:,} characters", "too_long", start
                )
                continue
            content = line.strip(" \t\r\n\ufeff\x1a")
            if not content:
                continue
            try:
                value, end = _decoder.raw_decode(content)
                if content[end:].strip(" ,"):
                    raise Broken(f"something follows the object: {shown(content[end:].strip())}")
                yield number, _rows(value)
            except (ValueError, RecursionError, Broken) as error:
                problem = "it is nested too deeply" if isinstance(error, RecursionError) else _problem(error, content)
                yield _rejected(
                    number, f"line {number} is not a JSON object: {problem}", "bad_json", content[:LONGEST_CELL]
                )

    def _of_list(self) -> Iterator[tuple[int, list[Record]] | Rejected]:
        scanner = self._find_list()
        if scanner is None:
            yield 1, self._only_record()
            return
        number = 0
        if not scanner.skip("]"):
            while True:
                number += 1
                try:
                    value = scanner.value()
                except Broken as error:
                    yield self._stopped(number, f"record {number} cannot be read: {error}")
                    return
                try:
                    yield number, _rows(value)
                except Broken as error:
                    yield _rejected(number, f"record {number}: {error}", "bad_json", json.dumps(value)[:1_000])
                if scanner.skip("]"):
                    break
                if not scanner.skip(","):
                    where = f"before {shown(scanner.rest())}" if scanner.peek() else "at the end of the file"
                    yield self._stopped(number + 1, f"after record {number} a comma or ] is missing {where}")
                    return
        if scanner.peek() not in self._may_follow:
            end = f"{shown(scanner.rest())} follows its end" if scanner.peek() else "the file breaks off behind it"
            yield self._stopped(number + 1, f"the list of {number} records is complete, but {end}")

    def _stopped(self, number: int, problem: str) -> Rejected:
        self.ended_cleanly = False
        reason = f"{problem}; the records before it were read, the rest of the file was not"
        return Rejected(number, 0, None, reason, "stopped", [])

    def _find_list(self) -> _Scanner | None:
        """A scanner inside the list of products: the file itself, or the list under a telling key, or any other."""
        self._may_follow: tuple[str, ...] = ("",)
        scanner = _Scanner(self._text.open())
        if scanner.skip("["):
            if scanner.peek() not in ("{", "]"):
                raise UnreadableFeed("the JSON list holds no objects; it should be a list of products, each an object")
            return scanner
        self._may_follow = (",", "}")
        for only in (LISTS, None):
            scanner = _Scanner(self._text.open())
            try:
                if self._descend(scanner, only, 0):
                    return scanner
            except Broken as error:
                raise UnreadableFeed(f"the file is not valid JSON: {error}") from error
        return None

    def _descend(self, scanner: _Scanner, only: frozenset[str] | None, depth: int) -> bool:
        """Whether the object that starts here holds the list; then the scanner stands at its first record."""
        if not scanner.skip("{"):
            raise Broken(f"an object is missing at {shown(scanner.rest())}")
        if scanner.skip("}"):
            return False
        while True:
            key = scanner.value()
            if not isinstance(key, str) or not scanner.skip(":"):
                raise Broken(f"a key and : are missing at {shown(scanner.rest())}")
            wanted = key.casefold() in only if only else key.casefold() not in PARTS
            if scanner.skip("["):
                if wanted and scanner.peek() == "{":
                    return True
                _leave_list(scanner)
            elif scanner.peek() == "{" and depth < 3 and key.casefold() not in PARTS:
                if self._descend(scanner, only, depth + 1):
                    return True
            else:
                scanner.value()
            if scanner.skip("}"):
                return False
            if not scanner.skip(","):
                raise Broken(f"a comma or }} is missing at {shown(scanner.rest())}")

    def _only_record(self) -> list[Record]:
        """A file of one product, itself or under a key such as `product`."""
        value = _Scanner(self._text.open()).value()
        if isinstance(value, dict) and len(value) == 1 and isinstance(inner := next(iter(value.values())), dict):
            value = inner
        try:
            return _rows(value)
        except Broken as error:
            raise UnreadableFeed(f"the file holds no list of products, and is none itself: {error}") from error


def _leave_list(scanner: _Scanner) -> None:
    while not scanner.skip("]"):
        scanner.value()
        if not scanner.skip(",") and scanner.peek() != "]":
            raise Broken(f"a comma or ] is missing at {shown(scanner.rest())}")


def _rows(value: Any) -> list[Record]:
    """A record's rows: one, or one for each of its variants. Raises Broken."""
    if not isinstance(value, dict):
        raise Broken(f"{shown(value if isinstance(value, str) else json.dumps(value))} is not an object")
    for key in VARIANTS:
        variants = value.get(key)
        if isinstance(variants, list) and variants and all(isinstance(variant, dict) for variant in variants):
            product = _flat({name: part for name, part in value.items() if name != key}, "", {}, 0)
            return [_flat(variant, "variants.", dict(product), 1) for variant in variants]
    return [_flat(value, "", {}, 0)]


def _flat(value: dict[str, Any], prefix: str, into: Record, depth: int) -> Record:
    """An object as columns: `price.amount` for nested keys, lists of texts or of images as lines of one cell."""
    if depth > DEEPEST:
        raise Broken("it is nested too deeply")
    for key, part in value.items():
        name = prefix + key
        if part is None:
            into[name] = ""
        elif isinstance(part, str):
            into[name] = part
        elif isinstance(part, bool):
            into[name] = "true" if part else "false"
        elif isinstance(part, dict):
            _flat(part, name + ".", into, depth + 1)
        else:
            _flat_list(part, name, into, depth)
        if len(into) > MOST_COLUMNS:
            raise Broken(f"it has more than {MOST_COLUMNS:,} values")
    return into


def _flat_list(parts: list[Any], name: str, into: Record, depth: int) -> None:
    texts: list[str] = []
    for number, part in enumerate(parts):
        if isinstance(part, dict):
            address = next((part[key] for key in ADDRESSES if isinstance(part.get(key), str)), None)
            if address is not None:
                texts.append(address)
            elif number < MOST_LIST_COLUMNS:
                _flat(part, f"{name}.{number}.", into, depth + 1)
        elif isinstance(part, list):
            if number < MOST_LIST_COLUMNS:
                _flat({str(number): part}, name + ".", into, depth + 1)
        elif part is not None:
            texts.append(part if isinstance(part, str) else str(part).lower())
    if texts or not parts:
        into[name] = (", " if name.endswith(WORDS) else "\n").join(texts)


def _rejected(number: int, reason: str, code: str, raw: str) -> Rejected:
    return Rejected(number, 1, None, reason, code, [raw])


def _problem(error: Exception, text: str) -> str:
    if isinstance(error, json.JSONDecodeError):
        if error.pos >= len(text.rstrip()):
            return "it breaks off"
        return f"{error.msg} at {shown(text[error.pos : error.pos + 20], 20)}"
    return str(error)
