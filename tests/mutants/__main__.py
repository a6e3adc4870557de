"""Runs `make mutants`: makes small changes in the code, and checks that the tests fail after each change.

The exit status is 1 in three cases: equivalent.toml does not list a surviving mutant, a listed mutant does not survive,
or the tests kill too few mutants.
"""

import argparse
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from tests.mutants import runner
from tests.mutants.mutations import mutants_of
from tests.mutants.survivors import Result, outdated, read_equivalent, share_killed, unlisted

FOLDER = Path(__file__).parent


def main() -> int:
    arguments = _arguments()
    config = tomllib.loads((arguments.folder / "modules.toml").read_text("utf-8"))
    equivalent = read_equivalent(arguments.folder / "equivalent.toml")
    minimum = config["min_killed"]
    modules = {module: tests for module, tests in config["modules"].items() if arguments.only in module}
    if not modules:
        sys.exit(f"no path in {arguments.folder}/modules.toml contains {arguments.only!r}")
    console = Console(soft_wrap=True)
    results = _run(modules, config["operators"], config.get("tuning", {}), arguments.processes)
    listed = {result.module: len(result.survivors) - len(unlisted(result, equivalent)) for result in results}
    console.print(_table(results, listed))
    faults = [f"A mutant survived:\n{mutant}" for result in results for mutant in unlisted(result, equivalent)]
    faults += [
        f"A mutant in equivalent.toml {state}:\n  {key.module} in {key.function}\n  - {key.line}\n  + {key.mutant}"
        for key, state in outdated(results, equivalent)
    ]
    share = share_killed(results)
    if share < minimum and not arguments.only:
        faults.append(f"The tests kill {share:.0%} of the mutants; the minimum is {minimum:.0%}.")
    faults += [
        f"equivalent.toml has the module {module}, which is not in modules.toml."
        for module in {key.module for key in equivalent} - config["modules"].keys()
    ]
    for fault in faults:
        console.print(fault, markup=False, highlight=False)
    return 1 if faults else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Run the mutation tests.")
    parser.add_argument("only", nargs="?", default="", help="test only the modules whose path contains this text")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="the folder of modules.toml and equivalent.toml")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="the number of mutants at a time")
    return parser.parse_args()


def _run(
    modules: dict[str, list[str]], operators: list[str], tuning: dict[str, list[str]], processes: int
) -> list[Result]:
    columns = (
        TextColumn("{task.description:40}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}"),
    )
    results = []
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for module, tests in modules.items():
            task = progress.add_task(module, state="", total=None)
            mutants = mutants_of(module, operators, tuning.get(module, []))
            baseline = runner.measure(tests)
            progress.update(task, total=len(mutants))
            tested: Any = lambda task=task: progress.advance(task)  # noqa: E731
            result = Result(module, mutants, runner.survivors(mutants, tests, baseline, processes, tested))
            progress.update(task, state=f"{share_killed([result]):.0%} killed")
            results.append(result)
    return results


def _table(results: list[Result], listed: dict[str, int]) -> Table:
    table = Table("module", box=None)
    for name in ("mutants", "killed", "%", "equivalent", "survived"):
        table.add_column(name, justify="right")
    counts = [(result.module, len(result.mutants), result.killed, listed[result.module]) for result in results]
    totals = (sum(count[1] for count in counts), sum(count[2] for count in counts), sum(count[3] for count in counts))
    for module, mutants, killed, equivalent in [*counts, ("total", *totals)]:
        share = killed / mutants if mutants else 1.0
        survived = mutants - killed - equivalent
        table.add_row(module, str(mutants), str(killed), f"{share:.0%}", str(equivalent), str(survived))
    return table


if __name__ == "__main__":
    sys.exit(main())
