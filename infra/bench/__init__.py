"""Measurements: each row is a figure beside its floor, with pass or fail.

Machines differ and are noisy, so what passes or fails is a ratio that was taken within one run, and figures are
medians of runs that take turns.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.bench.platform import BenchPlatform


@dataclass(frozen=True)
class Row:
    """One measured figure."""

    name: str
    figure: float
    unit: str
    beside: str
    """What it is held against, in words: `COPY of the same rows: 33,000 rows/s`."""
    passed: bool

    def __str__(self) -> str:
        figure = f"{self.figure:,.0f}" if self.figure >= 1000 else f"{self.figure:.3g}"
        return f"{self.name}: {figure} {self.unit} ({self.beside}) {'PASS' if self.passed else 'FAIL'}"


Measure = Callable[[BenchPlatform], Iterator[Row]]


def measure(measures: Mapping[str, Measure], state: Path, tell: Callable[[str], object]) -> bool:
    """Run measures on a cloud of their own in `state`, tell each row, and write all to `bench.json` there.

    Returns whether every row passed. A measure that breaks tells why, and fails.
    """
    rows: list[Row] = []
    with BenchPlatform.started(state) as platform:
        for name, rows_of in measures.items():
            try:
                for row in rows_of(platform):
                    rows.append(row)
                    tell(str(row))
            except Exception as error:
                row = Row(name, float("nan"), "", f"could not be measured: {type(error).__name__}: {error}", False)
                rows.append(row)
                tell(str(row))
    report = state / "bench.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps([asdict(row) for row in rows], indent=2), "utf-8")
    return all(row.passed for row in rows)
