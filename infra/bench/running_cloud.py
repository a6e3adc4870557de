"""Runs the benchmark of orders in turns on several running local clouds: `python -m infra.bench.running_cloud HOME…`.

The program compares the functions of two commits on a machine on which other programs run. For example, the program
measures the baseline of `infra.bench.orders` again. Each cloud runs the functions of its own checkout. The code of the
checkout in which the program is started sends the requests::

    git worktree add ../baseline d33676ca
    cd ../baseline && make ready && WECELEBRATE_HOME=/tmp/baseline .venv/bin/wecelebrate up --detach
    cd - && WECELEBRATE_HOME=/tmp/current .venv/bin/wecelebrate up --detach
    .venv/bin/python -m infra.bench.running_cloud /tmp/baseline /tmp/current

The second cloud needs other ports (`WECELEBRATE_PORT_API` and so on). The last lines show the median ratio of each row
and each cloud. The ratios of the baseline are the values of BASELINE_RATIO_ONE, BASELINE_RATIO_EIGHT and
BASELINE_RATIO_CPU. A load average above the number of cores makes all ratios too high.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

import psycopg

from infra.bench.orders import orders
from infra.bench.platform import BenchPlatform
from infra.bench.rows import Row
from infra.local.endpoints import load_endpoints

TURNS = 3


def main() -> None:
    """Print the rows of each turn, and then the median of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("homes", type=Path, nargs="+", help="the WECELEBRATE_HOME of each cloud")
    parser.add_argument("--turns", type=int, default=TURNS)
    arguments = parser.parse_args()
    ratios: dict[tuple[str, Path], list[float]] = defaultdict(list)
    for _ in range(arguments.turns):
        for home in arguments.homes:
            state = home / ".local"
            endpoints = load_endpoints(state)
            with psycopg.connect(endpoints.database, autocommit=True) as database:
                for row in orders.rows(BenchPlatform(endpoints, state, database)):
                    if isinstance(row, Row):
                        ratios[row.name, home].append(row.ratio)
                    sys.stdout.write(f"{home} {row}\n")
                    sys.stdout.flush()
    for (name, home), values in ratios.items():
        listed = ", ".join(f"{value:.3g}" for value in values)
        sys.stdout.write(f"{home} {name}: median ratio {median(values):.3g} of {listed}\n")


if __name__ == "__main__":
    main()
