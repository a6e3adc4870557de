"""Plans the computed columns of a file, and assigns these columns to the fields of the plan."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from wecelebrate.feeds.columns.facts import NOTHING
from wecelebrate.feeds.columns.names import fold, is_inverse
from wecelebrate.feeds.columns.visibility import private_part
from wecelebrate.feeds.items import BadCell, Cells, NumberText, quoted
from wecelebrate.feeds.plan.attributes import public_attributes
from wecelebrate.feeds.plan.plan import (
    ActiveColumn,
    Plan,
    column_number,
    command_columns,
    free_column,
    named_price,
)
from wecelebrate.feeds.transformations.arithmetic import Arithmetic, split_steps
from wecelebrate.feeds.transformations.computed import ComputedColumn, ComputedColumns
from wecelebrate.feeds.transformations.settings import FileSettings, input_columns
from wecelebrate.feeds.transformations.text import RegexBudget, TextStep, changes_blank, text_step, with_cache

Read = Callable[[Cells], str | None]
_SEPARATE = ("price", "is_active")
"""The fields whose columns are computed separately. The reason is that the name of each column can contain a currency
or a number of units, or mean the opposite of active.
"""
MAX_NOTHING_LENGTH = 10


def add_transformations(plan: Plan, settings: FileSettings, on_problem: Callable[[str], None]) -> None:
    """Use computed columns for the fields and attributes that have transformations.

    `on_problem` is called with a description of each column that does not exist. If a column of an attribute is
    missing, the attribute is left out, and no problem is reported.
    """
    if settings.transformations or settings.attributes:
        _Planner(plan, settings, on_problem).run()


class _Planner:
    def __init__(self, plan: Plan, settings: FileSettings, on_problem: Callable[[str], None]) -> None:
        self._plan, self._settings, self._on_problem = plan, settings, on_problem
        self._file_header = list(plan.header)
        self._names = [fold(name) for name in plan.header]
        self._columns: list[ComputedColumn] = []
        self._budget = RegexBudget(settings.regex_seconds)
        self._consumed: set[int] = set()

    def run(self) -> None:
        plan = self._plan
        for name, entry in self._settings.transformations.items():
            sources = self._sources(input_columns(entry), f"take {name} from", self._on_problem)
            divisors = self._divisors(name, entry)
            if sources is not None and divisors is not None:
                self._assign(name, entry, sources, divisors)
        for label, entry in self._settings.attributes.items():
            sources = self._sources(input_columns(entry), "", lambda _: None)
            if sources is not None:
                (number,) = self._compute(entry, sources, is_separate=False)
                plan.computed_attributes.append((number, label))
                if "columns" in entry:
                    self._consumed.update(sources)
        plan.computed = ComputedColumns(len(self._file_header), self._columns)
        plan.header = plan.computed.header(self._file_header)
        plan.consumed = frozenset(self._consumed)
        plan.attributes = public_attributes(plan)

    def _sources(self, names: Sequence[str], what: str, on_problem: Callable[[str], None]) -> list[int] | None:
        """Return the numbers of the columns, or None if a column does not exist."""
        numbers = []
        for name in names:
            number = column_number(self._file_header, self._names, name)
            if number is None:
                columns = ", ".join(quoted(column, 40) for column in self._file_header[:40])
                more = " …" if len(self._file_header) > 40 else ""
                on_problem(
                    f"the catalog's sync settings {what} the column {quoted(name)}, which the file does not have; its "
                    f"columns are {columns}{more}"
                )
                return None
            numbers.append(number)
        return numbers

    def _divisors(self, field: str, entry: Mapping[str, Any]) -> dict[str, int] | None:
        steps = [step for step in entry.get("transform", ()) if not isinstance(step, str)]
        names = [step["divide_by_column"] for step in steps if "divide_by_column" in step]
        numbers = self._sources(names, f"divide {field} by", self._on_problem)
        return None if numbers is None else dict(zip(names, numbers, strict=True))

    def _assign(self, field: str, entry: Mapping[str, Any], sources: list[int], divisors: dict[str, int]) -> None:
        plan, steps = self._plan, entry.get("transform", ())
        text_steps, number_steps = split_steps(steps)
        arithmetic = Arithmetic(number_steps, divisors, len(text_steps)) if number_steps else None
        numbers = self._compute(
            entry, sources, is_separate="sum" in entry or ("columns" in entry and field in _SEPARATE),
            is_sku=field == "sku",
        )  # fmt: skip
        # The column of the SKU stays the SKU, because the SKU of the parent can be a part of it, as in `TEE-S`.
        shared = plan.sku[:1] if field == "parent" else []
        used = [each for each in [*sources, *divisors.values()] if each not in shared]
        for source in [] if "join" in entry else used:
            free_column(plan, source, keep=self._settings.plain)
            self._consumed.add(source)
        if field == "price":
            plan.prices = [
                replace(named_price(number, self._file_header[source]), arithmetic=arithmetic)
                for number, source in zip(numbers, sources, strict=True)
            ]
            if arithmetic:  # the steps get the number in the file, which is not divided by a unit
                plan.prices = [replace(price, units=1) for price in plan.prices]
                plan.price_unit = plan.price_unit if self._settings.plain.get("price_unit") else None
        elif field == "is_active":
            # After steps, the values are never inverted. Without steps, the name of the column can mean the opposite.
            names = [column.name for column in self._columns[-len(numbers) :]]
            plan.active = [
                ActiveColumn(number, inverse=not steps and is_inverse(name))
                for number, name in zip(numbers, names, strict=True)
            ] + command_columns(plan)
        elif field == "command":
            plan.active += [ActiveColumn(number, words="commands") for number in numbers]
        elif field == "inventory_count":
            plan.inventory, plan.stock_arithmetic, plan.sums_stock = numbers, arithmetic, "sum" in entry
            plan.reserved = None
        elif field in ("currency", "price_unit"):
            setattr(plan, field, numbers[0])
        else:
            setattr(plan, field, numbers)
        if field == "category":
            plan.keeps_categories = any(not isinstance(step, str) and "split" in step for step in steps)

    def _compute(
        self, entry: Mapping[str, Any], sources: list[int], *, is_separate: bool, is_sku: bool = False
    ) -> list[int]:
        """Add the computed columns of a transformation, and return their numbers."""
        names = [self._file_header[source] for source in sources]
        # A transformation can make a part of a private value public. Messages must not contain the rest of the value.
        is_private = any(private_part(name) for name in names)
        steps = self._steps(entry, is_private=is_private)
        if "constant" in entry:
            constant = str(entry["constant"])
            reads: list[tuple[str, list[int], Read]] = [
                (f"the constant {quoted(constant, 40)}", [], partial(_constant, constant))
            ]
        elif "join" in entry:
            separator = entry.get("separator", " ")
            reads = [(" + ".join(names), sources, partial(_joined, sources, separator, is_complete=is_sku))]
        elif is_separate:
            before: Sequence[Sequence[int]] = [
                () if "sum" in entry else sources[:place] for place in range(len(sources))
            ]
            reads = [
                (name, [source], partial(_unless_earlier, earlier, source))
                for name, source, earlier in zip(names, sources, before, strict=True)
            ]
        else:
            reads = [(" or ".join(names), sources, partial(_first, sources))]
        first = len(self._file_header) + len(self._columns)
        for name, columns, read in reads:
            column = ComputedColumn(
                name, tuple(columns), [self._file_header[each] for each in columns], _with_steps(read, steps)
            )
            self._columns.append(column)
        return list(range(first, first + len(reads)))

    def _steps(self, entry: Mapping[str, Any], *, is_private: bool) -> list[tuple[TextStep, bool]]:
        """Return the steps for texts. Each step has a flag that says whether the step changes a blank value."""

        def shown(value: str) -> str:
            return "the value" if is_private else quoted(value)

        text_steps, _ = split_steps(entry.get("transform", ()))
        return [
            (with_cache(_named(number, step, text_step(step, self._budget, shown))), changes_blank(step))
            for number, step in enumerate(text_steps, 1)
        ]


def _named(number: int, step: str | Mapping[str, Any], run: TextStep) -> TextStep:
    """Return the step with errors that begin with the number and the name of the step."""
    name = step if isinstance(step, str) else next(key for key in step if key != "otherwise")

    def named(cell: str) -> str:
        try:
            return run(cell)
        except BadCell as error:
            raise BadCell(error.code, f"step {number} ({name}): {error.problem}") from None

    return named


def _with_steps(read: Read, steps: Sequence[tuple[TextStep, bool]]) -> Read:
    if not steps:
        return read

    def transformed(cells: Cells) -> str | None:
        cell = read(cells)
        if cell is None:
            return None
        for step, runs_if_blank in steps:
            if cell or runs_if_blank:
                cell = step(cell)
        return cell

    return transformed


def is_blank(cell: str | None) -> bool:
    """Return whether a cell is blank, or contains a text that programs write instead of a missing value."""
    if not cell:
        return True
    text = cell.strip()
    return not text or (len(text) < MAX_NOTHING_LENGTH and text.casefold() in NOTHING)


def _text(cell: str) -> str:
    return cell if cell.__class__ is NumberText else cell.strip()


def _first(sources: Sequence[int], cells: Cells) -> str | None:
    present = [cell for source in sources if (cell := cells[source]) is not None]
    return next((_text(cell) for cell in present if not is_blank(cell)), "" if present else None)


def _unless_earlier(earlier: Sequence[int], source: int, cells: Cells) -> str | None:
    """Return the cell of a column, or "" if one of the columns before it is not blank."""
    cell = cells[source]
    if cell is None:
        return None
    return "" if is_blank(cell) or any(not is_blank(cells[other]) for other in earlier) else _text(cell)


def _joined(sources: Sequence[int], separator: str, cells: Cells, *, is_complete: bool) -> str | None:
    present = [cell for source in sources if (cell := cells[source]) is not None]
    if not present:
        return None
    parts = [cell.strip() for cell in present if not is_blank(cell)]
    return "" if is_complete and len(parts) < len(sources) else separator.join(parts)


def _constant(constant: str, _: Cells) -> str:
    return constant
