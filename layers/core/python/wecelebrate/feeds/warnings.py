"""Counts the values of a file that were not understood, but that did not cause the rejection of a row."""

from collections import Counter
from typing import Any

MAX_DIFFERENT = 100
"""How many different values are counted. Further values are counted together."""
MAX_VALUE_LENGTH = 60
OTHER_VALUES = "other values"


class Warnings:
    """Counts values by code, column and value. `as_json` is for the job's result."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def add(self, code: str, column: str, value: str) -> None:
        key = code, column, value[:MAX_VALUE_LENGTH]
        if key not in self._counts and len(self._counts) >= MAX_DIFFERENT:
            key = code, column, OTHER_VALUES
        self._counts[key] += 1

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def total(self) -> int:
        return self._counts.total()

    def as_json(self) -> list[dict[str, Any]]:
        """Return the counted values, the most frequent first, as `{code, column, value, rows}`."""
        return [
            {"code": code, "column": column, "value": value, "rows": rows}
            for (code, column, value), rows in self._counts.most_common()
        ]
