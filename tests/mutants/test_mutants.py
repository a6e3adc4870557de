"""Tests `make mutants`: the mutations, the surviving mutants, and the failures of the command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants import mutations
from tests.mutants.mutations import ROOT, Key, Mutant, mutants_of
from tests.mutants.survivors import Result, outdated, read_equivalent, share_killed, unlisted

SOURCE = """
from dataclasses import dataclass

MAX_AGE = 18


@dataclass(frozen=True)
class Person:
    age: int | None = None

    @property
    def is_adult(self) -> bool:
        return self.age is not None and self.age >= MAX_AGE
"""
OPERATORS = [
    "NumberReplacer",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceAndWithOr",
    "ReplaceTrueWithFalse",
    "ReplaceBinaryOperator_BitOr_BitAnd",
]


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Write the module `wecelebrate/ages.py` to a temporary folder."""
    monkeypatch.setattr(mutations, "ROOT", tmp_path)
    file = tmp_path / mutations.PACKAGE / "ages.py"
    file.parent.mkdir(parents=True)
    file.write_text(SOURCE)
    return "ages.py"


def test_constants_of_a_module_and_decorated_functions_are_mutated(module: str) -> None:
    keys = [mutant.key for mutant in mutants_of(module, OPERATORS)]
    line = "return self.age is not None and self.age >= MAX_AGE"
    assert keys == [
        Key(module, "", "MAX_AGE = 18", "MAX_AGE = 17"),
        Key(module, "", "MAX_AGE = 18", "MAX_AGE = 19"),
        Key(module, "is_adult", line, "return self.age is not None and self.age > MAX_AGE"),
        Key(module, "is_adult", line, "return self.age is not None or self.age >= MAX_AGE"),
    ]


def test_a_constant_that_affects_only_the_speed_is_not_mutated(module: str) -> None:
    assert {mutant.key.function for mutant in mutants_of(module, OPERATORS, ["MAX_AGE"])} == {"is_adult"}


def test_a_mutant_is_shown_with_its_line_number_and_both_versions_of_the_line(module: str) -> None:
    assert str(mutants_of(module, OPERATORS)[0]) == "ages.py:4\n  - MAX_AGE = 18\n  + MAX_AGE = 17"


def mutant(line: str, changed: str, module: str = "a.py") -> Mutant:
    return Mutant(Key(module, "f", line, changed), 7, "")


KILLED, LIVING, OTHER = mutant("a < b", "a <= b"), mutant("a > b", "a >= b"), mutant("a == b", "a != b")
RESULT = Result("a.py", [KILLED, LIVING, OTHER], [LIVING])


def test_a_mutant_that_survives_must_be_in_the_list_of_equivalent_mutants() -> None:
    assert unlisted(RESULT, {}) == [LIVING]
    assert unlisted(RESULT, {KILLED.key: "reason"}) == [LIVING]
    assert unlisted(RESULT, {LIVING.key: "reason"}) == []


def test_a_mutant_in_the_list_of_equivalent_mutants_must_survive() -> None:
    missing = mutant("a is b", "a is not b").key
    other_module = mutant("a < b", "a <= b", "b.py").key
    listed = dict.fromkeys([LIVING.key, KILLED.key, missing, other_module], "reason")
    assert outdated([RESULT], listed) == [(KILLED.key, "is killed by a test"), (missing, "does not exist")]


def test_the_share_of_killed_mutants_is_computed_over_all_modules() -> None:
    assert RESULT.killed == 2
    assert share_killed([RESULT, Result("b.py", [KILLED], [])]) == 3 / 4
    assert share_killed([]) == 1


def test_a_list_entry_without_a_reason_or_a_duplicate_entry_is_refused(tmp_path: Path) -> None:
    entry = '[["a.py"]]\nline = "a < b"\nmutant = "a <= b"\nreason = "b is never a"\n'
    file = tmp_path / "equivalent.toml"
    file.write_text(entry)
    assert read_equivalent(file) == {Key("a.py", "", "a < b", "a <= b"): "b is never a"}
    for invalid in (entry + entry, entry.replace("b is never a", " ")):
        file.write_text(invalid)
        with pytest.raises(ValueError, match="no reason, or is listed twice"):
            read_equivalent(file)


def run(folder: Path, tests: str, equivalent: str = "") -> subprocess.CompletedProcess[str]:
    """Run the mutation tests of `core/outbound/retry_after.py` with the given tests and one operator."""
    (folder / "modules.toml").write_text(
        f'min_killed = 0.5\noperators = ["ReplaceOrWithAnd"]\n[modules]\n"core/outbound/retry_after.py" = ["{tests}"]\n'
    )
    (folder / "equivalent.toml").write_text(equivalent)
    command = [sys.executable, "-m", "tests.mutants", "--folder", str(folder)]
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_make_mutants_succeeds_if_the_tests_fail_after_every_change(tmp_path: Path) -> None:
    completed = run(tmp_path, "tests/core/outbound/test_retry_after.py")
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "core/outbound/retry_after.py" in completed.stdout and "100%" in completed.stdout


def test_make_mutants_fails_and_prints_the_change_if_all_tests_pass(tmp_path: Path) -> None:
    completed = run(tmp_path, "tests/core/test_rate_limit.py")
    assert completed.returncode == 1, completed.stdout + completed.stderr
    assert "+ seconds = (until.replace(tzinfo=until.tzinfo and UTC) - now).total_seconds()" in completed.stdout
    assert "The tests kill 0% of the mutants; the minimum is 50%." in completed.stdout


def test_make_mutants_fails_if_a_listed_mutant_is_killed(tmp_path: Path) -> None:
    line = "seconds = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()"
    entry = (
        f'[["core/outbound/retry_after.py"]]\nfunction = "seconds_to_wait"\nline = "{line}"\n'
        f'mutant = "{line.replace(" or ", " and ")}"\nreason = "none"\n'
    )
    completed = run(tmp_path, "tests/core/outbound/test_retry_after.py", entry)
    assert completed.returncode == 1, completed.stdout + completed.stderr
    assert "A mutant in equivalent.toml is killed by a test" in completed.stdout


def test_make_mutants_fails_if_the_tests_fail_without_a_change(tmp_path: Path) -> None:
    completed = run(tmp_path, "tests/core/test_missing.py")
    assert completed.returncode == 1
    assert "these tests fail without a mutation: tests/core/test_missing.py" in completed.stderr
