"""Figures: what a fault cost, against what it may cost. `make faults` prints a line for each."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

_PROPERTY = "figure"


class Figure(Protocol):
    """Notes a figure, and fails when it is over its bound."""

    def __call__(self, name: str, value: float, unit: str, most: float | None = None) -> None: ...


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Iterator[Figure]:
    """Notes figures of a test. All are noted before the first that is over its bound fails it."""
    over: list[str] = []

    def note(name: str, value: float, unit: str, most: float | None = None) -> None:
        passed = most is None or value <= most
        row = {"name": name, "value": round(value, 3), "unit": unit, "most": most, "passed": passed}
        request.node.user_properties.append((_PROPERTY, row))
        if not passed:
            over.append(line(row))

    yield note
    assert not over, "\n".join(over)


def line(row: dict[str, Any]) -> str:
    """A figure as people read it."""
    bound = "" if row["most"] is None else f" (at most: {row['most']:g})"
    return f"{row['name']}: {row['value']:g} {row['unit']}{bound} {'PASS' if row['passed'] else 'FAIL'}"


def rows(reports: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """The figures of a session."""
    found = [one for some in reports.values() for one in some if getattr(one, "when", "") == "call"]
    return [row for one in found for name, row in one.user_properties if name == _PROPERTY]


def write(found: list[dict[str, Any]], file: Path) -> None:
    """The figures for machines."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(found, indent=2), "utf-8")
