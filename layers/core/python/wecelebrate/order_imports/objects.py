"""Reads JSON and NDJSON objects as rows.

Numbers stay texts, because an amount must not become a float.
"""

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from wecelebrate.feeds.items import NumberText, quoted
from wecelebrate.feeds.json.records import InvalidJson
from wecelebrate.feeds.json.scanner import Scanner

LISTS = ("items", "lines", "line_items")
"""The names of the JSON fields that contain the lines of an order."""
REPORT_PREFIX = "wecelebrate_"
"""The prefix of the JSON fields and columns that an error file adds."""

Cells = Mapping[str, str]
"""Maps columns to cells. The cell of a number is a NumberText. Blank cells are omitted."""


class NotARow(Exception):
    """The value is not an order and not an order line. The text of the exception says why."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("an object has the same key twice")
    return members


_decoder = json.JSONDecoder(parse_int=NumberText, parse_float=NumberText, parse_constant=str, object_pairs_hook=_object)


def parsed(text: str) -> Any:
    """Parse a JSON text. Numbers become NumberText objects. Raises ValueError or RecursionError."""
    return _decoder.decode(text)


def items_of(text: io.TextIOWrapper) -> Iterator[Any]:
    """Yield the items of a JSON list, parsed by `parsed`. Only one item is in memory at a time.

    If the list is invalid, the function yields all items before the invalid position, and then raises InvalidJson or
    UnicodeDecodeError.
    """
    scanner = Scanner(text, _decoder)
    scanner.skip("[")
    if not scanner.skip("]"):
        while True:
            yield scanner.value()
            if scanner.skip("]"):
                break
            if not scanner.skip(","):
                rest = scanner.rest()
                raise InvalidJson(f"a comma is missing at {quoted(rest)}" if rest else "it is incomplete")
    if scanner.peek():
        raise InvalidJson(f"the list is followed by {quoted(scanner.rest())}")


def written(value: Any) -> str:
    """Return the JSON text of a value that `parsed` has returned. Numbers are written with their original text."""
    if isinstance(value, NumberText):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json_text(name)}: {written(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json_text(value)


def json_text(value: Any) -> str:
    """Return the JSON text of a value. A lone surrogate is escaped, because UTF-8 cannot contain it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    is_unicode = text.isascii() or text.encode("utf-8", "ignore").decode() == text
    return text if is_unicode else json.dumps(value, separators=(",", ":"))


def cells_and_lines(item: Any) -> tuple[Cells, tuple[Cells, ...] | None]:
    """Return the cells of an object, and the cells of the order lines in the object. Raises NotARow.

    If the object has no list of lines, return None instead of the lines.
    """
    if not isinstance(item, dict):
        raise NotARow("The row is not a JSON object.")
    lists = [name for name in LISTS if isinstance(item.get(name), list)]
    lines = None
    if lines_of := item.get(lists[0]) if lists else None:
        if not all(isinstance(line, dict) for line in lines_of):
            raise NotARow(f"`{lists[0]}` must be a list of objects.")
        lines = tuple(_cells(line) for line in lines_of)
    return _cells({name: value for name, value in item.items() if name not in lists[:1]}), lines


def _cells(item: Mapping[str, Any]) -> Cells:
    """Return the fields of a JSON object as cells. A nested address has one cell for each of its fields, as in CSV."""
    cells: dict[str, str] = {}
    for name, value in item.items():
        if name == "shipping_address" and isinstance(value, dict):
            cells |= {f"shipping_{part}": str(text) for part, text in value.items() if isinstance(text, str)}
        elif isinstance(value, dict | list):
            cells[name] = written(value)
        elif value is not None:
            cells[name] = value if isinstance(value, str) else str(value).lower()
    return {name: text for name, text in cells.items() if text}


def report_line(source: str, added: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts that form a line of an error file: the original object and its errors."""
    members = {f"{REPORT_PREFIX}{name}": value for name, value in added.items()}
    if REPORT_PREFIX in source:  # The imported file was itself an error file.
        source = written({name: value for name, value in parsed(source).items() if name not in members})
    report = json.dumps(members)
    body = source.rstrip()[:-1].rstrip()
    yield body
    yield report[1:] if body.endswith("{") else f", {report[1:]}"
    yield "\n"
