"""Benchmarks. Each row is the ratio of a figure to a floor from the same run, with a limit: pass or fail.

The floor is comparable work that does not use the platform, e.g. COPY of the same rows. Machines differ in speed by a
factor of 2 and more, so absolute figures decide nothing. The runs of a figure and of its floor take turns, and the
ratio is the median of the pairs.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from infra.bench.platform import BenchPlatform
from infra.bench.rows import Measure, Row, UnmeasuredRow


def measure(measures: Mapping[str, Measure], home: Path, print_line: Callable[[str], object]) -> bool:
    """Run measures on a new local cloud in `home`. Print each row, and write all rows to `bench.json` in `home`.

    Returns whether every row passed. A row that cannot be measured gives the reason and fails.
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
