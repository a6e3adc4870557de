"""Tests `make mutants`: which changes it makes, which mutants survive, and when it fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutants import mutations, runner, survivors
from tests.mutants.mutations import Key, Mutant, mutants_of
from tests.mutants.survivors import Result, outdated, read_equivalent, unlisted

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


def test_a_mutant_is_shown_with_its_place_and_both_lines(module: str) -> None:
    assert str(mutants_of(module, OPERATORS)[0]) == "ages.py:4\n  - MAX_AGE = 18\n  + MAX_AGE = 17"


def mutant(line: str, changed: str, module: str = "a.py") -> Mutant:
    return Mutant(Key(module, "f", line, changed), 7, "")


KILLED, LIVING, OTHER = mutant("a < b", "a <= b"), mutant("a > b", "a >= b"), mutant("a == b", "a != b")
RESULT = Result("a.py", [KILLED, LIVING, OTHER], [LIVING])


def test_a_survivor_must_be_in_the_list() -> None:
    assert unlisted(RESULT, {}) == [LIVING]
    assert unlisted(RESULT, {KILLED.key: "reason"}) == [LIVING]
    assert unlisted(RESULT, {LIVING.key: "reason"}) == []


def test_a_mutant_in_the_list_must_survive() -> None:
    missing = mutant("a is b", "a is not b").key
    other_module = mutant("a < b", "a <= b", "b.py").key
    listed = dict.fromkeys([LIVING.key, KILLED.key, missing, other_module], "reason")
    assert outdated([RESULT], listed) == [(KILLED.key, "is killed by a test"), (missing, "does not exist")]


def test_the_share_of_killed_mutants_is_known() -> None:
    assert (RESULT.killed, RESULT.share_killed) == (2, 2 / 3)
    assert Result("a.py", [], []).share_killed == 1


def test_an_entry_of_the_list_has_a_reason_and_is_listed_once(tmp_path: Path) -> None:
    entry = '[["a.py"]]\nline = "a < b"\nmutant = "a <= b"\nreason = "b is never a"\n'
    file = tmp_path / "equivalent.toml"
    file.write_text(entry)
    assert read_equivalent(file) == {Key("a.py", "", "a < b", "a <= b"): "b is never a"}
    for invalid in (entry + entry, entry.replace("b is never a", " ")):
        file.write_text(invalid)
        with pytest.raises(ValueError, match="no reason, or is listed twice"):
            read_equivalent(file)


@pytest.fixture
def tests_of_ages(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Tests that check only the ages 17 and 30, so that they miss the boundary."""
    package = tmp_path / mutations.PACKAGE
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    monkeypatch.syspath_prepend(package)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    test = tmp_path / "tests/core/test_ages.py"
    test.parent.mkdir(parents=True)
    test.write_text(
        "from wecelebrate import ages\n\n"
        "def test_ages():\n"
        "    assert [ages.Person(age).is_adult for age in (None, 17, 30)] == [False, False, True]\n"
    )
    yield [str(test)]


def test_the_mutants_that_the_tests_do_not_notice_survive(tests_of_ages: list[str]) -> None:
    pytest.importorskip("wecelebrate")
