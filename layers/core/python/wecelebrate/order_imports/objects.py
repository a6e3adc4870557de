"""The objects of JSON and NDJSON as rows. Numbers stay as they are written: an amount must not become a float."""

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from wecelebrate.feeds.items import NumberText, quoted
from wecelebrate.feeds.json.records import InvalidJson
from wecelebrate.feeds.json.scanner import Scanner

LISTS = ("items", "lines", "line_items")
"""The members of an order that contain its lines."""
REPORT_PREFIX = "wecelebrate_"
"""The prefix of the members and columns that an error file adds."""

Cells = Mapping[str, str]
"""Column → cell. The cell of a number is an object of NumberText. Blank cells are left out."""


class NotARow(Exception):
    """The value is no order and no line of an order. The message says why."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("an object has the same key twice")
    return members


_decoder = json.JSONDecoder(parse_int=NumberText, parse_float=NumberText, parse_constant=str, object_pairs_hook=_object)


def parsed(text: str) -> Any:
    """Parse a JSON text. Numbers become objects of NumberText. Raises ValueError or RecursionError."""
    return _decoder.decode(text)


def items_of(text: io.TextIOWrapper) -> Iterator[Any]:
    """Yield the items of a JSON list one by one, parsed as by `parsed`. Only one item is in memory.

    Raises InvalidJson or UnicodeDecodeError at the first place that is not valid, after the items before it.
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
    """Return the JSON text of a value that `parsed` has returned. Its numbers are as they were written."""
    if isinstance(value, NumberText):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json_text(name)}: {written(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json_text(value)


def json_text(value: Any) -> str:
    """Return the JSON text of a value. It can be stored as UTF-8: JSON, but not UTF-8, can have a lone surrogate."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    is_unicode = text.isascii() or text.encode("utf-8", "ignore").decode() == text
    return text if is_unicode else json.dumps(value, separators=(",", ":"))


def cells_and_lines(item: Any) -> tuple[Cells, tuple[Cells, ...] | None]:
    """Return the cells of an object, and of the lines of an order that it contains. Raises NotARow.

    The lines are None if the object has none.
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
    """Return the members of an object as cells. A nested address has a cell for each part, as in CSV."""
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
    """Yield the parts of a line of an error file: the object as it came, and what is wrong with it."""
    members = {f"{REPORT_PREFIX}{name}": value for name, value in added.items()}
    if REPORT_PREFIX in source:  # the imported file was itself an error file
        source = written({name: value for name, value in parsed(source).items() if name not in members})
    report = json.dumps(members)
    body = source.rstrip()[:-1].rstrip()
    yield body
    yield report[1:] if body.endswith("{") else f", {report[1:]}"
    yield "\n"
