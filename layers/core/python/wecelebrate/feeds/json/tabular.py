"""Reads JSON tables: a list of names, and a list of rows with a value for each name.

    {"columns": ["SKU", "Name", "Price"], "data": [["A-1", "Mug", 12.5], ["A-2", "Pot", 30]]}

`pandas.DataFrame.to_json(orient="split")` and the APIs of many reports write such tables. The names come before the
rows.
"""

from typing import Any

from wecelebrate.feeds.columns.names import field_candidates, is_weak
from wecelebrate.feeds.json.scanner import Scanner

MIN_NAMES = 2
MAX_NAMES = 500
MAX_NAME = 200


def names_of_columns(scanner: Scanner) -> list[str]:
    """Read the next list. Return its values if they are different texts that can be column names, or else no names."""
    values: list[Any] = []
    scanner.skip("[")
    while not scanner.skip("]"):
        value = scanner.value()
        if len(values) <= MAX_NAMES:
            values.append(value)
        if not scanner.skip(",") and scanner.peek() != "]":
            return []  # the JSON is not valid; the error is raised when the next value is read
    are_names = all(isinstance(value, str) and 0 < len(value) <= MAX_NAME for value in values)
    is_table = are_names and MIN_NAMES <= len(values) <= MAX_NAMES and len(set(values)) == len(values)
    return [str(value) for value in values] if is_table and _has_field(values) else []


def are_rows(scanner: Scanner, names: list[str]) -> bool:
    """Return whether the next list has rows.

    If the list has rows, the scanner is at the first row. Otherwise, the scanner is before the list.
    """
    scanner.mark()
    scanner.skip("[")
    if scanner.peek() == "[":
        first = scanner.value()
        scanner.go_back()
        if len(first) == len(names) and not any(isinstance(value, dict) for value in first):
            return scanner.skip("[")
    else:
        scanner.go_back()
    return False


def named_row(row: Any, names: list[str]) -> Any:
    """Return the values of a row by their names. A row with a wrong number of values is returned unchanged."""
    return dict(zip(names, row, strict=True)) if isinstance(row, list) and len(row) == len(names) else row


def _has_field(names: list[Any]) -> bool:
    return any(not is_weak(rank) for name in names for _, rank, _ in field_candidates(name))
