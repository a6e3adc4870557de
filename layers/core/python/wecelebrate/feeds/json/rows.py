"""Reads the records of a JSON or NDJSON file one at a time, and flattens each record to columns.

The decoder of the standard library parses one record at a time. With an event parser such as ijson, this module would
not have to handle chunks. But ijson is not faster, and ijson has three faults:

- It reads a lone surrogate as "?".
- It raises a SystemError for a number with 5,000 digits.
- It needs 600 MB of memory for 16,000 opening brackets, because it stores the path to each bracket.
"""

import json
from collections.abc import Iterator
from typing import Any

from wecelebrate.feeds.files.csv_rows import MAX_CELL_LENGTH, MAX_RECORD_LENGTH
from wecelebrate.feeds.files.encoding import TextFile
from wecelebrate.feeds.files.formats import Format
from wecelebrate.feeds.items import Record, Records, Rejected, UnreadableFeed, quoted
from wecelebrate.feeds.json.keyed import with_key
from wecelebrate.feeds.json.lines import BulkResult, TooManyLines, is_bulk_result
from wecelebrate.feeds.json.records import InvalidJson, records_of
from wecelebrate.feeds.json.scanner import Scanner, decoder, key_of_member, problem_of
from wecelebrate.feeds.json.search import (
    LIST_KEYS,
    MAX_DEPTH,
    NESTED_LIST_KEYS,
    OTHER_LISTS,
    ListSearch,
    preview,
    skip_list,
)
from wecelebrate.feeds.json.tabular import named_row


class JsonRows:
    """Iterates over `(number, records)`. A JSON object becomes one record, or one record for each of its variants.

    `number` is the number of the object in the list, or the line number in NDJSON. A value that is not an object is
    rejected. If the list is incomplete, the last item is a Rejected that says where the list ends. In this case,
    `ended_cleanly` is False.
    """

    def __init__(self, text: TextFile, file_format: Format) -> None:
        self._text, self._format = text, file_format
        self.ended_cleanly = True
        self._list = ListSearch(text)

    @property
    def members(self) -> dict[str, str]:
        """The texts and numbers around the list of products, by their paths. Complete after the first record."""
        return self._list.members

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
        scanner = self._list.find()
        if scanner is None:
            yield 1, self._single_product()
            return
        number = 0
        if not scanner.skip(self._list.end):
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
                if scanner.skip(self._list.end):
                    if self._continues(scanner, value):
                        continue
                    break
                if not scanner.skip(","):
                    where = f"before {quoted(scanner.rest())}" if scanner.peek() else "at the end of the file"
                    yield self._stopped(
                        number + 1, f"after record {number} a comma or {self._list.end} is missing {where}"
                    )
                    return
        if scanner.peek() not in self._list.may_follow:
            end = f"{quoted(scanner.rest())} follows its end" if scanner.peek() else "the file ends too early after it"
            yield self._stopped(number + 1, f"the list of {number} records is complete, but {end}")

    def _continues(self, scanner: Scanner, last: Any) -> bool:
        """Return whether the file has another list of products, and move the scanner to the first product of this list.

        The other list must have the same name as the first list, or its products must have the keys of the last
        product. Examples are `{"lamps": [...], "cups": [...]}` and `{"berlin": {"products": [...]}, "wien":
        {"products": [...]}}`.
        """
        if self._list.end != "]" or not self._list.depth or not isinstance(last, dict):
            return False
        is_first = False
        try:
            while self._list.depth > 0:
                if scanner.skip("}"):
                    self._list.depth, is_first = self._list.depth - 1, False
                    continue
                if not is_first and not scanner.skip(","):
                    return False  # a comma or } is missing after the list
                name, is_first = key_of_member(scanner).casefold(), False
                is_other = name in NESTED_LIST_KEYS or OTHER_LISTS.search(name) is not None
                if scanner.peek() == "{" and not is_other and self._list.depth <= MAX_DEPTH:
                    is_first = scanner.skip("{")
                    self._list.depth += 1
                elif not scanner.skip("["):
                    scanner.value()
                elif scanner.peek() == "{" and not is_other and self._is_alike(scanner, name, last):
                    return True
                else:
                    skip_list(scanner)
        except InvalidJson:  # the products are already read
            pass
        self._list.may_follow = (scanner.peek(),)
        return False

    def _is_alike(self, scanner: Scanner, name: str, last: dict[str, Any]) -> bool:
        if name != self._list.list_name and self._list.list_name in LIST_KEYS:
            return False
        first = preview(scanner)
        return isinstance(first, dict) and len(first.keys() & last.keys()) >= max(2, len(last) / 2)

    def _next(self, scanner: Scanner) -> Any:
        """Read the next record: an object of a list, or a value of an object together with its key."""
        if self._list.names:
            return named_row(scanner.value(), self._list.names)
        if not self._list.key_column:
            return scanner.value()
        key = key_of_member(scanner)
        return with_key(scanner.value(), self._list.key_column, key)

    def _stopped(self, number: int, problem: str) -> Rejected:
        self.ended_cleanly = False
        reason = f"{problem}; only the records before this point were read; correct the file and upload it again"
        return Rejected(number, 0, None, reason, "stopped", [])

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


def _rejected(number: int, reason: str, code: str, raw: str) -> Rejected:
    return Rejected(number, 1, None, reason, code, [raw])
