"""Creates the mutants of a module with the operators of cosmic-ray.

A mutant is a copy of the module with one small change: another comparison, another operator, or another constant.
"""

import ast
import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast  # type: ignore[import-untyped]
from cosmic_ray.ast.ast_query import ASTQuery  # type: ignore[import-untyped]
from cosmic_ray.mutating import mutate_code  # type: ignore[import-untyped]
from cosmic_ray.plugins import get_operator  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
PACKAGE = "layers/core/python/wecelebrate"

Span = tuple[tuple[int, int], tuple[int, int]]
"""Two positions, each with a line and a column: the first character, and the character after the last character."""
_TYPE_OPERATORS = ("ReplaceBinaryOperator_BitOr_BitAnd",)
_UNTESTABLE_KEYWORDS = ("dataclass", "zip", "lru_cache")
"""Calls whose keyword arguments do not change the results of a correct program. `dataclass(frozen=True)` and `zip(…,
strict=True)` only reveal errors, and `lru_cache(maxsize=…)` only affects the speed."""


@dataclass(frozen=True)
class Key:
    """Identifies a mutant by its text. The key of a mutant does not change when other lines of the module change.

    If a function contains the same line twice, the mutants of both lines have the same key.
    """

    module: str
    """The path below the package, e.g. `core/auth.py`."""
    function: str
    """The function or class that contains the change. Empty if the change is outside all functions and classes."""
    line: str
    """The changed lines, without their indentation."""
    mutant: str
    """The lines that replace `line`."""


@dataclass(frozen=True)
class Mutant:
    """A module with one change."""

    key: Key
    number: int
    """The number of the first changed line."""
    source: str
    """The complete source of the mutant."""

    def __str__(self) -> str:
        where = f"{self.key.module}:{self.number}" + (f" in {self.key.function}" if self.key.function else "")
        removed = [f"  - {line}" for line in self.key.line.splitlines()]
        added = [f"  + {line}" for line in self.key.mutant.splitlines()]
        return "\n".join([where, *removed, *added])


def mutants_of(module: str, operators: Sequence[str], tuning: Sequence[str] = ()) -> list[Mutant]:
    """Return the mutants of a module, in the order of its lines. All mutants have different sources.

    `tuning` contains the names of constants that are not changed, because they have no single correct value.
    """
    source = (ROOT / PACKAGE / module).read_text("utf-8")
    nodes = list(ast_nodes(get_ast(source)))
    annotations, keywords = _positions_of_types(source), _positions_of_untestable_keywords(source)
    mutants: dict[str, Mutant] = {}
    for name in operators:
        ignored = [*keywords, *annotations] if name in _TYPE_OPERATORS else keywords
        for mutant in _mutants(module, source, nodes, name, ignored):
            if re.split(r"[ :]", mutant.key.line, maxsplit=1)[0] not in tuning:
                mutants.setdefault(mutant.source, mutant)
    return sorted(mutants.values(), key=lambda mutant: (mutant.number, mutant.key.mutant))


def _mutants(
    module: str, source: str, nodes: Sequence[Any], operator_name: str, ignored: Sequence[Span]
) -> Iterator[Mutant]:
    operator = get_operator(f"core/{operator_name}")()
    positions = ((node, start) for node in nodes for start, _ in operator.mutation_positions(node))
    for occurrence, (node, start) in enumerate(positions):
        if any(first <= start < last for first, last in ignored):
            continue
        try:
            mutated = mutate_code(source, operator, occurrence)
        except AttributeError:  # ExceptionReplacer cannot replace a dotted name in a list of exceptions.
            continue
        if mutated is None or mutated == source or not _compiles(mutated):
            continue
        number, line, mutant = _change(source, mutated)
        yield Mutant(Key(module, ASTQuery(node).get_definition_name() or "", line, mutant), number, mutated)


def _positions_of_types(source: str) -> list[Span]:
    """Return the positions of all annotations. An annotation like `str | None` has no effect."""
    annotations = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg | ast.AnnAssign):
            annotations.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            annotations.append(node.returns)
    return [_span(each) for each in annotations if each is not None]


def _positions_of_untestable_keywords(source: str) -> list[Span]:
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    calls = [call for call in calls if ast.unparse(call.func) in _UNTESTABLE_KEYWORDS]
    return [_span(keyword.value) for call in calls for keyword in call.keywords]


def _span(node: ast.expr) -> Span:
    return (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)


def _compiles(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _change(source: str, mutated: str) -> tuple[int, str, str]:
    """Return the number of the first changed line, the changed lines, and the lines that replace them."""
    before, after = source.splitlines(), mutated.splitlines()
    blocks = [
        block for block in difflib.SequenceMatcher(None, before, after, False).get_opcodes() if block[0] != "equal"
    ]
    first, last = blocks[0], blocks[-1]
    removed, added = before[first[1] : last[2]], after[first[3] : last[4]]
    return first[1] + 1, _stripped(removed), _stripped(added)


def _stripped(lines: list[str]) -> str:
    return "\n".join(" ".join(line.split()) for line in lines)
