"""The rows of the benchmark report. Each row has a figure, a floor from the same run, and a limit for the ratio of the
two."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from infra.bench.platform import BenchPlatform


@dataclass(frozen=True)
class Limit:
    """A limit for a ratio."""

    kind: Literal["at most", "at least"]
    ratio: float

    @classmethod
    def at_most(cls, ratio: float) -> Self:
        """Create a maximum for a ratio that should be small, e.g. the ratio of two durations."""
        return cls("at most", ratio)

    @classmethod
    def at_least(cls, ratio: float) -> Self:
        """Create a minimum for a ratio that should be large, e.g. the ratio of two rates."""
        return cls("at least", ratio)

    def allows(self, ratio: float) -> bool:
        """Return whether a ratio is within the limit.

        A ratio that equals the limit is allowed. NaN is never allowed.
        """
        return ratio <= self.ratio if self.kind == "at most" else ratio >= self.ratio


@dataclass(frozen=True)
class Row:
    """A row of the report with a measured figure."""

    name: str
    figure: float
    unit: str
    floor_name: str
    """A description of the work that the floor measures, e.g. `COPY of the same rows`."""
    floor: float
    """The floor, in the same unit as the figure."""
    ratio: float
    """The median of the quotients `figure / floor` of all pairs of runs."""
    limit: Limit
    note: str = ""

    @classmethod
    def of_pairs(
        cls,
        name: str,
        pairs: Iterable[tuple[float, float]],
        unit: str,
        *,
        floor_name: str,
        limit: Limit,
        note: str = "",
    ) -> Self:
        """Build a row from pairs of a figure and a floor. The two numbers of a pair were measured in two consecutive
        runs."""
        figures, floors = zip(*(measured := list(pairs)), strict=True)
        ratio = median(figure / floor for figure, floor in measured)
        return cls(name, median(figures), unit, floor_name, median(floors), ratio, limit, note)

    @property
    def passed(self) -> bool:
        return self.limit.allows(self.ratio)

    def __str__(self) -> str:
        facts = [
            f"floor, {self.floor_name}: {_short(self.floor)} {self.unit}",
            f"ratio {self.ratio:.3g}, {self.limit.kind} {self.limit.ratio:.3g}",
        ]
        if self.note:
            facts.append(self.note)
        verdict = "PASS" if self.passed else "FAIL"
        return f"{self.name}: {_short(self.figure)} {self.unit} ({'; '.join(facts)}) {verdict}"


@dataclass(frozen=True)
class UnmeasuredRow:
    """A row of the report that could not be measured."""

    name: str
    reason: str
    passed: Literal[False] = False

    def __str__(self) -> str:
        return f"{self.name}: could not be measured: {self.reason} FAIL"


@dataclass(frozen=True)
class Measure:
    """A function `run` that yields rows. `row_names` contains the names of these rows, in the same order."""

    row_names: tuple[str, ...]
    run: Callable[["BenchPlatform"], Iterator[Row]]

    def rows(self, platform: "BenchPlatform") -> Iterator[Row | UnmeasuredRow]:
        """Yield one row for each name. After an error, yield an UnmeasuredRow for each remaining name."""
        pending = list(self.row_names)
        reason = "the measure did not yield this row"
        try:
            for row in self.run(platform):
                pending.remove(row.name)
                yield row
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        for name in pending:
            yield UnmeasuredRow(name, reason)


def measures(*row_names: str) -> Callable[[Callable[["BenchPlatform"], Iterator[Row]]], Measure]:
    """Return a decorator that converts a generator of rows to a Measure.

    row_names: the names of the rows that the generator yields.
    """
    return lambda run: Measure(row_names, run)


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.3g}"
