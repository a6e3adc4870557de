"""Rows of the benchmark report: a figure, its floor from the same run, and the limit of their ratio."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from infra.bench.platform import BenchPlatform


@dataclass(frozen=True)
class Limit:
    """A limit of a ratio."""

    kind: Literal["at most", "at least"]
    ratio: float

    @classmethod
    def at_most(cls, ratio: float) -> Self:
        """Limit a ratio that should be small, e.g. of times."""
        return cls("at most", ratio)

    @classmethod
    def at_least(cls, ratio: float) -> Self:
        """Limit a ratio that should be large, e.g. of rates."""
        return cls("at least", ratio)

    def allows(self, ratio: float) -> bool:
        """Return whether a ratio is within the limit. The limit itself is allowed; NaN is not."""
        return ratio <= self.ratio if self.kind == "at most" else ratio >= self.ratio


@dataclass(frozen=True)
class Row:
    """One measured figure."""

    name: str
    figure: float
    unit: str
    floor_name: str
    """The work that the floor measures, e.g. `COPY of the same rows`."""
    floor: float
    """In the same unit as the figure."""
    ratio: float
    """Median of figure / floor over the pairs of runs."""
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
        """Build a row from (figure, floor) pairs, one for each pair of runs that took turns."""
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
    """A row whose measurement failed."""

    name: str
    reason: str
    passed: Literal[False] = False

    def __str__(self) -> str:
        return f"{self.name}: could not be measured: {self.reason} FAIL"


@dataclass(frozen=True)
class Measure:
    """A function that yields rows, and the names of these rows in the same order."""

    row_names: tuple[str, ...]
    run: Callable[["BenchPlatform"], Iterator[Row]]

    def rows(self, platform: "BenchPlatform") -> Iterator[Row | UnmeasuredRow]:
        """Yield one row for each name. After an error, the remaining rows are unmeasured."""
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
    """Decorate a generator of rows with the names of its rows."""
    return lambda run: Measure(row_names, run)


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.3g}"
