"""The benchmarks. Each row of the report compares a figure of the platform with a floor from the same run.

The floor is the figure of comparable work without the platform, e.g. COPY of the same rows. A row passes if the ratio
of the figure to the floor is within a limit. The limit applies to the ratio and not to the figure, because one machine
can be twice as fast as another machine. The benchmark measures the figure and the floor alternately, in pairs. The
ratio of the row is the median of the ratios of all pairs.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from infra.bench.platform import BenchPlatform
from infra.bench.rows import Measure, Row, UnmeasuredRow


def measure(measures: Mapping[str, Measure], home: Path, print_line: Callable[[str], object]) -> bool:
    """Run the benchmarks in `measures` on a new local cloud in `home`. Return whether every row passed.

    Print each row, and write all rows to `<home>/bench.json`. If a row cannot be measured, the row shows the reason and
    fails.
    """
    rows: list[Row | UnmeasuredRow] = []
    with BenchPlatform.started(home) as platform:
        for measure in measures.values():
            for row in measure.rows(platform):
                rows.append(row)
                print_line(str(row))
    report = home / "bench.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps([asdict(row) | {"passed": row.passed} for row in rows], indent=2), "utf-8")
    return all(row.passed for row in rows)
