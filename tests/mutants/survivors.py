"""Compares the mutants that survived with the list of mutants that no test can kill."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutations import Key, Mutant


@dataclass(frozen=True)
class Result:
    """The mutants of one module, and the mutants that survived."""

    module: str
    mutants: Sequence[Mutant]
    survivors: Sequence[Mutant]

    @property
    def killed(self) -> int:
        return len(self.mutants) - len(self.survivors)


def share_killed(results: Sequence[Result]) -> float:
    """Return the share of killed mutants in all results, from 0 to 1."""
    mutants = sum(len(result.mutants) for result in results)
    return sum(result.killed for result in results) / mutants if mutants else 1.0


def read_equivalent(path: Path) -> dict[Key, str]:
    """Read the list of equivalent mutants. Return the reason for each mutant.

    The file maps each module to a list of tables with `line`, `mutant`, `reason` and `function`. `function` is missing
    if the line is outside all functions. Raise ValueError for an entry without a reason, and for a duplicate entry.
    """
    reasons: dict[Key, str] = {}
    for module, entries in tomllib.loads(path.read_text("utf-8")).items():
        for entry in entries:
            key = Key(module, entry.get("function", ""), entry["line"].strip(), entry["mutant"].strip())
            if key in reasons or not entry["reason"].strip():
                raise ValueError(f"this entry has no reason, or is listed twice: {key}")
            reasons[key] = entry["reason"]
    return reasons


def unlisted(result: Result, equivalent: Mapping[Key, str]) -> list[Mutant]:
    """Return the survivors of a module that are not in the list."""
    return [mutant for mutant in result.survivors if mutant.key not in equivalent]


def outdated(results: Sequence[Result], equivalent: Mapping[Key, str]) -> list[tuple[Key, str]]:
    """Return the listed mutants of the tested modules that did not survive. For each mutant, also return the reason."""
    tested = {result.module for result in results}
    created = {mutant.key for result in results for mutant in result.mutants}
    survived = {mutant.key for result in results for mutant in result.survivors}
    return [
        (key, "is killed by a test" if key in created else "does not exist")
        for key in equivalent
        if key.module in tested and key not in survived
    ]
