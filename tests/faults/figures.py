"""Records figures. A figure is a number that a fault test has measured, and can have a limit. `make faults` prints all
figures."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

_PROPERTY = "figure"
"""The name of the pytest user property that contains a figure."""


class Figure(Protocol):
    """Records a figure. `most` is the optional limit of the figure. The test fails at its end if a figure exceeds its
    limit."""

    def __call__(self, name: str, value: float, unit: str, most: float | None = None) -> None: ...


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Iterator[Figure]:
    """Record all figures of a test. After the test, fail if a figure exceeds its limit."""
    failures: list[str] = []

    def record(name: str, value: float, unit: str, most: float | None = None) -> None:
        passed = most is None or value <= most
        row = {"name": name, "value": round(value, 3), "unit": unit, "most": most, "passed": passed}
        request.node.user_properties.append((_PROPERTY, row))
        if not passed:
            failures.append(line(row))

    yield record
    assert not failures, "\n".join(failures)


def line(row: dict[str, Any]) -> str:
    """Return a figure as one line of text."""
    limit = "" if row["most"] is None else f" (at most: {row['most']:g})"
    return f"{row['name']}: {row['value']:g} {row['unit']}{limit} {'PASS' if row['passed'] else 'FAIL'}"


def rows(stats: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Return the figures of a test session. `stats` is the attribute `stats` of pytest's terminal reporter."""
    reports = [report for outcome in stats.values() for report in outcome if getattr(report, "when", "") == "call"]
    return [row for report in reports for name, row in report.user_properties if name == _PROPERTY]


def write(rows: list[dict[str, Any]], file: Path) -> None:
    """Write the figures to a JSON file."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(rows, indent=2), "utf-8")
